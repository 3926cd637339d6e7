/** Relocations of objects: which places of a section wait for which symbol. */
import { SectionType } from './constants.ts';
import { wrongEntrySize } from './errors.ts';
import type { ElfFile } from './file.ts';
import type { ElfSection } from './header.ts';

export interface ElfRelocation {
  /** In an object: bytes from the start of the section that is relocated (`info` of the relocation section). */
  readonly offset: number;
  /** Index in the symbol table that the relocation section's `link` names. Not checked against it. */
  readonly symbol: number;
  /** `R_*` of the machine. */
  readonly type: number;
  /** Undefined in REL sections: there it stands in the place itself. */
  readonly addend: bigint | undefined;
}

/**
 * The entries of a REL or RELA section, in order; none of other sections. MIPS's own split of the info word is
 * not known here. Throws ElfError where the section is broken.
 */
export function* readRelocations(
  file: ElfFile,
  section: ElfSection,
): Generator<ElfRelocation, void, undefined> {
  const withAddend = section.type === SectionType.rela;
  if (!withAddend && section.type !== SectionType.rel) return;
  const wide = file.header.bits === 64;
  const word = wide ? 8 : 4;
  const size = (withAddend ? 3 : 2) * word;
  if (section.entrySize !== size) {
    throw wrongEntrySize(`section "${section.name}"`, section.offset, section.entrySize, size);
  }
  const view = file.contents(section);
  for (let at = 0; at + size <= view.length; at += size) {
    const info = view.word(at + word);
    yield {
      offset: view.size(at),
      symbol: Number(wide ? info >> 32n : info >> 8n),
      type: Number(wide ? info & 0xffffffffn : info & 0xffn),
      addend: withAddend ? BigInt.asIntN(file.header.bits, view.word(at + 2 * word)) : undefined,
    };
  }
}
