/** Arguments of built-ins: what a call needs, or an error at the argument. */
import type { MemberExpression, Node } from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import { expression, memberTarget } from '../lower/expression.ts';
import { aggregate } from '../lower/memory.ts';
import { describe, type Place } from '../lower/operand.ts';
import { scalarOf } from '../lower/scalar.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';

/** A field of an event or map value that a helper fills. */
export function destination(l: Lowering, node: Node): Place {
  if (node.type === 'MemberExpression') {
    const target = memberTarget(l, node as MemberExpression);
    if ('base' in target) {
      if (target.writable) return target;
      return l.fail(node, messages.readOnly(l.source.textOf(node)));
    }
  }
  const operand = expression(l, node);
  const place = aggregate(operand);
  if (!place?.writable) return l.fail(node, messages.wrongType('a field to write to', describe(operand)));
  return place;
}

/** A number known when the program is compiled. */
export function constantArgument(l: Lowering, node: Node, what: string): bigint {
  const operand = expression(l, node);
  if (operand.kind !== 'literal') return l.fail(node, messages.mustBeConstant(what));
  return operand.value;
}

/** A number or an address, in a register. */
export function numberArgument(l: Lowering, node: Node): Value {
  return scalarOf(l, expression(l, node), node).value;
}

/** The declared map that an argument names. */
export function mapArgument(l: Lowering, node: Node, kind: string): string {
  const operand = expression(l, node);
  const name = operand.kind === 'namespace' ? operand.namespace.map : undefined;
  if (name === undefined || l.program.maps.get(name)?.kind !== kind) {
    return l.fail(node, messages.wrongType(`a ${kind} map of this program`, describe(operand)));
  }
  return name;
}

/** Refuses a call with too few or too many arguments. */
export function checkCount(
  l: Lowering,
  name: string,
  [least, most]: readonly [number, number],
  args: readonly Node[],
  node: Node,
): void {
  if (args.length >= least && args.length <= most) return;
  const expected =
    least === most ? `${least} argument${least === 1 ? '' : 's'}` : `${least} to ${most} arguments`;
  l.fail(node, messages.argumentCount(name, expected, args.length));
}
