/** Tasks as objects, for programs: what a snapshot holds in columns, row by row, with the values' own types. */
import { KernelString } from '../text/kernel-string.ts';
import { splitArguments } from './argument-list.ts';
import type { BytesField, Field, FieldName, LongField, NumberField } from './fields.ts';
import { type Row, type Snapshot, ValueState } from './snapshot.ts';
import { stateLetter } from './units.ts';

/** The path of a field of the kernel, from `struct task_struct`: `mm.total_vm`, `signal.rlim[7].rlim_cur`. */
export type FieldPath = `${string}.${string}` | `${string}[${string}`;

/** What a field's value is in an object; undefined where the task, or the kernel, has none. */
export type TaskValue<Name extends string = string> = Name extends 'reaper'
  ? boolean
  : Name extends NumberField
    ? number
    : Name extends 'state'
      ? string | undefined
      : Name extends LongField
        ? bigint | undefined
        : Name extends 'cmdline'
          ? readonly KernelString[] | undefined
          : Name extends BytesField
            ? KernelString | undefined
            : bigint | KernelString | undefined;

/** One task with these fields. Durations and times are nanoseconds, sizes bytes; see `bpfkit fields`. */
export type Task<Name extends string = FieldName> = { readonly [Each in Name]: TaskValue<Each> };

type Reader = (row: Row) => unknown;

/**
 * Makes the objects of rows. Values are copies, so an object outlives its snapshot. Of a value that is longer than
 * what was kept there is the part that was kept; `snapshot.state` tells.
 */
export function taskReader<Name extends string>(
  snapshot: Snapshot,
  fields: readonly Field[],
): (row: Row) => Task<Name> {
  const readers = fields.map((field) => [field.long, readerOf(snapshot, field)] as const);
  return (row) => Object.fromEntries(readers.map(([name, read]) => [name, read(row)])) as Task<Name>;
}

function readerOf(snapshot: Snapshot, field: Field): Reader {
  const { long: name, type } = field;
  switch (type) {
    case 'integer':
    case 'user':
    case 'boolean': {
      const column = snapshot.numbers(name as NumberField);
      return type === 'boolean' ? (row) => column[row] !== 0 : (row) => column[row];
    }
    case 'bytes':
    case 'arguments': {
      const list = type === 'arguments';
      return (row) => {
        const state = snapshot.state(name, row);
        const bytes = snapshot.bytes(name, row);
        if (state === ValueState.absent || (state === ValueState.cut && bytes.length === 0)) return undefined;
        return list ? splitArguments(bytes).map(KernelString.from) : KernelString.from(bytes);
      };
    }
    default: {
      const { values, absent } = snapshot.longs(name);
      const letter = type === 'state';
      return (row) => (absent[row] === 1 ? undefined : letter ? stateLetter(values[row]!) : values[row]);
    }
  }
}
