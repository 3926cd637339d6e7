/**
 * Sizes, alignment and members: what follows from types alone.
 *
 * BTF may come from anybody, so nothing here trusts it: chains of modifiers and nesting are bounded (the kernel's
 * own bound is 32, MAX_RESOLVE_DEPTH in kernel/bpf/btf.c), and a search visits each type once.
 */
import { memberOutside, noSize, tooDeep, tooLarge } from './errors.ts';
import type { BtfType, Member, TypeId } from './types.ts';

/** Where types come from: parsed BTF, or one that is being built. */
export interface TypeTable {
  type(id: TypeId): BtfType;
  readonly pointerSize: 4 | 8;
}

export interface FoundMember {
  readonly type: TypeId;
  /** From the start of the type that was searched, in bits. */
  readonly bitOffset: number;
  /** Width of a bitfield in bits; 0 for an ordinary member. */
  readonly bitSize: number;
}

export const MAX_DEPTH = 64;
const MAX_SIZE = 2 ** 32;

export function stripModifiers(table: TypeTable, id: TypeId): TypeId {
  let at = id;
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    const type = table.type(at);
    switch (type.kind) {
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'typeTag':
        at = type.target;
        break;
      default:
        return at;
    }
  }
  throw tooDeep(id);
}

export function sizeOf(table: TypeTable, id: TypeId): number {
  let at = id;
  let factor = 1;
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    const type = table.type(at);
    switch (type.kind) {
      case 'int':
      case 'float':
      case 'struct':
      case 'union':
      case 'enum':
      case 'enum64':
      case 'section':
        return bounded(type.size * factor, id);
      case 'pointer':
        return bounded(table.pointerSize * factor, id);
      case 'array':
        factor = bounded(factor * type.length, id);
        at = type.element;
        break;
      case 'variable':
        at = type.type;
        break;
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'typeTag':
        at = type.target;
        break;
      default:
        throw noSize(at, type.kind);
    }
  }
  throw tooDeep(id);
}

function bounded(size: number, id: TypeId): number {
  if (size > MAX_SIZE) throw tooLarge(id);
  return size;
}

const alignments = new WeakMap<TypeTable, Map<TypeId, number>>();

export function alignOf(table: TypeTable, id: TypeId): number {
  let known = alignments.get(table);
  if (known === undefined) alignments.set(table, (known = new Map()));
  return align(table, id, known, 0);
}

function align(table: TypeTable, id: TypeId, known: Map<TypeId, number>, depth: number): number {
  if (depth > MAX_DEPTH) throw tooDeep(id);
  const before = known.get(id);
  if (before !== undefined) return before;
  const type = table.type(id);
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'enum':
    case 'enum64':
      return Math.max(1, Math.min(type.size, type.size === 16 ? 16 : table.pointerSize));
    case 'pointer':
      return table.pointerSize;
    case 'array':
      return align(table, type.element, known, depth + 1);
    case 'variable':
      return align(table, type.type, known, depth + 1);
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'typeTag':
      return align(table, type.target, known, depth + 1);
    case 'struct':
    case 'union': {
      let most = 1;
      let packed = false;
      for (const member of type.members) {
        const one = align(table, member.type, known, depth + 1);
        if (member.bitSize === 0 && member.bitOffset % (one * 8) !== 0) packed = true;
        most = Math.max(most, one);
      }
      // BTF has no attribute for it: a struct that breaks its members' alignment must have been packed.
      const result = packed || type.size % most !== 0 ? 1 : most;
      known.set(id, result);
      return result;
    }
    default:
      throw noSize(id, type.kind);
  }
}

/** Searches level by level as C does: a name exists once, wherever it stands among anonymous members. */
export function findMember(table: TypeTable, id: TypeId, name: string): FoundMember | undefined {
  const seen = new Set<TypeId>();
  const search = (at: TypeId, bitOffset: number, depth: number): FoundMember | undefined => {
    const stripped = stripModifiers(table, at);
    if (seen.has(stripped)) return undefined;
    seen.add(stripped);
    const type = table.type(stripped);
    if (type.kind !== 'struct' && type.kind !== 'union') return undefined;
    if (depth > MAX_DEPTH) throw tooDeep(id);
    for (const member of type.members) {
      if (member.name === name && name !== '') {
        const field = fieldOf(table, member);
        return { ...field, bitOffset: bitOffset + field.bitOffset };
      }
      if (member.name !== '') continue;
      const found = search(member.type, bitOffset + member.bitOffset, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(id, 0, 0);
}

/**
 * Where a member's bits are. Before the flag for bitfields (Linux 4.20, and still what some compilers emit) a
 * bitfield was an ordinary member whose int had fewer bits than its size, or began inside of it.
 */
export function fieldOf(table: TypeTable, member: Member): FoundMember {
  const { type, bitOffset, bitSize } = member;
  if (bitSize === 0) {
    const int = table.type(stripModifiers(table, type));
    if (int.kind === 'int' && (int.bits !== int.size * 8 || int.bitOffset !== 0)) {
      return { type, bitOffset: bitOffset + int.bitOffset, bitSize: int.bits };
    }
  }
  return { type, bitOffset, bitSize };
}

/** One past the member's last bit, from the start of its struct; throws when that is outside. */
export function checkedMemberEnd(
  table: TypeTable,
  id: TypeId,
  size: number,
  name: string,
  field: FoundMember,
): number {
  const bits = field.bitSize > 0 ? field.bitSize : sizeOf(table, field.type) * 8;
  const end = field.bitOffset + bits;
  if (end > size * 8) throw memberOutside(id, name);
  return end;
}
