/** Operators on values that are known before the script runs, with the results that the kernel would have. */
import type { BinaryOperator } from '../ast/nodes.ts';
import { int64, uint64 } from '../types/type.ts';
import type { Constant } from './context.ts';
import { fitsIn, wrap } from './integers.ts';

const asNumber = (value: Constant): bigint | undefined =>
  typeof value === 'string' ? undefined : BigInt(value);

/**
 * What two numbers of the script's text make. They have no width, so what neither int64 nor uint64 holds is `overflow`,
 * as are a division by nothing, a shift out of 64 bits, and a negative number beside one that only uint64 holds.
 */
export function foldLiterals(operator: BinaryOperator, one: bigint, other: bigint): Constant | 'overflow' {
  const most = one > other ? one : other;
  const least = one > other ? other : one;
  if (least < 0n && !fitsIn(most, int64)) return 'overflow';
  const value = exact(operator, one, other);
  if (typeof value !== 'bigint') return value ?? 'overflow';
  return fitsIn(value, int64) || fitsIn(value, uint64) ? value : 'overflow';
}

function exact(operator: BinaryOperator, one: bigint, other: bigint): Constant | undefined {
  switch (operator) {
    case '-':
      return one - other;
    case '+':
      return one + other;
    case '*':
      return one * other;
    case '&':
      return one & other;
    case '|':
      return one | other;
    case '^':
      return one ^ other;
    case '/':
      return other === 0n ? undefined : one / other;
    case '%':
      return other === 0n ? undefined : one % other;
    case '<<':
      return other < 0n || other > 63n ? undefined : wrap(one << other, one < 0n);
    case '>>':
      return other < 0n || other > 63n ? undefined : one >> other;
    default:
      return foldBinary(operator, one, other, true);
  }
}

/** Undefined: not foldable; what divides by zero is left to say so when it runs. */
export function foldBinary(
  operator: BinaryOperator,
  left: Constant,
  right: Constant,
  signed: boolean,
): Constant | undefined {
  if (typeof left === 'string' || typeof right === 'string') {
    if (typeof left !== typeof right) return undefined;
    if (operator === '==') return left === right;
    return operator === '!=' ? left !== right : undefined;
  }
  const [one, other] = [asNumber(left)!, asNumber(right)!];
  switch (operator) {
    case '==':
      return one === other;
    case '!=':
      return one !== other;
    case '<':
      return one < other;
    case '>':
      return one > other;
    case '<=':
      return one <= other;
    case '>=':
      return one >= other;
    case '&&':
      return one !== 0n && other !== 0n;
    case '||':
      return one !== 0n || other !== 0n;
    case '+':
      return fitting(one + other, signed);
    case '-':
      return wrap(one - other, true);
    case '*':
      return fitting(one * other, signed);
    case '&':
      return fitting(BigInt.asUintN(64, one) & BigInt.asUintN(64, other), signed);
    case '|':
      return fitting(BigInt.asUintN(64, one) | BigInt.asUintN(64, other), signed);
    case '^':
      return fitting(BigInt.asUintN(64, one) ^ BigInt.asUintN(64, other), signed);
    // Of literals as it is written; what runs divides without signs.
    case '/':
      return other === 0n ? undefined : fitting(one / other, signed);
    case '%':
      return other === 0n ? undefined : fitting(one % other, signed);
    case '<<':
      return fitting(BigInt.asUintN(64, one << (other & 63n)), signed);
    case '>>':
      return fitting(BigInt.asUintN(64, one) >> (other & 63n), signed);
  }
}

/** Texts joined, without their beginning, and in their order: only where they are literals. */
export function foldText(
  operator: BinaryOperator,
  left: Constant | undefined,
  right: Constant | undefined,
): string | boolean | undefined {
  if (typeof left === 'string' && typeof right === 'string') {
    switch (operator) {
      case '+':
        return left + right;
      case '<':
        return left < right;
      case '>':
        return left > right;
      case '<=':
        return left <= right;
      case '>=':
        return left >= right;
      default:
        return undefined;
    }
  }
  if (operator !== '+') return undefined;
  if (typeof left === 'string' && typeof right === 'bigint' && right >= 0n) return left.slice(Number(right));
  if (typeof right === 'string' && typeof left === 'bigint' && left >= 0n) return right.slice(Number(left));
  return undefined;
}

/** 64 bits as they would be read; positive numbers above int64 stay what they are where both were literals. */
const fitting = (value: bigint, signed: boolean): bigint => wrap(value, signed);
