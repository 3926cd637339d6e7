/**
 * From bytes to values: a reader is composed of closures once per type, and then only runs.
 *
 * | type | value |
 * |---|---|
 * | integers up to 32 bits, and bitfields of such | number |
 * | 64 and 128 bits, pointers | bigint |
 * | bool | boolean |
 * | enum | name of the value, or the number if it has none |
 * | char array | `KernelString`: the bytes up to the first zero |
 * | `unsigned char` array | `Uint8Array`, a copy |
 * | other arrays | array (empty if its elements have no bytes) |
 * | struct, union | object; members of anonymous members are its own |
 *
 * Member names come from outside, so `__proto__` is defined and not assigned.
 */
import { KernelString } from '../text/kernel-string.ts';
import type { BitField } from './bits.ts';
import { bitField, readBits, readBits32 } from './bits.ts';
import type { Btf } from './btf.ts';
import { badBitfield, noDecoder, shortView, tooDeep, tooManyValues } from './errors.ts';
import { checkedMemberEnd, fieldOf, MAX_DEPTH } from './layout.ts';
import type { BtfType, TypeId } from './types.ts';

export interface DecoderOptions {
  /** Default 'name'. */
  readonly enums?: 'name' | 'number';
  /** `kernel`: `KernelString`. `text`: a string. `bytes`: all bytes as `Uint8Array`. Default 'kernel'. */
  readonly strings?: 'kernel' | 'text' | 'bytes';
}

/** Throws `BtfError` when the view is too short. The value holds no reference to the view. */
export type Decoder = (view: DataView, offset: number) => unknown;

type Read = (view: DataView, at: number) => unknown;
type Target = Record<string, unknown>;
type Fill = (view: DataView, at: number, target: Target) => void;

/** `cost` counts the scalars of one value, so that hostile types cannot ask for endless ones. */
interface Compiled {
  readonly read: Read;
  /** Only structs and unions: writes the members into the object around an anonymous member. */
  readonly fill?: Fill;
  readonly cost: number;
}

const MAX_COST = 2 ** 24;

const compilers = new WeakMap<Btf, Map<string, Compiler>>();

/** The reader of a type; made at the first call for it and kept as long as the `Btf`. */
export function decoder(btf: Btf, id: TypeId, options: DecoderOptions = {}): Decoder {
  const enums = options.enums ?? 'name';
  const strings = options.strings ?? 'kernel';
  let byOptions = compilers.get(btf);
  if (byOptions === undefined) compilers.set(btf, (byOptions = new Map()));
  const key = `${enums} ${strings}`;
  let compiler = byOptions.get(key);
  if (compiler === undefined) byOptions.set(key, (compiler = new Compiler(btf, enums, strings)));
  return compiler.decoder(id);
}

class Compiler {
  readonly #btf: Btf;
  readonly #enums: 'name' | 'number';
  readonly #strings: 'kernel' | 'text' | 'bytes';
  readonly #compiled = new Map<TypeId, Compiled>();
  readonly #decoders = new Map<TypeId, Decoder>();

  constructor(btf: Btf, enums: 'name' | 'number', strings: 'kernel' | 'text' | 'bytes') {
    this.#btf = btf;
    this.#enums = enums;
    this.#strings = strings;
  }

  decoder(id: TypeId): Decoder {
    const known = this.#decoders.get(id);
    if (known !== undefined) return known;
    const size = this.#btf.sizeOf(id);
    const { read } = this.#compile(id, 0);
    const decode: Decoder = (view, offset) => {
      if (!(offset >= 0) || offset + size > view.byteLength)
        throw shortView(id, size, offset, view.byteLength);
      return read(view, offset);
    };
    this.#decoders.set(id, decode);
    return decode;
  }

  #compile(unstripped: TypeId, depth: number): Compiled {
    const id = this.#btf.strip(unstripped);
    const known = this.#compiled.get(id);
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH) throw tooDeep(id);
    const compiled = this.#make(id, this.#btf.type(id), depth);
    if (compiled.cost > MAX_COST) throw tooManyValues(id);
    this.#compiled.set(id, compiled);
    return compiled;
  }

  #make(id: TypeId, type: BtfType, depth: number): Compiled {
    const { littleEndian, pointerSize } = this.#btf;
    switch (type.kind) {
      case 'int':
        return { read: intReader(type, littleEndian), cost: 1 };
      case 'pointer':
        return { read: pointerReader(pointerSize, littleEndian), cost: 1 };
      case 'float':
        if (type.size === 4) return { read: (view, at) => view.getFloat32(at, littleEndian), cost: 1 };
        if (type.size === 8) return { read: (view, at) => view.getFloat64(at, littleEndian), cost: 1 };
        throw noDecoder(id, `float of ${type.size} bytes`);
      case 'enum':
      case 'enum64':
        return { read: this.#enumReader(id, type), cost: 1 };
      case 'array':
        return this.#array(id, type, depth);
      case 'struct':
      case 'union':
        return this.#composite(id, type, depth);
      case 'variable':
        return this.#compile(type.type, depth + 1);
      default:
        throw noDecoder(id, type.kind);
    }
  }

  #enumReader(id: TypeId, type: Extract<BtfType, { kind: 'enum' | 'enum64' }>): Read {
    const number = integerReader(type.size, type.signed, this.#btf.littleEndian);
    if (number === undefined) throw noDecoder(id, `enum of ${type.size} bytes`);
    if (this.#enums === 'number') return number;
    const names = enumNames(type);
    return (view, at) => {
      const value = number(view, at);
      return names.get(value) ?? value;
    };
  }

  #array(id: TypeId, type: Extract<BtfType, { kind: 'array' }>, depth: number): Compiled {
    const { length } = type;
    const elementId = this.#btf.strip(type.element);
    const element = this.#btf.type(elementId);
    if (isChar(element)) {
      if (this.#strings === 'kernel')
        return { read: (view, at) => KernelString.read(view, at, length), cost: 1 };
      if (this.#strings === 'text')
        return { read: (view, at) => KernelString.read(view, at, length).text, cost: 1 };
      return {
        read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, length).slice(),
        cost: 1,
      };
    }
    if (isByte(element)) {
      return {
        read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, length).slice(),
        cost: 1,
      };
    }
    const stride = this.#btf.sizeOf(elementId);
    const { read, cost } = this.#compile(elementId, depth + 1);
    if (length * stride === 0) return { read: () => [], cost: 1 };
    if (length * cost > MAX_COST) throw tooManyValues(id);
    return {
      read: (view, at) => {
        const values: unknown[] = [];
        for (let i = 0; i < length; i++) values.push(read(view, at + i * stride));
        return values;
      },
      cost: 1 + length * cost,
    };
  }

  #composite(id: TypeId, type: Extract<BtfType, { kind: 'struct' | 'union' }>, depth: number): Compiled {
    const names: string[] = [];
    const reads: Read[] = [];
    const offsets: number[] = [];
    // What is no plain assignment, and before how many of those it stands: members keep their order.
    const special: { readonly before: number; readonly fill: Fill }[] = [];
    let cost = 1;
    for (const member of type.members) {
      const field = fieldOf(this.#btf, member);
      checkedMemberEnd(this.#btf, id, type.size, member.name, field);
      let read: Read;
      let offset = field.bitOffset / 8;
      if (field.bitSize > 0) {
        read = this.#bitfieldReader(
          id,
          member.name,
          field.type,
          bitField(field.bitOffset, field.bitSize, this.#btf.littleEndian),
        );
        offset = 0;
        cost += 1;
      } else {
        if (field.bitOffset % 8 !== 0) throw badBitfield(id, member.name);
        const compiled = this.#compile(field.type, depth + 1);
        cost += compiled.cost;
        if (member.name === '') {
          const { fill } = compiled;
          if (fill !== undefined) {
            special.push({
              before: names.length,
              fill: (view, at, target) => fill(view, at + offset, target),
            });
          }
          continue;
        }
        read = compiled.read;
      }
      if (member.name === '') continue;
      if (member.name === '__proto__') {
        special.push({
          before: names.length,
          fill: (view, at, target) => defineOwn(target, '__proto__', read(view, at + offset)),
        });
        continue;
      }
      names.push(member.name);
      reads.push(read);
      offsets.push(offset);
    }
    const fill: Fill = (view, at, target) => {
      let i = 0;
      for (const one of special) {
        for (; i < one.before; i++) target[names[i]!] = reads[i]!(view, at + offsets[i]!);
        one.fill(view, at, target);
      }
      for (; i < reads.length; i++) target[names[i]!] = reads[i]!(view, at + offsets[i]!);
    };
    const read: Read = (view, at) => {
      const value: Target = {};
      fill(view, at, value);
      return value;
    };
    return { read, fill, cost };
  }

  #bitfieldReader(id: TypeId, name: string, typeId: TypeId, field: BitField): Read {
    const type = this.#btf.type(this.#btf.strip(typeId));
    if (
      (type.kind !== 'int' && type.kind !== 'enum' && type.kind !== 'enum64') ||
      field.width > type.size * 8
    ) {
      throw badBitfield(id, name);
    }
    const signed = type.kind === 'int' ? type.encoding === 'signed' : type.signed;
    const wide = type.size > 4;
    const number = (view: DataView, at: number): number | bigint => {
      if (field.bytes <= 4 && !wide) return readBits32(view, at, field, signed);
      const value = readBits(view, at, field, signed);
      return wide ? value : Number(value);
    };
    if (type.kind === 'int') {
      return type.encoding === 'bool' ? (view, at) => readBits(view, at, field, false) !== 0n : number;
    }
    if (this.#enums === 'number') return number;
    const names = enumNames(type);
    return (view, at) => {
      const value = number(view, at);
      return names.get(value) ?? value;
    };
  }
}

export function defineOwn(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** `char`, whose signedness compilers write differently, and by which text is told from small numbers. */
export function isChar(type: BtfType): boolean {
  return type.kind === 'int' && type.size === 1 && (type.encoding === 'char' || type.name === 'char');
}

/** `unsigned char`: addresses, hashes, raw memory. */
export function isByte(type: BtfType): boolean {
  return type.kind === 'int' && type.size === 1 && type.encoding === 'unsigned' && type.name !== 'char';
}

/** Of two enumerators of the same value the first gives the name. Keys are what the reader returns. */
function enumNames(
  type: Extract<BtfType, { kind: 'enum' | 'enum64' }>,
): ReadonlyMap<number | bigint, string> {
  const names = new Map<number | bigint, string>();
  for (const { name, value } of type.values) {
    const key = type.size > 4 ? value : Number(value);
    if (!names.has(key)) names.set(key, name);
  }
  return names;
}

function intReader(type: Extract<BtfType, { kind: 'int' }>, littleEndian: boolean): Read {
  const { size, encoding } = type;
  const read = integerReader(size, encoding === 'signed', littleEndian);
  if (read !== undefined) {
    if (encoding !== 'bool') return read;
    return size > 4 ? (view, at) => read(view, at) !== 0n : (view, at) => read(view, at) !== 0;
  }
  return (view, at) => {
    const low = view.getBigUint64(littleEndian ? at : at + 8, littleEndian);
    const high = view.getBigUint64(littleEndian ? at + 8 : at, littleEndian);
    const value = (high << 64n) | low;
    return encoding === 'signed' ? BigInt.asIntN(128, value) : value;
  };
}

function pointerReader(size: 4 | 8, littleEndian: boolean): Read {
  return size === 8
    ? (view, at) => view.getBigUint64(at, littleEndian)
    : (view, at) => BigInt(view.getUint32(at, littleEndian));
}

function integerReader(
  size: number,
  signed: boolean,
  littleEndian: boolean,
): ((view: DataView, at: number) => number | bigint) | undefined {
  switch (size) {
    case 1:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 2:
      return signed
        ? (view, at) => view.getInt16(at, littleEndian)
        : (view, at) => view.getUint16(at, littleEndian);
    case 4:
      return signed
        ? (view, at) => view.getInt32(at, littleEndian)
        : (view, at) => view.getUint32(at, littleEndian);
    case 8:
      return signed
        ? (view, at) => view.getBigInt64(at, littleEndian)
        : (view, at) => view.getBigUint64(at, littleEndian);
    default:
      return undefined;
  }
}
