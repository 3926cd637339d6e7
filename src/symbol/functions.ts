/** Functions of one ELF file by address. */
import { SymbolType } from '../elf/constants.ts';
import type { ElfFile } from '../elf/file.ts';
import type { SymbolTable } from '../elf/symbols.ts';
import { AddressIndex, halves } from './address-index.ts';

export interface FunctionPlace {
  /** Bytes of the name as they stand in the file; borrowed. Mangled where the language mangles. */
  readonly name: Uint8Array;
  /** Bytes from the function's start. */
  readonly offset: bigint;
}

/** Functions without a size end here at the latest. */
const MAX_DISTANCE = 1n << 24n;

export class FunctionIndex {
  readonly #table: SymbolTable | undefined;
  readonly #symbols: Uint32Array;
  readonly #index: AddressIndex;

  /**
   * Takes the full symbol table where the file has one, else the dynamic one, which lacks static functions.
   * Throws ElfError where the tables are broken.
   */
  constructor(file: ElfFile) {
    const table = file.symbols('static') ?? file.symbols('dynamic');
    const symbols: number[] = [];
    for (let index = 0; table && index < table.count; index++) {
      const type = table.type(index);
      if ((type === SymbolType.function || type === SymbolType.gnuIfunc) && table.isDefined(index)) {
        symbols.push(index);
      }
    }
    const low = new Uint32Array(symbols.length);
    const high = new Uint32Array(symbols.length);
    symbols.forEach((symbol, i) => {
      low[i] = table!.valueLow(symbol);
      high[i] = table!.valueHigh(symbol);
    });
    this.#table = table;
    this.#symbols = Uint32Array.from(symbols);
    this.#index = new AddressIndex(low, high);
  }

  get count(): number {
    return this.#symbols.length;
  }

  /**
   * The function that a linked address lies in: the nearest below that reaches so far by its size, of several at
   * one address the first. A function without a size reaches to the next one.
   * Throws ElfError where its name lies outside of the file.
   */
  at(address: bigint): FunctionPlace | undefined {
    const { low, high } = halves(address);
    const table = this.#table;
    const position = this.#index.positionAt(low, high);
    if (!table || position < 0) return undefined;
    const start = this.#index.address(position);
    const offset = BigInt.asUintN(64, address) - start;
    for (let i = position; i < this.#index.count && this.#index.address(i) === start; i++) {
      const symbol = this.#symbols[this.#index.order[i]!]!;
      const size = table.size(symbol);
      const reaches =
        size === 0 ? offset < MAX_DISTANCE : offset < BigInt(Math.min(size, Number.MAX_SAFE_INTEGER));
      if (reaches) return { name: table.nameBytes(symbol), offset };
    }
    return undefined;
  }
}
