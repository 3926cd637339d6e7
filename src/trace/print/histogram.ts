/**
 * Histograms: which values a bucket holds, its label, and the picture.
 *
 * A log2 histogram with k bits of detail cuts each power of two into 2^k buckets. Bucket 0 is for negative numbers;
 * of the others, index i - 1 = (l + 1) * 2^k + m holds (2^k + m) * 2^l up to (2^k + m + 1) * 2^l, and the first 2^k
 * hold one number each. Example for k = 0: bucket 11 begins at 2^(10 - 1) = 512.
 */
import type { TypeOf } from '../types/type.ts';
import type { ByteBuffer } from './byte-buffer.ts';
import { jsonInteger } from './json-text.ts';

export type HistogramType = TypeOf<'hist'> | TypeOf<'lhist'>;

export interface Bucket {
  /** Inclusive; undefined below the least. */
  readonly low: bigint | undefined;
  /** Exclusive; undefined above the greatest. */
  readonly high: bigint | undefined;
  readonly count: bigint;
}

/** All buckets from the first to the last that is not empty, empty ones between them too. */
export function bucketsOf(type: HistogramType, counts: ReadonlyMap<number, bigint>): Bucket[] {
  const used = [...counts].filter(([, count]) => count > 0n).map(([index]) => index);
  if (used.length === 0) return [];
  const first = Math.min(...used);
  const last = Math.max(...used);
  const bounds = type.kind === 'hist' ? log2Bounds(type.bits) : linearBounds(type);
  const buckets: Bucket[] = [];
  for (let index = first; index <= last; index++) {
    buckets.push({ ...bounds(index), count: counts.get(index) ?? 0n });
  }
  return buckets;
}

type Bounds = (index: number) => Pick<Bucket, 'low' | 'high'>;

function log2Bounds(bits: number): Bounds {
  const begin = (index: number): bigint => {
    const { power, mantissa } = log2Begin(index, bits);
    return BigInt(mantissa) << BigInt(power);
  };
  return (index) => ({
    low: index === 0 ? undefined : begin(index),
    high: index === 0 ? 0n : begin(index + 1),
  });
}

/** Where bucket `index` begins, as mantissa * 2^power; the first 2^(k+1) begin at their number. */
function log2Begin(index: number, bits: number): { readonly power: number; readonly mantissa: number } {
  const number = index - 1;
  const split = 2 ** bits;
  if (number < split) return { power: 0, mantissa: number };
  return { power: Math.floor(number / split) - 1, mantissa: split + (number % split) };
}

function linearBounds({ min, max, step }: TypeOf<'lhist'>): Bounds {
  const over = Number((max - min) / step) + 1;
  return (index) => ({
    low: index === 0 ? undefined : min + BigInt(index - 1) * step,
    high: index >= over ? undefined : min + BigInt(index) * step,
  });
}

const suffixes = ['', 'K', 'M', 'G', 'T', 'P', 'E'] as const;

/** Powers of two with a suffix from 2^10 on, where the split has left such a power. */
function log2Label(bound: bigint, bits: number): string {
  const split = 1n << BigInt(bits);
  let power = 0;
  while (bound >> BigInt(power) >= 2n * split) power++;
  const decade = Math.min(Math.floor(power / 10), suffixes.length - 1);
  return `${bound >> BigInt(10 * decade)}${suffixes[decade]!}`;
}

function linearLabel(bound: bigint, step: bigint): string {
  if (step % 1024n !== 0n || bound === 0n) return bound.toString();
  if (bound % 1_048_576n === 0n) return `${bound / 1_048_576n}M`;
  if (bound % 1024n === 0n) return `${bound / 1024n}K`;
  return bound.toString();
}

export function bucketLabel(type: HistogramType, { low, high }: Bucket): string {
  const label = (bound: bigint): string =>
    type.kind === 'hist' ? log2Label(bound, type.bits) : linearLabel(bound, type.step);
  if (low === undefined) return `(..., ${label(high ?? 0n)})`;
  if (high === undefined) return `[${label(low)}, ...)`;
  if (high - low === 1n) return `[${label(low)}]`;
  return `[${label(low)}, ${label(high)})`;
}

const labelWidth = 16;
const countWidth = 8;
const barWidth = 52;

/** Rows `[2, 4)   5 |@@@@   |`; nothing where all is empty. */
export function histogramText(out: ByteBuffer, type: HistogramType, buckets: readonly Bucket[]): void {
  let most = 0n;
  for (const { count } of buckets) if (count > most) most = count;
  for (const bucket of buckets) {
    const label = bucketLabel(type, bucket).padEnd(labelWidth);
    const bar = '@'.repeat(barLength(bucket.count, most)).padEnd(barWidth);
    out.text(`${label}${bucket.count.toString().padStart(countWidth)} |${bar}|\n`);
  }
}

/** In numbers of 32 bits, like bpftrace: the last `@` depends on it. */
export function barLength(count: bigint, most: bigint): number {
  if (most === 0n) return 0;
  const share = Math.fround(Math.fround(Number(count)) / Math.fround(Number(most)));
  return Math.trunc(Math.fround(share * barWidth));
}

/** `[{"min": 2, "max": 3, "count": 1}]`: here the greatest value belongs to the bucket. */
export function histogramJson(out: ByteBuffer, buckets: readonly Bucket[]): void {
  out.text('[');
  for (const [i, { low, high, count }] of buckets.entries()) {
    out.text(i > 0 ? ',{' : '{');
    if (low !== undefined) {
      out.text('"min": ');
      jsonInteger(out, low);
      out.text(', ');
    }
    if (high !== undefined) {
      out.text('"max": ');
      jsonInteger(out, high - 1n);
      out.text(', ');
    }
    out.text(`"count": ${count}}`);
  }
  out.text(']');
}
