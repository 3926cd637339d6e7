/**
 * printf: a format and its arguments become one function, once a script.
 *
 * Numbers are those of bpftrace 0.24 and later, which formats with C++ streams. That shows in corners: without a
 * length modifier a number has 32 bits; `0` fills with zeros in front of a sign; `%p` of nothing is `0`; the width
 * of `%s` applies to the first thing written, for a tuple its parenthesis.
 */

import { littleEndian } from '../../sys/layout.ts';
import type { Field } from '../compiled.ts';
import { type EnumType, type IntegerType, type Type, uint8, uint64 } from '../types/type.ts';
import type { ByteBuffer } from './byte-buffer.ts';
import type { PrintContext } from './context.ts';
import type { Format, FormatSpecifier } from './format-spec.ts';
import { half, type Memory, readHalves, readU32 } from './memory.ts';
import { type Writer, writeBuffer, writerOf } from './value-writer.ts';

/** The function that writes a record: `at` is where the record begins. */
export function formatter(format: Format, args: readonly Field[], context: PrintContext): Writer {
  let next = 0;
  const parts = format.parts.map((part): Writer => {
    if (typeof part === 'string') return literal(part);
    const field = args[next++];
    return field === undefined ? literal(part.text) : argument(part, field, context);
  });
  const [first, second, third, fourth] = parts;
  // Straight calls for what most scripts print; a loop for the rest.
  if (parts.length === 1) return first!;
  if (parts.length === 2) {
    return (out, memory, at) => {
      first!(out, memory, at);
      second!(out, memory, at);
    };
  }
  if (parts.length === 4) {
    return (out, memory, at) => {
      first!(out, memory, at);
      second!(out, memory, at);
      third!(out, memory, at);
      fourth!(out, memory, at);
    };
  }
  return (out, memory, at) => {
    for (let i = 0; i < parts.length; i++) parts[i]!(out, memory, at);
  };
}

function literal(text: string): Writer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length === 1) {
    const byte = bytes[0]!;
    return (out) => out.byte(byte);
  }
  return (out) => out.copy(bytes);
}

function argument(spec: FormatSpecifier, field: Field, context: PrintContext): Writer {
  const { conversion } = spec;
  const { offset, type } = field;
  switch (conversion) {
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'p':
    case 'c': {
      const number = numberType(type);
      if (number === undefined) return notANumber('integer', field, context);
      const write = conversion === 'c' ? character(number, offset) : integer(spec, number, offset);
      return padded(spec, write);
    }
    case 'r':
    case 'rx':
    case 'rh':
      if (type.kind !== 'buffer') break;
      return padded(spec, (out, { view, bytes }, at) => {
        const place = at + offset;
        const length = Math.min(readU32(view, place), type.size);
        writeBuffer(out, bytes, place + 4, place + 4 + length, conversion);
      });
    case 'gr': {
      const number = type.kind === 'bool' ? undefined : numberType(type);
      if (number === undefined) return notANumber('GFP flags', field, context);
      return padded(spec, (out, { view }, at) => {
        readHalves(number, view, at + offset);
        out.text(context.gfpFlags((BigInt(half.high >>> 0) << 32n) | BigInt(half.low >>> 0)));
      });
    }
  }
  if (spec.plus && type.kind === 'int' && type.signed) {
    return padded(spec, integer({ ...spec, conversion: 'd', length: 'll' }, type, offset));
  }
  const write = writerOf(type, 'text', context);
  return padded(spec, (out, memory, at) => write(out, memory, at + offset), firstToken(type));
}

/** What a number is read as; undefined for what has none. */
function numberType(type: Type): IntegerType | EnumType | undefined {
  switch (type.kind) {
    case 'int':
    case 'enum':
      return type;
    case 'bool':
      return uint8;
    case 'pointer':
    case 'context':
    case 'count':
    case 'username':
    case 'ksym':
      return uint64;
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
      return { kind: 'int', bits: 64, signed: type.signed };
    default:
      return undefined;
  }
}

function notANumber(wanted: string, { offset, type }: Field, context: PrintContext): Writer {
  const write = writerOf(type, 'text', context);
  return (out, memory, at) => {
    out.text(`!{invalid ${wanted} conversion: `);
    write(out, memory, at + offset);
    out.byte(0x7d);
  };
}

function character(type: IntegerType | EnumType, offset: number): Writer {
  return (out, { view }, at) => {
    readHalves(type, view, at + offset);
    out.dataText(String.fromCharCode(half.low & 0xff));
  };
}

/** Bits that a number is cut to. */
function castBits(length: string): 8 | 16 | 32 | 64 {
  switch (length) {
    case '':
      return 32;
    case 'hh':
      return 8;
    case 'h':
      return 16;
    default:
      return 64;
  }
}

/** Cuts `half` to the width of the conversion. */
function cast(bits: 8 | 16 | 32 | 64, signed: boolean): void {
  if (bits === 64) return;
  const shift = 32 - bits;
  half.low = signed ? ((half.low << shift) >> shift) >>> 0 : (half.low << shift) >>> shift;
  half.high = signed && half.low >= 0x8000_0000 ? 0xffff_ffff : 0;
}

function integer(spec: FormatSpecifier, type: IntegerType | EnumType, offset: number): Writer {
  const { conversion, plus, alternate } = spec;
  const signed = conversion === 'd' || conversion === 'i';
  const bits = conversion === 'p' ? 64 : castBits(spec.length);
  if (conversion === 'd' && bits === 32 && !plus) return decimal32(type, offset);
  const read = (view: DataView, at: number): void => {
    readHalves(type, view, at + offset);
    cast(bits, signed);
  };
  switch (conversion) {
    case 'x':
    case 'X':
    case 'p': {
      const upper = conversion === 'X';
      const prefix = conversion === 'p' || alternate ? (upper ? '0X' : '0x') : '';
      return (out, { view }, at) => {
        read(view, at);
        if (prefix !== '' && (half.low !== 0 || half.high !== 0)) out.text(prefix);
        out.hex(half.low, half.high, upper);
      };
    }
    case 'o':
      return (out, { view }, at) => {
        read(view, at);
        if (alternate && (half.low !== 0 || half.high !== 0)) out.byte(0x30);
        out.octal(half.low, half.high);
      };
    default:
      return (out, { view }, at) => {
        read(view, at);
        if (plus && signed && half.high < 0x8000_0000) out.byte(0x2b);
        out.decimal(half.low, half.high, signed);
      };
  }
}

/** `%d` of a number of 32 or 64 bits is one load: the low half. */
function decimal32(type: IntegerType | EnumType, offset: number): Writer {
  if (type.bits < 32) {
    return (out, { view }, at) => {
      readHalves(type, view, at + offset);
      out.int32(half.low | 0);
    };
  }
  const place = offset + (type.bits === 64 && !littleEndian ? 4 : 0);
  return (out, { view }, at) => out.int32(view.getInt32(at + place, littleEndian));
}

/** Bytes of what a width applies to; undefined for all that is written. */
function firstToken(type: Type): number | undefined {
  switch (type.kind) {
    case 'tuple':
    case 'array':
      return 1;
    case 'record':
      return type.fields.length === 0 ? undefined : 2;
    case 'struct':
      return type.memberNames().length === 0 ? undefined : 2;
    default:
      return undefined;
  }
}

function padded(spec: FormatSpecifier, write: Writer, token?: number): Writer {
  const { width, left } = spec;
  if (width === undefined || width === 0) return write;
  const fill = spec.zero ? 0x30 : 0x20;
  return (out: ByteBuffer, memory: Memory, at: number) => {
    const start = out.length;
    write(out, memory, at);
    const end = token === undefined ? out.length : start + token;
    const missing = width - (end - start);
    if (missing <= 0) return;
    if (!left) out.insert(start, missing, fill);
    else if (end === out.length) out.fill(missing, fill);
    else out.insert(end, missing, fill);
  };
}
