/**
 * Types of debug information as types of the language. They are made when asked for and kept: a program has as many as
 * it likes, and most of them refer to each other in circles.
 *
 * As bpftrace reads them: enums are unsigned numbers and `bool` is a byte. What the language has no type for is bytes:
 * floating-point numbers, and integers of more than 64 bits.
 */
import { At, Encoding, Tag } from '../../dwarf/constants.ts';
import type { Entry } from '../../dwarf/entry.ts';
import { orUndefined } from '../../dwarf/functions.ts';
import type { DebugInfo } from '../../dwarf/info.ts';
import { definitionOf } from '../../dwarf/names.ts';
import {
  alignOf,
  arrayOf,
  type DebugMember,
  enumOf,
  isFloat,
  isStruct,
  membersOf,
  sizeOf,
  strip,
} from '../../dwarf/types.ts';
import { arrayOf as arrayType, bitfieldMember, emptyStruct } from './btf-types.ts';
import {
  type EnumType,
  type IntegerType,
  int8,
  type StructMember,
  type StructType,
  type Type,
  uint8,
  voidType,
} from './type.ts';

const known = new WeakMap<DebugInfo, Map<string, Type>>();

/** Types within types that are looked through for members. */
const MAX_NESTED = 32;
/** Members of a struct together with those of what is inside of it without a name. */
const MAX_MEMBERS = 1 << 16;

/** The type of an entry, void for none; the same object each time. What is broken is void, or has no members. */
export function typeOfEntry(written: Entry | undefined): Type {
  return orUndefined(() => findType(written)) ?? voidType;
}

function findType(written: Entry | undefined): Type | undefined {
  const entry = strip(written);
  if (!entry || !written) return undefined;
  const { info } = entry.unit;
  let types = known.get(info);
  if (!types) known.set(info, (types = new Map()));
  const key = `${entry.unit.header.section} ${entry.offset}`;
  let type = types.get(key);
  if (!type) types.set(key, (type = make(entry, written)));
  return type;
}

function make(entry: Entry, written: Entry): Type {
  switch (entry.tag) {
    case Tag.baseType:
      return baseType(entry);
    case Tag.enumerationType:
      return { kind: 'int', bits: enumOf(entry).bits, signed: false };
    case Tag.pointerType:
    case Tag.referenceType:
    case Tag.rvalueReferenceType:
    case Tag.unspecifiedType:
      return {
        kind: 'pointer',
        space: 'user',
        get target(): Type {
          return typeOfEntry(orUndefined(() => entry.reference(At.type)));
        },
      };
    case Tag.arrayType: {
      const { element, counts } = arrayOf(entry);
      const isText = isChar(element);
      return counts.reduceRight<Type>(
        (inner, count, index) => arrayType(inner, count, isText && index === counts.length - 1),
        typeOfEntry(element),
      );
    }
    case Tag.structureType:
    case Tag.classType:
    case Tag.unionType:
      return structType(entry, written);
    case Tag.ptrToMemberType:
      return { kind: 'array', element: uint8, length: sizeOf(entry) };
    default:
      return voidType;
  }
}

function baseType(entry: Entry): Type {
  const size = sizeOf(entry);
  const encoding = entry.number(At.encoding);
  if (entry.name === 'char') return int8;
  if (isFloat(entry) || size > 8) return { kind: 'array', element: uint8, length: size };
  const signed = encoding === Encoding.signed || encoding === Encoding.signedChar;
  return { kind: 'int', bits: bitsOf(size), signed };
}

function bitsOf(size: number): IntegerType['bits'] {
  return size <= 1 ? 8 : size <= 2 ? 16 : size <= 4 ? 32 : 64;
}

/** Not `signed char` or `unsigned char`, which are numbers. */
function isChar(type: Entry | undefined): boolean {
  const entry = strip(type);
  return entry?.tag === Tag.baseType && entry.name === 'char';
}

/** A struct without a name has that of the typedef it was reached by. */
function structType(declared: Entry, written: Entry): StructType {
  const entry = definitionOf(declared);
  const own = entry.name ?? typedefName(written);
  const tag = entry.tag === Tag.unionType ? 'union' : 'struct';
  const name = own === undefined ? '' : `${tag} ${own}`;
  if (entry.flag(At.declaration)) return emptyStruct(name);
  let members: ReadonlyMap<string, StructMember> | undefined;
  const all = (): ReadonlyMap<string, StructMember> => (members ??= collect(entry));
  return {
    kind: 'struct',
    name,
    size: sizeOf(entry),
    get align(): number {
      return orUndefined(() => alignOf(entry)) ?? 1;
    },
    member: (wanted) => all().get(wanted),
    memberNames: () => [...all().keys()],
  };
}

function typedefName(written: Entry): string | undefined {
  for (let entry: Entry | undefined = written, step = 0; entry && step < MAX_NESTED; step++) {
    if (entry.tag === Tag.typedef) return entry.name;
    if (isStruct(entry)) return undefined;
    entry = entry.reference(At.type);
  }
  return undefined;
}

/** The members by name, those of anonymous ones and of base classes among them; the first of a name counts. */
function collect(entry: Entry): ReadonlyMap<string, StructMember> {
  const found = new Map<string, StructMember>();
  let left = MAX_MEMBERS;
  const add = (struct: Entry, at: number, inUnion: boolean, depth: number): void => {
    const within = inUnion || struct.tag === Tag.unionType;
    for (const member of membersOf(struct)) {
      if (left-- <= 0) return;
      if (member.name !== '' && !member.isBase) {
        if (!found.has(member.name)) found.set(member.name, memberOf(member, at, within));
        continue;
      }
      const inner = strip(member.type);
      if (inner && isStruct(inner) && depth < MAX_NESTED) {
        add(definitionOf(inner), at + member.bitOffset, within, depth + 1);
      }
    }
  };
  // Broken entries end the list: those before them count.
  orUndefined(() => add(entry, 0, false, 0));
  return found;
}

function memberOf(member: DebugMember, at: number, inUnion: boolean): StructMember {
  const { name, bitSize } = member;
  const bitOffset = at + member.bitOffset;
  // Made when it is read: a member's type may be the struct itself.
  let type: Type | undefined;
  const typed = (): Type => (type ??= typeOfEntry(member.type));
  if (bitSize > 0 && bitSize <= 64) return { ...bitfieldMember(name, typed(), bitOffset, bitSize), inUnion };
  return {
    name,
    get type(): Type {
      return typed();
    },
    offset: Math.floor(bitOffset / 8),
    inUnion,
  };
}

/** An enum as one, with the names of its values: what is written as `(enum color)`. */
export function enumTypeOf(entry: Entry): EnumType {
  const { bits, signed, values } = enumOf(entry);
  return {
    kind: 'enum',
    name: entry.name === undefined ? 'enum' : `enum ${entry.name}`,
    bits,
    signed,
    values,
  };
}
