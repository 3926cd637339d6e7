/**
 * The answer to a relocation: a number, from an access and the types that it is made on. Computed twice, for the
 * object's own types (what the instruction holds now) and for the kernel's (what it is to hold).
 */
import { sizeOf } from '../../btf/layout.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import type { CoreKind } from '../spec.ts';
import { type Access, AccessError, familyOf } from './access.ts';

/** No answer is possible on this side: the instruction must never be reached. */
export const impossible: unique symbol = Symbol('impossible');

export interface Value {
  /** Of 64 bits, unsigned, except for negative enumerators. */
  readonly value: bigint;
  /** Whether the instruction must hold the local value: bitfields and type ids are not known to compilers. */
  readonly checked: boolean;
  /** Of the member behind an offset: a load or store of it may have to change its width. */
  readonly memory?: { readonly size: number; readonly type: TypeId };
}

const unchecked = (value: bigint): Value => ({ value, checked: false });
const checked = (value: bigint): Value => ({ value, checked: true });

/** `access` undefined: nothing in the kernel matches. Throws AccessError. */
export function answerOn(kind: CoreKind, access: Access | undefined): Value | typeof impossible {
  switch (familyOf(kind)) {
    case 'field':
      return fieldValue(kind, access);
    case 'type':
      return typeValue(kind, access);
    case 'enum':
      return enumValue(kind, access);
  }
}

function typeValue(kind: CoreKind, access: Access | undefined): Value {
  if (access === undefined) return checked(0n);
  switch (kind) {
    case 'typeIdLocal':
    case 'typeIdTarget':
      return unchecked(BigInt(access.root));
    case 'typeSize':
      return checked(BigInt(sizeOf(access.types, access.root)));
    default:
      return checked(1n);
  }
}

function enumValue(kind: CoreKind, access: Access | undefined): Value | typeof impossible {
  if (kind === 'enumValueExists') return checked(access === undefined ? 0n : 1n);
  if (access === undefined) return impossible;
  const { type: id, index } = access.accessors[0]!;
  const type = access.types.type(id);
  if (type.kind !== 'enum' && type.kind !== 'enum64')
    throw new AccessError(`a ${type.kind} has no enumerators`);
  return checked(type.values[index]!.value);
}

function fieldValue(kind: CoreKind, access: Access | undefined): Value | typeof impossible {
  if (kind === 'fieldExists') return checked(access === undefined ? 0n : 1n);
  if (access === undefined) return impossible;
  const { types, bitOffset } = access;
  const last = access.accessors.at(-1)!;
  if (last.name === undefined) {
    // An element of an array, or the whole object.
    const size = sizeOf(types, last.type);
    if (kind === 'fieldOffset') {
      return { value: BigInt(Math.floor(bitOffset / 8)), checked: true, memory: { size, type: last.type } };
    }
    if (kind === 'fieldSize') return checked(BigInt(size));
    throw new AccessError(
      `an element of an array can only be asked for its offset and size, not for ${kind}`,
    );
  }
  const holder = types.type(last.type);
  if (holder.kind !== 'struct' && holder.kind !== 'union')
    throw new AccessError(`a ${holder.kind} has no members`);
  const member = holder.members[last.index]!;
  const id = types.strip(member.type);
  const type = types.type(id);
  const place = member.bitSize > 0 ? bitfieldPlace(type, bitOffset, member.bitSize) : plainPlace(access, id);
  const { byteOffset, byteSize, bitSize } = place;
  const bitfield = member.bitSize > 0;
  switch (kind) {
    case 'fieldOffset':
      if (bitfield) return unchecked(BigInt(byteOffset));
      return {
        value: BigInt(byteOffset),
        checked: true,
        memory: { size: elementSize(access, id), type: id },
      };
    case 'fieldSize':
      return { value: BigInt(byteSize), checked: !bitfield };
    case 'fieldSigned':
      return checked(isSigned(type) ? 1n : 0n);
    case 'fieldLeftShift': {
      const shift = types.littleEndian
        ? 64 - (bitOffset + bitSize - byteOffset * 8)
        : (8 - byteSize) * 8 + (bitOffset - byteOffset * 8);
      return { value: BigInt.asUintN(64, BigInt(shift)), checked: !bitfield };
    }
    case 'fieldRightShift':
      return checked(BigInt.asUintN(64, BigInt(64 - bitSize)));
    default:
      throw new AccessError(`${kind} is no question about a member`);
  }
}

interface Place {
  readonly byteOffset: number;
  readonly byteSize: number;
  readonly bitSize: number;
}

function plainPlace({ types, bitOffset }: Access, id: TypeId): Place {
  const byteSize = sizeOf(types, id);
  return { byteOffset: Math.floor(bitOffset / 8), byteSize, bitSize: byteSize * 8 };
}

/**
 * The smallest aligned word that holds all bits: the int's own size, doubled while they do not fit. What does not
 * fit into 8 bytes cannot be loaded at once.
 */
function bitfieldPlace(type: BtfType, bitOffset: number, bitSize: number): Place {
  if (type.kind !== 'int' && type.kind !== 'enum' && type.kind !== 'enum64') {
    throw new AccessError(`a bitfield of a ${type.kind}`);
  }
  const start = (size: number): number => Math.floor(bitOffset / 8 / size) * size;
  let byteSize = type.size;
  while (bitOffset + bitSize - start(byteSize) * 8 > byteSize * 8) {
    if (byteSize >= 8) throw new AccessError('a bitfield that no load of 8 bytes holds');
    byteSize *= 2;
  }
  return { byteOffset: start(byteSize), byteSize, bitSize };
}

/** Of one element where the member is an array: that is what single loads and stores take. */
function elementSize({ types }: Access, id: TypeId): number {
  let at = id;
  for (let depth = 0; depth < 32; depth++) {
    const type = types.type(at);
    if (type.kind !== 'array') break;
    at = types.strip(type.element);
  }
  return sizeOf(types, at);
}

function isSigned(type: BtfType): boolean {
  if (type.kind === 'int') return type.encoding === 'signed';
  return (type.kind === 'enum' || type.kind === 'enum64') && type.signed;
}

/**
 * Whether a load or store of the object's member can be made one of the kernel's by changing its width: pointers
 * (4 bytes on 32-bit kernels, 8 in BPF) and unsigned integers, whose upper bytes a load fills with zeros.
 */
export function widthMayChange(local: BtfType, target: BtfType): boolean {
  if (local.kind === 'pointer' && target.kind === 'pointer') return true;
  return (
    local.kind === 'int' &&
    target.kind === 'int' &&
    local.encoding !== 'signed' &&
    target.encoding !== 'signed'
  );
}
