/**
 * Whole numbers: operators with C's meaning on 64-bit integers.
 *
 * A number in a register always has its exact 64-bit value: a u32 is widened with zeros, an i32 with
 * its sign. Operands of up to 32 bits therefore calculate as signed 64-bit numbers without surprise;
 * as soon as one operand is a u64 the operation is unsigned, which is C's usual arithmetic conversion.
 * Divisions and shifts of values that cannot be negative use the unsigned instruction: it is shorter.
 */
import type { Node } from 'acorn';
import type { BinaryOp, CompareOp, Value } from '../../compiler/ir.ts';
import { messages } from '../messages.ts';
import { type IntegerType, types } from './data-type.ts';
import { describe, type Operand } from './operand.ts';
import type { Lowering } from './state.ts';

export interface Scalar {
  readonly value: Value;
  readonly type: IntegerType;
}

/** The operand as a number; text, structs and the like are refused. */
export function scalarOf(l: Lowering, operand: Operand, node: Node): Scalar {
  switch (operand.kind) {
    case 'literal':
      return { value: l.b.constant(operand.value), type: literalType(operand.value) };
    case 'scalar':
      return operand;
    case 'boolean':
      return { value: operand.value, type: types.u8 };
    case 'pointer':
      return { value: operand.value, type: types.u64 };
    default: {
      const advice = operand.kind === 'cell' ? 'Read the number with .value.' : undefined;
      return l.fail(node, messages.wrongType('a number', describe(operand), advice));
    }
  }
}

/** The narrowest type: it decides nothing but whether the value can be negative or needs all 64 bits. */
function literalType(value: bigint): IntegerType {
  if (value < 0n) return types.i64;
  if (value < 1n << 32n) return types.u32;
  return value < 1n << 63n ? types.i64 : types.u64;
}

const unsigned64 = (type: IntegerType): boolean => type.bits === 64 && !type.signed;

/** True if no value of this type is negative when read as a signed 64-bit number, or the operation is unsigned anyway. */
function runsUnsigned(left: IntegerType, right: IntegerType): boolean {
  return unsigned64(left) || unsigned64(right) || (!left.signed && !right.signed);
}

const operators: Readonly<Record<string, BinaryOp>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '&': 'and',
  '|': 'or',
  '^': 'xor',
  '<<': 'shl',
  '>>': 'ashr',
  '>>>': 'lshr',
};

export function isArithmetic(operator: string): boolean {
  return Object.hasOwn(operators, operator);
}

/** `left operator right` for arithmetic operators; literals fold at once. */
export function arithmetic(
  l: Lowering,
  operator: string,
  left: Operand,
  right: Operand,
  node: Node,
): Operand {
  const op = operators[operator];
  if (left.kind === 'literal' && right.kind === 'literal') {
    const folded = foldLiterals(op, left.value, right.value);
    if (folded !== undefined && (folded < -(2n ** 63n) || folded >= 2n ** 64n)) {
      return l.fail(node, messages.doesNotFit(folded, '64 bits'));
    }
    const varies = Boolean(left.varies || right.varies);
    if (folded !== undefined) return { kind: 'literal', value: folded, varies };
  }
  const a = scalarOf(l, left, node);
  const b = scalarOf(l, right, node);
  const unsigned = runsUnsigned(a.type, b.type);
  return {
    kind: 'scalar',
    value: l.b.binary(machineOp(op, a.type, unsigned), a.value, b.value),
    type: resultType(op, a.type, b.type),
  };
}

function machineOp(op: BinaryOp, left: IntegerType, unsigned: boolean): BinaryOp {
  if (op === 'ashr') return left.signed ? 'ashr' : 'lshr';
  if (unsigned) return op;
  if (op === 'div') return 'sdiv';
  if (op === 'mod') return 'smod';
  return op;
}

function resultType(op: BinaryOp, left: IntegerType, right: IntegerType): IntegerType {
  const small = !left.signed && left.bits < 64;
  const smallRight = !right.signed && right.bits < 64;
  if (op === 'ashr' || op === 'lshr')
    return small ? types.u32 : left.signed && op === 'ashr' ? types.i64 : types.u64;
  if (op === 'and' && (small || smallRight)) return types.u32;
  if ((op === 'or' || op === 'xor' || op === 'div') && small && smallRight) return types.u32;
  // The remainder by zero is the dividend, which may be wider than the divisor.
  if (op === 'mod' && small && smallRight) return types.u32;
  if (op === 'shl') return unsigned64(left) ? types.u64 : types.i64;
  return unsigned64(left) || unsigned64(right) ? types.u64 : types.i64;
}

function foldLiterals(op: BinaryOp, a: bigint, b: bigint): bigint | undefined {
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return b === 0n ? undefined : a / b;
    case 'mod':
      return b === 0n ? undefined : a % b;
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'shl':
      return b >= 0n && b < 64n ? a << b : undefined;
    case 'ashr':
      return b >= 0n && b < 64n ? a >> b : undefined;
    case 'lshr':
      return b >= 0n && b < 64n ? BigInt.asUintN(64, a) >> b : undefined;
    default:
      return undefined;
  }
}

const comparisons: Readonly<Record<string, { signed: CompareOp; unsigned: CompareOp }>> = {
  '===': { signed: 'eq', unsigned: 'eq' },
  '==': { signed: 'eq', unsigned: 'eq' },
  '!==': { signed: 'ne', unsigned: 'ne' },
  '!=': { signed: 'ne', unsigned: 'ne' },
  '<': { signed: 'slt', unsigned: 'ult' },
  '<=': { signed: 'sle', unsigned: 'ule' },
  '>': { signed: 'sgt', unsigned: 'ugt' },
  '>=': { signed: 'sge', unsigned: 'uge' },
};

export function isComparison(operator: string): boolean {
  return Object.hasOwn(comparisons, operator);
}

export interface Comparison {
  readonly op: CompareOp;
  readonly left: Value;
  readonly right: Value;
}

/** The comparison of two numbers, ready for a branch. */
export function comparison(
  l: Lowering,
  operator: string,
  left: Operand,
  right: Operand,
  node: Node,
): Comparison {
  const a = scalarOf(l, left, node);
  const b = scalarOf(l, right, node);
  refuseConstant(l, operator, left, right, a.type, b.type, node);
  const ops = comparisons[operator];
  return { op: runsUnsigned(a.type, b.type) ? ops.unsigned : ops.signed, left: a.value, right: b.value };
}

/** `unsigned < 0` and the like are mistakes in every program that ever held them. */
function refuseConstant(
  l: Lowering,
  operator: string,
  left: Operand,
  right: Operand,
  leftType: IntegerType,
  rightType: IntegerType,
  node: Node,
): void {
  // What a parameter makes constant this time is not what somebody wrote by mistake.
  if ((left.kind === 'literal' && left.varies) || (right.kind === 'literal' && right.varies)) return;
  const text = l.source.textOf(node);
  if (right.kind === 'literal' && left.kind !== 'literal' && !leftType.signed) {
    if ((operator === '<' && right.value <= 0n) || (operator === '<=' && right.value < 0n)) {
      l.fail(node, messages.alwaysFalse(text, false));
    }
    if ((operator === '>=' && right.value <= 0n) || (operator === '>' && right.value < 0n)) {
      l.fail(node, messages.alwaysFalse(text, true));
    }
  }
  if (left.kind === 'literal' && right.kind !== 'literal' && !rightType.signed) {
    if (operator === '>' && left.value <= 0n) l.fail(node, messages.alwaysFalse(text, false));
    if (operator === '<=' && left.value <= 0n) l.fail(node, messages.alwaysFalse(text, true));
  }
}
