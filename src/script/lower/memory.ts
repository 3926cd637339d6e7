/**
 * Reading and writing memory by type: the one place that decides between a plain load, a safe read by
 * helper, and a copy.
 */
import type { Node } from 'acorn';
import type { MemorySize, Value } from '../../compiler/ir.ts';
import type { Memory } from '../emit/emitter.ts';
import { addressAt, copyBytes, loadFrom, storeConstant, zero } from '../emit/memory.ts';
import { messages } from '../messages.ts';
import { type DataType, type IntegerType, nameOf, sizeOf, types } from './data-type.ts';
import { describe, type Operand, type Place } from './operand.ts';
import { scalarOf } from './scalar.ts';
import type { Lowering } from './state.ts';

/** What is at a place: the number for a scalar, the pointer for a pointer, the place itself for the rest. */
export function readPlace(l: Lowering, place: Place): Operand {
  const { type } = place;
  switch (type.kind) {
    case 'int':
      if (place.bitfield) return readBitfield(l, place, type, place.bitfield);
      return { kind: 'scalar', value: loadBytes(l, place, place.offset, sizeOf(type), type.signed), type };
    case 'bool': {
      const raw = loadBytes(l, place, place.offset, 1, false);
      return { kind: 'boolean', value: raw };
    }
    case 'pointer': {
      const value = loadBytes(l, place, place.offset, 8, false);
      const memory = pointerMemory(place, type.user);
      return { kind: 'pointer', value, target: type.target, memory, writable: false };
    }
    default:
      return { kind: 'place', place };
  }
}

/** A pointer keeps the verifier's trust only if it was read where the verifier follows types itself. */
function pointerMemory(place: Place, user: boolean): Memory {
  if (user) return 'user';
  return place.memory === 'kernelTyped' && !place.inUnion ? 'kernelTyped' : 'kernelRaw';
}

function readBitfield(
  l: Lowering,
  place: Place,
  type: IntegerType,
  field: { shift: number; size: number },
): Operand {
  const raw = loadBytes(l, place, place.offset, sizeOf(type), false);
  const left = 64 - field.shift - field.size;
  if (type.signed) {
    const up = l.b.binary('shl', raw, l.b.constant(left));
    return { kind: 'scalar', value: l.b.binary('ashr', up, l.b.constant(64 - field.size)), type: types.i64 };
  }
  const down = field.shift === 0 ? raw : l.b.binary('lshr', raw, l.b.constant(field.shift));
  const masked = l.b.binary('and', down, l.b.constant((1n << BigInt(field.size)) - 1n));
  return { kind: 'scalar', value: masked, type: field.size > 32 ? types.u64 : types.u32 };
}

/** Loads `size` bytes at an offset from the base of a place, by the means its memory allows. */
export function loadBytes(l: Lowering, place: Place, offset: number, size: number, signed: boolean): Value {
  const invariant = place.invariant ?? false;
  return loadFrom(l, place.memory, place.base, offset, size, { signed, invariant });
}

export function addressOf(l: Lowering, place: Place): Value {
  return addressAt(l, place.base, place.offset);
}

/** A writable place on the stack. */
export function stackPlace(l: Lowering, name: string, type: DataType): Place {
  const slot = l.b.slot(name, Math.max(1, sizeOf(type)), 8);
  return { base: l.b.slotAddress(slot), offset: 0, type, memory: 'direct', writable: true };
}

/** Writes an operand to a place, converted to the place's type. */
export function writePlace(l: Lowering, place: Place, operand: Operand, node: Node): void {
  const { type } = place;
  switch (type.kind) {
    case 'int':
    case 'bool':
      return writeScalar(l, place, operand, node);
    case 'chars':
    case 'bytes':
      return writeText(l, place, type, operand, node);
    case 'struct':
      return writeStruct(l, place, operand, node);
    case 'pointer': {
      if (operand.kind === 'pointer') return l.b.store(8, place.base, place.offset, operand.value);
      return l.fail(node, messages.wrongType(nameOf(type), describe(operand)));
    }
    case 'array':
      return writeArray(l, place, operand, node);
    case 'opaque':
      return l.fail(node, messages.readOnly(type.name));
  }
}

function writeScalar(l: Lowering, place: Place, operand: Operand, node: Node): void {
  const { b } = l;
  const { type } = place;
  if (type.kind === 'bool') {
    const { value } = truthOf(l, operand, node);
    b.store(1, place.base, place.offset, value);
    return;
  }
  if (type.kind !== 'int') return;
  if (operand.kind === 'literal') checkFits(l, operand.value, type, node);
  const value = operand.kind === 'boolean' ? operand.value : scalarOf(l, operand, node).value;
  if (!place.bitfield) return b.store(sizeOf(type) as MemorySize, place.base, place.offset, value);
  const { shift, size } = place.bitfield;
  const mask = ((1n << BigInt(size)) - 1n) << BigInt(shift);
  const old = loadBytes(l, place, place.offset, sizeOf(type), false);
  const kept = b.binary('and', old, b.constant(~mask));
  const moved = b.binary('and', b.binary('shl', value, b.constant(shift)), b.constant(mask));
  b.store(sizeOf(type) as MemorySize, place.base, place.offset, b.binary('or', kept, moved));
}

/** 0 or 1 for anything that has a truth value. */
export function truthOf(l: Lowering, operand: Operand, node: Node): { value: Value } {
  if (operand.kind === 'boolean') return operand;
  if (operand.kind === 'literal') return { value: l.b.constant(operand.value === 0n ? 0 : 1) };
  const { value } = scalarOf(l, operand, node);
  return { value: l.b.compare('ne', value, l.b.constant(0)) };
}

function checkFits(l: Lowering, value: bigint, type: IntegerType, node: Node): void {
  const bits = BigInt(type.bits);
  const least = -(1n << (bits - 1n));
  const most = type.signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (value > most || value < least || (!type.signed && value < 0n && value !== -1n)) {
    l.fail(node, messages.doesNotFit(value, nameOf(type)));
  }
}

type BytesType = { readonly kind: 'chars' | 'bytes'; readonly length: number };

function writeText(l: Lowering, place: Place, type: BytesType, operand: Operand, node: Node): void {
  switch (operand.kind) {
    case 'text': {
      if (operand.bytes.length > type.length) {
        l.fail(node, messages.textTooLong(new TextDecoder().decode(operand.bytes), type.length));
      }
      const padded = new Uint8Array(type.length);
      padded.set(operand.bytes);
      return storeConstant(l, place.base, place.offset, padded);
    }
    case 'fill':
      if (!operand.complete) zero(l, place.base, place.offset, type.length);
      operand.fill(addressOf(l, place), type.length);
      return;
    case 'place': {
      const from = operand.place;
      const length = textLength(from.type);
      if (length === undefined) break;
      const size = Math.min(length, type.length);
      copyPlace(l, place, from, size);
      if (size < type.length) zero(l, place.base, place.offset + size, type.length - size);
      return;
    }
    default:
      break;
  }
  l.fail(node, messages.wrongType(nameOf(type), describe(operand)));
}

function textLength(type: DataType): number | undefined {
  if (type.kind === 'chars' || type.kind === 'bytes') return type.length;
  if (type.kind === 'array' && sizeOf(type.element) === 1) return type.length;
  return undefined;
}

function writeStruct(l: Lowering, place: Place, operand: Operand, node: Node): void {
  const { type } = place;
  if (type.kind !== 'struct') return;
  if (operand.kind === 'object') {
    const names = type.memberNames();
    for (const name of operand.fields.keys()) {
      if (!names.includes(name))
        l.fail(node, messages.unknownField(type.name, name, l.program.nearest(name, names)));
    }
    const missing = names.filter((name) => !operand.fields.has(name));
    if (missing.length > 0) l.fail(node, messages.missingField(type.name, missing));
    let end = 0;
    for (const name of names) {
      const member = type.member(name);
      const value = operand.fields.get(name);
      if (!member || !value) continue;
      zero(l, place.base, place.offset + end, member.offset - end);
      const inner = {
        ...place,
        offset: place.offset + member.offset,
        type: member.type,
        bitfield: member.bitfield,
      };
      writePlace(l, inner, value, node);
      end = member.offset + sizeOf(member.type);
    }
    zero(l, place.base, place.offset + end, type.size - end);
    return;
  }
  const from = aggregate(operand);
  if (from && from.type.kind === 'struct' && from.type.size === type.size && from.type.name === type.name) {
    return copyPlace(l, place, from, type.size);
  }
  l.fail(node, messages.wrongType(nameOf(type), describe(operand)));
}

function writeArray(l: Lowering, place: Place, operand: Operand, node: Node): void {
  const { type } = place;
  if (operand.kind === 'list' && type.kind === 'array' && operand.elements.length === type.length) {
    const size = sizeOf(type.element);
    for (const [i, element] of operand.elements.entries()) {
      writePlace(l, { ...place, offset: place.offset + i * size, type: type.element }, element, operand.node);
    }
    return;
  }
  const from = aggregate(operand);
  if (from && nameOf(from.type) === nameOf(place.type)) return copyPlace(l, place, from, sizeOf(place.type));
  l.fail(node, messages.wrongType(nameOf(place.type), describe(operand)));
}

/** The memory behind an operand that names a whole struct or array. */
export function aggregate(operand: Operand): Place | undefined {
  if (operand.kind === 'place') return operand.place;
  if (operand.kind === 'pointer' && operand.target?.kind === 'struct') {
    return {
      base: operand.value,
      offset: 0,
      type: operand.target,
      memory: operand.memory,
      writable: operand.writable,
      shared: operand.shared ?? false,
    };
  }
  return undefined;
}

export function copyPlace(l: Lowering, to: Place, from: Place, size: number): void {
  // Loads from a typed object may not reach from one member into the next: structs are copied by helper.
  const whole = from.memory === 'kernelTyped' && from.type.kind === 'struct';
  copyBytes(l, to, whole ? { ...from, memory: 'kernelRaw' } : from, size);
}
