/**
 * What the kernel's walks write: records without gaps, each with a fixed part of numbers, whose first word is the
 * record's size, and a tail with byte strings one after the other, whose lengths are words of the fixed part.
 *
 * Each column is a walk over all records by a loop that all columns share, with words put together from their
 * bytes: a command reads some thirty columns once, so most of its time would go into code that is not compiled well
 * yet, and into objects (a DataView's 64-bit numbers). The lengths, which are checked first, are kept.
 */
import { recordBeyondEnd, recordLengths, recordTooShort } from './errors.ts';
import { type BytesColumn, type LongColumn, type NumberColumn, ValueState } from './snapshot.ts';

/** A column of numbers, whatever their width. */
export type TypedNumbers = NumberColumn | Uint32Array | LongColumn['values'];

/** The length word of a value that is not there. */
export const LENGTH_ABSENT = 0xffffffff;
/** The bit of the length word that says "there was more". */
export const LENGTH_CUT = 0x80000000;

export const HOST_IS_LITTLE: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** True if all numbers are the same, by one comparison of the column with itself, an element further. */
export function isConstant({ buffer, byteOffset, byteLength, BYTES_PER_ELEMENT }: TypedNumbers): boolean {
  if (byteLength === 0) return true;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return bytes.compare(bytes, BYTES_PER_ELEMENT, byteLength, 0, byteLength - BYTES_PER_ELEMENT) === 0;
}

/** Of a length word, as a signed number. */
const storedLength = (word: number): number => (word === -1 ? 0 : word & 0x7fffffff);

function wordAt(data: Uint8Array, at: number, little: boolean): number {
  return little
    ? data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    : (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;
}

export class Records {
  readonly count: number;
  readonly #data: Uint8Array;
  readonly #fixedSize: number;
  readonly #starts: Uint32Array;
  /** For each part of the tail, its length words. */
  readonly #lengths: readonly Int32Array[];
  readonly #little: boolean;

  /**
   * Finds the records, and checks every length. Throws TaskRecordError when the bytes are not whole records.
   *
   * @param data is borrowed.
   * @param little the byte order of the machine that wrote them.
   * @param fixedSize bytes of the fixed part.
   * @param lengthOffsets where in the fixed part the lengths are, in the order of the tail.
   */
  constructor(data: Uint8Array, little: boolean, fixedSize: number, lengthOffsets: readonly number[]) {
    const most = Math.floor(data.length / fixedSize);
    const starts = new Uint32Array(most);
    const lengths = lengthOffsets.map(() => new Int32Array(most));
    let count = 0;
    for (let at = 0; at < data.length; count++) {
      if (data.length - at < fixedSize) throw recordBeyondEnd(at, fixedSize, data.length);
      const size = wordAt(data, at, little) >>> 0;
      if (size < fixedSize) throw recordTooShort(at, size, fixedSize);
      if (size > data.length - at) throw recordBeyondEnd(at, size, data.length);
      let sum = fixedSize;
      for (let i = 0; i < lengths.length; i++) {
        const word = wordAt(data, at + lengthOffsets[i]!, little);
        lengths[i]![count] = word;
        sum += storedLength(word);
      }
      if (sum !== size) throw recordLengths(at, size, sum);
      starts[count] = at;
      at += size;
    }
    this.count = count;
    this.#data = data;
    this.#fixedSize = fixedSize;
    this.#starts = starts.subarray(0, count);
    this.#lengths = lengths;
    this.#little = little;
  }

  /** Puts the word at `offset` of each record to every `step`-th place of `out`. */
  #gather(offset: number, out: Int32Array, from: number, step: number): void {
    const [data, starts, little] = [this.#data, this.#starts, this.#little];
    for (let row = 0, to = from; row < starts.length; row++, to += step) {
      out[to] = wordAt(data, starts[row]! + offset, little);
    }
  }

  s32(offset: number): Int32Array {
    const out = new Int32Array(this.count);
    this.#gather(offset, out, 0, 1);
    return out;
  }

  u32(offset: number): Uint32Array {
    return new Uint32Array(this.s32(offset).buffer);
  }

  s64(offset: number): BigInt64Array {
    const out = new Int32Array(2 * this.count);
    // The two words of a number lie in the order of the machine that wrote them.
    const swapped = this.#little === HOST_IS_LITTLE ? 0 : 1;
    this.#gather(offset, out, swapped, 2);
    this.#gather(offset + 4, out, 1 - swapped, 2);
    return new BigInt64Array(out.buffer);
  }

  u64(offset: number): BigUint64Array {
    return new BigUint64Array(this.s64(offset).buffer);
  }

  /** Signed 64-bit numbers that are known to be safe integers. */
  safe(offset: number): Float64Array {
    const [lowAt, highAt] = this.#little ? [offset, offset + 4] : [offset + 4, offset];
    const [low, high] = [this.u32(lowAt), this.s32(highAt)];
    const out = new Float64Array(this.count);
    for (let row = 0; row < out.length; row++) out[row] = high[row]! * 0x1_0000_0000 + low[row]!;
    return out;
  }

  /**
   * The part of the tail with this index, in place.
   *
   * @param cutAtNul names and paths may carry a NUL and what is behind it.
   */
  bytes(index: number, cutAtNul: boolean): BytesColumn {
    const [data, starts] = [this.#data, this.#starts];
    // A Buffer's own search is a slower one.
    const plain = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const words = this.#lengths[index]!;
    const start = new Uint32Array(this.count);
    const length = new Uint32Array(this.count);
    const state = new Uint8Array(this.count);
    if (words[0] === -1 && isConstant(words.subarray(0, this.count))) {
      state.fill(ValueState.absent);
      return { data, start, length, state };
    }
    for (let row = 0; row < start.length; row++) {
      let from = starts[row]! + this.#fixedSize;
      for (let i = 0; i < index; i++) from += storedLength(this.#lengths[i]![row]!);
      const word = words[row]!;
      const size = storedLength(word);
      start[row] = from;
      length[row] = size;
      if (word === -1) state[row] = ValueState.absent;
      else if (word < 0) state[row] = ValueState.cut;
      if (!cutAtNul) continue;
      const nul = plain.indexOf(0, from);
      if (nul >= 0 && nul < from + size) length[row] = nul - from;
    }
    return { data, start, length, state };
  }
}
