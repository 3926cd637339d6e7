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

import type { Field, NumberField } from './fields.ts';
import { fields, storageOf } from './fields.ts';
import { HOST_IS_LITTLE, Records } from './records.ts';
import type { BytesColumn, LongColumn, NumberColumn, TaskColumns } from './snapshot.ts';
import { type Extras, HAVE_BITS, haveBit } from './walk-text.ts';

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

class RecordColumns implements TaskColumns {
  readonly count: number;
  readonly #records: Records;
  readonly #layout: RecordLayout;
  readonly #slots: ReadonlyMap<string, RecordSlot>;
  readonly #texts: readonly string[];

  constructor(data: Uint8Array, little: boolean, layout: RecordLayout) {
    const lengths = layout.slots.filter(({ kind }) => kind === 'length');
    this.#layout = layout;
    this.#texts = lengths.map(({ field }) => field);
    this.#slots = new Map(
      layout.slots.filter(({ kind }) => kind !== 'have').map((slot) => [slot.field, slot]),
    );
    this.#records = new Records(
      data,
      little,
      layout.fixedSize,
      lengths.map(({ offset }) => offset),
    );
    this.count = this.#records.count;
  }

  numbers(field: NumberField): NumberColumn {
    const { kind, offset } = this.#slots.get(field)!;
    return kind === 's32' ? this.#records.s32(offset) : this.#records.safe(offset);
  }

  longs(field: string): LongColumn | undefined {
    const index = this.#layout.longs.findIndex((one) => one.long === field);
    const slot = this.#slots.get(field);
    if (index < 0 || slot === undefined) return undefined;
    const values = isSignedField(this.#layout.longs[index]!)
      ? this.#records.s64(slot.offset)
      : this.#records.u64(slot.offset);
    return { values, absent: this.#absent(index) };
  }

  #absent(index: number): Uint8Array {
    const { word, bit } = haveBit(index);
    const { offset } = this.#layout.slots.find(
      (slot) => slot.kind === 'have' && slot.field === String(word),
    )!;
    const have = this.#records.s32(offset);
    const absent = new Uint8Array(this.count);
    for (let row = 0; row < absent.length; row++) if ((have[row]! & bit) === 0) absent[row] = 1;
    return absent;
  }

  bytes(field: string): BytesColumn | undefined {
    const index = this.#texts.indexOf(field);
    // The arguments are what they are: only they have NULs of their own.
    return index < 0 ? undefined : this.#records.bytes(index, field !== 'cmdline');
  }
}

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
