/**
 * The histograms of sampled maps, as BCC's tools and eunomia's runner draw them:
 *
 *          (unit)              : count    distribution
 *              0 -> 1          : 9        |****                                    |
 *
 * Slot i of a logarithmic one counts values from 2^i to 2^(i+1)-1, the first 0 and 1; slot i of a linear one the
 * value i. Rows go up to the last slot that is not zero.
 */

/** Rows above this index need wider numbers, and get shorter bars. */
const narrowLimit = 32;

interface Shape {
  readonly numbers: number;
  readonly bar: number;
}

function shapeOf(last: number): Shape {
  return last > narrowLimit ? { numbers: 20, bar: 20 } : { numbers: 10, bar: 40 };
}

/** Lines without line feeds; none for a histogram without counts. */
export function log2Histogram(slots: readonly number[], unit: string): string[] {
  const last = slots.findLastIndex((count) => count > 0);
  if (last < 0) return [];
  const { numbers, bar } = shapeOf(last);
  const indent = last > narrowLimit ? 15 : 5;
  const title = `${' '.repeat(indent)}${unit.padEnd(last > narrowLimit ? 29 : 19)} : count    distribution`;
  const most = Math.max(...slots);
  const rows = slots.slice(0, last + 1).map((count, i) => {
    const low = i === 0 ? 0n : 1n << BigInt(i);
    const high = (1n << BigInt(i + 1)) - 1n;
    const range = `${String(low).padStart(numbers)} -> ${String(high).padEnd(numbers)}`;
    return `${range} : ${row(count, most, bar)}`;
  });
  return [title, ...rows];
}

export function linearHistogram(slots: readonly number[], unit: string): string[] {
  const last = slots.findLastIndex((count) => count > 0);
  if (last < 0) return [];
  const { numbers, bar } = shapeOf(last);
  const first = slots.findIndex((count) => count > 0);
  const most = Math.max(...slots);
  const rows = slots
    .slice(first, last + 1)
    .map((count, i) => `${String(first + i).padStart(numbers + 5)} : ${row(count, most, bar)}`);
  return [`     ${unit.padEnd(numbers)} : count    distribution`, ...rows];
}

function row(count: number, most: number, bar: number): string {
  const stars = Math.floor((count * bar) / most);
  return `${String(count).padEnd(8)} |${'*'.repeat(stars).padEnd(bar)}|`;
}
