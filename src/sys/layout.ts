/**
 * C structures as literal tables: `{ mapType: 'u32', ... }` in the order of the header file.
 *
 * Offsets follow the C rules for naturally aligned members, which is what every structure of the
 * bpf(2) and perf_event_open(2) interfaces obeys: the kernel's headers align 64-bit members on 32-bit
 * machines too. A test compares the offsets with the running kernel's BTF. After the type, a field may name the kernel's
 * member where the name differs from its own in snake case: `'u32 kprobe_multi.cnt'`.
 */
import { addressOf, type Bytes } from './syscall.ts';

/**
 * `name16` is a char array with its NUL; `pointer` is 64 bits wide on every machine; `gap4` are four
 * unused bytes, where a union of 64-bit members begins with a 32-bit one.
 */
export type FieldType = 'u32' | 's32' | 'u64' | 'pointer' | 'name16' | 'bytes8' | 'u16' | 'u8' | 'gap4';
export type FieldText = FieldType | `${FieldType} ${string}`;
export type FieldTable = Readonly<Record<string, FieldText>>;

type TypeOfText<T extends FieldText> = T extends `${infer F} ${string}` ? F : T;

/** What a field takes. A pointer takes the view itself, or an address; 0 or absent is NULL. */
export type FieldValue<T extends FieldText> =
  TypeOfText<T> extends 'pointer'
    ? Bytes | number | bigint
    : TypeOfText<T> extends 'u64'
      ? number | bigint
      : TypeOfText<T> extends 'name16' | 'bytes8'
        ? Uint8Array
        : number;

/** Values for a table; what is absent is zero. */
export type FieldValues<T extends FieldTable> = {
  readonly [K in keyof T]?: FieldValue<T[K]> | undefined;
};

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly offset: number;
  readonly size: number;
  /** The kernel's name: path of members with dots. */
  readonly path: string;
}

export interface Layout {
  readonly fields: ReadonlyMap<string, Field>;
  /** Bytes, rounded up to 8. */
  readonly size: number;
}

const sizes = {
  u8: 1,
  u16: 2,
  u32: 4,
  s32: 4,
  u64: 8,
  pointer: 8,
  name16: 16,
  bytes8: 8,
  gap4: 4,
} as const satisfies Record<FieldType, number>;

const alignments = { ...sizes, name16: 1, bytes8: 1 } as const satisfies Record<FieldType, number>;

/** The byte order of this machine, decided once. */
export const littleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const known = new WeakMap<FieldTable, Layout>();

/** Offsets for a table; computed once a table. */
export function layoutOf(table: FieldTable): Layout {
  const before = known.get(table);
  if (before !== undefined) return before;
  const fields = new Map<string, Field>();
  let offset = 0;
  for (const [name, text] of Object.entries(table)) {
    const space = text.indexOf(' ');
    const type = (space < 0 ? text : text.slice(0, space)) as FieldType;
    const path = space < 0 ? snake(name) : text.slice(space + 1);
    const align = alignments[type];
    offset = Math.ceil(offset / align) * align;
    fields.set(name, { name, type, offset, size: sizes[type], path });
    offset += sizes[type];
  }
  const layout: Layout = { fields, size: Math.ceil(offset / 8) * 8 };
  known.set(table, layout);
  return layout;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a structure's pointers lead to lives as long as its bytes do. */
const heldBy = new WeakMap<Uint8Array, readonly unknown[]>();

/** One structure's bytes, with what its pointers lead to. */
export class Struct {
  readonly bytes: Uint8Array;
  /** Bytes up to the end of the last field that was given: the shortest that says everything. */
  readonly length: number;
  readonly #view: DataView;
  readonly #layout: Layout;

  constructor(table: FieldTable, values: Readonly<Record<string, unknown>> = {}) {
    const layout = layoutOf(table);
    this.#layout = layout;
    this.bytes = new Uint8Array(layout.size);
    this.#view = new DataView(this.bytes.buffer);
    const held: unknown[] = [];
    let length = 0;
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      const field = this.#field(name);
      this.#put(field, value, held);
      length = Math.max(length, field.offset + field.size);
    }
    this.length = length;
    if (held.length > 0) heldBy.set(this.bytes, held);
  }

  #field(name: string): Field {
    const field = this.#layout.fields.get(name);
    if (field === undefined) throw new TypeError(`no field ${name} in this layout`);
    return field;
  }

  #put(field: Field, value: unknown, held: unknown[]): void {
    const { offset, type } = field;
    if (type === 'name16' || type === 'bytes8') {
      const bytes = value as Uint8Array;
      const room = type === 'name16' ? 15 : 8;
      if (bytes.length > room) throw new RangeError(`${field.name}: ${bytes.length} bytes, room is ${room}`);
      this.bytes.set(bytes, offset);
    } else if (type === 'pointer' && typeof value === 'object' && value !== null) {
      held.push(value);
      this.put(field.name, addressOf(value as Bytes));
    } else {
      this.put(field.name, value as number | bigint);
    }
  }

  /** Writes an integer field, cut to its width. */
  put(name: string, value: number | bigint): void {
    const { offset, type } = this.#field(name);
    const view = this.#view;
    switch (type) {
      case 'u8':
        view.setUint8(offset, Number(value));
        break;
      case 'u16':
        view.setUint16(offset, Number(value), littleEndian);
        break;
      case 'u32':
        view.setUint32(offset, Number(value), littleEndian);
        break;
      case 's32':
        view.setInt32(offset, Number(value), littleEndian);
        break;
      default:
        view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), littleEndian);
    }
  }

  /** Reads a field of at most 32 bits. */
  number(name: string): number {
    const { offset, type } = this.#field(name);
    const view = this.#view;
    if (type === 'u8') return view.getUint8(offset);
    if (type === 'u16') return view.getUint16(offset, littleEndian);
    return type === 's32' ? view.getInt32(offset, littleEndian) : view.getUint32(offset, littleEndian);
  }

  /** Reads a 64-bit field. */
  bigint(name: string): bigint {
    return this.#view.getBigUint64(this.#field(name).offset, littleEndian);
  }

  /** Reads a byte field: a name up to its NUL, or all 8 bytes. */
  raw(name: string): Uint8Array {
    const { offset, type, size } = this.#field(name);
    const bytes = this.bytes.slice(offset, offset + size);
    if (type !== 'name16') return bytes;
    const end = bytes.indexOf(0);
    return end < 0 ? bytes : bytes.subarray(0, end);
  }
}
