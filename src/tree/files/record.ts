/**
 * The record of one open descriptor, as the kernel program writes it, and its reader.
 *
 * Records follow each other without gaps; numbers are in the byte order of the machine. Each has a fixed part,
 * whose layout follows from the tables of columns, and a tail with the byte strings one after the other:
 *
 *   u32 size      of the whole record, tail included
 *   u32 ...       for each byte string, the length of its part of the tail, with the marks of tree/record.ts
 *   ...           each number, in the table's order, at the next multiple of its own size
 *   padding to a multiple of 8
 */
import { recordBeyondEnd, recordLengths, recordTooShort } from '../errors.ts';
import { LENGTH_ABSENT, LENGTH_CUT } from '../record.ts';
import { type BytesColumn, ValueState } from '../snapshot.ts';
import {
  type FileBytes,
  type FileColumnOf,
  type FileColumns,
  type FileNumber,
  type FileNumberType,
  fileBytes,
  fileNumbers,
} from './model.ts';

export interface FileSlot {
  readonly name: FileNumber;
  readonly type: FileNumberType;
  /** Bytes from the start of the record. */
  readonly offset: number;
}

const firstNumber = 4 * (1 + fileBytes.length);

function makeSlots(): FileSlot[] {
  let offset = firstNumber;
  return fileNumbers.map(({ name, type }) => {
    const size = type.endsWith('64') ? 8 : 4;
    offset = Math.ceil(offset / size) * size + size;
    return { name, type, offset: offset - size };
  });
}

/** Where the kernel program must put each number. */
export const fileSlots: readonly FileSlot[] = makeSlots();

/** Bytes of the fixed part. */
export const fileRecordSize: number = Math.ceil((fileSlots.at(-1)!.offset + 8) / 8) * 8;

const lengthOffset = (name: FileBytes): number => 4 * (1 + fileBytes.indexOf(name));
const storedLength = (word: number): number => (word === LENGTH_ABSENT ? 0 : word & 0x7fffffff);

/** Where each record starts; every length is checked here, so the columns can read without checks. */
function findRecords(view: DataView, little: boolean): Uint32Array {
  const starts = new Uint32Array(Math.floor(view.byteLength / fileRecordSize));
  let count = 0;
  for (let at = 0; at < view.byteLength; ) {
    if (view.byteLength - at < fileRecordSize) throw recordBeyondEnd(at, fileRecordSize, view.byteLength);
    const size = view.getUint32(at, little);
    if (size < fileRecordSize) throw recordTooShort(at, size, fileRecordSize);
    if (size > view.byteLength - at) throw recordBeyondEnd(at, size, view.byteLength);
    let sum = fileRecordSize;
    for (let offset = 4; offset < firstNumber; offset += 4) {
      sum += storedLength(view.getUint32(at + offset, little));
    }
    if (sum !== size) throw recordLengths(at, size, sum);
    starts[count++] = at;
    at += size;
  }
  return starts.subarray(0, count);
}

class FileRecords implements FileColumns {
  readonly count: number;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #starts: Uint32Array;
  readonly #numbers = new Map<FileNumber, FileColumnOf<FileNumber>>();
  readonly #bytes = new Map<FileBytes, BytesColumn>();

  constructor(data: Uint8Array, little: boolean) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#little = little;
    this.#starts = findRecords(this.#view, little);
    this.count = this.#starts.length;
  }

  numbers<Name extends FileNumber>(name: Name): FileColumnOf<Name> {
    let column = this.#numbers.get(name);
    if (column === undefined) {
      column = this.#readNumbers(fileSlots.find((slot) => slot.name === name)!);
      this.#numbers.set(name, column);
    }
    return column as FileColumnOf<Name>;
  }

  #readNumbers({ type, offset }: FileSlot): FileColumnOf<FileNumber> {
    const [view, little, starts, count] = [this.#view, this.#little, this.#starts, this.count];
    switch (type) {
      case 's32': {
        const out = new Int32Array(count);
        for (let row = 0; row < count; row++) out[row] = view.getInt32(starts[row]! + offset, little);
        return out;
      }
      case 'u32': {
        const out = new Uint32Array(count);
        for (let row = 0; row < count; row++) out[row] = view.getUint32(starts[row]! + offset, little);
        return out;
      }
      case 's64': {
        const out = new BigInt64Array(count);
        for (let row = 0; row < count; row++) out[row] = view.getBigInt64(starts[row]! + offset, little);
        return out;
      }
      case 'u64': {
        const out = new BigUint64Array(count);
        for (let row = 0; row < count; row++) out[row] = view.getBigUint64(starts[row]! + offset, little);
        return out;
      }
    }
  }

  bytes(name: FileBytes): BytesColumn {
    let column = this.#bytes.get(name);
    if (column === undefined) {
      column = this.#readBytes(name);
      this.#bytes.set(name, column);
    }
    return column;
  }

  #readBytes(name: FileBytes): BytesColumn {
    const [view, little, starts] = [this.#view, this.#little, this.#starts];
    const offset = lengthOffset(name);
    const start = new Uint32Array(this.count);
    const length = new Uint32Array(this.count);
    const state = new Uint8Array(this.count);
    for (let row = 0; row < this.count; row++) {
      const record = starts[row]!;
      let from = record + fileRecordSize;
      for (let before = 4; before < offset; before += 4) {
        from += storedLength(view.getUint32(record + before, little));
      }
      const word = view.getUint32(record + offset, little);
      start[row] = from;
      length[row] = storedLength(word);
      if (word === LENGTH_ABSENT) state[row] = ValueState.absent;
      else if (word >= LENGTH_CUT) state[row] = ValueState.cut;
    }
    return { data: this.#data, start, length, state };
  }
}

const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Records as columns, which borrow `data`. Throws TaskRecordError when the bytes are not whole records.
 *
 * @param littleEndian byte order of the machine that wrote them; default: this one's.
 */
export function readFileRecords(data: Uint8Array, littleEndian: boolean = HOST_IS_LITTLE): FileColumns {
  return new FileRecords(data, littleEndian);
}

/** A descriptor by its columns: what is left out is 0, or not there. */
export type PlainFile = { readonly [Name in FileNumber]?: number | bigint } & {
  /** The number stands for a bare length word: LENGTH_CUT for what was too long. */
  readonly [Name in FileBytes]?: Uint8Array | number | undefined;
};

/** One record, as the kernel program writes it: for files that are read from /proc, and for tests. */
export function encodeFile(file: PlainFile, littleEndian: boolean = HOST_IS_LITTLE): Uint8Array {
  const tail = fileBytes.map((name) => file[name]);
  const parts = tail.map((part) => (part instanceof Uint8Array ? part : new Uint8Array()));
  const record = Buffer.concat([new Uint8Array(fileRecordSize), ...parts]);
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  view.setUint32(0, record.length, littleEndian);
  for (const [index, part] of tail.entries()) {
    const word = part instanceof Uint8Array ? part.length : (part ?? LENGTH_ABSENT);
    view.setUint32(4 * (1 + index), word, littleEndian);
  }
  for (const { name, type, offset } of fileSlots) {
    const value = BigInt(file[name] ?? 0);
    if (type.endsWith('64')) view.setBigUint64(offset, BigInt.asUintN(64, value), littleEndian);
    else view.setUint32(offset, Number(BigInt.asUintN(32, value)), littleEndian);
  }
  return record;
}
