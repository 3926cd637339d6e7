/** Counted loops. */
import { expression } from '../lower/expression.ts';
import type { Builtins } from './builtin.ts';

export const loops: Builtins = {
  range: {
    kind: 'operation',
    arity: [1, 2],
    doc: 'Counts from 0 (or the first of two arguments) up to, not including, the last: `for (const i of k.range(8))`.',
    lower(l, args) {
      const [first, second] = args.map((arg) => expression(l, arg));
      return second
        ? { kind: 'range', from: first, to: second }
        : { kind: 'range', from: { kind: 'literal', value: 0n }, to: first };
    },
  },
};
