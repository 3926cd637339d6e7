/** What a probe does to the outside other than by maps: signals, and lines in the kernel's trace pipe. */
import { types } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { stackPlace, writePlace } from '../lower/memory.ts';
import { messages } from '../messages.ts';
import { numberArgument } from './arguments.ts';
import type { Builtins } from './builtin.ts';

export const output: Builtins = {
  signal: {
    kind: 'operation',
    arity: [1, 1],
    doc: 'Sends a signal to the current process. Linux 5.3.',
    lower: (l, args) => ({
      kind: 'scalar',
      value: l.call('send_signal', [numberArgument(l, args[0])]),
      type: types.i64,
    }),
  },
  print: {
    kind: 'operation',
    arity: [1, 4],
    doc: 'A line in /sys/kernel/tracing/trace_pipe, with up to three numbers: for debugging, it is slow and shared by all.',
    lower(l, args) {
      const format = expression(l, args[0]);
      if (format.kind !== 'text') return l.fail(args[0], messages.mustBeConstant('the format of k.print'));
      const text = new Uint8Array(format.bytes.length + 1);
      text.set(format.bytes);
      const place = stackPlace(l, 'format', { kind: 'chars', length: text.length });
      writePlace(l, place, { kind: 'text', bytes: text }, args[0]);
      const numbers = args.slice(1).map((arg) => numberArgument(l, arg));
      l.call('trace_printk', [place.base, l.b.constant(text.length), ...numbers]);
      return { kind: 'undefined' };
    },
  },
};
