/** Writes small ELF files for tests, of both classes and byte orders. Says nothing about what is sensible. */

export interface ImageShape {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
}

export interface ImageSection {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly address?: bigint;
  readonly data?: Uint8Array;
  /** For sections without data in the file. */
  readonly size?: number;
  /** Name of the section that `sh_link` points to. */
  readonly link?: string;
  readonly info?: number;
  readonly alignment?: number;
  readonly entrySize?: number;
}

export interface ImageSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly fileSize: number;
  readonly memorySize?: number;
  readonly alignment?: number;
}

export interface ImageSymbol {
  readonly name: string;
  readonly value: bigint;
  readonly size?: number;
  readonly type?: number;
  readonly binding?: number;
  readonly visibility?: number;
  readonly section?: number;
}

/** Bytes written one value after the other, in one byte order. */
export class Bytes {
  readonly #parts: number[] = [];
  readonly #shape: ImageShape;

  constructor(shape: ImageShape) {
    this.#shape = shape;
  }

  get length(): number {
    return this.#parts.length;
  }

  u8(value: number): this {
    this.#parts.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.#number(BigInt(value), 2);
  }

  u32(value: number): this {
    return this.#number(BigInt(value), 4);
  }

  word(value: bigint | number): this {
    return this.#number(BigInt(value), this.#shape.bits / 8);
  }

  raw(bytes: Uint8Array | readonly number[]): this {
    for (const byte of bytes) this.#parts.push(byte);
    return this;
  }

  text(value: string): this {
    return this.raw(new TextEncoder().encode(value)).u8(0);
  }

  pad(unit: number): this {
    while (this.#parts.length % unit !== 0) this.#parts.push(0);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }

  #number(value: bigint, size: number): this {
    const bytes = Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
    return this.raw(this.#shape.littleEndian ? bytes : bytes.reverse());
  }
}

/** A string table and where each string of it starts. */
export class Strings {
  readonly #bytes: number[] = [0];
  readonly #at = new Map<string, number>([['', 0]]);

  add(text: string): number {
    const known = this.#at.get(text);
    if (known !== undefined) return known;
    const at = this.#bytes.length;
    this.#bytes.push(...new TextEncoder().encode(text), 0);
    this.#at.set(text, at);
    return at;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** A symbol table's bytes, the first (null) symbol included. */
export function symbolBytes(
  shape: ImageShape,
  symbols: readonly ImageSymbol[],
  strings: Strings,
): Uint8Array {
  const out = new Bytes(shape);
  for (const symbol of [
    { name: '', value: 0n, type: 0, binding: 0, section: 0 },
    ...symbols,
  ] as ImageSymbol[]) {
    const name = strings.add(symbol.name);
    const info = ((symbol.binding ?? 1) << 4) | (symbol.type ?? 2);
    const { value, size = 0, visibility = 0, section = 1 } = symbol;
    if (shape.bits === 64) out.u32(name).u8(info).u8(visibility).u16(section).word(value).word(size);
    else out.u32(name).word(value).word(size).u8(info).u8(visibility).u16(section);
  }
  return out.done();
}

/** One note, padded to 4 bytes. */
export function noteBytes(
  shape: ImageShape,
  name: string,
  type: number,
  description: Uint8Array,
): Uint8Array {
  const out = new Bytes(shape)
    .u32(name.length + 1)
    .u32(description.length)
    .u32(type);
  return out.text(name).pad(4).raw(description).pad(4).done();
}

/** Where `elfImage` puts the data of the first section. */
export const FIRST_DATA = 0x1000;

/**
 * A file: header, program headers, the sections' data from `firstData` (default 0x1000) on in order (each at a multiple of 16), and the
 * section headers. `.shstrtab` is added as the last section.
 */
export function elfImage(
  shape: ImageShape,
  {
    type = 3,
    machine = 62,
    sections = [],
    segments = [],
    firstData = FIRST_DATA,
  }: {
    type?: number;
    machine?: number;
    sections?: readonly ImageSection[];
    segments?: readonly ImageSegment[];
    firstData?: number;
  },
): Uint8Array {
  const wide = shape.bits === 64;
  const names = new Strings();
  const all: ImageSection[] = [{ name: '', type: 0 }, ...sections];
  for (const { name } of all) names.add(name);
  names.add('.shstrtab');
  all.push({ name: '.shstrtab', type: 3, data: names.done() });
  const headerSize = wide ? 64 : 52;
  let at = firstData;
  const offsets = all.map(({ data }) => {
    const start = data ? at : 0;
    at += Math.ceil((data?.length ?? 0) / 16) * 16;
    return start;
  });
  const out = new Bytes(shape).raw([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, shape.littleEndian ? 1 : 2, 1]);
  out.raw(new Uint8Array(9)).u16(type).u16(machine).u32(1).word(0x1234n);
  out
    .word(segments.length > 0 ? headerSize : 0)
    .word(at)
    .u32(0)
    .u16(headerSize);
  out.u16(wide ? 56 : 32).u16(segments.length);
  out
    .u16(wide ? 64 : 40)
    .u16(all.length)
    .u16(all.length - 1);
  for (const segment of segments) {
    out.u32(segment.type);
    if (wide) out.u32(segment.flags);
    out.word(segment.offset).word(segment.address).word(segment.address).word(segment.fileSize);
    out.word(segment.memorySize ?? segment.fileSize);
    if (!wide) out.u32(segment.flags);
    out.word(segment.alignment ?? 0x1000);
  }
  all.forEach(({ data }, i) => {
    if (!data) return;
    out.raw(new Uint8Array(offsets[i]! - out.length)).raw(data);
  });
  out.raw(new Uint8Array(at - out.length));
  all.forEach((section, i) => {
    const link = section.link === undefined ? 0 : all.findIndex(({ name }) => name === section.link);
    out
      .u32(names.add(section.name))
      .u32(section.type)
      .word(section.flags ?? 0)
      .word(section.address ?? 0n);
    out.word(offsets[i]!).word(section.size ?? section.data?.length ?? 0);
    out
      .u32(link)
      .u32(section.info ?? 0)
      .word(section.alignment ?? 1)
      .word(section.entrySize ?? 0);
  });
  return out.done();
}
