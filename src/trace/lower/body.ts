/** What a body uses that decides how its probe is served. */
import type { Expr } from '../ast/nodes.ts';
import type { CheckedProbe } from '../checked.ts';
import { walk } from './walk.ts';

export interface BodyUse {
  /** Fields of `args` by name; `whole` if it is used in any other way. */
  readonly fields: ReadonlySet<string>;
  readonly whole: boolean;
  /** The struct that `args` is, if the body names it. */
  readonly args: Expr | undefined;
  /** Any `argN`. */
  readonly numbered: boolean;
  /** Fields of `ctx` by name. */
  readonly contextFields: ReadonlySet<string>;
}

const isNamed = (expr: Expr, name: string): boolean =>
  (expr.kind === 'identifier' || expr.kind === 'call') && expr.name === name;
const isArgs = (expr: Expr): boolean => isNamed(expr, 'args');

export function useOf({ body }: Pick<CheckedProbe, 'body'>): BodyUse {
  const fields = new Set<string>();
  let args: Expr | undefined;
  let [uses, byField] = [0, 0];
  let numbered = false;
  const contextFields = new Set<string>();
  walk(body, (node) => {
    if (node.kind === 'field' && isArgs(node.base)) {
      fields.add(node.name);
      byField++;
    }
    if (node.kind === 'field' && isNamed(node.base, 'ctx')) contextFields.add(node.name);
    if (node.kind !== 'identifier' && node.kind !== 'call') return;
    if (isArgs(node)) {
      args = node;
      uses++;
    } else if (/^arg\d+$/.test(node.name)) numbered = true;
  });
  return { fields, whole: uses > byField, args, numbered, contextFields };
}
