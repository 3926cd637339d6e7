/**
 * What just-in-time compilers say about the code that they made: the text of /tmp/perf-PID.map,
 *
 *     7f1c2a000000 40 LazyCompile:*parse /srv/app.js:12
 *
 * start and size in hexadecimal, then a name to the end of the line, which may have blanks. A place that is used
 * again is written again, so later lines win. Lines of another form are left out: the file is written while it
 * is read, by a program that may be anybody's.
 *
 * Source: tools/perf/Documentation/jit-interface.txt.
 */
import { AddressIndex, halves } from './address-index.ts';

export interface JitPlace {
  /** One character a byte. */
  readonly name: string;
  readonly offset: bigint;
}

const LINE = /^([0-9a-f]{1,16}) ([0-9a-f]{1,8}) (.+)$/i;

/** Lines past this are left out: a compiler that runs for weeks writes millions. */
const MAX_LINES = 1 << 20;
const MAX_NAME = 1024;

export class PerfMap {
  readonly #names: readonly string[];
  readonly #sizes: Uint32Array;
  readonly #index: AddressIndex;

  constructor(text: Uint8Array) {
    const lines = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1').split('\n');
    const names: string[] = [];
    const starts: bigint[] = [];
    const sizes: number[] = [];
    // From the end, so that of several at one address the last is the first.
    for (let i = lines.length - 1; i >= 0 && names.length < MAX_LINES; i--) {
      const match = LINE.exec(lines[i]!);
      if (!match) continue;
      starts.push(BigInt(`0x${match[1]}`));
      sizes.push(Number.parseInt(match[2]!, 16));
      names.push(match[3]!.slice(0, MAX_NAME).trimEnd());
    }
    this.#names = names;
    this.#sizes = Uint32Array.from(sizes);
    this.#index = new AddressIndex(
      Uint32Array.from(starts, (start) => Number(start & 0xffff_ffffn)),
      Uint32Array.from(starts, (start) => Number(start >> 32n)),
    );
  }

  get count(): number {
    return this.#names.length;
  }

  at(address: bigint): JitPlace | undefined {
    const { low, high } = halves(address);
    const position = this.#index.positionAt(low, high);
    if (position < 0) return undefined;
    const entry = this.#index.order[position]!;
    const offset = BigInt.asUintN(64, address) - this.#index.address(position);
    return offset < BigInt(this.#sizes[entry]!) ? { name: this.#names[entry]!, offset } : undefined;
  }
}
