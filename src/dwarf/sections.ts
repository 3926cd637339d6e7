/**
 * The debug sections of an ELF file, read piece by piece: a browser has gigabytes of them and a question needs a few
 * pages. A compressed one has to be decompressed as a whole, up to a limit.
 */
import * as zlib from 'node:zlib';
import { SectionFlag, SectionType } from '../elf/constants.ts';
import type { ElfFile } from '../elf/file.ts';
import type { ElfSection } from '../elf/header.ts';
import { DwarfError, notRead, outside, tooMany } from './errors.ts';
import { MAX_INFLATED } from './limits.ts';
import { Reader } from './reader.ts';

export type SectionName =
  | 'debug_abbrev'
  | 'debug_addr'
  | 'debug_aranges'
  | 'debug_info'
  | 'debug_line'
  | 'debug_line_str'
  | 'debug_loc'
  | 'debug_loclists'
  | 'debug_ranges'
  | 'debug_rnglists'
  | 'debug_str'
  | 'debug_str_offsets'
  | 'debug_types';

const utf8 = new TextDecoder();
const PAGE = 1 << 16;
const MAX_PAGES = 64;
/** A name ends within this many bytes. */
const MAX_TEXT = 1 << 16;

export class Section {
  readonly name: SectionName;
  readonly size: number;
  readonly littleEndian: boolean;
  readonly #read: (offset: number, size: number) => Uint8Array;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(
    name: SectionName,
    size: number,
    littleEndian: boolean,
    read: (offset: number, size: number) => Uint8Array,
  ) {
    this.name = name;
    this.size = size;
    this.littleEndian = littleEndian;
    this.#read = read;
  }

  /** A piece of it. */
  reader(offset: number, size: number): Reader {
    if (!(offset >= 0 && size >= 0 && offset + size <= this.size)) {
      throw outside(this.name, offset, size, this.size);
    }
    return new Reader(this.#read(offset, size), offset, this.name, this.littleEndian);
  }

  /** A small piece, out of pages that are kept. */
  small(offset: number, size: number): Reader {
    if (!(offset >= 0 && size >= 0 && offset + size <= this.size)) {
      throw outside(this.name, offset, size, this.size);
    }
    const number = Math.floor(offset / PAGE);
    const inside = offset - number * PAGE;
    if (inside + size > PAGE) return this.reader(offset, size);
    const bytes = this.#page(number).subarray(inside, inside + size);
    return new Reader(bytes, offset, this.name, this.littleEndian);
  }

  /** The text at a place, up to its NUL. */
  text(offset: number): string {
    if (!(offset >= 0 && offset < this.size)) throw outside(this.name, offset, 1, this.size);
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let at = offset; at < this.size && length <= MAX_TEXT; ) {
      const number = Math.floor(at / PAGE);
      const rest = this.#page(number).subarray(at - number * PAGE);
      const end = rest.indexOf(0);
      parts.push(end < 0 ? rest : rest.subarray(0, end));
      if (end >= 0) return utf8.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
      length += rest.length;
      at += rest.length;
    }
    throw outside(this.name, offset, length + 1, this.size);
  }

  #page(number: number): Uint8Array {
    let page = this.#pages.get(number);
    if (!page) {
      page = this.#read(number * PAGE, Math.min(PAGE, this.size - number * PAGE));
      if (this.#pages.size >= MAX_PAGES) this.#pages.delete(this.#pages.keys().next().value!);
      this.#pages.set(number, page);
    }
    return page;
  }
}

export class Sections {
  readonly elf: ElfFile;
  readonly #known = new Map<SectionName, Section | undefined>();

  constructor(elf: ElfFile) {
    this.elf = elf;
  }

  /** Undefined where the file has none. Throws DwarfError for one that is compressed in a way that is not read. */
  find(name: SectionName): Section | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#open(name));
    return this.#known.get(name);
  }

  #open(name: SectionName): Section | undefined {
    const { elf } = this;
    const { littleEndian } = elf.header;
    const found = elf.section(`.${name}`);
    if (found && (found.flags & SectionFlag.compressed) !== 0) {
      return inMemory(name, littleEndian, inflated(elf, found, name));
    }
    if (found) {
      if (found.type === SectionType.nobits || found.size === 0) return undefined;
      return new Section(
        name,
        found.size,
        littleEndian,
        (offset, size) => elf.range(`section ".${name}"`, found.offset + offset, size).bytes,
      );
    }
    const old = elf.section(`.z${name}`);
    return old && inMemory(name, littleEndian, inflatedOld(elf, old, name));
  }
}

function inMemory(name: SectionName, littleEndian: boolean, bytes: Uint8Array): Section | undefined {
  if (bytes.length === 0) return undefined;
  return new Section(name, bytes.length, littleEndian, (offset, size) =>
    bytes.subarray(offset, offset + size),
  );
}

const Compression = { zlib: 1, zstd: 2 } as const;

/** Elf32_Chdr and Elf64_Chdr (gABI, "Section Compression"): type, size, alignment, with a gap in the larger one. */
function inflated(elf: ElfFile, section: ElfSection, name: SectionName): Uint8Array {
  const view = elf.contents(section);
  const type = view.u32(0);
  const size = view.size(view.wide ? 8 : 4);
  return decompress(type, view.bytes.subarray(view.wide ? 24 : 12), size, name);
}

/** What binutils wrote before there was a flag: `ZLIB`, the size as eight bytes with the highest first. */
function inflatedOld(elf: ElfFile, section: ElfSection, name: SectionName): Uint8Array {
  const { bytes } = elf.contents(section);
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || head.getUint32(0) !== 0x5a4c4942) {
    throw new DwarfError('format', name, 0, 'the section is not compressed as its name says');
  }
  return decompress(
    Compression.zlib,
    bytes.subarray(12),
    head.getUint32(4) * 2 ** 32 + head.getUint32(8),
    name,
  );
}

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

function decompress(type: number, bytes: Uint8Array, size: number, name: SectionName): Uint8Array {
  if (size > MAX_INFLATED) throw tooMany(name, 0, 'bytes in a compressed section', MAX_INFLATED);
  // Since Node 22.15; older ones have no zstd.
  const zstd = (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;
  const how: Decompress | undefined =
    type === Compression.zlib ? zlib.inflateSync : type === Compression.zstd ? zstd : undefined;
  if (!how)
    throw notRead(
      name,
      0,
      `sections compressed with ${type === Compression.zstd ? 'zstd' : `method ${type}`}`,
    );
  let out: Uint8Array;
  try {
    out = how(bytes, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw new DwarfError('format', name, 0, `the compressed section is broken: ${(error as Error).message}`);
  }
  if (out.length !== size)
    throw new DwarfError('format', name, 0, `decompressed to ${out.length} bytes, not ${size}`);
  return out;
}
