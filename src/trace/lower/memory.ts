/** Reading and writing memory by type. Every write fills every byte: keys are compared, records are sent as a whole. */
import { helper } from '../../compiler/helpers.ts';
import type { Value } from '../../compiler/ir.ts';
import type { Memory } from '../../script/emit/emitter.ts';
import {
  addressAt,
  copyBytes,
  copyIn,
  loadFrom,
  storeConstant,
  stringReader,
  zero,
} from '../../script/emit/memory.ts';
import { layoutOf, sequence } from '../types/layout.ts';
import type { PointerType, Type } from '../types/type.ts';
import type { Lowered, Parts, Place, Scalar } from './lowered.ts';
import type { Lowering } from './state.ts';
import { elementsOf, isRegister, isSigned, registerSize, sameLayout, textSize } from './types.ts';

/** Beyond this many bytes a helper zeroes in fewer instructions than stores. */
const inlineZero = 64;

/** Zeros. A helper that reads what nobody can read (address 0) fills its destination with them. */
export function clear(l: Lowering, to: Value, offset: number, size: number): void {
  if (size <= inlineZero) return zero(l, to, offset, size);
  // Not l.call: with -k its failure would be reported.
  l.b.call(helper('probe_read_kernel'), [addressAt(l, to, offset), l.b.constant(size), l.b.constant(0)]);
}

/** Memory of this frame. */
export function frameMemory(l: Lowering, name: string, size: number): Value {
  return l.b.slotAddress(l.b.slot(name, Math.max(1, size), 8));
}

/** How memory behind a pointer may be read, if only its type is known. */
export function memoryOf(l: Lowering, type: PointerType): Memory {
  switch (type.space) {
    case 'user':
      return 'user';
    case 'kernel':
    case 'bpf':
      return 'kernelRaw';
    default:
      return l.hook.userMemory ? 'user' : 'either';
  }
}

/** A pointer keeps the verifier's trust only if it was read where the verifier follows types itself. */
function pointerMemory(l: Lowering, place: Place, type: PointerType): Memory {
  if (type.space === 'user') return 'user';
  if (place.memory === 'kernelTyped' && !place.inUnion && type.target.kind === 'struct') return 'kernelTyped';
  if (type.space === 'unknown' && place.memory === 'user') return 'user';
  if (type.space === 'unknown' && (place.memory === 'kernelTyped' || place.memory === 'kernelRaw'))
    return 'kernelRaw';
  return memoryOf(l, type);
}

/** What is at a place: the number, or the place itself for what is larger than a register. */
export function readPlace(l: Lowering, place: Place): Lowered {
  const { type } = place;
  if (!isRegister(type)) return place;
  if (place.bitfield) return readBitfield(l, place, place.bitfield);
  const { invariant = false } = place;
  const signed = isSigned(type);
  const value = loadFrom(l, place.memory, place.base, place.offset, registerSize(type), {
    signed,
    invariant,
  });
  return type.kind === 'pointer'
    ? { kind: 'scalar', value, type, memory: pointerMemory(l, place, type) }
    : { kind: 'scalar', value, type };
}

function readBitfield(l: Lowering, place: Place, field: { shift: number; size: number }): Scalar {
  const { b } = l;
  const { type } = place;
  const raw = loadFrom(l, place.memory, place.base, place.offset, registerSize(type));
  if (isSigned(type)) {
    const up = b.binary('shl', raw, b.constant(64 - field.shift - field.size));
    return { kind: 'scalar', value: b.binary('ashr', up, b.constant(64 - field.size)), type };
  }
  const down = field.shift === 0 ? raw : b.binary('lshr', raw, b.constant(field.shift));
  const value = b.binary('and', down, b.constant((1n << BigInt(field.size)) - 1n));
  return { kind: 'scalar', value, type };
}

/** The number in a register. */
export function registerOf(l: Lowering, lowered: Lowered): Value {
  switch (lowered.kind) {
    case 'scalar':
      return lowered.value;
    case 'place': {
      const read = readPlace(l, lowered);
      if (read.kind === 'scalar') return read.value;
      // Arrays that are cast to numbers, and structs whose address is meant.
      const { size } = layoutOf(lowered.type);
      if (size === 1 || size === 2 || size === 4 || size === 8) {
        return loadFrom(l, lowered.memory, lowered.base, lowered.offset, size);
      }
      return addressAt(l, lowered.base, lowered.offset);
    }
    case 'made':
    case 'text': {
      const place = inMemory(l, lowered);
      return registerOf(l, place);
    }
    default:
      return l.b.constant(0);
  }
}

/** The bytes where plain loads find them, in the layout of `as`. */
export function inMemory(l: Lowering, lowered: Lowered, as: Type = typeOf(lowered), name = 'value'): Place {
  if (lowered.kind === 'place' && lowered.memory === 'direct' && !lowered.foreign && !lowered.bitfield) {
    if (sameLayout(lowered.type, as)) return lowered;
  }
  const base = frameMemory(l, name, layoutOf(as).size);
  store(l, lowered, as, base, 0);
  return { kind: 'place', base, offset: 0, type: as, memory: 'direct' };
}

export function typeOf(lowered: Lowered): Type {
  return lowered.kind === 'none' ? { kind: 'none' } : lowered.type;
}

export function addressOf(l: Lowering, place: Place): Value {
  return addressAt(l, place.base, place.offset);
}

/** Writes a value as one of type `as`: every byte of it. */
export function store(l: Lowering, lowered: Lowered, as: Type, to: Value, offset: number): void {
  if (lowered.kind === 'made') return lowered.write(to, offset, as);
  if (lowered.kind === 'parts') return storeParts(l, lowered, as, to, offset);
  if (isRegister(as)) {
    l.b.store(registerSize(as), to, offset, registerOf(l, lowered));
    return;
  }
  switch (as.kind) {
    case 'string':
      return storeString(l, lowered, as.size, to, offset);
    case 'tuple':
    case 'record':
      return storeElements(l, lowered, as, to, offset);
    case 'none':
    case 'void':
      return;
    default:
      break;
  }
  if (lowered.kind === 'text') return storeString(l, lowered, layoutOf(as).size, to, offset);
  if (lowered.kind === 'place') {
    const wanted = layoutOf(as).size;
    if (as.kind === 'buffer' && lowered.type.kind === 'buffer') {
      copyWhole(l, lowered, Math.min(wanted, layoutOf(lowered.type).size), to, offset);
      const have = layoutOf(lowered.type).size;
      if (have < wanted) clear(l, to, offset + have, wanted - have);
      return;
    }
    const have = Math.min(wanted, layoutOf(lowered.type).size);
    copyWhole(l, lowered, have, to, offset);
    if (have < wanted) clear(l, to, offset + have, wanted - have);
    return;
  }
  if (lowered.kind === 'scalar') {
    // An integer as an array of its size.
    const size = registerSize(lowered.type);
    l.b.store(size, to, offset, lowered.value);
    const wanted = layoutOf(as).size;
    if (wanted > size) clear(l, to, offset + size, wanted - size);
    return;
  }
  clear(l, to, offset, layoutOf(as).size);
}

/** A struct out of its parts. */
function storeParts(l: Lowering, parts: Parts, as: Type, to: Value, offset: number): void {
  if (parts.whole) return parts.whole.write(to, offset, as);
  clear(l, to, offset, layoutOf(as).size);
  if (parts.type.kind !== 'struct') return;
  for (const name of parts.type.memberNames()) {
    const member = parts.type.member(name);
    if (member && !member.dataLocation) store(l, parts.part(name), member.type, to, offset + member.offset);
  }
}

/** Beyond this many bytes a helper copies in fewer instructions than loads and stores. */
const inlineCopy = 64;

function copyWhole(l: Lowering, from: Place, size: number, to: Value, offset: number): void {
  // Loads from a typed object may not reach from one member into the next.
  if ((from.memory === 'direct' && size > inlineCopy) || from.memory === 'kernelTyped') {
    copyIn(l, addressAt(l, to, offset), size, from.base, from.offset, from.memory);
    return;
  }
  copyBytes(l, { base: to, offset }, from, size);
}

function storeString(l: Lowering, lowered: Lowered, size: number, to: Value, offset: number): void {
  if (lowered.kind === 'text') {
    const content = lowered.bytes.subarray(0, Math.max(0, size - 1));
    const used = Math.min(size, Math.ceil((content.length + 1) / 8) * 8);
    const padded = new Uint8Array(used);
    padded.set(content);
    storeConstant(l, to, offset, padded);
    return clear(l, to, offset + used, size - used);
  }
  if (lowered.kind !== 'place') return clear(l, to, offset, size);
  const have = textSize(lowered.type) ?? layoutOf(lowered.type).size;
  if (lowered.memory === 'direct' && !lowered.foreign) {
    const common = Math.min(have, size);
    copyWhole(l, lowered, common, to, offset);
    if (common < size) clear(l, to, offset + common, size - common);
    return;
  }
  readString(
    l,
    lowered.memory,
    addressAt(l, lowered.base, lowered.offset),
    Math.min(have, size),
    to,
    offset,
    size,
  );
}

/**
 * Text up to its NUL, zeros behind it. What others wrote may have anything there: a task's name keeps the end of the
 * longer one before (until Linux 6.13), and two equal names must be one key.
 */
export function readString(
  l: Lowering,
  memory: Memory,
  from: Value,
  most: number,
  to: Value,
  offset: number,
  size: number,
): void {
  clear(l, to, offset, size);
  l.call(stringReader(memory), [addressAt(l, to, offset), l.b.constant(most), from]);
}

/** Where a string helper had to put its NUL in place of a character, the character. */
export function keepLast(
  l: Lowering,
  written: Value,
  room: number,
  from: Value,
  memory: Memory,
  to: Value,
  offset: number,
): void {
  const { b } = l;
  l.choose(
    (yes, no) => b.branch('eq', written, b.constant(room), yes, no),
    () => copyIn(l, addressAt(l, to, offset + room - 1), 1, from, room - 1, memory),
  );
}

/** Bytes behind the room of the text that `storeText` writes. */
export const textSpare = 1;

/**
 * Writes text with its NUL and nothing behind it: the number of bytes, at least 1. For memory that is sent only so far.
 * Text that fills its room has its NUL in the byte behind: whoever reads the room sees that it was cut, and no helper
 * is called again for a last character that a NUL stands in place of.
 */
export function storeText(l: Lowering, lowered: Lowered, to: Value, offset: number, size: number): Value {
  const { b } = l;
  let written: Value;
  if (lowered.kind === 'made' && lowered.writeText) written = lowered.writeText(to, offset, size);
  else {
    const place = lowered.kind === 'place' ? lowered : inMemory(l, lowered);
    const have = Math.min(size, textSize(place.type) ?? size);
    const from = addressAt(l, place.base, place.offset);
    const at = addressAt(l, to, offset);
    // Behind the memory of others there may be nothing that can be read.
    const spare = place.memory === 'direct' ? textSpare : 0;
    written = l.call(stringReader(place.memory), [at, b.constant(have + spare), from]);
    if (spare === 0) keepLast(l, written, have, from, place.memory, to, offset);
  }
  const bytes = b.variable('bytes');
  b.write(bytes, written);
  // The helpers write zeros where they can read nothing (bpf_probe_read_user_str_common in kernel/trace/bpf_trace.c).
  l.choose(
    (yes, no) => b.branch('sle', written, b.constant(0), yes, no),
    () => b.write(bytes, b.constant(1)),
  );
  return b.read(bytes);
}

/** Tuples and records: element by element, and zeros between them. */
function storeElements(l: Lowering, lowered: Lowered, as: Type, to: Value, offset: number): void {
  const { size } = layoutOf(as);
  const from = lowered.kind === 'place' ? elementsOf(lowered.type) : undefined;
  if (lowered.kind !== 'place' || !from) return clear(l, to, offset, size);
  if (sameLayout(lowered.type, as)) return copyWhole(l, lowered, size, to, offset);
  const source = sequence(from).offsets;
  writeElements(l, as, to, offset, (i) =>
    readPlace(l, { ...lowered, type: from[i]!, offset: lowered.offset + source[i]! }),
  );
}

export function writeElements(
  l: Lowering,
  as: Type,
  to: Value,
  offset: number,
  element: (index: number) => Lowered,
): void {
  const types = elementsOf(as) ?? [];
  const { offsets, layout } = sequence(types);
  let end = 0;
  for (const [i, type] of types.entries()) {
    const at = offsets[i]!;
    zero(l, to, offset + end, at - end);
    store(l, element(i), type, to, offset + at);
    end = at + layoutOf(type).size;
  }
  zero(l, to, offset + end, layout.size - end);
}
