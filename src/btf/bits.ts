/**
 * Bitfields: an integer that begins and ends at any bit of a struct.
 *
 * BTF counts bits from the start of the struct in the machine's own sense: on little endian from the lowest bit of
 * the first byte, on big endian from its highest. So the bytes that the field touches (at most nine)
 * are taken as one number in the machine's order, and the field is what is left after shifting away the
 * bits behind it. Example, little endian: offset 13, width 5 touches bytes 1 and 2; bits 5..9 of that number.
 */
export interface BitField {
  /** First byte that the field touches. */
  readonly byte: number;
  /** How many bytes it touches. */
  readonly bytes: number;
  /** Distance of its lowest bit from the lowest bit of these bytes. */
  readonly shift: number;
  readonly width: number;
  readonly littleEndian: boolean;
}

export function bitField(bitOffset: number, width: number, littleEndian: boolean): BitField {
  const byte = Math.floor(bitOffset / 8);
  const inside = bitOffset % 8;
  const bytes = Math.ceil((inside + width) / 8);
  return { byte, bytes, shift: littleEndian ? inside : bytes * 8 - inside - width, width, littleEndian };
}

/** For fields that touch at most four bytes. Unsigned unless `signed`. */
export function readBits32(view: DataView, at: number, field: BitField, signed: boolean): number {
  const { bytes, littleEndian, width } = field;
  const start = at + field.byte;
  let word = 0;
  for (let i = 0; i < bytes; i++)
    word |= view.getUint8(start + i) << ((littleEndian ? i : bytes - 1 - i) * 8);
  const high = (word >>> field.shift) << (32 - width);
  return signed ? high >> (32 - width) : high >>> (32 - width);
}

export function readBits(view: DataView, at: number, field: BitField, signed: boolean): bigint {
  const word = wordOf(view, at, field);
  const value = BigInt.asUintN(field.width, word >> BigInt(field.shift));
  return signed ? BigInt.asIntN(field.width, value) : value;
}

/** The value's low bits are written; the other bits of the bytes stay. */
export function writeBits(view: DataView, at: number, field: BitField, value: bigint): void {
  const { byte, bytes, littleEndian, width } = field;
  const shift = BigInt(field.shift);
  const mask = ((1n << BigInt(width)) - 1n) << shift;
  let word = (wordOf(view, at, field) & ~mask) | (BigInt.asUintN(width, value) << shift);
  for (let i = 0; i < bytes; i++) {
    view.setUint8(at + byte + (littleEndian ? i : bytes - 1 - i), Number(word & 0xffn));
    word >>= 8n;
  }
}

function wordOf(view: DataView, at: number, { byte, bytes, littleEndian }: BitField): bigint {
  let word = 0n;
  for (let i = 0; i < bytes; i++) {
    word = (word << 8n) | BigInt(view.getUint8(at + byte + (littleEndian ? bytes - 1 - i : i)));
  }
  return word;
}
