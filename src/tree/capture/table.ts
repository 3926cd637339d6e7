/**
 * The content of a section that is a table: columns with names, so that they can come and go.
 *
 *   varint rows, varint columns
 *   for each column: varint length of its name, the name (ASCII), its kind (one byte), varint bytes that it has
 *   the bytes of all columns, one after the other, in the same order
 *
 * Kind: the low four bits are 0 for numbers and 1 for byte strings; of numbers, 0x10 says that they have no sign
 * 0x20 that rows may have none, and 0x40 that they are addresses. A reader passes over names and kinds that it does not know.
 */
import type { BytesColumn, LongColumn } from '../snapshot.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { ColumnKind, decodeBytes, decodeNumbers } from './column.ts';
import { damaged, tooManyRows } from './errors.ts';

/** No machine has more tasks: PID_MAX_LIMIT of include/linux/threads.h. */
export const MOST_TASKS: number = 4 * 1024 * 1024;
/** Far more than a machine has open: what one process may have is 2^20 as a rule. */
export const MOST_FILES: number = 16 * 1024 * 1024;
/** Far more than there are fields. */
const MOST_COLUMNS = 4096;

export interface EncodedColumn {
  readonly name: string;
  readonly kind: number;
  readonly bytes: Uint8Array;
}

export function encodeTable(rows: number, columns: readonly EncodedColumn[]): Uint8Array {
  const out = new ByteWriter();
  out.varint(rows);
  out.varint(columns.length);
  for (const { name, kind, bytes } of columns) {
    const text = Buffer.from(name, 'latin1');
    out.varint(text.length);
    out.put(text);
    out.byte(kind);
    out.varint(bytes.length);
  }
  for (const { bytes } of columns) out.put(bytes);
  return out.done();
}

interface StoredColumn {
  readonly kind: number;
  readonly bytes: Uint8Array;
  readonly base: number;
}

/** A table whose columns are decoded when they are asked for. */
export class Table {
  readonly rows: number;
  readonly #columns = new Map<string, StoredColumn>();

  /**
   * @param base what errors call the first byte: the place of the section, since places in what was deflated say
   * nothing about the file.
   * @param mostRows more are refused, so that a small file cannot ask for much memory.
   */
  constructor(content: Uint8Array, base: number, mostRows: number) {
    const reader = new ByteReader(content, base);
    this.rows = reader.varint('the number of rows');
    const count = reader.varint('the number of columns');
    // Every table has a column with a byte or more in each row.
    if (this.rows > reader.left) {
      throw damaged(base, `a table of ${this.rows} rows cannot have ${reader.left} bytes`);
    }
    if (this.rows > mostRows) throw tooManyRows(base, this.rows, mostRows);
    if (count > MOST_COLUMNS) throw damaged(base, `a table cannot have ${count} columns`);
    const heads: { name: string; kind: number; size: number }[] = [];
    for (let i = 0; i < count; i++) {
      const length = reader.varint('the length of a name');
      const name = Buffer.from(reader.take(length, 'the name of a column')).toString('latin1');
      heads.push({ name, kind: reader.byte(), size: reader.varint('the size of a column') });
    }
    for (const { name, kind, size } of heads) {
      const from = reader.offset;
      const bytes = reader.take(size, 'a column');
      if (this.#columns.has(name)) throw damaged(from, 'two columns have the same name');
      this.#columns.set(name, { kind, bytes, base: from });
    }
    if (reader.left !== 0) throw damaged(reader.offset, 'a table goes on after its last column');
  }

  /** The names of all columns. */
  get names(): Iterable<string> {
    return this.#columns.keys();
  }

  /** The kind byte of a column that is there. */
  kindOf(name: string): number | undefined {
    return this.#columns.get(name)?.kind;
  }

  has(name: string): boolean {
    return this.#columns.has(name);
  }

  /** Undefined for a column that is not there, or is of another kind. Throws CaptureError. */
  numbers(name: string): LongColumn | undefined {
    const column = this.#columns.get(name);
    if (column === undefined || (column.kind & 0x0f) !== ColumnKind.numbers) return undefined;
    return decodeNumbers(column.bytes, column.kind, this.rows, column.base);
  }

  /** Undefined for a column that is not there, or is of another kind. Throws CaptureError. */
  bytes(name: string): BytesColumn | undefined {
    const column = this.#columns.get(name);
    if (column === undefined || (column.kind & 0x0f) !== ColumnKind.bytes) return undefined;
    return decodeBytes(column.bytes, this.rows, column.base);
  }
}
