/** Symbol tables, read in place: nothing is made for a symbol until it is asked for. */
import { SectionIndex } from './constants.ts';
import { noSuchIndex } from './errors.ts';
import type { ElfView } from './view.ts';

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  readonly value: bigint;
  /** Bytes; 0 where the assembler was not told. */
  readonly size: number;
  /** SymbolType. */
  readonly type: number;
  /** SymbolBinding. */
  readonly binding: number;
  /** `STV_*`: 0 default, 1 internal, 2 hidden, 3 protected. */
  readonly visibility: number;
  /** Index of the section it lies in, or one of SectionIndex. */
  readonly section: number;
}

export class SymbolTable {
  readonly count: number;
  readonly #table: ElfView;
  readonly #strings: ElfView;
  readonly #extended: ElfView | undefined;
  readonly #entrySize: number;
  readonly #valueAt: number;
  readonly #sizeAt: number;
  readonly #infoAt: number;

  /** @param extended section indices for symbols that have SHN_XINDEX, from a SHT_SYMTAB_SHNDX section */
  constructor(table: ElfView, strings: ElfView, extended?: ElfView) {
    this.#table = table;
    this.#strings = strings;
    this.#extended = extended;
    this.#entrySize = symbolSize(table.wide);
    this.#valueAt = table.wide ? 8 : 4;
    this.#sizeAt = table.wide ? 16 : 8;
    this.#infoAt = table.wide ? 4 : 12;
    this.count = Math.floor(table.length / this.#entrySize);
  }

  /** Throws ElfError `bounds` for an index or a name that does not exist. */
  symbol(index: number): ElfSymbol {
    const at = this.#at(index);
    const info = this.#table.u8(at + this.#infoAt);
    return {
      index,
      name: this.#strings.string(this.#table.u32(at)),
      value: this.#table.word(at + this.#valueAt),
      size: this.#table.size(at + this.#sizeAt),
      type: info & 15,
      binding: info >> 4,
      visibility: this.#table.u8(at + this.#infoAt + 1) & 3,
      section: this.section(index),
    };
  }

  /** The bytes of a name, borrowed from the file. */
  nameBytes(index: number): Uint8Array {
    return this.#strings.stringBytes(this.#table.u32(this.#at(index)));
  }

  value(index: number): bigint {
    return this.#table.word(this.#at(index) + this.#valueAt);
  }

  /** The value's two halves, for whoever reads many: no bigint is made. */
  valueLow(index: number): number {
    const at = this.#at(index) + this.#valueAt;
    return this.#table.u32(this.#table.wide && !this.#table.littleEndian ? at + 4 : at);
  }

  valueHigh(index: number): number {
    if (!this.#table.wide) return 0;
    return this.#table.u32(this.#at(index) + (this.#table.littleEndian ? this.#valueAt + 4 : this.#valueAt));
  }

  size(index: number): number {
    return this.#table.size(this.#at(index) + this.#sizeAt);
  }

  /** SymbolType. */
  type(index: number): number {
    return this.#table.u8(this.#at(index) + this.#infoAt) & 15;
  }

  section(index: number): number {
    const short = this.#table.u16(this.#at(index) + this.#infoAt + 2);
    if (short !== SectionIndex.extended || !this.#extended) return short;
    return this.#extended.u32(index * 4);
  }

  isDefined(index: number): boolean {
    return this.section(index) !== SectionIndex.undefined;
  }

  /**
   * Indices of the symbols with exactly this name, in the table's order. Names are compared as bytes, a string
   * is taken as UTF-8. Names that lie outside of the string table equal nothing.
   */
  find(name: string | Uint8Array): number[] {
    const wanted = typeof name === 'string' ? new TextEncoder().encode(name) : name;
    const strings = this.#strings.bytes;
    const found: number[] = [];
    if (wanted.includes(0)) return found;
    for (let index = 0; index < this.count; index++) {
      const start = this.#table.u32(index * this.#entrySize);
      if (strings[start + wanted.length] !== 0 || strings[start] !== (wanted[0] ?? 0)) continue;
      if (wanted.every((byte, i) => strings[start + i] === byte)) found.push(index);
    }
    return found;
  }

  #at(index: number): number {
    if (!(index >= 0 && index < this.count)) {
      throw noSuchIndex('symbol', index, this.count, this.#table.start);
    }
    return index * this.#entrySize;
  }
}

/** Bytes of a symbol: `Elf64_Sym` or `Elf32_Sym`. */
export function symbolSize(wide: boolean): number {
  return wide ? 24 : 16;
}
