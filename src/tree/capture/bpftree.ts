/**
 * Captures that bpftree wrote: versions 0.1.0 and 0.0.1, in either byte order.
 *
 * 0.1.0: u64 major 0, minor 1, patch 0, number of tasks, number of files; then the task records of 1,097 bytes and
 * the file records of 536 bytes, both packed. bpftree writes little endian on every machine; a header in big endian
 * is taken to mean that all of it is.
 *
 * 0.0.1: u16 0xeb9f, u32 length of the header (8), u32 version (0), u32 size of a record, packed, in the byte order
 * of the machine; then records to the end of the file. What a record does not reach is not recorded.
 */
import type { NumberField } from '../fields.ts';
import {
  type FileBytes,
  type FileColumnOf,
  type FileColumns,
  type FileNumber,
  fileNumbers,
} from '../files/model.ts';
import { type BytesColumn, type NumberColumn, type TaskColumns, ValueState } from '../snapshot.ts';
import { damaged, headerEnds, incompatible, notACapture, tooManyRows, truncated } from './errors.ts';
import { absentBytes, missingNumbers } from './missing.ts';
import { MOST_FILES, MOST_TASKS } from './table.ts';

interface NumberPlace {
  readonly offset: number;
  readonly type: 's32' | 'u32' | 'u8' | 's64' | 'u64';
}

interface BytesPlace {
  readonly offset: number;
  readonly size: number;
}

interface Layout {
  readonly numbers: ReadonlyMap<string, NumberPlace>;
  readonly bytes: ReadonlyMap<string, BytesPlace>;
}

const s32s = (from: number, names: readonly string[]): [string, NumberPlace][] =>
  names.map((name, i) => [name, { offset: from + 4 * i, type: 's32' }]);

const TASK_010: Layout = {
  numbers: new Map<string, NumberPlace>([
    ...s32s(0, ['tid', 'pid', 'pgid', 'sid', 'vtid', 'ptid', 'ppid', 'rptid', 'rppid']),
    ['reaper', { offset: 36, type: 'u8' }],
    ['ns_level', { offset: 37, type: 'u32' }],
    ['loginuid', { offset: 41, type: 's64' }],
    ['euid', { offset: 49, type: 's64' }],
  ]),
  bytes: new Map([
    ['comm', { offset: 57, size: 16 }],
    ['exepath', { offset: 73, size: 512 }],
    ['cmdline', { offset: 585, size: 512 }],
  ]),
};
const TASK_010_SIZE = 1097;

const FILE_010: Layout = {
  numbers: new Map<string, NumberPlace>([
    ['tid', { offset: 0, type: 's32' }],
    ['fd', { offset: 4, type: 'u32' }],
    ['ino', { offset: 8, type: 'u64' }],
    ['mountId', { offset: 16, type: 'u32' }],
    ['layer', { offset: 20, type: 'u32' }],
  ]),
  bytes: new Map([['path', { offset: 24, size: 512 }]]),
};
const FILE_010_SIZE = 536;

const TASK_001: Layout = {
  numbers: new Map<string, NumberPlace>([
    ...s32s(0, ['tid', 'pid', 'ptid', 'ppid', 'rptid', 'rppid']),
    ['reaper', { offset: 40, type: 'u32' }],
    ['ns_level', { offset: 44, type: 'u32' }],
    // Between them are vpid, vpgid and vsid, which follow from the others.
    ['vtid', { offset: 48, type: 's32' }],
    ['pgid', { offset: 56, type: 's32' }],
    ['sid', { offset: 64, type: 's32' }],
  ]),
  bytes: new Map([
    ['comm', { offset: 24, size: 16 }],
    ['exepath', { offset: 72, size: 1024 }],
  ]),
};
/** The least record that was ever written, up to `reaper`. */
const TASK_001_LEAST = 44;
const HEADER_001 = 14;
const HEADER_010 = 40;

/** The part of a layout that records of this size have. */
function within({ numbers, bytes }: Layout, size: number): Layout {
  const sizes = { u8: 1, s32: 4, u32: 4, s64: 8, u64: 8 };
  return {
    numbers: new Map([...numbers].filter(([, { offset, type }]) => offset + sizes[type] <= size)),
    bytes: new Map([...bytes].filter(([, place]) => place.offset + place.size <= size)),
  };
}

const recordedIn = ({ numbers, bytes }: Layout): Set<string> => new Set([...numbers.keys(), ...bytes.keys()]);

/** Records of one size, read by columns. */
class Records {
  readonly count: number;
  readonly #view: DataView;
  readonly #data: Uint8Array;
  readonly #size: number;
  readonly #little: boolean;

  constructor(data: Uint8Array, size: number, little: boolean) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.length);
    this.#size = size;
    this.#little = little;
    this.count = data.length / size;
  }

  /** 64-bit numbers are users, all of which a number of JavaScript holds exactly. */
  numbers({ offset, type }: NumberPlace): Float64Array {
    const [view, little] = [this.#view, this.#little];
    const out = new Float64Array(this.count);
    for (let row = 0, at = offset; row < out.length; row++, at += this.#size) {
      switch (type) {
        case 'u8':
          out[row] = view.getUint8(at);
          break;
        case 's32':
          out[row] = view.getInt32(at, little);
          break;
        case 'u32':
          out[row] = view.getUint32(at, little);
          break;
        case 's64':
          out[row] = Number(view.getBigInt64(at, little));
          break;
        case 'u64':
          out[row] = Number(view.getBigUint64(at, little));
      }
    }
    return out;
  }

  longs({ offset, type }: NumberPlace): BigUint64Array {
    const [view, little] = [this.#view, this.#little];
    const out = new BigUint64Array(this.count);
    for (let row = 0, at = offset; row < out.length; row++, at += this.#size) {
      out[row] = type === 'u64' ? view.getBigUint64(at, little) : BigInt(view.getUint32(at, little));
    }
    return out;
  }

  /** Up to the first NUL; `NA` and `TL` alone are bpftree's marks for what it could not read. */
  text({ offset, size }: BytesPlace, marks: boolean): BytesColumn {
    return this.#bytes(offset, (at) => {
      const length = this.#find(at, size, 1);
      const [first, second] = [this.#data[at], this.#data[at + 1]];
      if (!marks || length !== 2) return [length, ValueState.whole];
      if (first === 0x4e && second === 0x41) return [0, ValueState.absent];
      if (first === 0x54 && second === 0x4c) return [0, ValueState.cut];
      return [length, ValueState.whole];
    });
  }

  /**
   * Arguments end where two NULs are: behind them bpftree 0.1.0 leaves bytes of the task before. It keeps 511
   * bytes; what fills them was longer.
   */
  arguments({ offset, size }: BytesPlace): BytesColumn {
    return this.#bytes(offset, (at) => {
      const length = this.#find(at, size, 2);
      if (length === 2 && this.#data[at] === 0x4e && this.#data[at + 1] === 0x41)
        return [0, ValueState.absent];
      if (length >= size - 1) return [size - 1, ValueState.cut];
      return [length === 0 ? 0 : length + 1, ValueState.whole];
    });
  }

  /** Bytes before the first run of so many NULs. */
  #find(at: number, size: number, nuls: 1 | 2): number {
    const data = this.#data;
    for (let i = 0; i < size; i++) {
      if (data[at + i] === 0 && (nuls === 1 || i + 1 >= size || data[at + i + 1] === 0)) return i;
    }
    return size;
  }

  #bytes(offset: number, look: (at: number) => readonly [length: number, state: ValueState]): BytesColumn {
    const start = new Uint32Array(this.count);
    const length = new Uint32Array(this.count);
    const state = new Uint8Array(this.count);
    for (let row = 0, at = offset; row < this.count; row++, at += this.#size) {
      start[row] = at;
      [length[row], state[row]] = look(at) as [number, ValueState];
    }
    return { data: this.#data, start, length, state };
  }
}

class BpftreeTasks implements TaskColumns {
  readonly count: number;
  readonly #records: Records;
  readonly #layout: Layout;

  constructor(records: Records, layout: Layout) {
    this.#records = records;
    this.#layout = layout;
    this.count = records.count;
  }

  numbers(field: NumberField): NumberColumn {
    const place = this.#layout.numbers.get(field);
    return place === undefined ? missingNumbers(field, this.count) : this.#records.numbers(place);
  }

  bytes(field: string): BytesColumn | undefined {
    const place = this.#layout.bytes.get(field);
    if (place === undefined) return absentBytes(this.count);
    return field === 'cmdline' ? this.#records.arguments(place) : this.#records.text(place, field !== 'comm');
  }
}

class BpftreeFiles implements FileColumns {
  readonly count: number;
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
    this.count = records.count;
  }

  numbers<Name extends FileNumber>(name: Name): FileColumnOf<Name> {
    return this.#numbers(name) as FileColumnOf<Name>;
  }

  #numbers(name: FileNumber): FileColumnOf<FileNumber> {
    const place = FILE_010.numbers.get(name);
    const { type } = fileNumbers.find((one) => one.name === name)!;
    switch (type) {
      case 's32':
        return place === undefined
          ? new Int32Array(this.count)
          : Int32Array.from(this.#records.numbers(place));
      case 'u32':
        return place === undefined
          ? new Uint32Array(this.count)
          : Uint32Array.from(this.#records.numbers(place));
      case 's64':
        return new BigInt64Array(this.count);
      case 'u64':
        return place === undefined ? new BigUint64Array(this.count) : this.#records.longs(place);
    }
  }

  bytes(name: FileBytes): BytesColumn {
    const place = FILE_010.bytes.get(name);
    return place === undefined ? absentBytes(this.count) : this.#records.text(place, true);
  }
}

export interface BpftreeCapture {
  readonly columns: TaskColumns;
  /** Undefined where the version has no files. */
  readonly files: FileColumns | undefined;
  /** The long names of the fields that are in it. */
  readonly recorded: ReadonlySet<string>;
}

/** Throws CaptureError: in bpftree's words where it has some. */
export function readBpftree(bytes: Uint8Array): BpftreeCapture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length >= 2) {
    const magic = view.getUint16(0, true);
    if (magic === 0xeb9f || magic === 0x9feb) return readOldest(bytes, view, magic === 0xeb9f);
  }
  if (bytes.length < 24) throw headerEnds('version', bytes.length);
  // The minor version is 1: the byte in which it stands tells the order.
  const little = view.getBigUint64(8, true) !== 1n << 56n;
  const version = [0, 8, 16].map((at) => view.getBigUint64(at, little));
  if (version.some((part) => part > 0xffffn)) throw notACapture();
  if (version.join('.') !== '0.1.0') throw incompatible(version.join('.'));
  if (bytes.length < 32) throw headerEnds('number of task info', bytes.length);
  if (bytes.length < HEADER_010) throw headerEnds('number of file info', bytes.length);
  const tasks = section(bytes, HEADER_010, view.getBigUint64(24, little), TASK_010_SIZE, 'task info');
  const from = HEADER_010 + tasks.length;
  const files = section(bytes, from, view.getBigUint64(32, little), FILE_010_SIZE, 'file info');
  return {
    columns: new BpftreeTasks(new Records(tasks, TASK_010_SIZE, little), TASK_010),
    files: new BpftreeFiles(new Records(files, FILE_010_SIZE, little)),
    recorded: recordedIn(TASK_010),
  };
}

/** The records of a section, whose number is compared before it is believed. */
function section(bytes: Uint8Array, from: number, count: bigint, size: number, what: string): Uint8Array {
  const most = size === TASK_010_SIZE ? MOST_TASKS : MOST_FILES;
  const there = bytes.length - from;
  const whole = Math.floor(there / size);
  if (count > whole)
    throw truncated(from + whole * size, `${what} ${whole + 1} of ${count}`, size, there % size);
  if (count > most) throw tooManyRows(from, Number(count), most);
  return bytes.subarray(from, from + Number(count) * size);
}

function readOldest(bytes: Uint8Array, view: DataView, little: boolean): BpftreeCapture {
  if (bytes.length < HEADER_001) throw headerEnds('version', bytes.length);
  const [length, version, size] = [2, 6, 10].map((at) => view.getUint32(at, little)) as [
    number,
    number,
    number,
  ];
  if (length !== 8 || version !== 0) throw incompatible(`0.0.${version + 1}`);
  if (size < TASK_001_LEAST || size > 0x10000) throw damaged(10, `a task record cannot have ${size} bytes`);
  const rest = bytes.length - HEADER_001;
  const part = rest % size;
  if (part !== 0) throw truncated(bytes.length - part, 'a task record', size, part);
  if (rest / size > MOST_TASKS) throw tooManyRows(HEADER_001, rest / size, MOST_TASKS);
  const layout = within(TASK_001, size);
  return {
    columns: new BpftreeTasks(new Records(bytes.subarray(HEADER_001), size, little), layout),
    files: undefined,
    recorded: recordedIn(layout),
  };
}
