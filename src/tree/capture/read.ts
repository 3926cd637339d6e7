/** From the bytes of a capture, whoever wrote it, to the snapshot and the files that commands work with. */
import { escapeText } from '../../text/escape.ts';
import { nearestNames } from '../../text/nearest.ts';
import { pathNotRecorded } from '../errors.ts';
import { type Field, findField, type NumberField } from '../fields.ts';
import {
  type FileBytes,
  type FileColumnOf,
  type FileColumns,
  type FileNumber,
  FileTable,
  fileNumbers,
} from '../files/model.ts';
import { isWholePath } from '../path.ts';
import {
  type BytesColumn,
  type LongColumn,
  type NumberColumn,
  Snapshot,
  type TaskColumns,
} from '../snapshot.ts';
import { readBpftree } from './bpftree.ts';
import { ADDRESS, ColumnKind, lowHalves, narrow, UNSIGNED } from './column.ts';
import { isContainer, readContainer, type Section } from './container.ts';
import { damaged } from './errors.ts';
import { absentBytes, missingNumbers } from './missing.ts';
import { MOST_FILES, MOST_TASKS, Table } from './table.ts';
import { type CaptureHost, SectionType } from './write.ts';

/** A capture that was read. Its columns are decoded, and checked, when they are asked for. */
export interface Capture {
  readonly snapshot: Snapshot;
  readonly host: CaptureHost;
  /** Decoded when it is asked for. Throws CaptureError. */
  files(): FileTable;
  /** Whether open files were recorded at all. */
  readonly hasFiles: boolean;
  /** Whether a field, by its long name or path, was recorded, or follows from what was. */
  has(field: string): boolean;
  /** A field of the kernel that `dump -f` has recorded, by its path. Throws TreeError. */
  kernelField(path: string): Field;
  /** What the reader should know: parts that were passed over. */
  readonly warnings: readonly string[];
}

/** A field that is computed has what it is computed from. */
function hasField(name: string, stored: (name: string) => boolean): boolean {
  const source = findField(name)?.source;
  if (source?.kind !== 'namespaced' && source?.kind !== 'derived') return stored(name);
  return [source.of].flat().every((of) => hasField(of, stored));
}

/** The field of a path, by the column that holds it: a capture needs no types of a kernel. */
function recordedField(table: Table, path: string): Field {
  const kind = isWholePath(path) ? table.kindOf(path) : undefined;
  if (kind === undefined) {
    const recorded = [...table.names].filter(isWholePath);
    throw pathNotRecorded(path, nearestNames(path, recorded), recorded);
  }
  const common = { long: path, short: path, description: 'a field of the kernel' } as const;
  const source = { kind: 'kernel', path } as const;
  if ((kind & 0x0f) === ColumnKind.bytes) return { ...common, source, type: 'bytes' };
  const type = (kind & ADDRESS) === 0 ? 'long' : 'address';
  return { ...common, source, type, signed: (kind & UNSIGNED) === 0 };
}

class CapturedTasks implements TaskColumns {
  readonly count: number;
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
    this.count = table.rows;
  }

  numbers(field: NumberField): NumberColumn {
    const column = this.#table.numbers(field);
    return column === undefined ? missingNumbers(field, this.count) : narrow(column);
  }

  longs(field: string): LongColumn | undefined {
    return this.#table.numbers(field);
  }

  bytes(field: string): BytesColumn {
    return this.#table.bytes(field) ?? absentBytes(this.count);
  }
}

class CapturedFiles implements FileColumns {
  readonly count: number;
  readonly #table: Table;
  readonly #numbers = new Map<FileNumber, FileColumnOf<FileNumber>>();
  readonly #bytes = new Map<FileBytes, BytesColumn>();

  constructor(table: Table) {
    this.#table = table;
    this.count = table.rows;
  }

  numbers<Name extends FileNumber>(name: Name): FileColumnOf<Name> {
    let column = this.#numbers.get(name);
    if (column === undefined) {
      column = this.#decode(name);
      this.#numbers.set(name, column);
    }
    return column as FileColumnOf<Name>;
  }

  #decode(name: FileNumber): FileColumnOf<FileNumber> {
    const { type } = fileNumbers.find((one) => one.name === name)!;
    const column = this.#table.numbers(name) ?? {
      values: new BigInt64Array(this.count),
      absent: new Uint8Array(this.count),
    };
    const { buffer, byteOffset, length } = column.values;
    switch (type) {
      case 's32':
        return new Int32Array(lowHalves(column).buffer);
      case 'u32':
        return lowHalves(column);
      case 's64':
        return new BigInt64Array(buffer, byteOffset, length);
      case 'u64':
        return new BigUint64Array(buffer, byteOffset, length);
    }
  }

  bytes(name: FileBytes): BytesColumn {
    let column = this.#bytes.get(name);
    if (column === undefined) {
      column = this.#table.bytes(name) ?? absentBytes(this.count);
      this.#bytes.set(name, column);
    }
    return column;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= 256 ? value : undefined;
}

/** Nanoseconds as text; all else is as if it were not there. */
function nanoseconds(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^\d{1,19}$/.test(value) ? BigInt(value) : undefined;
}

function readHost(section: Section | undefined): CaptureHost {
  if (section === undefined) return {};
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(section.content()).toString('utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw damaged(section.offset, 'what it says of the machine is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw damaged(section.offset, 'what it says of the machine is not an object');
  }
  const member = new Map<string, unknown>(Object.entries(json));
  const order = member.get('byteOrder');
  const host: { -readonly [Name in keyof CaptureHost]: CaptureHost[Name] | undefined } = {
    kernel: textOf(member.get('kernel')),
    hostname: textOf(member.get('hostname')),
    bootId: textOf(member.get('bootId')),
    architecture: textOf(member.get('architecture')),
    byteOrder: order === 'little' || order === 'big' ? order : undefined,
    time: nanoseconds(member.get('time')),
    uptime: nanoseconds(member.get('uptime')),
  };
  return Object.fromEntries(Object.entries(host).filter(([, value]) => value !== undefined));
}

function readTable(section: Section, mostRows: number): Table {
  return new Table(section.content(), section.offset, mostRows);
}

const known: readonly string[] = Object.values(SectionType);

function readOwn(bytes: Uint8Array): Capture {
  const { sections } = readContainer(bytes);
  const byType = new Map<string, Section>();
  const warnings: string[] = [];
  for (const section of sections) {
    const { type, offset, size } = section;
    if (!known.includes(type)) {
      const sentence = `section '${escapeText(type)}' of ${size} bytes at byte ${offset}`;
      warnings.push(`${sentence} of the capture is not known to this bpfkit and is passed over`);
      continue;
    }
    if (byType.has(type)) throw damaged(offset, `there are two sections '${type}'`);
    byType.set(type, section);
  }
  const tasks = byType.get(SectionType.tasks);
  if (tasks === undefined) throw damaged(bytes.length, 'there is no section with tasks');
  const table = readTable(tasks, MOST_TASKS);
  const host = readHost(byType.get(SectionType.host));
  const files = byType.get(SectionType.files);
  const hidden = byType.get(SectionType.hidden);
  return {
    snapshot: new Snapshot(new CapturedTasks(table), host),
    host,
    warnings,
    hasFiles: files !== undefined,
    has: (field) => hasField(field, (name) => table.has(name)),
    kernelField: (path) => recordedField(table, path),
    files() {
      if (files === undefined) return noFiles();
      const tids = hidden === undefined ? undefined : readTable(hidden, MOST_TASKS).numbers('tid');
      const columns = new CapturedFiles(readTable(files, MOST_FILES));
      return new FileTable(columns, new Set(tids === undefined ? [] : narrow(tids)));
    },
  };
}

function noFiles(): FileTable {
  return new FileTable(new CapturedFiles(new Table(Uint8Array.of(0, 0), 0, 0)));
}

/**
 * Reads a capture: bpfkit's, or one of bpftree 0.1.0 or 0.0.1, in either byte order. Works on any machine,
 * without privilege. Throws CaptureError.
 */
export function readCapture(bytes: Uint8Array): Capture {
  if (isContainer(bytes)) return readOwn(bytes);
  const { columns, files, recorded } = readBpftree(bytes);
  return {
    snapshot: new Snapshot(columns),
    host: {},
    warnings: [],
    hasFiles: files !== undefined,
    has: (field) => hasField(field, (name) => recorded.has(name)),
    kernelField(path) {
      throw pathNotRecorded(path, [], []);
    },
    files: () => (files === undefined ? noFiles() : new FileTable(files)),
  };
}
