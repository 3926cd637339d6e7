/** Arithmetic on whole numbers and addresses. */
import type { BinaryOp, Value } from '../../compiler/ir.ts';
import type { BinaryExpr, BinaryOperator, UnaryExpr } from '../ast/nodes.ts';
import type { Span } from '../source.ts';
import { layoutOf } from '../types/layout.ts';
import { int64, type Type } from '../types/type.ts';
import { step } from './assignment.ts';
import { compareOp, comparisons, condition } from './conditions.ts';
import { isBytes } from './equality.ts';
import type { Lowered, Scalar } from './lowered.ts';
import { registerOf, typeOf } from './memory.ts';
import { askedSize } from './portable.ts';
import type { Lowering } from './state.ts';
import { isSigned, registerSize } from './types.ts';

const machine: Readonly<Partial<Record<BinaryOperator, BinaryOp>>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  // Unsigned always, and `>>` shifts zeros in: what scripts were written against.
  '/': 'div',
  '%': 'mod',
  '&': 'and',
  '|': 'or',
  '^': 'xor',
  '<<': 'shl',
  '>>': 'lshr',
};

export function binary(l: Lowering, expr: BinaryExpr): Lowered {
  const { operator } = expr;
  if (operator === '&&' || operator === '||') return truth(l, expr);
  const type = l.facts.typeOf(expr);
  const [left, right] = [l.lower(expr.left), l.lower(expr.right)];
  if (Object.hasOwn(comparisons, operator)) {
    if (isBytes(left) || isBytes(right)) return truth(l, expr);
    const value = l.b.compare(compareOp(l, expr), registerOf(l, left), registerOf(l, right));
    return { kind: 'scalar', value, type };
  }
  return arithmetic(l, operator, left, right, type, expr.span);
}

export function arithmetic(
  l: Lowering,
  operator: BinaryOperator,
  left: Lowered,
  right: Lowered,
  type: Type,
  span: Span,
): Scalar {
  const [first, second] = [scaled(l, left, right, operator), scaled(l, right, left, operator)];
  const divides = operator === '/' || operator === '%';
  const value =
    divides && !(second.kind === 'constant' && second.value !== 0n)
      ? divide(l, machine[operator]!, first, second, span)
      : l.b.binary(machine[operator]!, first, second);
  const memory = left.kind === 'scalar' && type.kind === 'pointer' ? left.memory : undefined;
  // Behind a sum is no object that the verifier knows.
  return {
    kind: 'scalar',
    value: fit(l, value, type),
    type,
    memory: memory === 'kernelTyped' ? 'kernelRaw' : memory,
  };
}

/** Beside a pointer, a number counts what the pointer points to. */
function scaled(l: Lowering, lowered: Lowered, other: Lowered, operator: BinaryOperator): Value {
  const value = registerOf(l, lowered);
  const beside = typeOf(other);
  if (beside.kind !== 'pointer' || typeOf(lowered).kind === 'pointer') return value;
  if (operator !== '+' && operator !== '-') return value;
  const asked = askedSize(l, beside.target);
  if (asked) return l.b.binary('mul', value, asked);
  const size = Math.max(1, layoutOf(beside.target).size);
  return size === 1 ? value : l.b.binary('mul', value, l.b.constant(size));
}

/** By zero gives 1, and is reported. */
function divide(l: Lowering, op: BinaryOp, left: Value, right: Value, span: Span): Value {
  const { b } = l;
  const result = b.variable('quotient');
  l.choose(
    (yes, no) => b.branch('eq', right, b.constant(0), yes, no),
    () => {
      l.script.actions.runtimeError(
        l,
        'Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.',
        span,
      );
      b.write(result, b.constant(1));
    },
    () => b.write(result, b.binary(op, left, right)),
  );
  return b.read(result);
}

/** The exact value of a narrower type. */
export function fit(l: Lowering, value: Value, type: Type): Value {
  if (type.kind !== 'int' && type.kind !== 'enum') return value;
  return type.bits === 64 ? value : l.b.extend(value, type.bits, type.signed);
}

/** A number as another type: its low bits. */
export function toType(l: Lowering, from: Scalar, to: Type): Scalar {
  const { value } = from;
  if (to.kind === 'bool') {
    if (from.type.kind === 'bool') return { kind: 'scalar', value, type: to };
    return { kind: 'scalar', value: l.b.compare('ne', value, l.b.constant(0)), type: to };
  }
  const narrows = to.kind === 'int' || to.kind === 'enum';
  if (!narrows) return { kind: 'scalar', value, type: to };
  const size = registerSize(from.type) * 8;
  const keeps =
    size < to.bits
      ? !isSigned(from.type) || to.bits === 64 || to.signed
      : size === to.bits && isSigned(from.type) === to.signed;
  return { kind: 'scalar', value: keeps ? value : fit(l, value, to), type: to };
}

export function unary(l: Lowering, expr: UnaryExpr): Lowered {
  const { b } = l;
  const type = l.facts.typeOf(expr);
  switch (expr.operator) {
    case '-':
      return {
        kind: 'scalar',
        value: fit(l, b.binary('sub', b.constant(0), l.number(expr.operand)), type),
        type,
      };
    case '~':
      return {
        kind: 'scalar',
        value: fit(l, b.binary('xor', l.number(expr.operand), b.constant(-1)), type),
        type,
      };
    case '!':
      return {
        kind: 'scalar',
        value: b.compare('eq', l.number(expr.operand), b.constant(0)),
        type: { kind: 'bool' },
      };
    default:
      return step(l, expr, true);
  }
}

/** A condition as 0 or 1. */
function truth(l: Lowering, expr: BinaryExpr): Lowered {
  const { b } = l;
  const result = b.variable('truth');
  l.choose(
    (yes, no) => condition(l, expr, yes, no),
    () => b.write(result, b.constant(1)),
    () => b.write(result, b.constant(0)),
  );
  return { kind: 'scalar', value: b.read(result), type: { kind: 'bool' } };
}

export const one: (l: Lowering) => Lowered = (l) => ({ kind: 'scalar', value: l.b.constant(1), type: int64 });
