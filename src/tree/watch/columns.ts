/**
 * The live tasks as a snapshot, so that conditions, formats and the walk through the tree are those of every other
 * command. What events do not tell (command lines, memory, ...) comes from the newest detailed snapshot, where it
 * is about the same task and the task has not executed another file since; elsewhere it is not available.
 */
import type { NumberField } from '../fields.ts';
import {
  ABSENT_VALUE,
  type BytesColumn,
  columnOf,
  type LongColumn,
  type NumberColumn,
  type Row,
  Snapshot,
  type TaskColumns,
  ValueState,
} from '../snapshot.ts';
import type { LiveTask } from './model.ts';

/** A snapshot with more fields, and what was known when it was taken. */
export interface Details {
  readonly snapshot: Snapshot;
  /** Execs of each task at that time, by number. */
  readonly execs: ReadonlyMap<number, number>;
}

const LIVE_NUMBERS: ReadonlyMap<NumberField, (task: LiveTask) => number> = new Map<
  NumberField,
  (task: LiveTask) => number
>([
  ['tid', (task) => task.tid],
  ['pid', (task) => task.pid],
  ['vtid', (task) => task.vtid],
  ['rptid', (task) => task.rptid],
  ['rppid', (task) => task.rppid],
  ['ns_level', (task) => task.nsLevel],
  ['euid', (task) => task.euid],
  ['reaper', (task) => Number(task.reaper)],
]);

/** Fields whose values events keep up to date. */
export const liveFields: ReadonlySet<string> = new Set([
  ...LIVE_NUMBERS.keys(),
  'comm',
  'vpid',
  'start_time',
]);

/** The row of a task in the details, or undefined where they are of another task or of before an exec. */
function detailRow(task: LiveTask, details: Details | undefined): Row | undefined {
  const row = details?.snapshot.rowOf(task.tid);
  if (details === undefined || row === undefined) return undefined;
  if ((details.execs.get(task.tid) ?? 0) !== task.execs) return undefined;
  const { values, absent } = details.snapshot.longs('start_time');
  if (task.start !== 0n && absent[row] === 0 && BigInt(values[row]!) !== task.start) return undefined;
  return row;
}

class LiveColumns implements TaskColumns {
  readonly count: number;
  readonly #tasks: readonly LiveTask[];
  readonly #details: Details | undefined;
  readonly #processes: boolean;
  #rows: readonly (Row | undefined)[] | undefined;

  constructor(tasks: readonly LiveTask[], details: Details | undefined, processes: boolean) {
    this.#tasks = tasks;
    this.#details = details;
    this.#processes = processes;
    this.count = tasks.length;
  }

  /** Rows in the details, looked up once and only if a column needs them. */
  get #detailRows(): readonly (Row | undefined)[] {
    this.#rows ??= this.#tasks.map((task) => detailRow(task, this.#details));
    return this.#rows;
  }

  numbers(field: NumberField): NumberColumn {
    const live = LIVE_NUMBERS.get(this.#processes && field === 'rptid' ? 'rppid' : field);
    if (live !== undefined) return Float64Array.from(this.#tasks, live);
    const column = this.#details?.snapshot.numbers(field);
    return Float64Array.from(this.#detailRows, (row) => (row === undefined ? -1 : (column?.[row] ?? -1)));
  }

  longs(field: string): LongColumn {
    if (field === 'start_time') {
      return {
        values: BigInt64Array.from(this.#tasks, (task) => task.start),
        absent: Uint8Array.from(this.#tasks, (task) => Number(task.start === 0n)),
      };
    }
    const column = this.#details?.snapshot.longs(field);
    const rows = this.#detailRows;
    const unsigned = column?.values instanceof BigUint64Array;
    const values = unsigned ? new BigUint64Array(this.count) : new BigInt64Array(this.count);
    const absent = new Uint8Array(this.count);
    for (const [row, from] of rows.entries()) {
      if (column === undefined || from === undefined || column.absent[from] !== 0) absent[row] = 1;
      else values[row] = column.values[from]!;
    }
    return { values, absent };
  }

  bytes(field: string): BytesColumn {
    if (field === 'comm') {
      return columnOf(this.#tasks.map(({ comm }) => ({ bytes: comm.bytes, state: ValueState.whole })));
    }
    const snapshot = this.#details?.snapshot;
    return columnOf(
      this.#detailRows.map((row) =>
        snapshot === undefined || row === undefined
          ? ABSENT_VALUE
          : { bytes: snapshot.bytes(field, row), state: snapshot.state(field, row) },
      ),
    );
  }
}

/** Rows are in the order of `tasks`. */
export function liveSnapshot(tasks: readonly LiveTask[], details?: Details): Snapshot {
  return new Snapshot(new LiveColumns(tasks, details, false), details?.snapshot.host);
}

/** The same, but a task's parent is a process: for trees without the threads that started their children. */
export function processFamily(tasks: readonly LiveTask[]): Snapshot {
  return new Snapshot(new LiveColumns(tasks, undefined, true));
}

/** Whether the details say something of a task; until then only `liveFields` are known. */
export function hasDetails(task: LiveTask, details: Details | undefined): boolean {
  return detailRow(task, details) !== undefined;
}
