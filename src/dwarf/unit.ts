/** A unit of debug information: usually what the compiler made of one source file. */
import { type AbbreviationTable, type FormSizes, skipForm } from './abbreviations.ts';
import { At, Tag, UnitType } from './constants.ts';
import { checkRoot, Entry, readEntry } from './entry.ts';
import { DwarfError, noEntry, outside, tooMany, unknown } from './errors.ts';
import type { DebugInfo } from './info.ts';
import { MAX_UNIT } from './limits.ts';
import type { Reader } from './reader.ts';
import type { Section } from './sections.ts';

export interface UnitHeader extends FormSizes {
  readonly section: 'debug_info' | 'debug_types';
  readonly offset: number;
  /** Offset of the next unit. */
  readonly end: number;
  /** UnitType */
  readonly type: number;
  readonly abbreviationsAt: number;
  /** Offset of the first entry. */
  readonly entriesAt: number;
  /** Of a type unit: what references name it by, and where in it the type is, from the start of the unit. */
  readonly signature: bigint | undefined;
  readonly typeAt: number;
}

/** Bytes of the longest header, that of a type unit in the 64-bit format. */
const HEADER = 40;
/** A first entry is seldom longer; else the unit is read as a whole. */
const HEAD = 512;

/** The header at an offset, checked against the section. */
export function readUnitHeader(section: Section, offset: number): UnitHeader {
  const name = section.name as UnitHeader['section'];
  const reader = section.reader(offset, Math.min(HEADER, section.size - offset));
  let length = reader.u32();
  const wide = length === 0xffffffff;
  if (wide) length = reader.u64();
  else if (length >= 0xfffffff0) throw unknown(name, offset, 'unit length', length);
  const end = reader.offset + length;
  if (end > section.size) throw outside(name, offset, length, section.size);
  if (end - offset > MAX_UNIT) throw tooMany(name, offset, 'bytes in a unit', MAX_UNIT);
  const version = reader.u16();
  if (version < 2 || version > 5) throw unknown(name, offset, 'version', version);
  let type: number = name === 'debug_types' ? UnitType.type : UnitType.compile;
  let addressSize: number;
  let abbreviationsAt: number;
  if (version >= 5) {
    type = reader.u8();
    addressSize = reader.u8();
    abbreviationsAt = reader.word(wide);
  } else {
    abbreviationsAt = reader.word(wide);
    addressSize = reader.u8();
  }
  if (addressSize !== 4 && addressSize !== 8) throw unknown(name, offset, 'size of addresses', addressSize);
  let signature: bigint | undefined;
  let typeAt = 0;
  if (type === UnitType.type || type === UnitType.splitType) {
    signature = reader.big64();
    typeAt = reader.word(wide);
  } else if (type === UnitType.skeleton || type === UnitType.splitCompile) {
    reader.skip(8);
  }
  const entriesAt = reader.offset;
  if (entriesAt > end) throw outside(name, offset, entriesAt - offset, end);
  return {
    ...{ section: name, offset, end, wide, version, type, addressSize },
    ...{ abbreviationsAt, entriesAt, signature, typeAt },
  };
}

export class Unit {
  readonly info: DebugInfo;
  readonly header: UnitHeader;
  #abbreviations: AbbreviationTable | undefined;
  #root: Entry | undefined;
  #bases: Bases | undefined;

  constructor(info: DebugInfo, header: UnitHeader) {
    this.info = info;
    this.header = header;
  }

  get abbreviations(): AbbreviationTable {
    this.#abbreviations ??= this.info.abbreviations(this.header);
    return this.#abbreviations;
  }

  /** The entry that describes the unit. */
  get root(): Entry {
    if (this.#root) return this.#root;
    const { section, entriesAt, end } = this.header;
    if (end - entriesAt > HEAD && !this.info.hasContents(this)) {
      try {
        const head = this.info.section(section).reader(entriesAt, HEAD);
        this.#root = checkRoot(readEntry(this, head), this);
      } catch (error) {
        if (!(error instanceof DwarfError) || error.code !== 'bounds') throw error;
      }
    }
    this.#root ??= checkRoot(readEntry(this, this.#at(entriesAt)), this);
    return this.#root;
  }

  /** Lets go of what was read of a unit that nobody asks about: a search looks at all of them. */
  forget(): void {
    this.#root = undefined;
    this.#abbreviations = undefined;
  }

  #at(offset: number): Reader {
    const reader = this.info.contents(this);
    reader.seek(offset);
    return reader;
  }

  skip(reader: Reader, form: number): void {
    skipForm(reader, form, this.header);
  }

  /** The entry at an offset of the section; undefined at the end of a list of children. */
  entryAt(offset: number): Entry | undefined {
    // Behind the last entry some producers leave the zeros out.
    if (offset === this.header.end) return undefined;
    return readEntry(this, this.#at(offset));
  }

  /** The entry so far behind the start of the unit, as references have it. */
  entryInside(relative: number): Entry {
    const { section, offset, entriesAt, end } = this.header;
    const at = offset + relative;
    if (at < entriesAt || at >= end) throw outside(section, at, 1, end);
    const entry = this.entryAt(at);
    if (!entry) throw noEntry(section, at);
    return entry;
  }

  /** A sibling lies behind its brother: otherwise one would walk in circles. */
  checkedSibling(entry: Entry, offset: number | undefined): number {
    if (offset === undefined) return this.skipChildren(entry.end);
    if (offset < entry.end || offset > this.header.end) {
      throw outside(this.header.section, offset, 1, this.header.end);
    }
    return offset;
  }

  /** Offset behind the children that begin at an offset. */
  skipChildren(offset: number): number {
    const reader = this.#at(offset);
    const { abbreviations } = this;
    for (let depth = 1; depth > 0; ) {
      if (reader.done) return this.header.end;
      const at = reader.offset;
      const code = reader.uleb();
      if (code === 0) {
        depth--;
        continue;
      }
      const shape = abbreviations.get(code, at);
      if (shape.hasChildren && shape.sibling >= 0) {
        reader.seek(new Entry(this, at, shape, reader).after());
        continue;
      }
      if (shape.size >= 0) reader.skip(shape.size);
      else for (const form of shape.forms) skipForm(reader, form, this.header);
      if (shape.hasChildren) depth++;
    }
    return reader.offset;
  }

  get name(): string | undefined {
    return this.root.text(At.name);
  }

  get directory(): string | undefined {
    return this.root.text(At.compDir);
  }

  /** Its entries are in a file of their own (`-gsplit-dwarf`); the name of it. */
  get splitName(): string | undefined {
    const { root } = this;
    return root.text(At.dwoName) ?? root.text(At.gnuDwoName);
  }

  /** What lists in this unit are relative to. */
  get baseAddress(): number {
    return this.root.address(At.lowPc) ?? 0;
  }

  get bases(): Bases {
    if (!this.#bases) {
      const { root } = this;
      const { wide } = this.header;
      this.#bases = {
        // Without an attribute: behind the header of the section's first table.
        texts: root.number(At.strOffsetsBase) ?? (wide ? 16 : 8),
        addresses: root.number(At.addrBase) ?? root.number(At.gnuAddrBase) ?? (wide ? 16 : 8),
        ranges: root.number(At.rnglistsBase) ?? (wide ? 20 : 12),
        locations: root.number(At.loclistsBase) ?? (wide ? 20 : 12),
      };
    }
    return this.#bases;
  }

  indexedText(index: number): string | undefined {
    const { wide } = this.header;
    const size = wide ? 8 : 4;
    const at = this.bases.texts + index * size;
    return this.info.text('debug_str', this.info.section('debug_str_offsets').small(at, size).word(wide));
  }

  indexedAddress(index: number): number {
    const { addressSize } = this.header;
    const at = this.bases.addresses + index * addressSize;
    return this.info.section('debug_addr').small(at, addressSize).sized(addressSize);
  }

  /** True for one that has code and types of its own, not a type by itself. */
  get isCompiled(): boolean {
    return this.root.tag === Tag.compileUnit || this.root.tag === Tag.skeletonUnit;
  }
}

export interface Bases {
  readonly texts: number;
  readonly addresses: number;
  readonly ranges: number;
  readonly locations: number;
}
