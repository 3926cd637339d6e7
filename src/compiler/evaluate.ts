/**
 * What each operation computes, on 64-bit registers held as signed bigints.
 *
 * Source: Documentation/bpf/standardization/instruction-set.rst: division by zero gives 0, remainder by
 * zero leaves the dividend, shift amounts are taken modulo the width, and the smallest signed number
 * divided by -1 is itself.
 */
import { type BinaryOp, type CompareOp, unreachable, type Width } from './ir.ts';

const MIN: Readonly<Record<Width, bigint>> = { 32: -(1n << 31n), 64: -(1n << 63n) };

/** The register after the operation: 32-bit results are zero-extended. */
export function evaluateBinary(op: BinaryOp, width: Width, left: bigint, right: bigint): bigint {
  const result = compute(op, width, left, right);
  return width === 32 ? BigInt.asUintN(32, result) : BigInt.asIntN(64, result);
}

function compute(op: BinaryOp, width: Width, left: bigint, right: bigint): bigint {
  const unsigned = (v: bigint) => BigInt.asUintN(width, v);
  const signed = (v: bigint) => BigInt.asIntN(width, v);
  switch (op) {
    case 'add':
      return left + right;
    case 'sub':
      return left - right;
    case 'mul':
      return left * right;
    case 'and':
      return left & right;
    case 'or':
      return left | right;
    case 'xor':
      return left ^ right;
    case 'shl':
      return unsigned(left) << (unsigned(right) & BigInt(width - 1));
    case 'lshr':
      return unsigned(left) >> (unsigned(right) & BigInt(width - 1));
    case 'ashr':
      return signed(left) >> (unsigned(right) & BigInt(width - 1));
    case 'div':
      return unsigned(right) === 0n ? 0n : unsigned(left) / unsigned(right);
    case 'mod':
      return unsigned(right) === 0n ? left : unsigned(left) % unsigned(right);
    case 'sdiv':
      if (signed(right) === 0n) return 0n;
      return signed(right) === -1n && signed(left) === MIN[width] ? MIN[width] : signed(left) / signed(right);
    case 'smod':
      return signed(right) === 0n ? left : signed(left) % signed(right);
    default:
      return unreachable(op);
  }
}

export function evaluateCompare(op: CompareOp, width: Width, left: bigint, right: bigint): boolean {
  const a = BigInt.asUintN(width, left);
  const b = BigInt.asUintN(width, right);
  switch (op) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'ult':
      return a < b;
    case 'ule':
      return a <= b;
    case 'ugt':
      return a > b;
    case 'uge':
      return a >= b;
    case 'test':
      return (a & b) !== 0n;
    default: {
      const x = BigInt.asIntN(width, left);
      const y = BigInt.asIntN(width, right);
      if (op === 'slt') return x < y;
      if (op === 'sle') return x <= y;
      if (op === 'sgt') return x > y;
      return x >= y;
    }
  }
}

export function evaluateExtend(from: 8 | 16 | 32, signed: boolean, value: bigint): bigint {
  return signed ? BigInt.asIntN(from, value) : BigInt.asUintN(from, value);
}

export function evaluateByteSwap(bits: 16 | 32 | 64, value: bigint): bigint {
  let rest = BigInt.asUintN(bits, value);
  let result = 0n;
  for (let i = 0; i < bits; i += 8) {
    result = (result << 8n) | (rest & 0xffn);
    rest >>= 8n;
  }
  return BigInt.asIntN(64, result);
}

/** The comparison that is true exactly when `op` is false; `test` has none. */
export const inverseCompare: Readonly<Record<CompareOp, CompareOp | undefined>> = {
  eq: 'ne',
  ne: 'eq',
  ult: 'uge',
  uge: 'ult',
  ule: 'ugt',
  ugt: 'ule',
  slt: 'sge',
  sge: 'slt',
  sle: 'sgt',
  sgt: 'sle',
  test: undefined,
};

/** The comparison with its operands exchanged. */
export const swappedCompare: Readonly<Record<CompareOp, CompareOp>> = {
  eq: 'eq',
  ne: 'ne',
  ult: 'ugt',
  ugt: 'ult',
  ule: 'uge',
  uge: 'ule',
  slt: 'sgt',
  sgt: 'slt',
  sle: 'sge',
  sge: 'sle',
  test: 'test',
};

export const commutative: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['add', 'mul', 'and', 'or', 'xor']);
