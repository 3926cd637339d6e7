/**
 * The record that the kernel program writes for each task, and its reader.
 *
 * The records of one iteration follow each other without gaps. Each has a fixed part, whose layout follows from
 * the table of fields, and a tail with the byte strings one after the other, with exact lengths: so no byte of
 * another task can be left over. All numbers are in the byte order of the machine.
 *
 * The fixed part, in this order:
 *   u32 size         of the whole record, tail included
 *   s32 ...          each kernel field that is an integer or a boolean, in the table's order
 *   s64 ...          each user field: the number, -1 not set, -2 not recorded by this kernel
 *   u64 or s64 ...   each further number that this walk collects (see Extras)
 *   u32 ...          "have" words: bit i mod 31 of word i / 31 says whether the i-th of those numbers is there
 *   u32 ...          for each field of bytes, the length of its part of the tail, with marks (see below)
 *   padding to a multiple of 8
 *
 * Without further columns, 80 bytes:
 *   0 size  4 tid  8 vtid  12 pid  16 pgid  20 sid  24 ptid  28 ppid  32 rptid  36 rppid  40 reaper  44 ns_level
 *   48 loginuid  56 euid  64 comm  68 exepath  72 cmdline  76 padding
 *
 * A length word is 0xffffffff when the task has no such value or it could not be read (`NA`); the top bit alone
 * says that the value was longer than what follows (a path that was too long for the helper has nothing:
 * 0x80000000). Names and paths may carry a NUL and what is behind it: the reader cuts there.
 */

import { recordBeyondEnd, recordLengths, recordTooShort } from './errors.ts';
import type { Field, NumberField } from './fields.ts';
import { fields, storageOf } from './fields.ts';
import {
  type BytesColumn,
  type LongColumn,
  type NumberColumn,
  type TaskColumns,
  ValueState,
} from './snapshot.ts';
import { type Extras, HAVE_BITS, haveBit } from './walk-text.ts';

/** The length word of a value that is not there. */
export const LENGTH_ABSENT = 0xffffffff;
/** The bit of the length word that says "there was more". */
export const LENGTH_CUT = 0x80000000;

export interface RecordSlot {
  /** A field's long name or a kernel field's path; of a `have` word its number. */
  readonly field: string;
  readonly kind: 's32' | 's64' | 'long' | 'have' | 'length';
  /** Bytes from the start of the record. */
  readonly offset: number;
}

export interface RecordLayout {
  readonly slots: readonly RecordSlot[];
  /** Bytes of the fixed part. */
  readonly fixedSize: number;
  /** The numbers beyond the fixed ones, in the order of their slots. */
  readonly longs: readonly Field[];
}

const NOTHING_MORE: Extras = { longs: [], texts: [] };
const BASE_BYTES: readonly string[] = ['comm', 'exepath', 'cmdline'];

/** The layout of the fixed part of a walk that collects these columns; what the kernel program must write. */
export function recordLayoutOf({ longs, texts }: Extras): RecordLayout {
  const stored = fields.filter((field) => field.source.kind === 'kernel' && storageOf(field) !== 'long');
  const slots: RecordSlot[] = [];
  let offset = 4;
  const place = (kind: RecordSlot['kind'], names: readonly string[]): void => {
    const size = kind === 's64' || kind === 'long' ? 8 : 4;
    for (const field of names) {
      offset = Math.ceil(offset / size) * size;
      slots.push({ field, kind, offset });
      offset += size;
    }
  };
  const named = (...types: string[]): string[] =>
    stored.filter((field) => types.includes(field.type)).map((field) => field.long);
  place('s32', named('integer', 'boolean'));
  place('s64', named('user'));
  place(
    'long',
    longs.map((field) => field.long),
  );
  place(
    'have',
    Array.from({ length: Math.ceil(longs.length / HAVE_BITS) }, (_, i) => String(i)),
  );
  place('length', [...BASE_BYTES, ...texts.map((text) => text.name)]);
  return { slots, fixedSize: Math.ceil(offset / 8) * 8, longs };
}

/** The layout without further columns. */
export const recordLayout: RecordLayout = recordLayoutOf(NOTHING_MORE);

const isSignedField = ({ signed }: Field): boolean => signed !== false;

const storedLength = (word: number): number => (word === LENGTH_ABSENT ? 0 : word & 0x7fffffff);

/** Where each record starts; every length is checked here, so the columns can read without checks. */
function findRecords(view: DataView, little: boolean, { fixedSize, slots }: RecordLayout): Uint32Array {
  const starts = new Uint32Array(Math.floor(view.byteLength / fixedSize));
  const lengthOffsets = slots.filter((slot) => slot.kind === 'length').map((slot) => slot.offset);
  let count = 0;
  for (let at = 0; at < view.byteLength; ) {
    if (view.byteLength - at < fixedSize) throw recordBeyondEnd(at, fixedSize, view.byteLength);
    const size = view.getUint32(at, little);
    if (size < fixedSize) throw recordTooShort(at, size, fixedSize);
    if (size > view.byteLength - at) throw recordBeyondEnd(at, size, view.byteLength);
    let tail = 0;
    for (const offset of lengthOffsets) tail += storedLength(view.getUint32(at + offset, little));
    if (fixedSize + tail !== size) throw recordLengths(at, size, fixedSize + tail);
    starts[count++] = at;
    at += size;
  }
  return starts.subarray(0, count);
}

class RecordColumns implements TaskColumns {
  readonly count: number;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #starts: Uint32Array;
  readonly #layout: RecordLayout;
  readonly #slots: ReadonlyMap<string, RecordSlot>;

  constructor(data: Uint8Array, little: boolean, layout: RecordLayout) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#little = little;
    this.#layout = layout;
    this.#slots = new Map(
      layout.slots.filter(({ kind }) => kind !== 'have').map((slot) => [slot.field, slot]),
    );
    this.#starts = findRecords(this.#view, little, layout);
    this.count = this.#starts.length;
  }

  numbers(field: NumberField): NumberColumn {
    const slot = this.#slots.get(field)!;
    const { offset } = slot;
    const [view, little, starts] = [this.#view, this.#little, this.#starts];
    if (slot.kind === 's32') {
      const out = new Int32Array(this.count);
      for (let row = 0; row < out.length; row++) out[row] = view.getInt32(starts[row]! + offset, little);
      return out;
    }
    const out = new Float64Array(this.count);
    const [lowAt, highAt] = little ? [offset, offset + 4] : [offset + 4, offset];
    for (let row = 0; row < out.length; row++) {
      const at = starts[row]!;
      out[row] = view.getInt32(at + highAt, little) * 0x1_0000_0000 + view.getUint32(at + lowAt, little);
    }
    return out;
  }

  longs(field: string): LongColumn | undefined {
    const index = this.#layout.longs.findIndex((one) => one.long === field);
    const slot = this.#slots.get(field);
    if (index < 0 || slot === undefined) return undefined;
    const { word, bit } = haveBit(index);
    const have = this.#layout.slots.find((one) => one.kind === 'have' && one.field === String(word))!.offset;
    const [view, little, starts] = [this.#view, this.#little, this.#starts];
    const absent = new Uint8Array(this.count);
    for (let row = 0; row < this.count; row++) {
      if ((view.getUint32(starts[row]! + have, little) & bit) === 0) absent[row] = 1;
    }
    const { offset } = slot;
    if (isSignedField(this.#layout.longs[index]!)) {
      const values = new BigInt64Array(this.count);
      for (let row = 0; row < this.count; row++)
        values[row] = view.getBigInt64(starts[row]! + offset, little);
      return { values, absent };
    }
    const values = new BigUint64Array(this.count);
    for (let row = 0; row < this.count; row++) values[row] = view.getBigUint64(starts[row]! + offset, little);
    return { values, absent };
  }

  bytes(field: string): BytesColumn | undefined {
    const [data, view, little, starts] = [this.#data, this.#view, this.#little, this.#starts];
    const { fixedSize } = this.#layout;
    const lengthSlots = this.#layout.slots.filter((slot) => slot.kind === 'length');
    const mine = lengthSlots.findIndex((slot) => slot.field === field);
    if (mine < 0) return undefined;
    const before = lengthSlots.slice(0, mine).map((slot) => slot.offset);
    const offset = lengthSlots[mine]!.offset;
    const cutAtNul = field !== 'cmdline';
    const start = new Uint32Array(this.count);
    const length = new Uint32Array(this.count);
    const state = new Uint8Array(this.count);
    for (let row = 0; row < this.count; row++) {
      const record = starts[row]!;
      let from = record + fixedSize;
      for (const other of before) from += storedLength(view.getUint32(record + other, little));
      const word = view.getUint32(record + offset, little);
      const size = storedLength(word);
      start[row] = from;
      length[row] = size;
      if (word === LENGTH_ABSENT) state[row] = ValueState.absent;
      else if (word >= LENGTH_CUT) state[row] = ValueState.cut;
      if (!cutAtNul) continue;
      for (let i = 0; i < size; i++) {
        if (data[from + i] !== 0) continue;
        length[row] = i;
        break;
      }
    }
    return { data, start, length, state };
  }
}

const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The records of one iteration as columns, which borrow `data`. Throws TaskRecordError when the bytes are not
 * whole records.
 *
 * @param littleEndian byte order of the machine that wrote them; default: this one's.
 * @param layout what the walk collected; default: nothing but the fixed columns.
 */
export function readRecords(
  data: Uint8Array,
  littleEndian: boolean = HOST_IS_LITTLE,
  layout: RecordLayout = recordLayout,
): TaskColumns {
  return new RecordColumns(data, littleEndian, layout);
}
