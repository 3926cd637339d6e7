/**
 * Integers: the type of a literal, and what holds the values of two types.
 *
 * A literal that is not negative is *flexible*: its type is the least signed one, but it takes the sign of what it
 * meets (`$a = 1; $a = (uint64)2` makes `$a` uint64). The mark lives on the type while checking, so that tuples and
 * records of literals have it inside; `settled` takes it off for those who come after.
 */
import { type EnumType, type IntegerType, int64, type Type } from '../types/type.ts';

interface FlexibleInteger extends IntegerType {
  readonly flexible?: true;
}

type Bits = IntegerType['bits'];
const widths: readonly Bits[] = [8, 16, 32, 64];

export const isFlexible = (type: Type): boolean =>
  type.kind === 'int' && (type as FlexibleInteger).flexible === true;

export function fitsIn(value: bigint, { bits, signed }: Pick<IntegerType, 'bits' | 'signed'>): boolean {
  return signed
    ? value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits - 1)
    : value >= 0n && value < 1n << BigInt(bits);
}

const flexible = (bits: Bits): FlexibleInteger => ({ kind: 'int', bits, signed: true, flexible: true });

/** The least signed type that holds a literal; above that uint64. */
export function literalType(value: bigint): IntegerType {
  for (const bits of widths) {
    if (!fitsIn(value, { bits, signed: true })) continue;
    const type: IntegerType = { kind: 'int', bits, signed: true };
    return value < 0n ? type : flexible(bits);
  }
  return { kind: 'int', bits: 64, signed: value < 0n };
}

/** A number as 64 bits hold it. */
export const wrap = (value: bigint, signed: boolean): bigint =>
  signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);

/** What holds values of both; `lossy` where nothing does and int64 has to. */
export function promote(left: IntegerType, right: IntegerType): { type: IntegerType; lossy: boolean } {
  const bits = Math.max(left.bits, right.bits) as Bits;
  const bothFlexible = isFlexible(left) && isFlexible(right);
  if (bothFlexible) return { type: left.bits === bits ? left : right, lossy: false };
  if (isFlexible(left) || isFlexible(right)) {
    const { signed } = isFlexible(left) ? right : left;
    return { type: { kind: 'int', bits, signed }, lossy: false };
  }
  if (left.signed === right.signed) return { type: left.bits === bits ? left : right, lossy: false };
  const unsigned = left.signed ? right : left;
  const signed = left.signed ? left : right;
  if (signed.bits > unsigned.bits) return { type: signed, lossy: false };
  const next = widths[widths.indexOf(unsigned.bits) + 1];
  if (next === undefined) return { type: int64, lossy: true };
  return { type: { kind: 'int', bits: next, signed: true }, lossy: false };
}

export const integerOf = (type: IntegerType | EnumType): IntegerType =>
  type.kind === 'int' ? type : { kind: 'int', bits: type.bits, signed: type.signed };

/** Every value of one type is a value of the other. */
export function widens(from: IntegerType, to: IntegerType): boolean {
  if (isFlexible(from)) return from.bits <= to.bits;
  if (from.signed === to.signed) return from.bits <= to.bits;
  return to.signed && from.bits < to.bits;
}

/** Without the marks of literals. */
export function settled(type: Type): Type {
  switch (type.kind) {
    case 'int':
      return isFlexible(type) ? { kind: 'int', bits: type.bits, signed: type.signed } : type;
    case 'tuple':
      return { kind: 'tuple', elements: type.elements.map(settled) };
    case 'record':
      return {
        kind: 'record',
        fields: type.fields.map((field) => ({ name: field.name, type: settled(field.type) })),
      };
    case 'pointer':
      return isFlexible(type.target) ? { ...type, target: settled(type.target) } : type;
    default:
      return type;
  }
}
