/**
 * One writer a type, made once: reads a value by its layout and writes it as text or as JSON.
 *
 * The two notations differ in little: JSON quotes text, says enums, pointers and buffers as numbers, and has a list
 * where text has a tuple. What no type can say is `null` in both.
 */

import { layoutOf, sequence } from '../types/layout.ts';
import { type EnumType, type StructMember, type StructType, type Type, uint64 } from '../types/type.ts';
import type { ByteBuffer } from './byte-buffer.ts';
import type { PrintContext } from './context.ts';
import { jsonData, jsonInteger, jsonText } from './json-text.ts';
import { lateText } from './late.ts';
import { half, type Memory, readHalves, readI64, readInteger, readU32, readU64, textEnd } from './memory.ts';

export type Writer = (out: ByteBuffer, memory: Memory, at: number) => void;
export type Notation = 'text' | 'json';

export function writerOf(type: Type, notation: Notation, context: PrintContext): Writer {
  const late = lateText(type, context);
  if (late !== undefined) {
    if (notation === 'json') return (out, memory, at) => jsonText(out, late(memory, at));
    return (out, memory, at) => out.dataText(late(memory, at));
  }
  switch (type.kind) {
    case 'bool':
      return (out, { bytes }, at) => out.text(bytes[at] === 0 ? 'false' : 'true');
    case 'int': {
      const { signed } = type;
      if (notation === 'json') return (out, { view }, at) => jsonInteger(out, readInteger(type, view, at));
      return (out, { view }, at) => {
        readHalves(type, view, at);
        out.decimal(half.low, half.high, signed);
      };
    }
    case 'enum':
      return enumWriter(type, notation);
    case 'pointer':
    case 'context':
      if (notation === 'json') return (out, { view }, at) => jsonInteger(out, readU64(view, at));
      return (out, { view }, at) => {
        readHalves(uint64, view, at);
        out.text('0x');
        out.hex(half.low, half.high);
      };
    case 'string':
      return stringWriter(type.size, notation, context);
    case 'buffer':
      return bufferWriter(type.size, notation);
    case 'array':
      return arrayWriter(type.element, type.length, notation, context);
    case 'tuple':
      return tupleWriter(type.elements, notation, context);
    case 'record': {
      const { offsets } = sequence(type.fields.map((field) => field.type));
      const parts = type.fields.map((field, i) => ({
        name: field.name,
        offset: offsets[i]!,
        write: writerOf(field.type, notation, context),
      }));
      return membersWriter(parts, notation);
    }
    case 'struct':
      return structWriter(type, notation, context);
    case 'count':
    case 'sum':
    case 'min':
    case 'max': {
      // One CPU's part of an aggregate, or its value as it was read in the kernel.
      const read = type.kind !== 'count' && type.signed ? readI64 : readU64;
      if (notation === 'json') return (out, { view }, at) => jsonInteger(out, read(view, at));
      return (out, { view }, at) => out.text(read(view, at).toString());
    }
    default:
      return (out) => out.text('null');
  }
}

function enumWriter(type: EnumType, notation: Notation): Writer {
  if (notation === 'json') return (out, { view }, at) => jsonInteger(out, readInteger(type, view, at));
  let names: Map<bigint, string> | undefined;
  return (out, { view }, at) => {
    if (names === undefined) {
      names = new Map();
      // Of several names of one value the first is it.
      for (const { name, value } of type.values) if (!names.has(value)) names.set(value, name);
    }
    const value = readInteger(type, view, at);
    out.text(names.get(value) ?? value.toString());
  };
}

function stringWriter(size: number, notation: Notation, context: PrintContext): Writer {
  const { trailer } = context;
  return (out, { bytes }, at) => {
    const end = textEnd(bytes, at, size);
    // Without a zero in it the text was longer than its place.
    const cut = end === at + size && size > 0;
    if (notation === 'json') {
      out.byte(0x22);
      jsonData(out, bytes, at, end);
      if (cut) jsonData(out, Buffer.from(trailer, 'latin1'));
      out.byte(0x22);
    } else {
      out.data(bytes, at, end);
      if (cut) out.text(trailer);
    }
  };
}

function bufferWriter(size: number, notation: Notation): Writer {
  return (out, { view, bytes }, at) => {
    const length = Math.min(readU32(view, at), size);
    const from = at + 4;
    if (notation === 'text') return writeBuffer(out, bytes, from, from + length, 'r');
    out.byte(0x5b);
    for (let i = from; i < from + length; i++) {
      if (i > from) out.byte(0x2c);
      out.int32((bytes[i]! << 24) >> 24);
    }
    out.byte(0x5d);
  };
}

/** `r`: ASCII as it is, other bytes as \xNN; `rx`: all as \xNN; `rh`: hexadecimal pairs with spaces between. */
export function writeBuffer(
  out: ByteBuffer,
  bytes: Uint8Array,
  from: number,
  to: number,
  form: 'r' | 'rx' | 'rh',
): void {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (form === 'r' && byte >= 0x20 && byte < 0x7f) {
      out.byte(byte);
      continue;
    }
    if (form !== 'rh') out.text('\\x');
    else if (i > from) out.byte(0x20);
    if (byte < 16) out.byte(0x30);
    out.hex(byte, 0);
  }
}

function arrayWriter(element: Type, length: number, notation: Notation, context: PrintContext): Writer {
  const write = writerOf(element, notation, context);
  const { size } = layoutOf(element);
  return (out, memory, at) => {
    out.byte(0x5b);
    for (let i = 0; i < length; i++) {
      if (i > 0) out.byte(0x2c);
      write(out, memory, at + i * size);
    }
    out.byte(0x5d);
  };
}

function tupleWriter(elements: readonly Type[], notation: Notation, context: PrintContext): Writer {
  const { offsets } = sequence(elements);
  const writers = elements.map((element) => writerOf(element, notation, context));
  const [open, between, close] = notation === 'text' ? ['(', ', ', ')'] : ['[', ',', ']'];
  return (out, memory, at) => {
    out.text(open!);
    for (let i = 0; i < writers.length; i++) {
      if (i > 0) out.text(between!);
      writers[i]!(out, memory, at + offsets[i]!);
    }
    out.text(close!);
  };
}

interface Part {
  readonly name: string;
  readonly offset: number;
  readonly write: Writer;
}

function membersWriter(parts: readonly Part[], notation: Notation): Writer {
  const [open, close] = notation === 'text' && parts.length > 0 ? ['{ ', ' }'] : ['{', '}'];
  return (out, memory, at) => {
    out.text(open!);
    for (const [i, { name, offset, write }] of parts.entries()) {
      if (i > 0) out.text(', ');
      out.text(notation === 'text' ? `.${name} = ` : `"${name}": `);
      write(out, memory, at + offset);
    }
    out.text(close!);
  };
}

function structWriter(type: StructType, notation: Notation, context: PrintContext): Writer {
  let made: Writer | undefined;
  return (out, memory, at) => {
    // Made at the first value: kernel structs are large, and most scripts print none.
    made ??= membersWriter(
      type
        .memberNames()
        .map((name) => type.member(name))
        .filter((member) => member !== undefined)
        .map((member) => ({
          name: member.name,
          offset: member.offset,
          write: memberWriter(member, notation, context),
        })),
      notation,
    );
    made(out, memory, at);
  };
}

function memberWriter(member: StructMember, notation: Notation, context: PrintContext): Writer {
  const { bitfield, type } = member;
  if (bitfield === undefined || (type.kind !== 'int' && type.kind !== 'enum')) {
    return writerOf(type, notation, context);
  }
  const bits = BigInt(bitfield.size);
  const shift = BigInt(bitfield.shift);
  return (out, { view }, at) => {
    const raw = BigInt.asUintN(type.bits, readInteger(type, view, at)) >> shift;
    const value = type.signed ? BigInt.asIntN(bitfield.size, raw) : raw & ((1n << bits) - 1n);
    if (notation === 'json') return jsonInteger(out, value);
    const name = type.kind === 'enum' ? type.values.find((one) => one.value === value)?.name : undefined;
    out.text(name ?? value.toString());
  };
}
