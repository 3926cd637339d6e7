/** Types of C: those of the language with the size and alignment that C gives them. */
import { arrayOf } from '../types/btf-types.ts';
import { layoutOf } from '../types/layout.ts';
import {
  type AddressSpace,
  bool,
  type IntegerType,
  int8,
  int16,
  int32,
  int64,
  type StructMember,
  type StructType,
  type Type,
  uint8,
  uint16,
  uint32,
  uint64,
  voidType,
} from '../types/type.ts';

export interface CType {
  /** Called late: a pointer can be to a struct that is defined below it. */
  type(): Type;
  readonly size: number;
  readonly align: number;
  /** `struct x`, for what is declared only: it has no size. */
  readonly incomplete?: string | undefined;
  /** Arrays of it are text. */
  readonly isChar?: boolean;
  /** A function: members cannot be one, and pointers to it lead nowhere. */
  readonly isFunction?: boolean;
}

export function fixed(type: Type, size: number = layoutOf(type).size, align: number = size): CType {
  return { type: () => type, size, align: Math.max(1, align) };
}

export const charType: CType = { ...fixed(int8), isChar: true };
export const voidCType: CType = { type: () => voidType, size: 0, align: 1, incomplete: 'void' };
export const functionCType: CType = { type: () => voidType, size: 0, align: 1, isFunction: true };

export function pointerTo(target: CType, space: AddressSpace): CType {
  const pointer: Type = {
    kind: 'pointer',
    space,
    get target(): Type {
      return target.isFunction ? voidType : target.type();
    },
  };
  return { type: () => pointer, size: 8, align: 8 };
}

export function arrayType(element: CType, length: number): CType {
  let made: Type | undefined;
  return {
    type: () => (made ??= arrayOf(element.type(), length, element.isChar === true)),
    size: element.size * length,
    align: element.align,
  };
}

/** Words of a basic type, sorted, as C lets them stand in any order. */
const basic: ReadonlyMap<string, CType> = new Map<string, CType>([
  ['char', charType],
  ['char signed', fixed(int8)],
  ['char unsigned', fixed(uint8)],
  ['short', fixed(int16)],
  ['short unsigned', fixed(uint16)],
  ['int', fixed(int32)],
  ['int unsigned', fixed(uint32)],
  ['long', fixed(int64)],
  ['long unsigned', fixed(uint64)],
  ['long long', fixed(int64)],
  ['long long unsigned', fixed(uint64)],
  ['__int128', fixed({ kind: 'array', element: uint8, length: 16 }, 16)],
  ['__int128 unsigned', fixed({ kind: 'array', element: uint8, length: 16 }, 16)],
  ['float', fixed({ kind: 'array', element: uint8, length: 4 }, 4)],
  ['double', fixed({ kind: 'array', element: uint8, length: 8 }, 8)],
  ['double long', fixed({ kind: 'array', element: uint8, length: 16 }, 16)],
  ['_Bool', fixed(bool)],
  ['bool', fixed(bool)],
  ['void', voidCType],
]);

export const BASIC_WORDS: ReadonlySet<string> = new Set([
  '__int128',
  '_Bool',
  'bool',
  'char',
  'double',
  'float',
  'int',
  'long',
  'short',
  'signed',
  'unsigned',
  'void',
]);

/** The type of `unsigned long int` and its like; undefined for words that do not go together. */
export function basicType(words: readonly string[]): CType | undefined {
  const sorted = [...words].sort();
  const rest = sorted.filter((word) => word !== 'signed' && word !== 'int');
  const known = basic.get(sorted.join(' ')) ?? basic.get(rest.join(' '));
  if (known) return known;
  if (rest.length === 0) return basic.get('int');
  return rest.length === 1 && rest[0] === 'unsigned' ? basic.get('int unsigned') : undefined;
}

/** Names that the kernel's headers and the C library give to integers, where no BTF says it. */
const named: ReadonlyMap<string, IntegerType> = new Map([
  ...(['s8', '__s8', 'int8_t'] as const).map((name) => [name, int8] as const),
  ...(['u8', '__u8', 'uint8_t', 'u_char', 'unchar'] as const).map((name) => [name, uint8] as const),
  ...(['s16', '__s16', 'int16_t'] as const).map((name) => [name, int16] as const),
  ...[
    'u16',
    '__u16',
    'uint16_t',
    '__be16',
    '__le16',
    '__sum16',
    'umode_t',
    'sa_family_t',
    'ushort',
    'u_short',
  ].map((name) => [name, uint16] as const),
  ...['s32', '__s32', 'int32_t', 'pid_t', 'clockid_t', 'key_t'].map((name) => [name, int32] as const),
  ...[
    'u32',
    '__u32',
    'uint32_t',
    '__be32',
    '__le32',
    '__wsum',
    'uid_t',
    'gid_t',
    'dev_t',
    'gfp_t',
    'fmode_t',
    'uint',
    'u_int',
    'socklen_t',
    'in_addr_t',
    'mode_t',
  ].map((name) => [name, uint32] as const),
  ...[
    's64',
    '__s64',
    'int64_t',
    'ssize_t',
    'loff_t',
    'off_t',
    'time64_t',
    'ktime_t',
    'intptr_t',
    'ptrdiff_t',
    'time_t',
  ].map((name) => [name, int64] as const),
  ...[
    'u64',
    '__u64',
    'uint64_t',
    '__be64',
    '__le64',
    'size_t',
    'sector_t',
    'blkcnt_t',
    'phys_addr_t',
    'dma_addr_t',
    'resource_size_t',
    'uintptr_t',
    'ulong',
    'u_long',
    'ino_t',
    'cputime_t',
  ].map((name) => [name, uint64] as const),
]);

export function namedInteger(name: string): CType | undefined {
  const type = named.get(name);
  return type && fixed(type);
}

/** A struct of the script. It exists before its members are known, since they can point to it. */
export class CStruct implements StructType {
  readonly kind = 'struct';
  readonly name: string;
  size = 0;
  align = 1;
  /** Its braces have been closed. */
  complete = false;
  readonly #members = new Map<string, StructMember>();

  constructor(name: string) {
    this.name = name;
  }

  /** False if there is one of that name. */
  add(member: StructMember): boolean {
    if (this.#members.has(member.name)) return false;
    this.#members.set(member.name, member);
    return true;
  }

  member(name: string): StructMember | undefined {
    return this.#members.get(name);
  }

  memberNames(): readonly string[] {
    return [...this.#members.keys()];
  }
}
