/**
 * An object file without what only debuggers and linkers read: DWARF, and the relocations of DWARF and BTF.
 *
 * What stays is copied section by section into a new file; sections and symbols get new numbers, so links between
 * sections, relocations and the symbol table are rewritten. Symbols of the sections that went go too.
 */
import { FileType, SectionType } from './constants.ts';
import { ElfFile } from './file.ts';
import { type ElfSection, readHeader } from './header.ts';
import { bytesSource } from './source.ts';

const unwanted =
  /^(?:\.rela?)?\.debug_|^\.rela?\.BTF(?:\.ext)?$|^\.llvm_addrsig$|^\.rela?\.eh_frame$|^\.eh_frame$/;

/** File header, section header, symbol and the two kinds of relocation in 64-bit files. */
const sizes = { header: 64, section: 64, symbol: 24, rel: 16, rela: 24 } as const;

/** 64-bit relocatable files of either byte order; any other file is given back as it is. Throws ElfError. */
export function stripObject(bytes: Uint8Array): Uint8Array {
  const source = bytesSource(bytes);
  const header = readHeader(source);
  if (header.bits !== 64 || header.type !== FileType.relocatable) return bytes;
  const elf = ElfFile.open(source);
  const kept = elf.sections.filter((section) => !unwanted.test(section.name));
  const newIndex = new Map(kept.map((section, i) => [section.index, i]));
  const contents = new Map<ElfSection, Uint8Array>();
  for (const section of kept) {
    const inFile = section.type !== SectionType.nobits && section.type !== SectionType.null;
    contents.set(section, inFile ? elf.contents(section).bytes.slice() : new Uint8Array());
  }
  const { littleEndian } = header;
  const symbols = kept.find((section) => section.type === SectionType.symtab);
  const firstGlobal = symbols ? renumberSymbols(symbols, contents, kept, newIndex, littleEndian) : 0;
  return assemble(bytes, kept, contents, newIndex, { littleEndian, symbols, firstGlobal });
}

/** Rewrites the symbol table and the relocations that name its entries; returns the first symbol that is not local. */
function renumberSymbols(
  symbols: ElfSection,
  contents: Map<ElfSection, Uint8Array>,
  kept: readonly ElfSection[],
  newIndex: ReadonlyMap<number, number>,
  littleEndian: boolean,
): number {
  const old = contents.get(symbols)!;
  const view = new DataView(old.buffer, old.byteOffset, old.byteLength);
  const numbers = new Map<number, number>();
  const parts: Uint8Array[] = [];
  let firstGlobal = 0;
  for (let i = 0; i < Math.floor(old.length / sizes.symbol); i++) {
    const at = i * sizes.symbol;
    const section = view.getUint16(at + 6, littleEndian);
    const special = section === 0 || section >= 0xff00;
    const moved = special ? section : newIndex.get(section);
    if (moved === undefined) continue;
    view.setUint16(at + 6, moved, littleEndian);
    numbers.set(i, parts.length);
    parts.push(old.subarray(at, at + sizes.symbol));
    if (old[at + 4]! >> 4 === 0) firstGlobal = parts.length;
  }
  contents.set(symbols, Buffer.concat(parts));
  for (const section of kept) {
    const entry = section.type === SectionType.rel ? sizes.rel : sizes.rela;
    if (section.type !== SectionType.rel && section.type !== SectionType.rela) continue;
    const data = contents.get(section)!;
    const table = new DataView(data.buffer, data.byteOffset, data.byteLength);
    // The symbol is the upper half of r_info.
    const place = littleEndian ? 12 : 8;
    for (let at = 0; at + entry <= data.length; at += entry) {
      const symbol = table.getUint32(at + place, littleEndian);
      table.setUint32(at + place, numbers.get(symbol) ?? 0, littleEndian);
    }
  }
  return firstGlobal;
}

function assemble(
  original: Uint8Array,
  kept: readonly ElfSection[],
  contents: ReadonlyMap<ElfSection, Uint8Array>,
  newIndex: ReadonlyMap<number, number>,
  {
    littleEndian,
    symbols,
    firstGlobal,
  }: { littleEndian: boolean; symbols: ElfSection | undefined; firstGlobal: number },
): Uint8Array {
  const before = new DataView(original.buffer, original.byteOffset, original.byteLength);
  const oldTable = Number(before.getBigUint64(40, littleEndian));
  const offsets: number[] = [];
  let end: number = sizes.header;
  for (const section of kept) {
    const alignment = Math.max(1, section.alignment);
    end = Math.ceil(end / alignment) * alignment;
    offsets.push(end);
    end += contents.get(section)!.length;
  }
  const tableAt = Math.ceil(end / 8) * 8;
  const out = new Uint8Array(tableAt + kept.length * sizes.section);
  const view = new DataView(out.buffer);
  out.set(original.subarray(0, sizes.header));
  view.setBigUint64(40, BigInt(tableAt), littleEndian);
  view.setUint16(60, kept.length, littleEndian);
  view.setUint16(62, newIndex.get(before.getUint16(62, littleEndian)) ?? 0, littleEndian);
  for (const [i, section] of kept.entries()) {
    const data = contents.get(section)!;
    out.set(data, offsets[i]);
    const at = tableAt + i * sizes.section;
    const from = oldTable + section.index * sizes.section;
    out.set(original.subarray(from, from + sizes.section), at);
    view.setBigUint64(at + 24, BigInt(section.type === SectionType.null ? 0 : offsets[i]!), littleEndian);
    if (section.type !== SectionType.nobits) view.setBigUint64(at + 32, BigInt(data.length), littleEndian);
    view.setUint32(at + 40, newIndex.get(section.link) ?? 0, littleEndian);
    const relocates = section.type === SectionType.rel || section.type === SectionType.rela;
    if (relocates) view.setUint32(at + 44, newIndex.get(section.info) ?? 0, littleEndian);
    if (section === symbols) view.setUint32(at + 44, firstGlobal, littleEndian);
  }
  return out;
}
