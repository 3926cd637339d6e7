/**
 * The types of memory as the lowering sees them, whether declared by a schema or read from the
 * kernel's BTF: one shape for both, so that a field access is written once.
 */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import { layoutOf, type Shape, structLayout } from '../schema.ts';

export interface IntegerType {
  readonly kind: 'int';
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
}

export interface StructType {
  readonly kind: 'struct';
  /** `struct task_struct`, or the declared name: for messages, and equal only for equal types. */
  readonly name: string;
  readonly size: number;
  readonly align: 1 | 2 | 4 | 8;
  member(name: string): MemberInfo | undefined;
  memberNames(): string[];
}

export interface PointerType {
  readonly kind: 'pointer';
  /** What it points to; undefined for `void *` and functions. */
  readonly target: DataType | undefined;
  /** Carries the `user` tag in BTF: an address of the process. */
  readonly user: boolean;
}

export type DataType =
  | IntegerType
  | { readonly kind: 'bool' }
  | { readonly kind: 'chars'; readonly length: number }
  | { readonly kind: 'bytes'; readonly length: number }
  | { readonly kind: 'array'; readonly element: DataType; readonly length: number }
  | StructType
  | PointerType
  /** Memory whose content has no meaning to us: floats, functions. */
  | { readonly kind: 'opaque'; readonly name: string; readonly size: number };

export interface MemberInfo {
  readonly name: string;
  /** Bytes from the start of the outer struct; for a bitfield, of the integer that holds it. */
  readonly offset: number;
  readonly type: DataType;
  /** Place inside that integer, counted from its least significant bit on little-endian machines. */
  readonly bitfield?: { readonly shift: number; readonly size: number };
  /** A pointer read through a union may have another type than the verifier assumes. */
  readonly inUnion: boolean;
}

export const types: Record<'u8' | 'u16' | 'u32' | 'u64' | 'i8' | 'i16' | 'i32' | 'i64', IntegerType> = {
  u8: { kind: 'int', bits: 8, signed: false },
  u16: { kind: 'int', bits: 16, signed: false },
  u32: { kind: 'int', bits: 32, signed: false },
  u64: { kind: 'int', bits: 64, signed: false },
  i8: { kind: 'int', bits: 8, signed: true },
  i16: { kind: 'int', bits: 16, signed: true },
  i32: { kind: 'int', bits: 32, signed: true },
  i64: { kind: 'int', bits: 64, signed: true },
};

/** Bytes in memory. */
export function sizeOf(type: DataType): number {
  switch (type.kind) {
    case 'int':
      return type.bits / 8;
    case 'bool':
      return 1;
    case 'pointer':
      return 8;
    case 'chars':
    case 'bytes':
      return type.length;
    case 'array':
      return sizeOf(type.element) * type.length;
    case 'struct':
    case 'opaque':
      return type.size;
  }
}

export function alignOf(type: DataType): 1 | 2 | 4 | 8 {
  switch (type.kind) {
    case 'int':
      return (type.bits / 8) as 1 | 2 | 4 | 8;
    case 'pointer':
      return 8;
    case 'array':
      return alignOf(type.element);
    case 'struct':
      return type.align;
    case 'bool':
    case 'chars':
    case 'bytes':
    case 'opaque':
      return 1;
  }
}

/** For messages: `u32`, `text of 16 bytes`, `struct task_struct`. */
export function nameOf(type: DataType): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? 'i' : 'u'}${type.bits}`;
    case 'bool':
      return 'boolean';
    case 'chars':
      return `text of ${type.length} bytes`;
    case 'bytes':
      return `${type.length} bytes`;
    case 'array':
      return `array of ${type.length} ${nameOf(type.element)}`;
    case 'struct':
    case 'opaque':
      return type.name;
    case 'pointer':
      return type.target ? `pointer to ${nameOf(type.target)}` : 'address';
  }
}

const declared = new WeakMap<Shape, DataType>();

/** The type of a schema's shape; the same shape gives the same object. */
export function fromShape(shape: Shape): DataType {
  const known = declared.get(shape);
  if (known) return known;
  const made = shapeType(shape);
  declared.set(shape, made);
  return made;
}

function shapeType(shape: Shape): DataType {
  switch (shape.kind) {
    case 'int':
      return { kind: 'int', bits: shape.bits, signed: shape.signed };
    case 'bool':
      return { kind: 'bool' };
    case 'chars':
    case 'bytes':
      return { kind: shape.kind, length: shape.length };
    case 'array':
      return { kind: 'array', element: fromShape(shape.element), length: shape.length };
    case 'struct': {
      const { offsets } = structLayout(shape.fields);
      const members = new Map<string, MemberInfo>();
      for (const [i, field] of shape.fields.entries()) {
        const type = fromShape(field.shape);
        members.set(field.name, { name: field.name, offset: offsets[i], type, inUnion: false });
      }
      return {
        kind: 'struct',
        name: shape.name,
        ...layoutOf(shape),
        member: (name) => members.get(name),
        memberNames: () => [...members.keys()],
      };
    }
  }
}

const fromKernel = new WeakMap<Btf, Map<TypeId, DataType>>();

/** The type with this id; struct members are looked up when asked for, not before. */
export function fromBtf(btf: Btf, id: TypeId): DataType {
  let cache = fromKernel.get(btf);
  if (!cache) fromKernel.set(btf, (cache = new Map()));
  const known = cache.get(id);
  if (known) return known;
  const made = btfType(btf, id);
  cache.set(id, made);
  return made;
}

function btfType(btf: Btf, id: TypeId): DataType {
  const stripped = btf.strip(id);
  const type = btf.type(stripped);
  switch (type.kind) {
    case 'int':
      if (type.encoding === 'bool') return { kind: 'bool' };
      return {
        kind: 'int',
        bits: (type.size > 8 ? 64 : type.size * 8) as IntegerType['bits'],
        signed: type.encoding === 'signed',
      };
    case 'enum':
    case 'enum64':
      return { kind: 'int', bits: (type.size * 8) as IntegerType['bits'], signed: type.signed };
    case 'pointer': {
      const user = hasUserTag(btf, type.target);
      return {
        kind: 'pointer',
        user,
        get target() {
          return pointee(btf, type.target);
        },
      };
    }
    case 'array': {
      const element = btf.type(btf.strip(type.element));
      if (
        element.kind === 'int' &&
        element.size === 1 &&
        (element.name === 'char' || element.encoding === 'char')
      ) {
        return { kind: 'chars', length: type.length };
      }
      return { kind: 'array', element: fromBtf(btf, type.element), length: type.length };
    }
    case 'struct':
    case 'union':
      return {
        kind: 'struct',
        name: type.name ? `${type.kind} ${type.name}` : `(anonymous ${type.kind} ${stripped})`,
        size: type.size,
        align: Math.min(8, btf.alignOf(stripped)) as StructType['align'],
        member: (name) => btfMember(btf, stripped, name),
        memberNames: () => memberNames(btf, stripped),
      };
    default:
      return { kind: 'opaque', name: 'name' in type ? type.name : type.kind, size: 0 };
  }
}

function pointee(btf: Btf, id: TypeId): DataType | undefined {
  const stripped = btf.strip(id);
  const kind = btf.type(stripped).kind;
  if (kind === 'void' || kind === 'prototype' || kind === 'forward') return undefined;
  return fromBtf(btf, stripped);
}

function hasUserTag(btf: Btf, id: TypeId): boolean {
  for (let type = btf.type(id); ; type = btf.type(type.target)) {
    if (type.kind === 'typeTag') {
      if (type.name === 'user') return true;
    } else if (type.kind !== 'const' && type.kind !== 'volatile' && type.kind !== 'restrict') return false;
  }
}

function btfMember(btf: Btf, id: TypeId, name: string): MemberInfo | undefined {
  const found = btf.member(id, name);
  if (!found) return undefined;
  const type = fromBtf(btf, found.type);
  const inUnion = passesUnion(btf, id, name);
  if (found.bitSize === 0) return { name, offset: found.bitOffset / 8, type, inUnion };
  // The smallest aligned integer that holds all bits, as CO-RE widens it (libbpf's relo_core.c).
  let size = Math.max(1, sizeOf(type));
  let offset = Math.floor(found.bitOffset / 8 / size) * size;
  while (found.bitOffset + found.bitSize - offset * 8 > size * 8 && size < 8) {
    size *= 2;
    offset = Math.floor(found.bitOffset / 8 / size) * size;
  }
  const signed = type.kind === 'int' && type.signed;
  return {
    name,
    offset,
    type: { kind: 'int', bits: (size * 8) as IntegerType['bits'], signed },
    bitfield: { shift: found.bitOffset - offset * 8, size: found.bitSize },
    inUnion,
  };
}

/** True if the type is a union, or the member is reached through an anonymous union. */
function passesUnion(btf: Btf, id: TypeId, name: string): boolean {
  const type = btf.type(id);
  if (type.kind === 'union') return true;
  if (type.kind !== 'struct') return false;
  for (const member of type.members) {
    if (member.name === name) return false;
    if (member.name !== '') continue;
    const inner = btf.strip(member.type);
    if (btf.member(inner, name)) return passesUnion(btf, inner, name);
  }
  return false;
}

function memberNames(btf: Btf, id: TypeId): string[] {
  const type = btf.type(id);
  if (type.kind !== 'struct' && type.kind !== 'union') return [];
  return type.members.flatMap((member) =>
    member.name === '' ? memberNames(btf, btf.strip(member.type)) : [member.name],
  );
}
