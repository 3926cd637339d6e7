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
import { HOST_IS_LITTLE, LENGTH_ABSENT, Records } from '../records.ts';
import type { BytesColumn } from '../snapshot.ts';
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

const lengthOffsets = fileBytes.map((_, i) => 4 * (1 + i));

class FileRecords implements FileColumns {
  readonly count: number;
  readonly #records: Records;
  readonly #numbers = new Map<FileNumber, FileColumnOf<FileNumber>>();
  readonly #bytes = new Map<FileBytes, BytesColumn>();

  constructor(data: Uint8Array, little: boolean) {
    this.#records = new Records(data, little, fileRecordSize, lengthOffsets);
    this.count = this.#records.count;
  }

  numbers<Name extends FileNumber>(name: Name): FileColumnOf<Name> {
    let column = this.#numbers.get(name);
    if (column === undefined) {
      const { type, offset } = fileSlots.find((slot) => slot.name === name)!;
      column = this.#records[type](offset);
      this.#numbers.set(name, column);
    }
    return column as FileColumnOf<Name>;
  }

  bytes(name: FileBytes): BytesColumn {
    let column = this.#bytes.get(name);
    if (column === undefined) {
      column = this.#records.bytes(fileBytes.indexOf(name), false);
      this.#bytes.set(name, column);
    }
    return column;
  }
}

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
