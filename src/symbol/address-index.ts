/**
 * Which entry does an address belong to? Addresses are kept as two columns of 32 bits, sorted once, and searched
 * by halving; nothing is made for an entry.
 */

export class AddressIndex {
  /** Entry numbers by address; of equal addresses in the order in which they were given. */
  readonly order: Uint32Array;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;

  /** The address of entry i is `high[i] * 2^32 + low[i]`. The columns are read, not kept. */
  constructor(low: Uint32Array, high: Uint32Array) {
    this.order = sortedOrder(low, high);
    this.#low = Uint32Array.from(this.order, (entry) => low[entry]!);
    this.#high = Uint32Array.from(this.order, (entry) => high[entry]!);
  }

  get count(): number {
    return this.order.length;
  }

  /**
   * Position in `order` of the entry with the greatest address that is not above the one asked for, the first
   * of several equal ones; -1 when all are above.
   */
  positionAt(low: number, high: number): number {
    const after = this.#firstAbove(low, high);
    if (after === 0) return -1;
    const foundLow = this.#low[after - 1]!;
    const foundHigh = this.#high[after - 1]!;
    let first = after - 1;
    while (first > 0 && this.#low[first - 1] === foundLow && this.#high[first - 1] === foundHigh) first--;
    return first;
  }

  /** The address at a position of `order`. */
  address(position: number): bigint {
    return (BigInt(this.#high[position]!) << 32n) | BigInt(this.#low[position]!);
  }

  #firstAbove(low: number, high: number): number {
    let from = 0;
    let to = this.order.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const middleHigh = this.#high[middle]!;
      if (middleHigh < high || (middleHigh === high && this.#low[middle]! <= low)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Splits an address into the two halves that the columns hold. */
export function halves(address: bigint): { readonly low: number; readonly high: number } {
  return { low: Number(BigInt.asUintN(32, address)), high: Number(BigInt.asUintN(32, address >> 32n)) };
}

/**
 * A stable radix sort by 16 bits at a time, lowest first: exact for all 64 bits, and many times faster than
 * comparing. Rounds in which all digits are equal change nothing and are left out, a sorted input entirely.
 */
function sortedOrder(low: Uint32Array, high: Uint32Array): Uint32Array {
  const count = low.length;
  let order = Uint32Array.from({ length: count }, (_, i) => i);
  if (isSorted(low, high)) return order;
  let next = new Uint32Array(count);
  const starts = new Uint32Array(65_537);
  for (const [column, shift] of [
    [low, 0],
    [low, 16],
    [high, 0],
    [high, 16],
  ] as const) {
    starts.fill(0);
    for (let i = 0; i < count; i++) starts[((column[i]! >>> shift) & 0xffff) + 1]!++;
    if (starts.includes(count)) continue; // one digit has them all
    for (let digit = 1; digit <= 65_536; digit++) starts[digit]! += starts[digit - 1]!;
    for (let i = 0; i < count; i++) {
      const entry = order[i]!;
      next[starts[(column[entry]! >>> shift) & 0xffff]!++] = entry;
    }
    [order, next] = [next, order];
  }
  return order;
}

function isSorted(low: Uint32Array, high: Uint32Array): boolean {
  for (let i = 1; i < low.length; i++) {
    const step = high[i]! - high[i - 1]!;
    if (step < 0 || (step === 0 && low[i]! < low[i - 1]!)) return false;
  }
  return true;
}
