/**
 * Types of BTF as types of the language. They are made when asked for and kept: a kernel has a hundred thousand, and
 * most of them refer to each other in circles.
 *
 * What the language has no type for is bytes: floats, and integers of more than 64 bits.
 */
import type { Btf } from '../../btf/btf.ts';
import type { BtfKind, BtfType, TypeId } from '../../btf/types.ts';
import { layoutOf } from './layout.ts';
import {
  bool,
  type EnumType,
  type IntegerType,
  int8,
  type StructMember,
  type StructType,
  string,
  type Type,
  uint8,
  voidType,
} from './type.ts';

const known = new WeakMap<Btf, Map<TypeId, Type>>();

export interface BtfPlace {
  readonly types: Btf;
  readonly id: TypeId;
}

const places = new WeakMap<Type, BtfPlace>();

/** Where in which BTF a struct or enum stands; undefined for those of scripts, programs and format files. */
export function placeInBtf(type: Type): BtfPlace | undefined {
  return places.get(type);
}

/** The type with this id, looked at through typedefs and qualifiers; the same object each time. */
export function typeOfBtf(btf: Btf, id: TypeId): Type {
  let types = known.get(btf);
  if (!types) known.set(btf, (types = new Map()));
  const stripped = btf.strip(id);
  const before = types.get(stripped);
  if (before) return before;
  const made = make(btf, stripped, btf.type(stripped));
  types.set(stripped, made);
  // A declaration has become the definition, which has its place.
  if ((made.kind === 'struct' || made.kind === 'enum') && !places.has(made)) {
    // What a module shares with the kernel is the kernel's.
    const own = btf.base !== undefined && stripped < btf.base.count ? btf.base : btf;
    places.set(made, { types: own, id: stripped });
  }
  return made;
}

const kindsOf: Readonly<Record<'struct' | 'union' | 'enum', readonly BtfKind[]>> = {
  struct: ['struct'],
  union: ['union'],
  enum: ['enum', 'enum64'],
};

/** A type by its name; without a tag, a typedef or a basic type such as `long unsigned int`. */
export function findBtfType(
  btf: Btf,
  name: string,
  tag: 'struct' | 'union' | 'enum' | undefined,
): Type | undefined {
  for (const kind of tag === undefined ? (['typedef', 'int'] as const) : kindsOf[tag]) {
    const id = btf.find(name, kind);
    if (id !== undefined) return typeOfBtf(btf, id);
  }
  return undefined;
}

export interface BtfEnumerator {
  readonly value: bigint;
  readonly type: EnumType;
}

const enumerators = new WeakMap<Btf, Map<string, { readonly id: TypeId; readonly value: bigint }>>();

/** An enumerator of any enum, the first of that name. The first search reads all enums of the kernel. */
export function findBtfEnumerator(btf: Btf, name: string): BtfEnumerator | undefined {
  const inBase = btf.base && findBtfEnumerator(btf.base, name);
  if (inBase) return inBase;
  let index = enumerators.get(btf);
  if (!index) enumerators.set(btf, (index = indexEnumerators(btf)));
  const found = index.get(name);
  if (!found) return undefined;
  const type = typeOfBtf(btf, found.id);
  return type.kind === 'enum' ? { value: found.value, type } : undefined;
}

function indexEnumerators(btf: Btf): Map<string, { readonly id: TypeId; readonly value: bigint }> {
  const index = new Map<string, { readonly id: TypeId; readonly value: bigint }>();
  for (let id = btf.base?.count ?? 1; id < btf.count; id++) {
    const kind = btf.kind(id);
    if (kind !== 'enum' && kind !== 'enum64') continue;
    const type = btf.type(id);
    if (type.kind !== 'enum' && type.kind !== 'enum64') continue;
    for (const { name, value } of type.values) if (!index.has(name)) index.set(name, { id, value });
  }
  return index;
}

function make(btf: Btf, id: TypeId, type: BtfType): Type {
  switch (type.kind) {
    case 'int':
      return integerType(type);
    case 'enum':
    case 'enum64':
      return {
        kind: 'enum',
        name: type.name === '' ? 'enum' : `enum ${type.name}`,
        bits: bitsOf(type.size),
        signed: type.signed,
        values: type.values,
      };
    case 'pointer':
      return {
        kind: 'pointer',
        space: hasUserTag(btf, type.target) ? 'user' : 'kernel',
        get target(): Type {
          return pointee(btf, type.target);
        },
      };
    case 'array':
      btf.sizeOf(id); // refuses arrays that contain themselves
      return arrayOf(typeOfBtf(btf, type.element), type.length, isChar(btf, type.element));
    case 'struct':
    case 'union':
      return structType(btf, id, type.name === '' ? '' : `${type.kind} ${type.name}`, type.size);
    case 'forward':
      return forwardType(btf, type);
    case 'float':
      return { kind: 'array', element: uint8, length: type.size };
    default:
      return voidType;
  }
}

function integerType(type: Extract<BtfType, { kind: 'int' }>): Type {
  if (type.encoding === 'bool') return bool;
  if (type.name === 'char') return int8;
  if (type.size > 8) return { kind: 'array', element: uint8, length: type.size };
  return {
    kind: 'int',
    bits: bitsOf(type.size),
    signed: type.encoding === 'signed' || type.encoding === 'char',
  };
}

/** Sizes that are no integer's (BTF may say anything) are read as the next larger one. */
function bitsOf(size: number): IntegerType['bits'] {
  return size <= 1 ? 8 : size <= 2 ? 16 : size <= 4 ? 32 : 64;
}

/** An array as the language sees it: of `char`, text. An array without a length is a place, not a text. */
export function arrayOf(element: Type, length: number, ofChars: boolean): Type {
  return ofChars && length > 0 ? string(length) : { kind: 'array', element, length };
}

/** Not `signed char` or `unsigned char`, which are numbers. */
function isChar(btf: Btf, id: TypeId): boolean {
  const type = btf.type(btf.strip(id));
  return type.kind === 'int' && type.size === 1 && type.name === 'char';
}

function pointee(btf: Btf, id: TypeId): Type {
  const stripped = btf.strip(id);
  return stripped === 0 ? voidType : typeOfBtf(btf, stripped);
}

function hasUserTag(btf: Btf, id: TypeId): boolean {
  for (let type = btf.type(id); ; type = btf.type(type.target)) {
    if (type.kind === 'typeTag') {
      if (type.name === 'user') return true;
    } else if (type.kind !== 'const' && type.kind !== 'volatile' && type.kind !== 'restrict') return false;
  }
}

/** Declared here and defined elsewhere: the definition if it is known, else a struct with nothing in it. */
function forwardType(btf: Btf, type: Extract<BtfType, { kind: 'forward' }>): Type {
  const tag = type.union ? 'union' : 'struct';
  return findBtfType(btf, type.name, tag) ?? emptyStruct(`${tag} ${type.name}`);
}

/** A struct of which only the name is known. */
export function emptyStruct(name: string): StructType {
  return { kind: 'struct', name, size: 0, align: 1, member: () => undefined, memberNames: () => [] };
}

function structType(btf: Btf, id: TypeId, name: string, size: number): StructType {
  const members = new Map<string, StructMember | undefined>();
  return {
    kind: 'struct',
    name,
    size,
    get align(): number {
      return btf.alignOf(id);
    },
    member(wanted) {
      if (!members.has(wanted)) members.set(wanted, findMember(btf, id, wanted));
      return members.get(wanted);
    },
    memberNames: () => memberNames(btf, id),
  };
}

function findMember(btf: Btf, id: TypeId, name: string): StructMember | undefined {
  const found = btf.member(id, name);
  if (!found) return undefined;
  const type = typeOfBtf(btf, found.type);
  const inUnion = passesUnion(btf, id, name);
  if (found.bitSize === 0) return { name, type, offset: found.bitOffset / 8, inUnion };
  return { ...bitfieldMember(name, type, found.bitOffset, found.bitSize), inUnion };
}

/**
 * The member for a bitfield: the smallest aligned integer, at least as large as the declared type, that holds all
 * of its bits. In a packed struct that may be wider than the type.
 */
export function bitfieldMember(name: string, type: Type, bitOffset: number, bitSize: number): StructMember {
  let size = Math.min(8, Math.max(1, layoutOf(type).size));
  const startOf = (width: number): number => Math.floor(bitOffset / 8 / width) * width;
  while (bitOffset + bitSize - startOf(size) * 8 > size * 8 && size < 8) size *= 2;
  const offset = startOf(size);
  const signed = (type.kind === 'int' || type.kind === 'enum') && type.signed;
  return {
    name,
    type: { kind: 'int', bits: bitsOf(size), signed },
    offset,
    bitfield: { shift: bitOffset - offset * 8, size: bitSize },
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

/** Each anonymous member once: its names can stand in a struct only once. */
function memberNames(btf: Btf, id: TypeId, seen: Set<TypeId> = new Set()): string[] {
  const type = btf.type(id);
  if ((type.kind !== 'struct' && type.kind !== 'union') || seen.has(id)) return [];
  seen.add(id);
  return type.members.flatMap((member) =>
    member.name === '' ? memberNames(btf, btf.strip(member.type), seen) : [member.name],
  );
}
