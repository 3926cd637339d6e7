/**
 * The debug information of a file, opened without reading it: headers of units when one looks for a unit, its first
 * entry when one asks what it covers, its entries when one wants something out of it.
 *
 *     const info = DebugInfo.open(ElfFile.open(bytes));
 *     const unit = info?.unitAt(0x1149);
 */
import type { ElfFile } from '../elf/file.ts';
import { AbbreviationTable } from './abbreviations.ts';
import { readAddressRanges } from './aranges.ts';
import type { Entry } from './entry.ts';
import { DwarfError, noEntry, noSection, outside, tooMany } from './errors.ts';
import { MAX_KEPT_UNITS, MAX_UNITS } from './limits.ts';
import { rangesOf } from './ranges.ts';
import type { Reader } from './reader.ts';
import { type Section, type SectionName, Sections } from './sections.ts';
import { readUnitHeader, Unit, type UnitHeader } from './unit.ts';

export class DebugInfo {
  readonly elf: ElfFile;
  readonly #sections: Sections;
  readonly #contents = new Map<Unit, Reader>();
  readonly #tables = new Map<string, AbbreviationTable>();
  readonly #byOffset = new Map<number, Unit>();
  #abbreviationBytes: Reader | undefined;
  #units: readonly Unit[] | undefined;
  #typeUnits: Map<bigint, Unit> | undefined;
  #covered: Covered | undefined;

  private constructor(elf: ElfFile, sections: Sections) {
    this.elf = elf;
    this.#sections = sections;
  }

  /** Undefined for a file without .debug_info. Throws ElfError, or DwarfError for a section that cannot be read. */
  static open(elf: ElfFile): DebugInfo | undefined {
    const sections = new Sections(elf);
    if (!sections.find('debug_info') || !sections.find('debug_abbrev')) return undefined;
    return new DebugInfo(elf, sections);
  }

  /** A second file has a part of the texts and types (`dwz -m`); that one is not read. */
  get hasSupplement(): boolean {
    return (
      this.elf.section('.gnu_debugaltlink') !== undefined || this.elf.section('.debug_sup') !== undefined
    );
  }

  /** Throws DwarfError where the file has no such section. */
  section(name: SectionName): Section {
    const found = this.#sections.find(name);
    if (!found) throw noSection(name);
    return found;
  }

  findSection(name: SectionName): Section | undefined {
    return this.#sections.find(name);
  }

  text(name: 'debug_str' | 'debug_line_str', offset: number): string {
    return this.section(name).text(offset);
  }

  /** The shared table of all units that name it: compilers make one a unit, dwz one for many. */
  abbreviations({ abbreviationsAt, wide, version, addressSize }: UnitHeader): AbbreviationTable {
    const key = `${abbreviationsAt} ${wide} ${Math.min(version, 3)} ${addressSize}`;
    let table = this.#tables.get(key);
    if (!table) {
      if (!this.#abbreviationBytes) {
        const section = this.section('debug_abbrev');
        this.#abbreviationBytes = section.reader(0, section.size);
      }
      const all = this.#abbreviationBytes;
      if (abbreviationsAt >= all.end) throw outside('debug_abbrev', abbreviationsAt, 1, all.end);
      const from = all.part(abbreviationsAt, all.end - abbreviationsAt);
      if (this.#tables.size >= MAX_KEPT_UNITS) this.#tables.delete(this.#tables.keys().next().value!);
      this.#tables.set(key, (table = new AbbreviationTable(from, { wide, version, addressSize })));
    }
    return table;
  }

  hasContents(unit: Unit): boolean {
    return this.#contents.has(unit);
  }

  /** The bytes of a unit. Everybody who reads seeks first: there is one position for all. */
  contents(unit: Unit): Reader {
    let reader = this.#contents.get(unit);
    if (!reader) {
      const { section, offset, end } = unit.header;
      reader = this.section(section).reader(offset, end - offset);
      if (this.#contents.size >= MAX_KEPT_UNITS) this.#contents.delete(this.#contents.keys().next().value!);
      this.#contents.set(unit, reader);
    }
    return reader;
  }

  /** The units of .debug_info in their order; the list ends at one whose header is broken. */
  units(): readonly Unit[] {
    this.#units ??= [...this.#readUnits('debug_info')];
    return this.#units;
  }

  *#readUnits(name: 'debug_info' | 'debug_types'): Generator<Unit> {
    const section = this.#sections.find(name);
    let count = 0;
    for (let offset = 0; section && offset < section.size; ) {
      if (++count > MAX_UNITS) throw tooMany(name, offset, 'units', MAX_UNITS);
      let unit: Unit;
      try {
        unit =
          name === 'debug_info' ? this.#unitFrom(offset) : new Unit(this, readUnitHeader(section, offset));
      } catch (error) {
        if (error instanceof DwarfError) return;
        throw error;
      }
      yield unit;
      offset = unit.header.end;
    }
  }

  /** The unit whose header is at an offset of .debug_info. */
  #unitFrom(offset: number): Unit {
    let unit = this.#byOffset.get(offset);
    if (!unit) {
      unit = new Unit(this, readUnitHeader(this.section('debug_info'), offset));
      this.#byOffset.set(offset, unit);
    }
    return unit;
  }

  /** The entry at an offset of .debug_info, in whichever unit. */
  entryAt(offset: number): Entry {
    const units = this.units();
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (units[middle]!.header.offset <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = units[low - 1];
    if (!unit) throw noEntry('debug_info', offset);
    return unit.entryInside(offset - unit.header.offset);
  }

  /** A type that has a unit of its own; undefined where no unit has this signature. */
  typeBySignature(signature: bigint): Entry | undefined {
    const unit = this.typeUnits().get(signature);
    return unit?.entryInside(unit.header.typeAt);
  }

  /** Types with units of their own (`-fdebug-types-section`), by their signatures. */
  typeUnits(): ReadonlyMap<bigint, Unit> {
    if (!this.#typeUnits) {
      this.#typeUnits = new Map();
      for (const unit of [...this.units(), ...this.#readUnits('debug_types')]) {
        const { signature: own } = unit.header;
        if (own !== undefined && !this.#typeUnits.has(own)) this.#typeUnits.set(own, unit);
      }
    }
    return this.#typeUnits;
  }

  /** The unit that has the code at an address; undefined where none says so. */
  unitAt(address: number): Unit | undefined {
    this.#covered ??= readCovered(this.#sections.find('debug_aranges'));
    const offset = this.#covered.find(address);
    if (offset !== undefined) {
      try {
        return this.#unitFrom(offset);
      } catch (error) {
        if (!(error instanceof DwarfError)) throw error;
      }
    }
    if (!this.#covered.complete) {
      // Not all compilers write .debug_aranges: the others' units say themselves what they cover.
      this.#covered.complete = true;
      for (const unit of this.units()) {
        if (this.#covered.units.has(unit.header.offset)) continue;
        for (const [low, high] of coveredBy(unit)) this.#covered.add(low, high, unit.header.offset);
        if (!this.hasContents(unit)) unit.forget();
      }
      return this.unitAt(address);
    }
    return undefined;
  }
}

/** What a unit's first entry says; nothing where that is broken. */
function coveredBy(unit: Unit): readonly (readonly [number, number])[] {
  try {
    return rangesOf(unit.root);
  } catch (error) {
    if (error instanceof DwarfError) return [];
    throw error;
  }
}

/** From addresses to offsets of units. Ranges of different units do not overlap, unless the file is broken. */
class Covered {
  readonly units = new Set<number>();
  complete = false;
  #ranges: { readonly low: number; readonly high: number; readonly unit: number }[] = [];
  #sorted = true;

  add(low: number, high: number, unit: number): void {
    this.units.add(unit);
    // Code that the linker dropped is at 0.
    if (low === 0 || high <= low) return;
    this.#ranges.push({ low, high, unit });
    this.#sorted = false;
  }

  find(address: number): number | undefined {
    if (!this.#sorted) {
      this.#ranges.sort((a, b) => a.low - b.low);
      this.#sorted = true;
    }
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.low <= address) low = middle + 1;
      else high = middle;
    }
    const found = this.#ranges[low - 1];
    return found && address < found.high ? found.unit : undefined;
  }
}

function readCovered(section: Section | undefined): Covered {
  const covered = new Covered();
  try {
    if (section) readAddressRanges(section, (low, high, unit) => covered.add(low, high, unit));
  } catch (error) {
    // What was read counts; the rest is asked of the units.
    if (!(error instanceof DwarfError)) throw error;
  }
  return covered;
}
