/** Types as entries have them: what is behind typedefs, sizes, members, values of enums. */
import { At, Encoding, Op, Tag } from './constants.ts';
import type { Entry } from './entry.ts';
import { tooMany } from './errors.ts';
import { typeOf } from './functions.ts';
import type { DebugInfo } from './info.ts';
import { MAX_CHAIN, MAX_MEMBERS } from './limits.ts';

/** Without typedefs and qualifiers; undefined for void. */
export function strip(type: Entry | undefined): Entry | undefined {
  let entry = type;
  for (let step = 0; entry && step < MAX_CHAIN; step++) {
    switch (entry.tag) {
      case Tag.typedef:
      case Tag.constType:
      case Tag.volatileType:
      case Tag.restrictType:
      case Tag.atomicType:
        entry = entry.reference(At.type);
        break;
      case Tag.structureType:
      case Tag.classType:
      case Tag.unionType:
      case Tag.enumerationType:
        // One that only stands for a type with a unit of its own.
        if (!entry.has(At.signature)) return entry;
        return entry.reference(At.signature) ?? entry;
      default:
        return entry;
    }
  }
  return undefined;
}

export function isStruct({ tag }: Entry): boolean {
  return tag === Tag.structureType || tag === Tag.classType || tag === Tag.unionType;
}

export function isPointer({ tag }: Entry): boolean {
  return (
    tag === Tag.pointerType ||
    tag === Tag.referenceType ||
    tag === Tag.rvalueReferenceType ||
    tag === Tag.unspecifiedType
  );
}

export function isFloat(entry: Entry): boolean {
  if (entry.tag !== Tag.baseType) return false;
  const encoding = entry.number(At.encoding);
  return (
    encoding === Encoding.float ||
    encoding === Encoding.complexFloat ||
    encoding === Encoding.imaginaryFloat ||
    encoding === Encoding.decimalFloat
  );
}

/** Bytes of a type; 0 for what is only declared. */
export function sizeOf(type: Entry | undefined, depth = 0): number {
  const entry = strip(type);
  if (!entry || depth > MAX_CHAIN) return 0;
  const size = entry.number(At.byteSize);
  if (size !== undefined) return size;
  if (isPointer(entry)) return entry.unit.header.addressSize;
  if (entry.tag === Tag.arrayType) {
    const { element, counts } = arrayOf(entry);
    return counts.reduce((product, count) => product * count, 1) * sizeOf(element, depth + 1);
  }
  if (entry.tag === Tag.enumerationType) return sizeOf(entry.reference(At.type), depth + 1);
  return 0;
}

/** Of a struct or base type where the producer does not say: compilers do only for what is over-aligned. */
export function alignOf(type: Entry | undefined, depth = 0): number {
  const entry = strip(type);
  if (!entry || depth > MAX_CHAIN) return 1;
  if (isStruct(entry)) return structAlign(entry, depth);
  if (entry.tag === Tag.arrayType) return alignOf(entry.reference(At.type), depth + 1);
  const size = sizeOf(entry, depth);
  return size >= 16 ? 16 : size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
}

const aligned = new WeakMap<DebugInfo, Map<string, number>>();

/** Kept: structs of structs of structs would be walked again and again. */
function structAlign(entry: Entry, depth: number): number {
  const { info, header } = entry.unit;
  let known = aligned.get(info);
  if (!known) aligned.set(info, (known = new Map()));
  const key = `${header.section} ${entry.offset}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  // One that has itself as a member is broken: it ends here.
  known.set(key, 1);
  let most = 1;
  for (const member of membersOf(entry)) most = Math.max(most, alignOf(member.type, depth + 1));
  known.set(key, most);
  return most;
}

export interface ArrayShape {
  readonly element: Entry | undefined;
  /** From the outermost dimension in; 0 where it is not known. */
  readonly counts: readonly number[];
}

export function arrayOf(entry: Entry): ArrayShape {
  const counts: number[] = [];
  for (const child of entry.children()) {
    if (child.tag !== Tag.subrangeType) continue;
    if (counts.length >= MAX_CHAIN) throw tooMany('debug_info', child.offset, 'dimensions', MAX_CHAIN);
    const bound = child.number(At.upperBound);
    const count = child.number(At.count) ?? (bound === undefined ? 0 : bound + 1);
    // An array without a length has an upper bound of -1, in as many bits as it takes.
    counts.push(count < 2 ** 31 ? Math.max(0, count) : 0);
  }
  return { element: entry.reference(At.type), counts };
}

export interface DebugMember {
  /** '' for an anonymous struct or union. */
  readonly name: string;
  readonly type: Entry | undefined;
  readonly bitOffset: number;
  /** 0: not a bitfield. */
  readonly bitSize: number;
  /** What a class is made on top of: its members are members too. */
  readonly isBase: boolean;
}

/** The members of a struct, class or union, those of its bases' not among them. Throws DwarfError. */
export function membersOf(entry: Entry): readonly DebugMember[] {
  const found: DebugMember[] = [];
  for (const child of entry.children()) {
    const isBase = child.tag === Tag.inheritance;
    if (child.tag !== Tag.member && !isBase) continue;
    // A static member is a variable.
    if (child.flag(At.external) || child.flag(At.declaration)) continue;
    if (found.length >= MAX_MEMBERS) throw tooMany('debug_info', child.offset, 'members', MAX_MEMBERS);
    const type = child.reference(At.type);
    const bitSize = child.number(At.bitSize) ?? 0;
    const place = bitOffsetOf(child, type, bitSize);
    // Where a virtual base is only the object knows.
    if (place === undefined) continue;
    found.push({ name: child.text(At.name) ?? '', type, bitOffset: place, bitSize, isBase });
  }
  return found;
}

function bitOffsetOf(member: Entry, type: Entry | undefined, bitSize: number): number | undefined {
  const bits = member.number(At.dataBitOffset);
  if (bits !== undefined) return bits;
  const bytes = byteOffsetOf(member);
  if (bytes === undefined) return undefined;
  const fromTop = member.number(At.bitOffset);
  if (fromTop === undefined || bitSize === 0) return bytes * 8;
  // Before DWARF 4: counted from the highest bit of the storage, whose size the member or its type has.
  const storage = (member.number(At.byteSize) ?? sizeOf(type)) * 8;
  const little = member.unit.info.elf.header.littleEndian;
  return bytes * 8 + (little ? storage - fromTop - bitSize : fromTop);
}

/** A number of bytes, or in DWARF 2 an expression that adds it. */
function byteOffsetOf(member: Entry): number | undefined {
  if (!member.has(At.dataMemberLocation)) return 0;
  const plain = member.number(At.dataMemberLocation);
  if (plain !== undefined) return plain;
  const expression = member.block(At.dataMemberLocation);
  return expression && !expression.done && expression.u8() === Op.plusUconst ? expression.uleb() : undefined;
}

export interface DebugEnumerator {
  readonly name: string;
  readonly value: bigint;
}

export interface DebugEnum {
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  readonly values: readonly DebugEnumerator[];
}

export function enumOf(entry: Entry): DebugEnum {
  const size = sizeOf(entry);
  const bits = size <= 1 ? 8 : size === 2 ? 16 : size <= 4 ? 32 : 64;
  const raw: { name: string; value: bigint }[] = [];
  for (const child of entry.children()) {
    if (child.tag !== Tag.enumerator) continue;
    if (raw.length >= MAX_MEMBERS) throw tooMany('debug_info', child.offset, 'enumerators', MAX_MEMBERS);
    const name = child.text(At.name);
    const value = child.constant(At.constValue);
    if (name !== undefined && value !== undefined) raw.push({ name, value });
  }
  const underlying = strip(entry.reference(At.type));
  const encoding = underlying?.number(At.encoding);
  const signed =
    encoding === undefined
      ? raw.some(({ value }) => value < 0n)
      : encoding === Encoding.signed || encoding === Encoding.signedChar;
  const fit = signed ? BigInt.asIntN : BigInt.asUintN;
  return { bits, signed, values: raw.map(({ name, value }) => ({ name, value: fit(bits, value) })) };
}

/** The type of what a pointer, a reference or an array leads to; undefined for void. */
export function targetOf(entry: Entry): Entry | undefined {
  return entry.reference(At.type);
}

/** What a function gives back; undefined for nothing. */
export function resultOf(copy: Entry): Entry | undefined {
  return typeOf(copy);
}
