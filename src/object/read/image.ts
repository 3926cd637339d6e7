/** The ELF file of an object: its sections, symbols and relocations, looked up in the ways that reading needs. */
import { AsmError } from '../../asm/errors.ts';
import { Btf } from '../../btf/btf.ts';
import { BtfError } from '../../btf/errors.ts';
import { FileType, Machine, SectionFlag, SectionType, SymbolType } from '../../elf/constants.ts';
import { ElfError } from '../../elf/errors.ts';
import { ElfFile } from '../../elf/file.ts';
import type { ElfSection } from '../../elf/header.ts';
import { type ElfRelocation, readRelocations } from '../../elf/relocations.ts';
import type { ElfSymbol } from '../../elf/symbols.ts';
import type { ElfView } from '../../elf/view.ts';
import { ObjectError } from '../errors.ts';

export class ObjectImage {
  /** As the caller calls it, for messages. */
  readonly file: string;
  readonly elf: ElfFile;
  readonly symbols: readonly ElfSymbol[];
  /** `.BTF`, where the object has it. */
  readonly types: Btf | undefined;
  readonly #relocations = new Map<number, ElfSection>();
  readonly #bySection = new Map<number, ElfSymbol[]>();

  constructor(bytes: Uint8Array, file: string) {
    this.file = file;
    this.elf = ElfFile.open(bytes);
    const { bits, type, machine } = this.elf.header;
    if (bits !== 64 || (machine !== Machine.bpf && machine !== Machine.none)) {
      throw new ObjectError(
        'format',
        { file },
        `this is ELF for another machine (number ${machine}, ${bits} bits), not for BPF`,
        {
          hint: 'compile with clang -target bpf',
        },
      );
    }
    if (type !== FileType.relocatable) {
      throw new ObjectError('format', { file }, `this is no object file (ELF type ${type} instead of 1)`);
    }
    this.symbols = this.#readSymbols();
    for (const symbol of this.symbols) {
      const list = this.#bySection.get(symbol.section);
      if (list === undefined) this.#bySection.set(symbol.section, [symbol]);
      else list.push(symbol);
    }
    for (const section of this.elf.sections) {
      if (section.type === SectionType.rel || section.type === SectionType.rela) {
        // What nobody loads is not relocated either.
        const target = this.elf.sections[section.info];
        if (target === undefined)
          throw this.at(section, undefined, `it relocates section ${section.info}, which does not exist`);
        if (!this.#relocations.has(section.info)) this.#relocations.set(section.info, section);
      }
    }
    const btf = this.elf.section('.BTF');
    this.types =
      btf === undefined ? undefined : this.within('.BTF', () => Btf.parse(this.elf.contents(btf).bytes));
  }

  get littleEndian(): boolean {
    return this.elf.header.littleEndian;
  }

  /** Bytes of a section; those of `.bss` are not in the file and not here. */
  contents(section: ElfSection): ElfView {
    return this.elf.contents(section);
  }

  /** Sections with code, in the file's order. */
  codeSections(): ElfSection[] {
    return this.elf.sections.filter(
      ({ type, flags, size }) =>
        type === SectionType.progbits && (flags & SectionFlag.executable) !== 0 && size > 0,
    );
  }

  /** Symbols that lie in a section, in the table's order. */
  symbolsIn(section: number): readonly ElfSymbol[] {
    return this.#bySection.get(section) ?? [];
  }

  /** Relocations of a section, each with its symbol. Throws ObjectError for one that points outside. */
  *relocationsOf(
    section: ElfSection,
  ): Generator<{ readonly entry: ElfRelocation; readonly symbol: ElfSymbol }> {
    const table = this.#relocations.get(section.index);
    if (table === undefined) return;
    for (const entry of readRelocations(this.elf, table)) {
      if (entry.offset >= section.size) {
        throw this.at(
          section,
          entry.offset,
          `a relocation lies past its end (${section.size} bytes)`,
          'bounds',
        );
      }
      const symbol = this.symbols[entry.symbol];
      if (symbol === undefined) {
        throw this.at(
          section,
          entry.offset,
          `a relocation names symbol ${entry.symbol}, there are ${this.symbols.length}`,
          'bounds',
        );
      }
      yield { entry, symbol };
    }
  }

  at(
    section: ElfSection | string | undefined,
    offset: number | undefined,
    problem: string,
    code: ConstructorParameters<typeof ObjectError>[0] = 'format',
    hint?: string,
  ): ObjectError {
    const name = typeof section === 'string' ? section : section?.name;
    return new ObjectError(code, { file: this.file, section: name, offset }, problem, { hint });
  }

  /** Runs a reader of formats below; what it throws gets the file and section in front. */
  within<T>(section: string | undefined, read: () => T): T {
    return withPlace(this.file, section, read);
  }

  #readSymbols(): ElfSymbol[] {
    const table = this.elf.symbols('static');
    const symbols: ElfSymbol[] = [];
    for (let index = 0; table !== undefined && index < table.count; index++) {
      const symbol = table.symbol(index);
      symbols.push(symbol);
      if (symbol.type === SymbolType.section || symbol.section === 0 || symbol.section >= 0xff00) continue;
      const section = this.elf.sections[symbol.section];
      if (section === undefined) {
        throw this.at(
          undefined,
          undefined,
          `symbol "${symbol.name}" lies in section ${symbol.section}, which does not exist`,
          'bounds',
        );
      }
      if (symbol.value > BigInt(section.size)) {
        throw this.at(
          section,
          Number(symbol.value),
          `symbol "${symbol.name}" lies past its end (${section.size} bytes)`,
          'bounds',
        );
      }
    }
    return symbols;
  }
}

/** Errors of the formats below as ObjectErrors with a place. */
export function withPlace<T>(file: string, section: string | undefined, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElfError) {
      const code = error.code === 'limit' ? 'limit' : error.code === 'bounds' ? 'bounds' : 'format';
      const cut = section === undefined && (error.code === 'bounds' || error.code === 'short');
      const hint = cut ? 'it is damaged or not whole: compile or copy it again' : undefined;
      throw new ObjectError(code, { file, section }, error.message, { hint, cause: error });
    }
    if (error instanceof BtfError || error instanceof AsmError) {
      const code = error.code === 'bounds' ? 'bounds' : 'format';
      throw new ObjectError(code, { file, section }, error.message, { cause: error });
    }
    throw error;
  }
}
