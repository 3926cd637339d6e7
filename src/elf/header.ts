/** The file header, and the two tables it points to: sections for linkers, segments for the kernel. */
import { PN_XNUM, SectionIndex } from './constants.ts';
import { noSuchIndex, notElf, tooLarge, unknownIdent, wrongEntrySize } from './errors.ts';
import { MAX_NAMES, MAX_SECTIONS, MAX_SEGMENTS } from './limits.ts';
import { type ByteSource, readRange } from './source.ts';
import { ElfView } from './view.ts';

export interface ElfHeader {
  /** 32 or 64. */
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** `e_type`: FileType. */
  readonly type: number;
  /** `e_machine`: Machine. */
  readonly machine: number;
  readonly entry: bigint;
  readonly flags: number;
  readonly segmentsAt: number;
  /** Undefined where the first section header has it (`PN_XNUM`). */
  readonly segmentCount: number | undefined;
  readonly segmentSize: number;
  readonly sectionsAt: number;
  /** Undefined where the first section header has it. */
  readonly sectionCount: number | undefined;
  readonly sectionSize: number;
  /** Undefined where the first section header has it. */
  readonly namesIndex: number | undefined;
}

/** A section header. Offsets and sizes are claims until the contents are read. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  /** SectionType, or a number that it does not list. */
  readonly type: number;
  /** SectionFlag, added up; bits above 2^53 are not kept. */
  readonly flags: number;
  readonly address: bigint;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes; those of a `nobits` section are not in the file. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySize: number;
}

/** A program header: what is mapped from where. */
export interface ElfSegment {
  /** SegmentType, or a number that it does not list. */
  readonly type: number;
  /** SegmentFlag, added up. */
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly alignment: number;
}

const IDENT = 16;

/** Throws ElfError `format` for what is not ELF, `bounds` for a file shorter than its header. */
export function readHeader(source: ByteSource): ElfHeader {
  if (source.size < IDENT) throw notElf();
  const ident = readRange(source, 'the identification', 0, IDENT);
  if (ident[0] !== 0x7f || ident[1] !== 0x45 || ident[2] !== 0x4c || ident[3] !== 0x46) throw notElf();
  const [fileClass = 0, order = 0, version = 0] = ident.subarray(4, 7);
  if (fileClass !== 1 && fileClass !== 2) throw unknownIdent('class', 4, fileClass);
  if (order !== 1 && order !== 2) throw unknownIdent('byte order', 5, order);
  if (version !== 1) throw unknownIdent('version', 6, version);
  const wide = fileClass === 2;
  const littleEndian = order === 1;
  const bytes = readRange(source, 'the file header', 0, wide ? 64 : 52);
  const view = new ElfView(bytes, 0, 'the file header', littleEndian, wide);
  const word = wide ? 8 : 4;
  const afterWords = 24 + 3 * word;
  const segmentCount = view.u16(afterWords + 8);
  const sectionCount = view.u16(afterWords + 12);
  const namesIndex = view.u16(afterWords + 14);
  const sectionsAt = view.size(24 + 2 * word);
  return {
    bits: wide ? 64 : 32,
    littleEndian,
    type: view.u16(16),
    machine: view.u16(18),
    entry: view.word(24),
    flags: view.u32(afterWords),
    segmentsAt: view.size(24 + word),
    segmentCount: segmentCount === PN_XNUM ? undefined : segmentCount,
    segmentSize: view.u16(afterWords + 6),
    sectionsAt,
    sectionCount: sectionCount === 0 && sectionsAt !== 0 ? undefined : sectionCount,
    sectionSize: view.u16(afterWords + 10),
    namesIndex: namesIndex === SectionIndex.extended ? undefined : namesIndex,
  };
}

/** All section headers, named; empty for a file without. Throws ElfError. */
export function readSections(source: ByteSource, header: ElfHeader): readonly ElfSection[] {
  const { sectionsAt } = header;
  if (sectionsAt === 0) return [];
  const size = checkSectionSize(header);
  const first = tableView(source, header, 'the first section header', sectionsAt, size);
  const unnamed = sectionAt(first, 0, 0);
  const count = header.sectionCount ?? unnamed.size;
  if (count > MAX_SECTIONS) throw tooLarge('the section header table', sectionsAt, count, MAX_SECTIONS);
  if (count === 0) return [];
  const table = tableView(source, header, 'the section header table', sectionsAt, count * size);
  const namesIndex = header.namesIndex ?? unnamed.link;
  if (namesIndex >= count) throw noSuchIndex('the section of section names', namesIndex, count, sectionsAt);
  const sections = Array.from({ length: count }, (_, index) => sectionAt(table, index * size, index));
  if (namesIndex === SectionIndex.undefined) return sections;
  const holder = sections[namesIndex]!;
  const names = tableView(source, header, 'the section names', holder.offset, holder.size);
  let kept = 0;
  return sections.map((section, index) => {
    const name = names.string(table.u32(index * size));
    kept += name.length;
    if (kept > MAX_NAMES) throw tooLarge('the section names', holder.offset, kept, MAX_NAMES);
    return { ...section, name };
  });
}

/** All program headers; empty for a file without. Throws ElfError. */
export function readSegments(source: ByteSource, header: ElfHeader): readonly ElfSegment[] {
  const { segmentsAt, segmentSize } = header;
  const count = header.segmentCount ?? extendedSegmentCount(source, header);
  if (count === 0 || segmentsAt === 0) return [];
  const expected = header.bits === 64 ? 56 : 32;
  if (segmentSize !== expected)
    throw wrongEntrySize('the program header table', segmentsAt, segmentSize, expected);
  if (count > MAX_SEGMENTS) throw tooLarge('the program header table', segmentsAt, count, MAX_SEGMENTS);
  const table = tableView(source, header, 'the program header table', segmentsAt, count * expected);
  return Array.from({ length: count }, (_, index) => segmentAt(table, index * expected));
}

function extendedSegmentCount(source: ByteSource, header: ElfHeader): number {
  if (header.sectionsAt === 0) return PN_XNUM;
  const size = checkSectionSize(header);
  return sectionAt(tableView(source, header, 'the first section header', header.sectionsAt, size), 0, 0).info;
}

function checkSectionSize(header: ElfHeader): number {
  const expected = header.bits === 64 ? 64 : 40;
  if (header.sectionSize !== expected) {
    throw wrongEntrySize('the section header table', header.sectionsAt, header.sectionSize, expected);
  }
  return expected;
}

function tableView(source: ByteSource, header: ElfHeader, what: string, at: number, size: number): ElfView {
  const limit = MAX_SECTIONS * 64;
  if (size > limit) throw tooLarge(what, at, size, limit);
  return new ElfView(readRange(source, what, at, size), at, what, header.littleEndian, header.bits === 64);
}

function sectionAt(table: ElfView, at: number, index: number): ElfSection {
  const word = table.wide ? 8 : 4;
  const afterWords = at + 8 + 4 * word;
  return {
    index,
    name: '',
    type: table.u32(at + 4),
    flags: table.size(at + 8),
    address: table.word(at + 8 + word),
    offset: table.size(at + 8 + 2 * word),
    size: table.size(at + 8 + 3 * word),
    link: table.u32(afterWords),
    info: table.u32(afterWords + 4),
    alignment: table.size(afterWords + 8),
    entrySize: table.size(afterWords + 8 + word),
  };
}

/** The flags of a program header stand second in 64-bit files and second to last in 32-bit ones. */
function segmentAt(table: ElfView, at: number): ElfSegment {
  const word = table.wide ? 8 : 4;
  const words = at + word; // after the type, and the flags of 64-bit files
  return {
    type: table.u32(at),
    flags: table.u32(table.wide ? at + 4 : at + 24),
    offset: table.size(words),
    address: table.word(words + word),
    fileSize: table.size(words + 3 * word),
    memorySize: table.size(words + 4 * word),
    alignment: table.size(table.wide ? at + 48 : at + 28),
  };
}
