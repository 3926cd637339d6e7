/**
 * Relocatable files: sections, symbols and relocations as bytes. 64-bit, little-endian.
 *
 * Symbols are numbered when the file is written, since local ones must stand before all others; until then callers hold
 * a `SymbolHandle`. Sections are numbered in the order in which they are added, from 1.
 */
import { FileType, SectionIndex, SectionType, SymbolBinding, SymbolType } from './constants.ts';

export interface NewSection {
  readonly name: string;
  readonly type: number;
  /** `SectionFlag`s; default 0. */
  readonly flags?: number;
  readonly data: Uint8Array;
  /** Default 1. */
  readonly alignment?: number;
}

export interface NewSymbol {
  readonly name: string;
  readonly binding: number;
  readonly type: number;
  /** Number of its section; default: it is defined elsewhere. */
  readonly section?: number;
  readonly value?: number;
  readonly size?: number;
}

/** A symbol before it has a number. */
export type SymbolHandle = symbol & { readonly elfSymbol?: never };

interface NewRelocation {
  readonly offset: number;
  readonly symbol: SymbolHandle;
  readonly type: number;
}

const sizes = { header: 64, section: 64, symbol: 24, relocation: 16 } as const;

export class ElfWriter {
  readonly #sections: NewSection[] = [];
  readonly #symbols = new Map<SymbolHandle, NewSymbol>();
  readonly #sectionSymbols = new Map<number, SymbolHandle>();
  readonly #relocations = new Map<number, NewRelocation[]>();

  section(section: NewSection): number {
    return this.#sections.push(section);
  }

  symbol(symbol: NewSymbol): SymbolHandle {
    const handle: SymbolHandle = Symbol(symbol.name);
    this.#symbols.set(handle, symbol);
    return handle;
  }

  /** The symbol that stands for the start of a section; the same each time. */
  sectionSymbol(section: number): SymbolHandle {
    let handle = this.#sectionSymbols.get(section);
    if (handle === undefined) {
      const { local } = SymbolBinding;
      handle = this.symbol({ name: '', binding: local, type: SymbolType.section, section });
      this.#sectionSymbols.set(section, handle);
    }
    return handle;
  }

  /** What is at `offset` of the section waits for the symbol. */
  relocate(section: number, offset: number, symbol: SymbolHandle, type: number): void {
    const list = this.#relocations.get(section);
    if (list === undefined) this.#relocations.set(section, [{ offset, symbol, type }]);
    else list.push({ offset, symbol, type });
  }

  encode(machine: number): Uint8Array<ArrayBuffer> {
    const names = new Names();
    const { symbols, numbers, firstGlobal } = this.#symbolTable(names);
    const tables: (NewSection & { link: number; info: number; entrySize: number })[] = [];
    const symbolTable = this.#sections.length + this.#relocations.size + 1;
    for (const section of this.#sections) tables.push({ ...section, link: 0, info: 0, entrySize: 0 });
    for (const [target, list] of this.#relocations) {
      tables.push({
        name: `.rel${this.#sections[target - 1]!.name}`,
        type: SectionType.rel,
        data: relocationTable(list, numbers),
        alignment: 8,
        link: symbolTable,
        info: target,
        entrySize: sizes.relocation,
      });
    }
    tables.push({
      ...{ name: '.symtab', type: SectionType.symtab, data: symbols, alignment: 8 },
      ...{ link: symbolTable + 1, info: firstGlobal, entrySize: sizes.symbol },
    });
    for (const { name } of tables) names.offset(name);
    names.offset('.strtab');
    const strings = { name: '.strtab', type: SectionType.strtab, data: names.bytes() };
    tables.push({ ...strings, link: 0, info: 0, entrySize: 0 });
    return assemble(tables, names, machine);
  }

  #symbolTable(names: Names): {
    symbols: Uint8Array;
    numbers: ReadonlyMap<SymbolHandle, number>;
    firstGlobal: number;
  } {
    const all = [...this.#symbols];
    const isLocal = ([, { binding }]: (typeof all)[number]): boolean => binding === SymbolBinding.local;
    const ordered = [...all.filter(isLocal), ...all.filter((one) => !isLocal(one))];
    const symbols = new Uint8Array((ordered.length + 1) * sizes.symbol);
    const view = new DataView(symbols.buffer);
    const numbers = new Map<SymbolHandle, number>();
    for (const [i, [handle, symbol]] of ordered.entries()) {
      const at = (i + 1) * sizes.symbol;
      numbers.set(handle, i + 1);
      view.setUint32(at, names.offset(symbol.name), true);
      view.setUint8(at + 4, (symbol.binding << 4) | symbol.type);
      view.setUint16(at + 6, symbol.section ?? SectionIndex.undefined, true);
      view.setBigUint64(at + 8, BigInt(symbol.value ?? 0), true);
      view.setBigUint64(at + 16, BigInt(symbol.size ?? 0), true);
    }
    return { symbols, numbers, firstGlobal: all.filter(isLocal).length + 1 };
  }
}

function relocationTable(
  list: readonly NewRelocation[],
  numbers: ReadonlyMap<SymbolHandle, number>,
): Uint8Array {
  const data = new Uint8Array(list.length * sizes.relocation);
  const view = new DataView(data.buffer);
  for (const [i, { offset, symbol, type }] of list.entries()) {
    view.setBigUint64(i * sizes.relocation, BigInt(offset), true);
    view.setUint32(i * sizes.relocation + 8, type, true);
    view.setUint32(i * sizes.relocation + 12, numbers.get(symbol)!, true);
  }
  return data;
}

/** Names of sections and symbols, each once, behind the empty one. */
class Names {
  readonly #offsets = new Map<string, number>([['', 0]]);
  readonly #parts: Uint8Array[] = [new Uint8Array(1)];
  #length = 1;

  offset(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const bytes = Buffer.from(`${name}\0`);
    const offset = this.#length;
    this.#offsets.set(name, offset);
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return offset;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/** Header, contents, section headers; the string table comes last. */
function assemble(
  tables: readonly (NewSection & { link: number; info: number; entrySize: number })[],
  names: Names,
  machine: number,
): Uint8Array<ArrayBuffer> {
  const offsets: number[] = [];
  let end: number = sizes.header;
  for (const { alignment = 1, data } of tables) {
    end = Math.ceil(end / alignment) * alignment;
    offsets.push(end);
    end += data.length;
  }
  const tableAt = Math.ceil(end / 8) * 8;
  const out = new Uint8Array(tableAt + (tables.length + 1) * sizes.section);
  const view = new DataView(out.buffer);
  // Magic, 64-bit, little-endian, version 1.
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, FileType.relocatable, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(tableAt), true);
  view.setUint16(52, sizes.header, true);
  view.setUint16(58, sizes.section, true);
  view.setUint16(60, tables.length + 1, true);
  view.setUint16(62, tables.length, true);
  for (const [i, table] of tables.entries()) {
    out.set(table.data, offsets[i]);
    const at = tableAt + (i + 1) * sizes.section;
    view.setUint32(at, names.offset(table.name), true);
    view.setUint32(at + 4, table.type, true);
    view.setBigUint64(at + 8, BigInt(table.flags ?? 0), true);
    view.setBigUint64(at + 24, BigInt(offsets[i]!), true);
    view.setBigUint64(at + 32, BigInt(table.data.length), true);
    view.setUint32(at + 40, table.link, true);
    view.setUint32(at + 44, table.info, true);
    view.setBigUint64(at + 48, BigInt(table.alignment ?? 1), true);
    view.setBigUint64(at + 56, BigInt(table.entrySize), true);
  }
  return out;
}
