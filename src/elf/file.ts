/**
 * An ELF file, opened over bytes or over a source that reads pieces of it.
 *
 * Opening reads only the file header. Everything else is read when it is first asked for, so a file with a
 * broken section table still gives its segments, and the size of a file does not matter. Nothing is trusted:
 * what lies outside of the file, or of what holds it, is an ElfError with the place.
 *
 *     const file = ElfFile.open(readFileSync('/usr/bin/node'));
 *     const [main] = findFunctions(file, 'main');
 */
import { SectionType } from './constants.ts';
import { noSuchIndex, tooLarge, wrongEntrySize } from './errors.ts';
import {
  type ElfHeader,
  type ElfSection,
  type ElfSegment,
  readHeader,
  readSections,
  readSegments,
} from './header.ts';
import { MAX_CONTENTS } from './limits.ts';
import { type ByteSource, bytesSource, readRange } from './source.ts';
import { SymbolTable, symbolSize } from './symbols.ts';
import { ElfView } from './view.ts';

export type SymbolTableKind =
  /** `.symtab`: all symbols; a stripped file lacks it. */
  | 'static'
  /** `.dynsym`: what the dynamic linker needs. */
  | 'dynamic';

export class ElfFile {
  readonly source: ByteSource;
  readonly header: ElfHeader;
  #sections: readonly ElfSection[] | undefined;
  #segments: readonly ElfSegment[] | undefined;
  readonly #tables = new Map<SymbolTableKind, SymbolTable | undefined>();

  private constructor(source: ByteSource) {
    this.source = source;
    this.header = readHeader(source);
  }

  /** Throws ElfError for what is not an ELF file. */
  static open(source: Uint8Array | ByteSource): ElfFile {
    return new ElfFile(source instanceof Uint8Array ? bytesSource(source) : source);
  }

  /** All sections, the first (which is no section) included, so that indices are those of the file. */
  get sections(): readonly ElfSection[] {
    this.#sections ??= readSections(this.source, this.header);
    return this.#sections;
  }

  get segments(): readonly ElfSegment[] {
    this.#segments ??= readSegments(this.source, this.header);
    return this.#segments;
  }

  /** The first section of this name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** Throws ElfError `bounds` for an index that does not exist. */
  sectionAt(index: number): ElfSection {
    const section = this.sections[index];
    if (!section) throw noSuchIndex('section', index, this.sections.length, this.header.sectionsAt);
    return section;
  }

  /**
   * What a section has in the file: nothing for `nobits`; still compressed where its flags say so. Borrowed from
   * the source. Throws ElfError `bounds` outside of the file, `limit` above `limit` bytes (default 256 MiB).
   */
  contents(section: ElfSection, limit: number = MAX_CONTENTS): ElfView {
    const what = `section ${section.index} "${section.name}"`;
    const size = section.type === SectionType.nobits ? 0 : section.size;
    return this.range(what, size === 0 ? 0 : section.offset, size, limit);
  }

  /** Any range of the file. `what` names it in errors. */
  range(what: string, offset: number, size: number, limit: number = MAX_CONTENTS): ElfView {
    if (offset + size <= this.source.size && size > limit) throw tooLarge(what, offset, size, limit);
    const bytes = readRange(this.source, what, offset, size);
    return new ElfView(bytes, offset, what, this.header.littleEndian, this.header.bits === 64);
  }

  /** A symbol table with its names; undefined where the file has none. Throws ElfError where it is broken. */
  symbols(kind: SymbolTableKind): SymbolTable | undefined {
    if (!this.#tables.has(kind)) this.#tables.set(kind, this.#readSymbols(kind));
    return this.#tables.get(kind);
  }

  #readSymbols(kind: SymbolTableKind): SymbolTable | undefined {
    const type = kind === 'static' ? SectionType.symtab : SectionType.dynsym;
    const section = this.sections.find((candidate) => candidate.type === type);
    if (!section) return undefined;
    const expected = symbolSize(this.header.bits === 64);
    if (section.entrySize !== expected) {
      throw wrongEntrySize(`section "${section.name}"`, section.offset, section.entrySize, expected);
    }
    const strings = this.contents(this.sectionAt(section.link));
    const extended = this.sections.find(
      (candidate) => candidate.type === SectionType.symtabShndx && candidate.link === section.index,
    );
    const indices = extended ? this.contents(extended) : undefined;
    return new SymbolTable(this.contents(section), strings, indices);
  }
}
