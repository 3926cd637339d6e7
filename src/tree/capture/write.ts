/** From a snapshot and its open files to the bytes of a capture; no system calls. */
import { type Field, fields, findField, type NumberField, storageOf } from '../fields.ts';
import { type FileTable, fileBytes, fileNumbers } from '../files/model.ts';
import { isConstant } from '../records.ts';
import { type BytesColumn, type Snapshot, type SnapshotHost, ValueState } from '../snapshot.ts';
import { ADDRESS, ColumnKind, encodeBytes, encodeNumbers, SPARSE, UNSIGNED } from './column.ts';
import { encodeContainer } from './container.ts';
import { type EncodedColumn, encodeTable } from './table.ts';

/** The types of sections, four letters each. */
export const SectionType = {
  /** The machine and the time, as JSON. */
  host: 'HOST',
  /** A table: a row for each task. */
  tasks: 'TASK',
  /** A table: a row for each open descriptor. */
  files: 'FILE',
  /** A table: the tasks (`tid`) that have open files which the kernel did not show. */
  hidden: 'HIDE',
} as const;

/** What a capture tells about the machine, beyond SnapshotHost. */
export interface CaptureHost extends SnapshotHost {
  readonly byteOrder?: 'little' | 'big';
}

/** Numbers of 64 bits are text in it: other readers of JSON would round them. */
function hostSection(host: CaptureHost): Uint8Array {
  const { bootId, hostname, kernel, time, uptime, architecture, byteOrder } = host;
  return Buffer.from(
    JSON.stringify({
      ...{ kernel, hostname, bootId, architecture, byteOrder },
      time: time?.toString(),
      uptime: uptime?.toString(),
    }),
    'utf8',
  );
}

/** Undefined where no task has a value; of a field that the user named, that is worth knowing too. */
function taskColumn(snapshot: Snapshot, field: Field): EncodedColumn | undefined {
  const { long: name } = field;
  const inTable = findField(name) !== undefined;
  const { order } = snapshot;
  switch (storageOf(field)) {
    case 'number':
      return {
        name,
        kind: ColumnKind.numbers,
        bytes: encodeNumbers(snapshot.numbers(name as NumberField), order),
      };
    case 'long': {
      const { values, absent } = snapshot.longs(name);
      if (inTable && !absent.includes(0)) return undefined;
      const sparse = absent.includes(1);
      const sign = values instanceof BigUint64Array ? UNSIGNED : 0;
      return {
        name,
        kind: ColumnKind.numbers | sign | (sparse ? SPARSE : 0) | (field.type === 'address' ? ADDRESS : 0),
        bytes: encodeNumbers(values, order, sparse ? absent : undefined),
      };
    }
    case 'bytes': {
      const column = snapshot.bytesColumn(name);
      if (inTable && !hasValue(column)) return undefined;
      return { name, kind: ColumnKind.bytes, bytes: encodeBytes(column, order) };
    }
  }
}

function hasValue({ state }: BytesColumn): boolean {
  return state.includes(ValueState.whole) || state.includes(ValueState.cut);
}

/** Columns in which no file has anything are left out, all but the first, which says how many files there are. */
function filesSection({ columns }: FileTable): Uint8Array {
  const numbers = fileNumbers.flatMap(({ name, type }) => {
    const column = columns.numbers(name);
    if (name !== 'tid' && Number(column[0] ?? 0) === 0 && isConstant(column)) return [];
    const kind = ColumnKind.numbers | (type.startsWith('u') ? UNSIGNED : 0);
    return { name, kind, bytes: encodeNumbers(column) };
  });
  const bytes = fileBytes.flatMap((name) => {
    const column = columns.bytes(name);
    if (!hasValue(column)) return [];
    return { name, kind: ColumnKind.bytes, bytes: encodeBytes(column) };
  });
  return encodeTable(columns.count, [...numbers, ...bytes]);
}

/** The section of the tasks: for those who have something else to wait for meanwhile. */
export function encodeTasks(snapshot: Snapshot, paths: readonly Field[] = []): Uint8Array {
  const stored = fields.filter(({ source }) => source.kind === 'kernel' || source.kind === 'lookup');
  const columns = [...stored, ...paths].flatMap((field) => taskColumn(snapshot, field) ?? []);
  return encodeTable(snapshot.count, columns);
}

/**
 * A capture of all tasks with every field that the snapshot has (those that follow from others are computed again
 * by the reader), and of the open files.
 *
 * @param paths fields of the kernel that the snapshot has too; default none.
 * @param tasks the section of the tasks, if it is made already.
 */
export function encodeCapture(
  snapshot: Snapshot,
  files: FileTable,
  host: CaptureHost = snapshot.host,
  paths: readonly Field[] = [],
  tasks: Uint8Array = encodeTasks(snapshot, paths),
): Uint8Array {
  const hidden = Int32Array.from(files.hidden);
  const tid = { name: 'tid', kind: ColumnKind.numbers, bytes: encodeNumbers(hidden) };
  return encodeContainer([
    [SectionType.host, hostSection(host)],
    [SectionType.tasks, tasks],
    [SectionType.files, filesSection(files)],
    ...(hidden.length === 0 ? [] : [[SectionType.hidden, encodeTable(hidden.length, [tid])] as const]),
  ]);
}
