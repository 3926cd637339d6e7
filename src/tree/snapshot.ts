/**
 * A snapshot: all tasks of a machine at one time, as columns, with the index that every command needs.
 *
 * It is data. It comes from the kernel's iterator (record.ts), from plain objects (plain.ts) or from a capture;
 * commands are functions from it to lines. Columns are asked for by field, so a source decodes only what a command
 * looks at. Everything here is linear in the number of tasks, apart from one sort where they come unsorted.
 */
import type { BytesField, NumberField } from './fields.ts';
import { fields } from './fields.ts';

/** A task by its place in the columns. */
export type Row = number;

/** Whether a value of bytes is the whole value. */
export const ValueState = {
  whole: 0,
  /** The task has none, or it could not be read: `NA`. */
  absent: 1,
  /** Longer than what was kept; what was kept may be nothing: `TL`. */
  cut: 2,
} as const;
export type ValueState = (typeof ValueState)[keyof typeof ValueState];

/** One column of byte strings, in place: row r is `data[start[r] .. start[r] + length[r]]`. */
export interface BytesColumn {
  readonly data: Uint8Array;
  readonly start: Uint32Array;
  readonly length: Uint32Array;
  readonly state: Uint8Array;
}

export type NumberColumn = Int32Array | Float64Array;

/** What a source of tasks hands over; called at most once for each field. */
export interface TaskColumns {
  readonly count: number;
  /** A column that the kernel fills; the namespaced ones are computed here. */
  numbers(field: NumberField): NumberColumn;
  bytes(field: BytesField): BytesColumn;
}

/** The machine and the time of a snapshot. */
export interface SnapshotHost {
  readonly bootId?: string;
  readonly hostname?: string;
  /** As `uname -r`. */
  readonly kernel?: string;
  /** Nanoseconds since 1970 (CLOCK_REALTIME). */
  readonly time?: bigint;
}

const NO_ROW = -1;
/** bpftree's answer when the thread that carries a number is not there. */
const NO_NUMBER = -1;

export class Snapshot {
  readonly host: SnapshotHost;
  readonly count: number;
  readonly #columns: TaskColumns;
  readonly #numbers = new Map<NumberField, NumberColumn>();
  readonly #bytes = new Map<BytesField, BytesColumn>();
  #order: Uint32Array | undefined;
  #rows: Map<number, Row> | undefined;
  #parents: Int32Array | undefined;
  #family: { readonly firstChild: Int32Array; readonly nextSibling: Int32Array } | undefined;

  constructor(columns: TaskColumns, host: SnapshotHost = {}) {
    this.#columns = columns;
    this.host = host;
    this.count = columns.count;
  }

  /** The whole column of a field, by row. */
  numbers(field: NumberField): NumberColumn {
    let column = this.#numbers.get(field);
    if (column === undefined) {
      const source = fields.find((one) => one.long === field)!.source;
      column =
        source.kind === 'namespaced' ? this.#namespaced(source.of, field) : this.#columns.numbers(field);
      this.#numbers.set(field, column);
    }
    return column;
  }

  bytesColumn(field: BytesField): BytesColumn {
    let column = this.#bytes.get(field);
    if (column === undefined) {
      column = this.#columns.bytes(field);
      this.#bytes.set(field, column);
    }
    return column;
  }

  number(field: NumberField, row: Row): number {
    return this.numbers(field)[row]!;
  }

  /** The bytes of a value, in place: borrowed as long as the snapshot lives, not to be written. */
  bytes(field: BytesField, row: Row): Uint8Array {
    const { data, start, length } = this.bytesColumn(field);
    const from = start[row]!;
    return data.subarray(from, from + length[row]!);
  }

  state(field: BytesField, row: Row): ValueState {
    return this.bytesColumn(field).state[row]! as ValueState;
  }

  /** Leaders carry their process's number: the thread that started the process. */
  isLeader(row: Row): boolean {
    return this.number('tid', row) === this.number('pid', row);
  }

  /** All rows by ascending tid. */
  get order(): Uint32Array {
    if (this.#order === undefined) {
      const tid = this.numbers('tid');
      const order = new Uint32Array(this.count);
      let sorted = true;
      for (let row = 0; row < order.length; row++) {
        order[row] = row;
        if (row > 0 && tid[row]! < tid[row - 1]!) sorted = false;
      }
      if (!sorted) order.sort((a, b) => tid[a]! - tid[b]! || a - b);
      this.#order = order;
    }
    return this.#order;
  }

  /** The row of a thread's number; of several with the same number (only in a damaged capture) the first. */
  rowOf(tid: number): Row | undefined {
    if (this.#rows === undefined) {
      const column = this.numbers('tid');
      const rows = new Map<number, Row>();
      for (let row = this.count - 1; row >= 0; row--) rows.set(column[row]!, row);
      this.#rows = rows;
    }
    return this.#rows.get(tid);
  }

  /** The row of the real parent's thread, or undefined: it is not in the snapshot, or there is none (0). */
  parentOf(row: Row): Row | undefined {
    const parent = this.#parentRows()[row]!;
    return parent === NO_ROW ? undefined : parent;
  }

  #parentRows(): Int32Array {
    if (this.#parents === undefined) {
      const rptid = this.numbers('rptid');
      const parents = new Int32Array(this.count).fill(NO_ROW);
      for (let row = 0; row < parents.length; row++) {
        if (rptid[row] !== 0) parents[row] = this.rowOf(rptid[row]!) ?? NO_ROW;
      }
      this.#parents = parents;
    }
    return this.#parents;
  }

  #children(): { readonly firstChild: Int32Array; readonly nextSibling: Int32Array } {
    if (this.#family === undefined) {
      const parents = this.#parentRows();
      const firstChild = new Int32Array(this.count).fill(NO_ROW);
      const nextSibling = new Int32Array(this.count).fill(NO_ROW);
      const order = this.order;
      // From the last tid to the first, each put in front: so lists are ascending without a sort of their own.
      for (let i = order.length - 1; i >= 0; i--) {
        const row = order[i]!;
        const parent = parents[row]!;
        if (parent === NO_ROW) continue;
        nextSibling[row] = firstChild[parent]!;
        firstChild[parent] = row;
      }
      this.#family = { firstChild, nextSibling };
    }
    return this.#family;
  }

  /** The task with the least tid whose real parent is this thread. */
  firstChild(row: Row): Row | undefined {
    const child = this.#children().firstChild[row]!;
    return child === NO_ROW ? undefined : child;
  }

  /** The next task of the same real parent, by tid. */
  nextSibling(row: Row): Row | undefined {
    const sibling = this.#children().nextSibling[row]!;
    return sibling === NO_ROW ? undefined : sibling;
  }

  /**
   * Tasks, by tid, whose real parent's number is not in the snapshot. A container's first process is not one of
   * them when it is seen from inside: its parent is outside on purpose.
   */
  orphans(): Row[] {
    const rptid = this.numbers('rptid');
    const parents = this.#parentRows();
    const found: Row[] = [];
    for (const row of this.order) {
      if (rptid[row] === 0 || parents[row] !== NO_ROW) continue;
      if (!this.isNamespaceInit(row)) found.push(row);
    }
    return found;
  }

  /** The first process of its pid namespace, or one of its threads. */
  isNamespaceInit(row: Row): boolean {
    return this.number('vtid', row) === 1 || this.number('vpid', row) === 1;
  }

  #namespaced(of: 'pid' | 'pgid' | 'sid', field: NumberField): Int32Array {
    const numbers = this.numbers(of);
    const tid = this.numbers('tid');
    const vtid = this.numbers('vtid');
    const out = new Int32Array(this.count);
    for (let row = 0; row < out.length; row++) {
      const carrier = field === 'vpid' && numbers[row] === tid[row] ? row : this.rowOf(numbers[row]!);
      out[row] = carrier === undefined ? NO_NUMBER : vtid[carrier]!;
    }
    return out;
  }
}
