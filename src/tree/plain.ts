/** Snapshots from plain objects: for tests, for tools that build their own, and a model of what a source is. */
import { type BytesField, findField, type LongField, type NumberField } from './fields.ts';
import {
  ABSENT_VALUE,
  type BytesColumn,
  type BytesValue,
  columnOf,
  type LongColumn,
  type NumberColumn,
  Snapshot,
  type SnapshotHost,
  type TaskColumns,
  ValueState,
} from './snapshot.ts';

/** Bytes, or text that stands for its UTF-8 bytes; absent and too long values as in ValueState. */
export type PlainBytes = string | Uint8Array | { readonly state: ValueState; readonly bytes?: Uint8Array };

/** A task by its fields. Numbers that are left out are 0 or, where a task may have none, not available. */
export type PlainTask = {
  readonly [Name in Exclude<NumberField, 'vpid' | 'vpgid' | 'vsid'>]?: number;
} & { readonly [Name in Exclude<BytesField, 'container' | 'id'>]?: PlainBytes } & {
  readonly [Name in Exclude<LongField, 'run_time'>]?: bigint | number;
};

function toValue(value: PlainBytes | undefined): BytesValue {
  if (value === undefined) return ABSENT_VALUE;
  if (typeof value === 'string') return { state: ValueState.whole, bytes: Buffer.from(value, 'utf8') };
  if (value instanceof Uint8Array) return { state: ValueState.whole, bytes: value };
  return { state: value.state, bytes: value.bytes ?? ABSENT_VALUE.bytes };
}

/** A snapshot of plain tasks, in any order. `cmdline` is as the kernel keeps it: each argument with its NUL. */
export function snapshotOf(tasks: readonly PlainTask[], host?: SnapshotHost): Snapshot {
  const columns: TaskColumns = {
    count: tasks.length,
    numbers(field: NumberField): NumberColumn {
      return Float64Array.from(tasks, (task) => (task as Partial<Record<NumberField, number>>)[field] ?? 0);
    },
    longs(field: string): LongColumn {
      const unsigned = findField(field)?.signed === false;
      const values = unsigned ? new BigUint64Array(tasks.length) : new BigInt64Array(tasks.length);
      const absent = new Uint8Array(tasks.length);
      for (const [row, task] of tasks.entries()) {
        const value = (task as Readonly<Record<string, bigint | number | undefined>>)[field];
        if (value === undefined) absent[row] = 1;
        else values[row] = BigInt(value);
      }
      return { values, absent };
    },
    bytes(field: string): BytesColumn {
      return columnOf(
        tasks.map((task) => toValue((task as Readonly<Record<string, PlainBytes | undefined>>)[field])),
      );
    },
  };
  return new Snapshot(columns, host);
}
