/**
 * A snapshot: all tasks of a machine at one time, as columns, with the index that every command needs.
 *
 * It is data. It comes from the kernel's iterator (record.ts), from plain objects (plain.ts) or from a capture;
 * commands are functions from it to lines. Columns are asked for by field, so a source decodes only what a command
 * looks at. Everything here is linear in the number of tasks, apart from one sort where they come unsorted.
 */
import { deriveBytes, deriveLongs } from './derived.ts';
import { type OrderedFamily, orderedFamily } from './family.ts';
import type { BytesField, NumberField } from './fields.ts';
import { findField } from './fields.ts';

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

/** One value of bytes by itself. */
export interface BytesValue {
  readonly state: ValueState;
  readonly bytes: Uint8Array;
}

export const ABSENT_VALUE: BytesValue = { state: ValueState.absent, bytes: new Uint8Array() };

/** The column of these values, by row. */
export function columnOf(values: readonly BytesValue[]): BytesColumn {
  const data = new Uint8Array(values.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const [start, length] = [new Uint32Array(values.length), new Uint32Array(values.length)];
  const state = new Uint8Array(values.length);
  let at = 0;
  for (const [row, value] of values.entries()) {
    data.set(value.bytes, at);
    start[row] = at;
    length[row] = value.bytes.length;
    state[row] = value.state;
    at += value.bytes.length;
  }
  return { data, start, length, state };
}

/** The column with other values in some rows; itself where there are none. */
export function replaceValues(
  column: BytesColumn,
  values: ReadonlyMap<Row, Uint8Array>,
  newState?: ValueState,
): BytesColumn {
  if (values.size === 0) return column;
  const data = Buffer.concat([column.data, ...values.values()]);
  const [start, length, state] = [column.start.slice(), column.length.slice(), column.state.slice()];
  let at = column.data.length;
  for (const [row, bytes] of values) {
    start[row] = at;
    length[row] = bytes.length;
    if (newState !== undefined) state[row] = newState;
    at += bytes.length;
  }
  return { data, start, length, state };
}

export type NumberColumn = Int32Array | Float64Array;

/** Exact 64-bit numbers. What stands in `values` for an absent one has no meaning. */
export interface LongColumn {
  readonly values: BigInt64Array | BigUint64Array;
  /** 1 where the task has no such value, or this kernel or capture does not record it. */
  readonly absent: Uint8Array;
}

/**
 * What a source of tasks hands over; called at most once for each field. It has the fields whose source is
 * `kernel` or `lookup`; the others are computed here.
 */
export interface TaskColumns {
  readonly count: number;
  numbers(field: NumberField): NumberColumn;
  /** A field's long name, or the path of a kernel field; undefined where the source knows nothing of it. */
  longs?(field: string): LongColumn | undefined;
  /** As `longs`. For `comm`, `exepath` and `cmdline` there is always a column. */
  bytes(field: string): BytesColumn | undefined;
}

/** The machine and the time of a snapshot. */
export interface SnapshotHost {
  readonly bootId?: string;
  readonly hostname?: string;
  /** As `uname -r`. */
  readonly kernel?: string;
  /** As `process.arch`: flags of open files are numbered by it. Default: this machine's. */
  readonly architecture?: string;
  /** Nanoseconds since 1970 (CLOCK_REALTIME). */
  readonly time?: bigint;
  /** Nanoseconds since the machine started, at the same time (CLOCK_BOOTTIME). */
  readonly uptime?: bigint;
}

const NO_ROW = -1;
/** bpftree's answer when the thread that carries a number is not there. */
const NO_NUMBER = -1;

export class Snapshot {
  readonly host: SnapshotHost;
  readonly count: number;
  /** Whether tasks were left out on purpose: then a parent that is not here says nothing. */
  readonly partial: boolean;
  readonly #columns: TaskColumns;
  readonly #numbers = new Map<NumberField, NumberColumn>();
  readonly #longs = new Map<string, LongColumn>();
  readonly #bytes = new Map<string, BytesColumn>();
  #order: Uint32Array | undefined;
  #rows: Map<number, Row> | undefined;
  #parents: Int32Array | undefined;
  #family: OrderedFamily | undefined;

  constructor(columns: TaskColumns, host: SnapshotHost = {}, partial: boolean = false) {
    this.partial = partial;
    this.#columns = columns;
    this.host = host;
    this.count = columns.count;
  }

  /** The whole column of a field, by row. */
  numbers(field: NumberField): NumberColumn {
    let column = this.#numbers.get(field);
    if (column === undefined) {
      const { source } = findField(field)!;
      column =
        source.kind === 'namespaced' ? this.#namespaced(source.of, field) : this.#columns.numbers(field);
      this.#numbers.set(field, column);
    }
    return column;
  }

  /** The exact numbers of a field, by its long name or path; all absent where nothing is known of it. */
  longs(field: string): LongColumn {
    let column = this.#longs.get(field);
    if (column === undefined) {
      column = deriveLongs(this, field) ??
        this.#columns.longs?.(field) ?? {
          values: new BigInt64Array(this.count),
          absent: new Uint8Array(this.count).fill(1),
        };
      this.#longs.set(field, column);
    }
    return column;
  }

  bytesColumn(field: BytesField | (string & {})): BytesColumn {
    let column = this.#bytes.get(field);
    if (column === undefined) {
      column = deriveBytes(this, field) ??
        this.#columns.bytes(field) ?? {
          data: new Uint8Array(),
          start: new Uint32Array(this.count),
          length: new Uint32Array(this.count),
          state: new Uint8Array(this.count).fill(ValueState.absent),
        };
      this.#bytes.set(field, column);
    }
    return column;
  }

  number(field: NumberField, row: Row): number {
    return this.numbers(field)[row]!;
  }

  /** The bytes of a value, in place: borrowed as long as the snapshot lives, not to be written. */
  bytes(field: BytesField | (string & {}), row: Row): Uint8Array {
    const { data, start, length } = this.bytesColumn(field);
    const from = start[row]!;
    return data.subarray(from, from + length[row]!);
  }

  state(field: BytesField | (string & {}), row: Row): ValueState {
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

  #children(): OrderedFamily {
    this.#family ??= orderedFamily(this.order, this.#parentRows());
    return this.#family;
  }

  /** The task with the least tid whose real parent is this thread. */
  firstChild(row: Row): Row | undefined {
    return this.#children().firstChild(row);
  }

  /** The next task of the same real parent, by tid. */
  nextSibling(row: Row): Row | undefined {
    return this.#children().nextSibling(row);
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
