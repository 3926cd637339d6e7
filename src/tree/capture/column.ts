/**
 * One column of a capture, as bytes.
 *
 * Numbers: the difference to the row before (to 0 for the first), modulo 2^64, with the sign in the lowest bit
 * (zigzag: 0, -1, 1, -2 are 0, 1, 2, 3), as a variable-length number. Where rows may have no value, a bit for
 * each row comes first (bit r mod 8 of byte r / 8, 1: there is a value), and rows without one have no number.
 *
 * Byte strings: the different values once, in the order of their first row, then which one each row has:
 *   varint count, then for each value: varint 2 * length + (1: the value was longer than this)
 *   the bytes of all values, one after the other
 *   for each row: varint 0: the row has no value; 1: the next value that no row had before; n: value n - 2
 */
import { HOST_IS_LITTLE, isConstant, type TypedNumbers } from '../records.ts';
import { type BytesColumn, type LongColumn, ValueState } from '../snapshot.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { damaged } from './errors.ts';

/** The low bits of a column's kind byte. */
export const ColumnKind = { numbers: 0, bytes: 1 } as const;
/** Bits of the kind byte for numbers. */
export const UNSIGNED = 0x10;
export const SPARSE = 0x20;
/** They are shown in hexadecimal. */
export const ADDRESS = 0x40;

const TWO_32 = 0x1_0000_0000;

/** The halves of 64-bit numbers in place: element 2r + LOW and 2r + HIGH. */
const LOW = HOST_IS_LITTLE ? 0 : 1;
const HIGH = 1 - LOW;

type Longs = BigInt64Array | BigUint64Array;

const halvesOf = (values: Longs): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length * 2);

/** With this bit turned over, signed numbers compare as the unsigned ones. */
const SIGN = 0x80000000 | 0;

/** The most bytes that a variable-length number takes. */
const LONGEST = 10;
/** And one that counts rows. */
const LONGEST_ROW = 5;

/** Columns are put together here, one after the other: memory that is fresh each time would be most of the work. */
let scratch = new Uint8Array(0);

/**
 * A column of numbers as bytes. Everything is written in place, without a call for each number: this runs for
 * every value of a dump, before any of it is compiled well.
 *
 * @param order the rows in the order in which they are stored; default: as they are.
 */
export function encodeNumbers(column: TypedNumbers, order?: Uint32Array, absent?: Uint8Array): Uint8Array {
  const count = order?.length ?? column.length;
  const bitmap = absent === undefined ? 0 : Math.ceil(count / 8);
  if (scratch.length < bitmap + LONGEST * count) scratch = new Uint8Array(bitmap + LONGEST * count);
  const out = scratch;
  if (absent !== undefined) {
    out.fill(0, 0, bitmap);
    for (let i = 0; i < count; i++) {
      if (absent[order === undefined ? i : order[i]!] === 0) out[i >>> 3]! |= 1 << (i & 7);
    }
  }
  // Of many columns all rows are the same: one number, and differences of 0.
  const same = absent === undefined && isConstant(column);
  const looped = same ? Math.min(count, 1) : count;
  const end =
    column instanceof Float64Array
      ? putSafe(out, bitmap, column, looped, order)
      : putIntegers(out, bitmap, column, looped, order, absent);
  out.fill(0, end, end + count - looped);
  return out.slice(0, end + count - looped);
}

/** Differences of safe integers, whose zigzag form has at most 54 bits. */
function putSafe(
  out: Uint8Array,
  from: number,
  column: Float64Array,
  count: number,
  order: Uint32Array | undefined,
): number {
  let at = from;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const value = column[order === undefined ? i : order[i]!]!;
    const delta = value - before;
    before = value;
    let rest = delta < 0 ? -2 * delta - 1 : 2 * delta;
    while (rest > 0x7fffffff) {
      out[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      out[at++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    out[at++] = rest;
  }
  return at;
}

/**
 * Integers of 32 or 64 bits, all by one loop that sees signed words: others would each be an object until this is
 * compiled well.
 */
function putIntegers(
  out: Uint8Array,
  from: number,
  column: Exclude<TypedNumbers, Float64Array>,
  count: number,
  order: Uint32Array | undefined,
  absent: Uint8Array | undefined,
): number {
  const words = new Int32Array(column.buffer, column.byteOffset, column.byteLength / 4);
  const step = column.BYTES_PER_ELEMENT / 4;
  const lowAt = step === 2 ? LOW : 0;
  /** What of a low word goes on in the high one, where there is none. */
  const signBits = column instanceof Int32Array ? -1 : 0;
  let at = from;
  let [lowBefore, highBefore] = [0, 0];
  for (let i = 0; i < count; i++) {
    const row = order === undefined ? i : order[i]!;
    if (absent !== undefined && absent[row] !== 0) continue;
    const low = words[step * row + lowAt]!;
    const high = step === 2 ? words[2 * row + HIGH]! : (low & signBits) >> 31;
    const lowDelta = (low - lowBefore) | 0;
    const highDelta = (high - highBefore - ((low ^ SIGN) < (lowBefore ^ SIGN) ? 1 : 0)) | 0;
    const sign = highDelta >> 31;
    let lowRest = (lowDelta << 1) ^ sign;
    let highRest = ((highDelta << 1) | (lowDelta >>> 31)) ^ sign;
    while (highRest !== 0 || (lowRest & ~0x7f) !== 0) {
      out[at++] = (lowRest & 0x7f) | 0x80;
      lowRest = (lowRest >>> 7) | (highRest << 25);
      highRest >>>= 7;
    }
    out[at++] = lowRest;
    lowBefore = low;
    highBefore = high;
  }
  return at;
}

/** A column of numbers of `count` rows; `base` is what errors call its first byte. Throws CaptureError. */
export function decodeNumbers(bytes: Uint8Array, kind: number, count: number, base: number): LongColumn {
  const reader = new ByteReader(bytes, base);
  const sparse = (kind & SPARSE) !== 0;
  // Before any memory is taken: a row needs a byte, or at least a bit.
  if (!sparse && reader.left < count) {
    throw damaged(base, `a column of ${count} rows cannot have ${reader.left} bytes`);
  }
  const bits = sparse ? reader.take(Math.ceil(count / 8), 'the rows that have a value') : undefined;
  const absent = new Uint8Array(count);
  if (bits !== undefined) {
    for (let row = 0; row < count; row++) absent[row] = ((bits[row >>> 3]! >>> (row & 7)) & 1) ^ 1;
  }
  const values = (kind & UNSIGNED) !== 0 ? new BigUint64Array(count) : new BigInt64Array(count);
  const halves = halvesOf(values);
  let [low, high] = [0, 0];
  for (let row = 0; row < count; row++) {
    if (absent[row] !== 0) continue;
    reader.varint64();
    const sign = -(reader.low & 1);
    const sum = low + ((((reader.low >>> 1) | (reader.high << 31)) ^ sign) >>> 0);
    high = (high + ((reader.high >>> 1) ^ sign) + (sum >= TWO_32 ? 1 : 0)) >>> 0;
    low = sum >>> 0;
    halves[2 * row + LOW] = low;
    halves[2 * row + HIGH] = high;
  }
  if (reader.left !== 0) throw damaged(reader.offset, 'a column goes on after its last row');
  return { values, absent };
}

/** As numbers of JavaScript: exact up to 53 bits, which is more than any of these fields has. */
export function narrow({ values }: LongColumn): Float64Array {
  const halves = halvesOf(values);
  const signed = values instanceof BigInt64Array;
  const out = new Float64Array(values.length);
  for (let row = 0; row < out.length; row++) {
    const high = halves[2 * row + HIGH]!;
    out[row] = (signed ? high | 0 : high) * TWO_32 + halves[2 * row + LOW]!;
  }
  return out;
}

/** The low halves: what columns of 32 bits are. */
export function lowHalves({ values }: LongColumn): Uint32Array {
  const halves = halvesOf(values);
  const out = new Uint32Array(values.length);
  for (let row = 0; row < out.length; row++) out[row] = halves[2 * row + LOW]!;
  return out;
}

function putIndex(out: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value + 2;
  for (; rest > 0x7f; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}

/**
 * A column of byte strings as bytes. Equal values are found by a Map, whose hash is V8's own and seeded anew in each
 * process: no choice of names makes it slow, and a loop over bytes that is not compiled yet costs more.
 */
export function encodeBytes(column: BytesColumn, order?: Uint32Array): Uint8Array {
  const { data, start, length, state } = column;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const count = order?.length ?? start.length;
  /** What each value is the how manyth of, by its state and its bytes. */
  const numberOf = new Map<string, number>();
  /** For each value its first row. */
  const rowOf = new Uint32Array(count);
  let different = 0;
  let total = 0;
  /** The last row that has a value, and its value. */
  let [before, valueBefore] = [-1, 0];
  /** What each row has, and no call for each. */
  const rows = new Uint8Array(LONGEST_ROW * count);
  let end = 0;
  for (let i = 0; i < count; i++) {
    const row = order === undefined ? i : order[i]!;
    if (state[row] === ValueState.absent) {
      rows[end++] = 0;
      continue;
    }
    const from = start[row]!;
    const size = length[row]!;
    // Neighbours have the same more often than not, and this is one call.
    if (
      size === length[before]! &&
      state[row] === state[before] &&
      text.compare(text, from, from + size, start[before]!, start[before]! + size) === 0
    ) {
      end = putIndex(rows, end, valueBefore);
      continue;
    }
    before = row;
    const key = `${state[row]}${text.toString('latin1', from, from + size)}`;
    const known = numberOf.get(key);
    if (known !== undefined) {
      valueBefore = known;
      end = putIndex(rows, end, known);
      continue;
    }
    numberOf.set(key, different);
    valueBefore = different;
    rowOf[different++] = row;
    total += size;
    rows[end++] = 1;
  }
  const out = new ByteWriter();
  out.varint(different);
  for (let value = 0; value < different; value++) {
    const row = rowOf[value]!;
    out.varint(2 * length[row]! + (state[row] === ValueState.cut ? 1 : 0));
  }
  const values = new Uint8Array(total);
  let at = 0;
  for (let value = 0; value < different; value++) {
    const from = start[rowOf[value]!]!;
    const size = length[rowOf[value]!]!;
    values.set(data.subarray(from, from + size), at);
    at += size;
  }
  out.put(values);
  out.put(rows.subarray(0, end));
  return out.done();
}

/** A column of byte strings, which borrows `bytes`. Throws CaptureError. */
export function decodeBytes(bytes: Uint8Array, count: number, base: number): BytesColumn {
  const reader = new ByteReader(bytes, base);
  const different = reader.varint('the number of values');
  // Each value has a size of at least a byte, and a row of its own: so memory follows the bytes that are there.
  if (different > count || different > reader.left) {
    throw damaged(base, `${different} different values cannot be in ${count} rows of ${reader.left} bytes`);
  }
  const sizes = new Uint32Array(different);
  let total = 0;
  for (let i = 0; i < different; i++) {
    sizes[i] = reader.varint('the length of a value');
    total += sizes[i]! >>> 1;
  }
  const data = reader.take(total, 'the values of a column');
  if (reader.left < count) throw damaged(reader.offset, `${count} rows cannot be in ${reader.left} bytes`);
  const places = new Uint32Array(different + 1);
  for (let i = 0; i < different; i++) places[i + 1] = places[i]! + (sizes[i]! >>> 1);
  const start = new Uint32Array(count);
  const length = new Uint32Array(count);
  const state = new Uint8Array(count);
  let next = 0;
  for (let row = 0; row < count; row++) {
    const place = reader.offset;
    const word = reader.varint('the value of a row');
    if (word === 0) {
      state[row] = ValueState.absent;
      continue;
    }
    const index = word === 1 ? next++ : word - 2;
    if (index >= different || index >= next) {
      throw damaged(place, `value ${index} of a column is named before it is there`);
    }
    start[row] = places[index]!;
    length[row] = sizes[index]! >>> 1;
    if ((sizes[index]! & 1) !== 0) state[row] = ValueState.cut;
  }
  if (next !== different) throw damaged(reader.offset, `${different - next} values of a column have no row`);
  if (reader.left !== 0) throw damaged(reader.offset, 'a column goes on after its last row');
  return { data, start, length, state };
}
