/** `=`, `op=`, `++` and `--`. */
import type { AssignStatement, BinaryOperator, MapExpr, UnaryExpr } from '../ast/nodes.ts';
import type { Span } from '../source.ts';
import type { Lowered } from './lowered.ts';
import { changeMap, keyOf, setMap } from './maps.ts';
import { registerOf } from './memory.ts';
import { arithmetic, one } from './operators.ts';
import type { Lowering } from './state.ts';
import { assign, readVariable } from './variables.ts';

export function assignment(l: Lowering, statement: AssignStatement): void {
  const { target, value, operator } = statement;
  if (target.kind === 'discard') {
    const lowered = l.lower(value);
    // What is made only on demand has to happen all the same.
    if (lowered.kind === 'made') registerOf(l, lowered);
    return;
  }
  if (target.kind === 'variable') {
    const variable = l.facts.variableOf(target);
    if (operator === '=') return assign(l, variable, l.lower(value));
    const op = operator.slice(0, -1) as BinaryOperator;
    const before = readVariable(l, target);
    return assign(l, variable, arithmetic(l, op, before, l.lower(value), variable.type, statement.span));
  }
  if (target.kind !== 'map') throw new Error(`internal: ${target.kind} cannot be assigned to`);
  if (operator === '=') return setMap(l, target, value);
  change(l, target, operator.slice(0, -1) as BinaryOperator, () => l.lower(value), statement.span, 'nothing');
}

/** `++x`, `x--`; the result only if somebody looks at it. */
export function step(l: Lowering, expr: UnaryExpr, used: boolean): Lowered {
  const { operand, postfix, span } = expr;
  const op = expr.operator === '++' ? '+' : '-';
  if (operand.kind === 'variable') {
    const variable = l.facts.variableOf(operand);
    const before = readVariable(l, operand);
    const after = arithmetic(l, op, before, one(l), variable.type, span);
    assign(l, variable, after);
    return postfix ? before : after;
  }
  if (operand.kind !== 'map') throw new Error(`internal: ${operand.kind} cannot be changed`);
  return change(l, operand, op, () => one(l), span, !used ? 'nothing' : postfix ? 'before' : 'after');
}

/** Changes a map entry in place, as if it were 0 where there is none yet. */
function change(
  l: Lowering,
  target: MapExpr,
  operator: BinaryOperator,
  value: () => Lowered,
  span: Span,
  wanted: 'nothing' | 'before' | 'after',
): Lowered {
  const amount = value();
  const key = keyOf(l, target);
  return changeMap(l, target, key, wanted, { operator, amount, span });
}
