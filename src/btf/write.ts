/**
 * From values to bytes: the counterpart of `decode.ts`, which says which value stands for which type.
 *
 * More is accepted than a decoder gives: integers as number or bigint where they are exact, enumerators by name or
 * number, text as string (UTF-8), bytes or `KernelString`. All bytes of the type are written, padding as zero,
 * because the kernel compares keys of hash maps byte by byte.
 *
 * A struct needs each of its members. A union needs at least one; if several are given they are written
 * in the order of declaration.
 */
import { KernelString } from '../text/kernel-string.ts';
import { nearestNames } from '../text/nearest.ts';
import type { BitField } from './bits.ts';
import { bitField, writeBits } from './bits.ts';
import type { Btf } from './btf.ts';
import { isChar } from './decode.ts';
import { BtfValueError, badBitfield, noDecoder, shortView, tooDeep, tooManyValues } from './errors.ts';
import { checkedMemberEnd, fieldOf, MAX_DEPTH } from './layout.ts';
import type { BtfType, TypeId } from './types.ts';

/** Throws `BtfValueError` naming the place in the value, or `BtfError` when the view is too short. */
export type Encoder = (value: unknown, view: DataView, offset: number) => void;

export interface EncoderOptions {
  /** What the value is called in errors: `key.pid: 4294967296 does not fit in u32`. Default 'value'. */
  readonly label?: string;
}

/** Members of one struct with all its anonymous ones: more is an attack. */
const MAX_VISITS = 2 ** 18;

type Write = (value: unknown, view: DataView, at: number) => void;
type Composite = Extract<BtfType, { kind: 'struct' | 'union' }>;
type Enumeration = Extract<BtfType, { kind: 'enum' | 'enum64' }>;

/** Thrown inside and completed on the way out, so that no path is built while nothing is wrong. */
class Mismatch extends Error {
  readonly problem: string;
  readonly path: (string | number)[] = [];

  constructor(problem: string) {
    super(problem);
    this.problem = problem;
  }
}

const compilers = new WeakMap<Btf, Compiler>();

/** The writer of a type; its closures are made at the first call for the type and kept as long as the `Btf`. */
export function encoder(btf: Btf, id: TypeId, options: EncoderOptions = {}): Encoder {
  const label = options.label ?? 'value';
  let compiler = compilers.get(btf);
  if (compiler === undefined) compilers.set(btf, (compiler = new Compiler(btf)));
  const size = btf.sizeOf(id);
  const write = compiler.compile(id, 0);
  return (value, view, offset) => {
    if (!(offset >= 0) || offset + size > view.byteLength) throw shortView(id, size, offset, view.byteLength);
    new Uint8Array(view.buffer, view.byteOffset + offset, size).fill(0);
    try {
      write(value, view, offset);
    } catch (error) {
      if (error instanceof Mismatch) throw new BtfValueError(label, error.path.reverse(), error.problem);
      throw error;
    }
  };
}

class Compiler {
  readonly #btf: Btf;
  readonly #compiled = new Map<TypeId, Write>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  compile(unstripped: TypeId, depth: number): Write {
    const id = this.#btf.strip(unstripped);
    const known = this.#compiled.get(id);
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH) throw tooDeep(id);
    const write = this.#make(id, this.#btf.type(id), depth);
    this.#compiled.set(id, write);
    return write;
  }

  #make(id: TypeId, type: BtfType, depth: number): Write {
    const { littleEndian, pointerSize } = this.#btf;
    switch (type.kind) {
      case 'int': {
        if (type.encoding === 'bool') return integerWriter(type.size, littleEndian, boolOf);
        const check = integerCheck(type.size * 8, type.encoding === 'signed');
        return integerWriter(type.size, littleEndian, check);
      }
      case 'pointer':
        return integerWriter(pointerSize, littleEndian, integerCheck(pointerSize * 8, false));
      case 'float':
        return floatWriter(id, type.size, littleEndian);
      case 'enum':
      case 'enum64':
        return integerWriter(type.size, littleEndian, enumCheck(type, type.size * 8));
      case 'array':
        return this.#array(type, depth);
      case 'struct':
      case 'union':
        return this.#composite(id, type, depth);
      case 'variable':
        return this.compile(type.type, depth + 1);
      default:
        throw noDecoder(id, type.kind);
    }
  }

  #array(type: Extract<BtfType, { kind: 'array' }>, depth: number): Write {
    const { length } = type;
    const elementId = this.#btf.strip(type.element);
    if (isChar(this.#btf.type(elementId))) return charsWriter(length);
    const stride = this.#btf.sizeOf(elementId);
    const write = this.compile(elementId, depth + 1);
    return (value, view, at) => {
      if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && !(value instanceof DataView))) {
        throw new Mismatch(`${shown(value)} is not an array of ${length}`);
      }
      const values = value as ArrayLike<unknown>;
      if (values.length === 0 && length * stride === 0) return;
      if (values.length !== length) throw new Mismatch(`${values.length} elements in an array of ${length}`);
      for (let i = 0; i < length; i++) step(write, values[i], view, at + i * stride, i);
    };
  }

  #composite(id: TypeId, type: Composite, depth: number): Write {
    const fields = new Fields(this.#btf, (at, nested) => this.compile(at, nested));
    fields.collect(id, type, 0, depth);
    const { all } = fields;
    const names = new Set(all.map(({ name }) => name));
    const needed = fields.groups;
    return (value, view, at) => {
      if (
        typeof value !== 'object' ||
        value === null ||
        Array.isArray(value) ||
        value instanceof KernelString
      ) {
        throw new Mismatch(`${shown(value)} is not an object`);
      }
      for (const key of Object.keys(value)) {
        if (!names.has(key)) throw new Mismatch(unknownMember(key, names));
      }
      for (const group of needed) {
        if (!group.some((name) => Object.hasOwn(value, name))) {
          throw new Mismatch(
            group.length === 1
              ? `member "${group[0]}" is missing`
              : `one of ${group.slice(0, 8).join(', ')} is missing`,
          );
        }
      }
      for (const { name, write, offset } of all) {
        if (Object.hasOwn(value, name))
          step(write, (value as Record<string, unknown>)[name], view, at + offset, name);
      }
    };
  }
}

interface Field {
  readonly name: string;
  /** In bytes from the start of the outermost struct; bitfields write relative to it. */
  readonly offset: number;
  readonly write: Write;
}

/** Members of a struct with those of its anonymous members, and which of them a value must have. */
class Fields {
  readonly all: Field[] = [];
  /** Of each group at least one name must be given: one name for a struct's member, all of a union's for a union. */
  readonly groups: string[][] = [];
  readonly #btf: Btf;
  readonly #compile: (id: TypeId, depth: number) => Write;
  #visits = 0;

  constructor(btf: Btf, compile: (id: TypeId, depth: number) => Write) {
    this.#btf = btf;
    this.#compile = compile;
  }

  /** Returns the names that it found, for the union around an anonymous member. */
  collect(id: TypeId, type: Composite, start: number, depth: number, inUnion = false): string[] {
    if (depth > MAX_DEPTH) throw tooDeep(id);
    const union = type.kind === 'union';
    const found: string[] = [];
    for (const member of type.members) {
      this.#visits++;
      if (this.#visits > MAX_VISITS) throw tooManyValues(id);
      const field = fieldOf(this.#btf, member);
      checkedMemberEnd(this.#btf, id, type.size, member.name, field);
      if (field.bitSize === 0 && field.bitOffset % 8 !== 0) throw badBitfield(id, member.name);
      const offset = start + field.bitOffset / 8;
      if (member.name === '') {
        const innerId = this.#btf.strip(field.type);
        const inner = this.#btf.type(innerId);
        if (inner.kind !== 'struct' && inner.kind !== 'union') continue;
        found.push(...this.collect(innerId, inner, offset, depth + 1, inUnion || union));
        continue;
      }
      found.push(member.name);
      if (!union && !inUnion) this.groups.push([member.name]);
      this.all.push(
        field.bitSize > 0
          ? { name: member.name, offset: start, write: this.#bitfield(id, member.name, field) }
          : { name: member.name, offset, write: this.#compile(field.type, depth + 1) },
      );
    }
    if (union && !inUnion && found.length > 0) this.groups.push(found);
    return found;
  }

  #bitfield(
    id: TypeId,
    name: string,
    { type: typeId, bitOffset, bitSize }: { type: TypeId; bitOffset: number; bitSize: number },
  ): Write {
    const type = this.#btf.type(this.#btf.strip(typeId));
    const field: BitField = bitField(bitOffset, bitSize, this.#btf.littleEndian);
    let check: (value: unknown) => bigint;
    if (type.kind === 'int') {
      check = type.encoding === 'bool' ? boolOf : integerCheck(bitSize, type.encoding === 'signed');
    } else if (type.kind === 'enum' || type.kind === 'enum64') {
      check = enumCheck(type, bitSize);
    } else {
      throw badBitfield(id, name);
    }
    if (bitSize > type.size * 8) throw badBitfield(id, name);
    return (value, view, at) => writeBits(view, at, field, check(value));
  }
}

function step(write: Write, value: unknown, view: DataView, at: number, name: string | number): void {
  try {
    write(value, view, at);
  } catch (error) {
    if (error instanceof Mismatch) error.path.push(name);
    throw error;
  }
}

function integerWriter(size: number, littleEndian: boolean, check: (value: unknown) => bigint): Write {
  const bits = size * 8;
  switch (size) {
    case 1:
      return (value, view, at) => view.setUint8(at, Number(BigInt.asUintN(bits, check(value))));
    case 2:
      return (value, view, at) =>
        view.setUint16(at, Number(BigInt.asUintN(bits, check(value))), littleEndian);
    case 4:
      return (value, view, at) =>
        view.setUint32(at, Number(BigInt.asUintN(bits, check(value))), littleEndian);
    case 8:
      return (value, view, at) => view.setBigUint64(at, BigInt.asUintN(bits, check(value)), littleEndian);
    default:
      return (value, view, at) => {
        const number = BigInt.asUintN(bits, check(value));
        view.setBigUint64(littleEndian ? at : at + 8, BigInt.asUintN(64, number), littleEndian);
        view.setBigUint64(littleEndian ? at + 8 : at, number >> 64n, littleEndian);
      };
  }
}

function integerCheck(bits: number, signed: boolean): (value: unknown) => bigint {
  const least = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const most = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  const name = `${signed ? 's' : 'u'}${bits}`;
  return (value) => {
    const number = integerOf(value, name);
    if (number < least || number > most) throw new Mismatch(`${number} does not fit in ${name}`);
    return number;
  };
}

function integerOf(value: unknown, name: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number') throw new Mismatch(`${shown(value)} is not a number (${name})`);
  if (!Number.isInteger(value)) throw new Mismatch(`${value} is not a whole number (${name})`);
  if (!Number.isSafeInteger(value))
    throw new Mismatch(`${value} is not exact as a number: use a bigint (${name})`);
  return BigInt(value);
}

function boolOf(value: unknown): bigint {
  if (typeof value !== 'boolean') throw new Mismatch(`${shown(value)} is not true or false`);
  return value ? 1n : 0n;
}

function enumCheck(type: Enumeration, bits: number): (value: unknown) => bigint {
  const values = new Map<string, bigint>();
  for (const { name, value } of type.values) values.set(name, value);
  const check = integerCheck(bits, type.signed);
  const what = type.name === '' ? 'the enum' : `enum ${type.name}`;
  return (value) => {
    if (typeof value !== 'string') return check(value);
    const number = values.get(value);
    if (number === undefined) {
      const near = nearestNames(value, values.keys(), 1);
      throw new Mismatch(`${shown(value)} is not in ${what}${near.length > 0 ? ` (${near[0]}?)` : ''}`);
    }
    return check(number);
  };
}

function floatWriter(id: TypeId, size: number, littleEndian: boolean): Write {
  if (size !== 4 && size !== 8) throw noDecoder(id, `float of ${size} bytes`);
  return (value, view, at) => {
    if (typeof value !== 'number') throw new Mismatch(`${shown(value)} is not a number`);
    if (size === 4) view.setFloat32(at, value, littleEndian);
    else view.setFloat64(at, value, littleEndian);
  };
}

function charsWriter(length: number): Write {
  return (value, view, at) => {
    let bytes: Uint8Array;
    if (typeof value === 'string') bytes = Buffer.from(value, 'utf8');
    else if (value instanceof KernelString) bytes = value.bytes;
    else if (value instanceof Uint8Array) bytes = value;
    else throw new Mismatch(`${shown(value)} is not text`);
    if (bytes.length > length) throw new Mismatch(`${bytes.length} bytes do not fit in char[${length}]`);
    new Uint8Array(view.buffer, view.byteOffset + at, length).set(bytes);
  };
}

function unknownMember(name: string, names: Iterable<string>): string {
  const near = nearestNames(name, names, 1);
  return `there is no member "${name}"${near.length > 0 ? ` ("${near[0]}"?)` : ''}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
