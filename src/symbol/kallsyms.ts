/**
 * The kernel's own symbols: the text of /proc/kallsyms, five to ten megabytes of
 *
 *     ffffffff811b2c40 T do_exit
 *     ffffffffc0a71010 t veth_xmit	[veth]
 *
 * The text stays as it is. A name is looked for in the text itself, which takes about a millisecond and needs no
 * table; addresses are put into an index when the first one is looked up. Where the reader may not see addresses
 * (kernel.kptr_restrict) they are all zero: names still work, addresses find nothing.
 *
 * Source: kernel/kallsyms.c, s_show.
 */
import { AddressIndex, halves } from './address-index.ts';
import { SymbolFormatError } from './errors.ts';

export interface KernelSymbol {
  /** 0n where the kernel hides addresses. */
  readonly address: bigint;
  /** A letter as nm(1) prints it; upper case for symbols that other files see. */
  readonly type: string;
  readonly name: string;
  /** `bpf` for loaded BPF programs; undefined for the kernel proper. */
  readonly module: string | undefined;
}

export interface KernelPlace {
  readonly symbol: KernelSymbol;
  /** Bytes from the symbol's address. */
  readonly offset: bigint;
}

const SPACE = 0x20;
const TAB = 0x09;
const NEWLINE = 0x0a;
const ABSOLUTE = 0x41;
const LOCAL_ABSOLUTE = 0x61;

/** An address this far behind the last symbol below it belongs to none: between modules, behind the last. */
const MAX_DISTANCE = 1n << 24n;

/** `i` is a function that is chosen at run time (STT_GNU_IFUNC). */
const FUNCTION_TYPES = ['t', 'T', 'w', 'W', 'i'];

const TABLE = '/proc/kallsyms';
const SHAPE = 'ADDRESS TYPE NAME';

interface Addresses {
  readonly index: AddressIndex;
  /** Where the line of each entry starts. */
  readonly lines: Uint32Array;
}

export class KernelSymbols {
  readonly #text: Buffer;
  /** Hexadecimal digits of an address: 16, or 8 on a 32-bit machine. */
  readonly #digits: number;
  #addresses: Addresses | undefined;

  /**
   * @param text all of /proc/kallsyms; kept, not copied
   * Throws SymbolFormatError for a text whose first line is not a symbol; other lines are looked at when needed.
   */
  constructor(text: Uint8Array) {
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
    this.#digits = text.length === 0 ? 16 : this.#text.indexOf(SPACE);
    if (this.#digits !== 16 && this.#digits !== 8) throw new SymbolFormatError(TABLE, 0, SHAPE);
    if (text.length > 0) this.#symbolAt(0);
  }

  /**
   * Whether the kernel hides its addresses from whoever read the text: all are 0. A single one may really be, as
   * that of the first per-CPU variable is on x86 before Linux 6.15.
   */
  get addressesHidden(): boolean {
    for (const symbol of this) if (symbol.address !== 0n) return false;
    return this.#text.length > 0;
  }

  /**
   * All symbols of exactly this name, in the kernel's order: several where static functions of different files
   * share it, or a module repeats it. Throws SymbolFormatError for a broken line that has it.
   */
  find(name: string): KernelSymbol[] {
    const found: KernelSymbol[] = [];
    if (name === '' || /[\s\0]/.test(name)) return found;
    const wanted = Buffer.from(` ${name}`, 'latin1');
    for (let at = this.#text.indexOf(wanted); at >= 0; at = this.#text.indexOf(wanted, at + 1)) {
      const after = this.#text[at + wanted.length];
      if (after !== undefined && after !== NEWLINE && after !== TAB) continue;
      const start = at - this.#digits - 2;
      if (start < 0 || (start > 0 && this.#text[start - 1] !== NEWLINE)) continue;
      found.push(this.#symbolAt(start));
    }
    return found;
  }

  /**
   * The symbol that an address lies in, by the kernel's rule: the nearest below, the first of several at one
   * address. Absolute symbols (type A) are left out. Undefined below the first, and 16 MiB behind the nearest.
   */
  at(address: bigint): KernelPlace | undefined {
    const { index, lines } = (this.#addresses ??= this.#readAddresses());
    const { low, high } = halves(address);
    const position = index.positionAt(low, high);
    if (position < 0) return undefined;
    const offset = BigInt.asUintN(64, address) - index.address(position);
    if (offset >= MAX_DISTANCE) return undefined;
    return { symbol: this.#symbolAt(lines[index.order[position]!]!), offset };
  }

  /** Every symbol, in the kernel's order; one at a time. Throws SymbolFormatError at a broken line. */
  *[Symbol.iterator](): Generator<KernelSymbol, void, undefined> {
    for (const start of this.#lines()) yield this.#symbolAt(start);
  }

  /**
   * The names of all functions (types t, T, w, W, i), in the kernel's order, those of modules and BPF programs
   * included; a name may come several times. Costs a fraction of what all symbols cost.
   */
  *functionNames(): Generator<string, void, undefined> {
    for (const start of this.#lines()) {
      const typeAt = start + this.#digits + 1;
      if (!FUNCTION_TYPES.includes(String.fromCharCode(this.#text[typeAt] ?? 0))) continue;
      let end = typeAt + 2;
      while (end < this.#text.length && this.#text[end] !== NEWLINE && this.#text[end] !== TAB) end++;
      yield this.#text.toString('latin1', typeAt + 2, end);
    }
  }

  *#lines(): Generator<number, void, undefined> {
    for (let start = 0; start < this.#text.length; ) {
      yield start;
      const end = this.#text.indexOf(NEWLINE, start);
      start = end < 0 ? this.#text.length : end + 1;
    }
  }

  #symbolAt(start: number): KernelSymbol {
    const text = this.#text;
    const typeAt = start + this.#digits + 1;
    const newline = text.indexOf(NEWLINE, typeAt);
    const end = newline < 0 ? text.length : newline;
    const address = /^[0-9a-f]+$/.exec(text.toString('latin1', start, typeAt - 1));
    if (!address || text[typeAt - 1] !== SPACE || text[typeAt + 1] !== SPACE || typeAt + 2 >= end) {
      throw new SymbolFormatError(TABLE, start, SHAPE);
    }
    const [name = '', module] = text.toString('latin1', typeAt + 2, end).split('\t');
    return {
      address: BigInt(`0x${address[0]}`),
      type: String.fromCharCode(text[typeAt]!),
      name,
      module: module?.replace(/^\[(.*)\]$/, '$1'),
    };
  }

  /** The one loop that sees every byte, so it is written out: some milliseconds for a hundred thousand lines. */
  #readAddresses(): Addresses {
    const text = this.#text;
    const digits = this.#digits;
    const room = countLines(text);
    const low = new Uint32Array(room);
    const high = new Uint32Array(room);
    const lines = new Uint32Array(room);
    let count = 0;
    for (let at = 0; at < text.length; ) {
      const start = at;
      const upper = digits === 16 ? hex(text, start) : 0;
      const lower = hex(text, start + digits - 8);
      const type = text[start + digits + 1];
      at = start + digits + 1;
      while (at < text.length && text[at] !== NEWLINE) at++;
      at++;
      // Absolute symbols are no places; a zero is a hidden address.
      if (type === ABSOLUTE || type === LOCAL_ABSOLUTE || (upper === 0 && lower === 0)) continue;
      high[count] = upper;
      low[count] = lower;
      lines[count++] = start;
    }
    const index = new AddressIndex(low.subarray(0, count), high.subarray(0, count));
    return { index, lines: lines.slice(0, count) };
  }
}

function countLines(text: Uint8Array): number {
  let lines = 1;
  for (let at = 0; at < text.length; at++) if (text[at] === NEWLINE) lines++;
  return lines;
}

/** Whether a symbol is code: what kprobes and fentry attach to. */
export function isFunction(symbol: KernelSymbol): boolean {
  return FUNCTION_TYPES.includes(symbol.type);
}

/** Eight hexadecimal digits. Throws SymbolFormatError at anything else. */
function hex(text: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const digit = DIGITS[text[i] ?? 0]!;
    if (digit > 15) throw new SymbolFormatError(TABLE, at, SHAPE);
    value = (value << 4) | digit;
  }
  return value >>> 0;
}

const DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte));
  return digit < 0 ? 255 : digit;
});
