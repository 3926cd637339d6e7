/**
 * Symbol versions: why a library may export `memcpy` twice.
 *
 * `.gnu.version` has a number for each dynamic symbol, `.gnu.version_d` the names of the numbers that the file
 * itself defines (https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html).
 */
import { SectionType } from './constants.ts';
import { tooLarge } from './errors.ts';
import type { ElfFile } from './file.ts';
import { MAX_NAMES, MAX_VERSIONS } from './limits.ts';
import type { ElfView } from './view.ts';

export interface SymbolVersion {
  readonly name: string;
  /** What a program gets that asks for no version: written `name@@version`. */
  readonly isDefault: boolean;
}

const HIDDEN = 0x8000;

export class SymbolVersions {
  readonly #numbers: ElfView;
  readonly #names: ReadonlyMap<number, string>;

  constructor(numbers: ElfView, names: ReadonlyMap<number, string>) {
    this.#numbers = numbers;
    this.#names = names;
  }

  /** The version of a dynamic symbol that the file defines; undefined for symbols without a version. */
  of(index: number): SymbolVersion | undefined {
    if ((index + 1) * 2 > this.#numbers.length) return undefined;
    const number = this.#numbers.u16(index * 2);
    const name = this.#names.get(number & ~HIDDEN);
    return name === undefined ? undefined : { name, isDefault: (number & HIDDEN) === 0 };
  }
}

/** Undefined for a file that defines no versions. Throws ElfError where the tables are broken. */
export function readVersions(file: ElfFile): SymbolVersions | undefined {
  const numbers = file.sections.find((section) => section.type === SectionType.gnuVersym);
  const definitions = file.sections.find((section) => section.type === SectionType.gnuVerdef);
  if (!numbers || !definitions) return undefined;
  const names = readDefinitions(file.contents(definitions), file.contents(file.sectionAt(definitions.link)));
  return new SymbolVersions(file.contents(numbers), names);
}

/** `Elf_Verdef`: version, flags, number, count of names, hash, first name, next record; steps are relative. */
function readDefinitions(table: ElfView, strings: ElfView): Map<number, string> {
  const names = new Map<number, string>();
  let seen = 0;
  let kept = 0;
  for (let at = 0; table.length > 0; ) {
    if (++seen > MAX_VERSIONS) throw tooLarge(table.what, table.start, seen, MAX_VERSIONS);
    const first = at + table.u32(at + 12);
    const name = strings.string(table.u32(first));
    kept += name.length;
    if (kept > MAX_NAMES) throw tooLarge('version names', table.start, kept, MAX_NAMES);
    names.set(table.u16(at + 4) & ~HIDDEN, name);
    const step = table.u32(at + 16);
    if (step === 0) break;
    at += step;
  }
  return names;
}
