/** Operators on values that are known before the script runs, with the results that the kernel would have. */
import type { BinaryOperator } from '../ast/nodes.ts';
import { int64, uint64 } from '../types/type.ts';
import type { Constant } from './context.ts';
import { fitsIn, wrap } from './integers.ts';

/**
 * What two numbers of the script's text make. They have no width, so what neither int64 nor uint64 holds is `overflow`,
 * as are a division by nothing, a shift out of 64 bits, and a negative number beside one that only uint64 holds.
 */
export function foldLiterals(operator: BinaryOperator, one: bigint, other: bigint): Constant | 'overflow' {
  const most = one > other ? one : other;
  const least = one > other ? other : one;
  if (least < 0n && !fitsIn(most, int64)) return 'overflow';
  if ((operator === '<<' || operator === '>>') && (other < 0n || other > 63n)) return 'overflow';
  const value = compared(operator, one, other) ?? exact(operator, one, other);
  if (typeof value === 'boolean') return value;
  if (operator === '<<') return wrap(value!, one < 0n);
  return value !== undefined && (fitsIn(value, int64) || fitsIn(value, uint64)) ? value : 'overflow';
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
  const [one, other] = [BigInt(left), BigInt(right)];
  const truth = compared(operator, one, other);
  if (truth !== undefined) return truth;
  const shift = operator === '<<' || operator === '>>';
  // What runs shifts in zeroes, by as many places as 64 bits have.
  const value = exact(operator, shift ? BigInt.asUintN(64, one) : one, shift ? other & 63n : other);
  return value === undefined ? undefined : wrap(value, signed || operator === '-');
}

function compared(operator: BinaryOperator, one: bigint, other: bigint): boolean | undefined {
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
    default:
      return undefined;
  }
}

/** As if there were no end of bits. Undefined: a division by zero. */
function exact(operator: BinaryOperator, one: bigint, other: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return one + other;
    case '-':
      return one - other;
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
      return one << other;
    case '>>':
      return one >> other;
    default:
      return undefined;
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
