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
 *   u32 ...          for each field of bytes, the length of its part of the tail, with marks (see below)
 *   padding to a multiple of 8
 *
 * With today's table, 80 bytes:
 *   0 size  4 tid  8 vtid  12 pid  16 pgid  20 sid  24 ptid  28 ppid  32 rptid  36 rppid  40 reaper  44 ns_level
 *   48 loginuid  56 euid  64 comm  68 exepath  72 cmdline  76 padding
 *
 * A length word is 0xffffffff when the task has no such value or it could not be read (`NA`); the top bit alone
 * says that the value was longer than what follows (a path that was too long for the helper has nothing:
 * 0x80000000). Names and paths may carry a NUL and what is behind it: the reader cuts there.
 */

import { recordBeyondEnd, recordLengths, recordTooShort } from './errors.ts';
import type { BytesField, NumberField } from './fields.ts';
import { fields } from './fields.ts';
import { type BytesColumn, type NumberColumn, type TaskColumns, ValueState } from './snapshot.ts';

/** The length word of a value that is not there. */
export const LENGTH_ABSENT = 0xffffffff;
/** The bit of the length word that says "there was more". */
export const LENGTH_CUT = 0x80000000;

export interface RecordSlot {
  readonly field: NumberField | BytesField;
  readonly kind: 's32' | 's64' | 'length';
  /** Bytes from the start of the record. */
  readonly offset: number;
}

export interface RecordLayout {
  readonly slots: readonly RecordSlot[];
  /** Bytes of the fixed part. */
  readonly fixedSize: number;
}

function makeLayout(): RecordLayout {
  const stored = fields.filter((field) => field.source.kind === 'kernel');
  const slots: RecordSlot[] = [];
  let offset = 4;
  const place = (kind: RecordSlot['kind'], types: readonly string[]): void => {
    const size = kind === 's64' ? 8 : 4;
    offset = Math.ceil(offset / size) * size;
    for (const { long, type } of stored) {
      if (!types.includes(type)) continue;
      slots.push({ field: long as NumberField | BytesField, kind, offset });
      offset += size;
    }
  };
  place('s32', ['integer', 'boolean']);
  place('s64', ['user']);
  place('length', ['bytes', 'arguments']);
  return { slots, fixedSize: Math.ceil(offset / 8) * 8 };
}

/** The layout of the fixed part; what the kernel program must write. */
export const recordLayout: RecordLayout = makeLayout();

const offsets: ReadonlyMap<string, number> = new Map(
  recordLayout.slots.map((slot) => [slot.field, slot.offset]),
);
const lengthSlots: readonly RecordSlot[] = recordLayout.slots.filter((slot) => slot.kind === 'length');

const storedLength = (word: number): number => (word === LENGTH_ABSENT ? 0 : word & 0x7fffffff);

/** Where each record starts; every length is checked here, so the columns can read without checks. */
function findRecords(view: DataView, little: boolean): Uint32Array {
  const { fixedSize } = recordLayout;
  const starts = new Uint32Array(Math.floor(view.byteLength / fixedSize));
  const lengthOffsets = lengthSlots.map((slot) => slot.offset);
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

  constructor(data: Uint8Array, little: boolean) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#little = little;
    this.#starts = findRecords(this.#view, little);
    this.count = this.#starts.length;
  }

  numbers(field: NumberField): NumberColumn {
    const offset = offsets.get(field)!;
    const [view, little, starts] = [this.#view, this.#little, this.#starts];
    const slot = recordLayout.slots.find((one) => one.field === field)!;
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

  bytes(field: BytesField): BytesColumn {
    const [data, view, little, starts] = [this.#data, this.#view, this.#little, this.#starts];
    const mine = lengthSlots.findIndex((slot) => slot.field === field);
    const before = lengthSlots.slice(0, mine).map((slot) => slot.offset);
    const offset = lengthSlots[mine]!.offset;
    const cutAtNul = field !== 'cmdline';
    const start = new Uint32Array(this.count);
    const length = new Uint32Array(this.count);
    const state = new Uint8Array(this.count);
    for (let row = 0; row < this.count; row++) {
      const record = starts[row]!;
      let from = record + recordLayout.fixedSize;
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

/**
 * The records of one iteration as columns, which borrow `data`. Throws TaskRecordError when the bytes are not
 * whole records.
 *
 * @param littleEndian byte order of the machine that wrote them; default: this one's.
 */
export function readRecords(data: Uint8Array, littleEndian: boolean = HOST_IS_LITTLE): TaskColumns {
  return new RecordColumns(data, littleEndian);
}

const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
