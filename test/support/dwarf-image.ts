/** ELF images with debug information made of descriptions, for what compilers do not make: all shapes, and broken ones. */
import { Form, UnitType } from '../../src/dwarf/constants.ts';
import { Bytes, elfImage, type ImageSection, type ImageShape } from './elf-image.ts';

export interface DwarfShape extends ImageShape {
  readonly version: 2 | 3 | 4 | 5;
  /** The 64-bit format. */
  readonly wide: boolean;
}

export type DieValue = number | bigint | string | Uint8Array | readonly number[] | { readonly to: string };

/** An entry. References are to entries with a label. */
export interface Die {
  readonly tag: number;
  readonly attributes?: readonly (readonly [name: number, form: number, value?: DieValue])[];
  readonly children?: readonly Die[];
  readonly label?: string;
}

export interface DwarfImage {
  readonly units: readonly Die[];
  /** Contents of further sections: `debug_line` and so on. */
  readonly sections?: Readonly<Record<string, Uint8Array>>;
  /** Sections in place of those that are made here. */
  readonly instead?: (made: readonly ImageSection[]) => readonly ImageSection[];
}

export const CODE = 0x401000;

/** A file whose code is 4096 bytes at CODE. */
export function dwarfImage(shape: DwarfShape, image: DwarfImage): Uint8Array {
  const abbreviations = new Bytes(shape);
  const strings = new Bytes(shape).u8(0);
  const labels = new Map<string, number>();
  const patches: {
    readonly at: number;
    readonly unit: number;
    readonly form: number;
    readonly to: string;
  }[] = [];
  const bytes: number[] = [];
  let code = 0;
  const emit = (each: Bytes): void => void bytes.push(...each.done());

  const write = (die: Die, unit: number): void => {
    code++;
    if (die.label !== undefined) labels.set(die.label, bytes.length);
    abbreviations
      .raw(uleb(code))
      .raw(uleb(die.tag))
      .u8(die.children ? 1 : 0);
    emit(new Bytes(shape).raw(uleb(code)));
    for (const [name, form, value = 0] of die.attributes ?? []) {
      abbreviations.raw(uleb(name)).raw(uleb(form));
      if (form === Form.implicitConst) {
        abbreviations.raw(sleb(Number(value)));
        continue;
      }
      if (typeof value === 'object' && 'to' in value)
        patches.push({ at: bytes.length, unit, form, to: value.to });
      emit(valueBytes(shape, form, value, strings));
    }
    abbreviations.u8(0).u8(0);
    for (const child of die.children ?? []) write(child, unit);
    if (die.children) bytes.push(0);
  };

  for (const root of image.units) {
    const start = bytes.length;
    const abbreviationsAt = abbreviations.length;
    code = 0;
    bytes.push(...lengthBytes(shape, 0), ...headerOf(shape, abbreviationsAt));
    write(root, start);
    abbreviations.u8(0);
    const length = bytes.length - start - lengthBytes(shape, 0).length;
    for (const [i, byte] of lengthBytes(shape, length).entries()) bytes[start + i] = byte;
  }
  for (const { at, unit, form, to } of patches) {
    const target = labels.get(to)! - (form === Form.refAddr ? 0 : unit);
    const patch =
      form === Form.refAddr ? offset(new Bytes(shape), shape, target) : new Bytes(shape).u32(target);
    for (const [i, byte] of patch.done().entries()) bytes[at + i] = byte;
  }
  const made: ImageSection[] = [
    { name: '.text', type: 1, flags: 6, address: BigInt(CODE), data: new Uint8Array(4096) },
    { name: '.debug_abbrev', type: 1, data: abbreviations.done() },
    { name: '.debug_info', type: 1, data: Uint8Array.from(bytes) },
    { name: '.debug_str', type: 1, data: strings.done() },
    ...Object.entries(image.sections ?? {}).map(([name, data]) => ({ name: `.${name}`, type: 1, data })),
  ];
  return elfImage(shape, {
    firstData: 0x1000,
    sections: image.instead?.(made) ?? made,
    segments: [{ type: 1, flags: 5, offset: 0x1000, address: BigInt(CODE), fileSize: 4096 }],
  });
}

function headerOf(shape: DwarfShape, abbreviationsAt: number): Uint8Array {
  const head = new Bytes(shape).u16(shape.version);
  if (shape.version >= 5)
    return offset(head.u8(UnitType.compile).u8(shape.bits / 8), shape, abbreviationsAt).done();
  return offset(head, shape, abbreviationsAt)
    .u8(shape.bits / 8)
    .done();
}

/** A length as units and tables begin with it. */
export function lengthBytes(shape: DwarfShape, length: number): Uint8Array {
  const out = new Bytes(shape);
  return shape.wide ? wide64(out.u32(0xffffffff), shape, length).done() : out.u32(length).done();
}

/** An offset of the format's size. */
export function offset(out: Bytes, shape: DwarfShape, value: number): Bytes {
  return shape.wide ? wide64(out, shape, value) : out.u32(value);
}

function wide64(out: Bytes, { littleEndian }: DwarfShape, value: number): Bytes {
  return littleEndian ? out.u32(value).u32(0) : out.u32(0).u32(value);
}

function valueBytes(shape: DwarfShape, form: number, value: DieValue, strings: Bytes): Bytes {
  const out = new Bytes(shape);
  const number = typeof value === 'number' || typeof value === 'bigint' ? value : 0;
  const raw = typeof value === 'object' && !('to' in value) ? [...(value as Iterable<number>)] : [];
  switch (form) {
    case Form.addr:
      return out.word(number);
    case Form.data1:
    case Form.flag:
    case Form.strx1:
    case Form.addrx1:
      return out.u8(Number(number));
    case Form.data2:
      return out.u16(Number(number));
    case Form.data4:
    case Form.ref4:
      return out.u32(Number(number));
    case Form.data8:
    case Form.refSig8: {
      const [low, high] = [
        Number(BigInt.asUintN(32, BigInt(number))),
        Number(BigInt.asUintN(64, BigInt(number)) >> 32n),
      ];
      return shape.littleEndian ? out.u32(low).u32(high) : out.u32(high).u32(low);
    }
    case Form.refAddr:
    case Form.secOffset:
      return offset(out, shape, Number(number));
    case Form.string:
      return out.text(String(value));
    case Form.strp: {
      const at = strings.length;
      strings.text(String(value));
      return offset(out, shape, at);
    }
    case Form.udata:
    case Form.addrx:
    case Form.strx:
    case Form.rnglistx:
    case Form.loclistx:
      return out.raw(uleb(Number(number)));
    case Form.sdata:
      return out.raw(sleb(Number(number)));
    case Form.exprloc:
    case Form.block:
      return out.raw(uleb(raw.length)).raw(raw);
    case Form.block1:
      return out.u8(raw.length).raw(raw);
    case Form.flagPresent:
      return out;
    default:
      throw new Error(`the image has no form ${form}`);
  }
}

/** A program of two files whose rows are given as [address, file, line, column, statement]. */
export function lineProgram(
  shape: DwarfShape,
  rows: readonly (readonly [number, number, number, number, boolean])[],
): Uint8Array {
  const program = new Bytes(shape);
  let [line, column, file, statement] = [1, 0, 1, true];
  for (const [address, ...row] of rows) {
    program.raw([0, shape.bits / 8 + 1, 2]).word(address);
    if (row[0] !== file) program.raw([4, ...uleb((file = row[0]))]);
    program.raw([3, ...sleb(row[1] - line)]);
    line = row[1];
    if (row[2] !== column) program.raw([5, ...uleb((column = row[2]))]);
    if (row[3] !== statement) {
      program.u8(6);
      statement = row[3];
    }
    program.u8(1);
  }
  program.raw([2, 4, 0, 1, 1]);
  const tables = new Bytes(shape);
  if (shape.version >= 5) {
    tables.raw([1, 1, Form.string, 2]).text('/src').text('lib');
    tables
      .raw([2, 1, Form.string, 2, Form.udata, 3])
      .text('main.c')
      .u8(0)
      .text('main.c')
      .u8(0)
      .text('util.h')
      .u8(1);
  } else {
    tables.text('lib').u8(0).text('main.c').raw([0, 0, 0]).text('util.h').raw([1, 0, 0]).u8(0);
  }
  const rest = new Bytes(shape).u8(1);
  if (shape.version >= 4) rest.u8(1);
  rest.u8(1).u8(0xfb).u8(14).u8(13).raw([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]).raw(tables.done());
  const head = new Bytes(shape).u16(shape.version);
  if (shape.version >= 5) head.u8(shape.bits / 8).u8(0);
  offset(head, shape, rest.length).raw(rest.done()).raw(program.done());
  return new Bytes(shape).raw(lengthBytes(shape, head.length)).raw(head.done()).done();
}

export function uleb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? byte + 128 : byte);
  } while (rest > 0);
  return out;
}

export function sleb(value: number): number[] {
  const out: number[] = [];
  let rest = BigInt(value);
  for (;;) {
    const byte = Number(BigInt.asUintN(7, rest));
    rest >>= 7n;
    const done = (rest === 0n && byte < 64) || (rest === -1n && byte >= 64);
    out.push(done ? byte : byte + 128);
    if (done) return out;
  }
}
