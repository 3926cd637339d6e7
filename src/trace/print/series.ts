/** Time series: a value for each interval of the near past, as a graph of stars (section 2.12). */
import type { TypeOf } from '../types/type.ts';
import type { ByteBuffer } from './byte-buffer.ts';
import { jsonInteger } from './json-text.ts';
import { strftime } from './strftime.ts';
import type { Zone } from './zone.ts';

export interface SeriesPoint {
  /** When the interval began, in ns since 1970. */
  readonly start: bigint;
  readonly value: bigint | undefined;
}

/** What one CPU has in one slot: types/layout.ts. */
export interface SeriesPart {
  readonly value: bigint;
  readonly meta: bigint;
  readonly epoch: bigint;
}

/** Points from the first interval with a value to the last. */
export function pointsOf(type: TypeOf<'tseries'>, parts: Iterable<SeriesPart>): SeriesPoint[] {
  const byEpoch = new Map<bigint, SeriesPart[]>();
  let newest = -1n;
  for (const part of parts) {
    if (part.meta === 0n) continue;
    const same = byEpoch.get(part.epoch);
    if (same === undefined) byEpoch.set(part.epoch, [part]);
    else same.push(part);
    if (part.epoch > newest) newest = part.epoch;
  }
  const oldest = newest - BigInt(type.intervals) + 1n;
  let first = newest;
  for (const epoch of byEpoch.keys()) if (epoch >= oldest && epoch < first) first = epoch;
  const points: SeriesPoint[] = [];
  for (let epoch = first; epoch <= newest && newest >= 0n; epoch++) {
    const same = byEpoch.get(epoch);
    const value = same === undefined ? undefined : combine(type, same);
    points.push({ start: epoch * type.interval, value });
  }
  return points;
}

function combine({ aggregate, signed }: TypeOf<'tseries'>, parts: readonly SeriesPart[]): bigint {
  const fit = (value: bigint): bigint => (signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value));
  const values = parts.map(({ value }) => fit(value));
  switch (aggregate) {
    case 'last':
      return fit(parts.reduce((latest, part) => (part.meta > latest.meta ? part : latest)).value);
    case 'sum':
      return fit(values.reduce((sum, value) => sum + value, 0n));
    case 'avg':
      return (
        fit(values.reduce((sum, value) => sum + value, 0n)) / parts.reduce((sum, { meta }) => sum + meta, 0n)
      );
    case 'min':
      return extremeOf(values, -1);
    case 'max':
      return extremeOf(values, 1);
  }
}

/** The least (-1) or the greatest (1): Math.min and Math.max take no big integers. */
function extremeOf(values: readonly bigint[], direction: -1 | 1): bigint {
  let found = values[0] ?? 0n;
  for (const value of values) {
    if (direction < 0) {
      if (value < found) found = value;
    } else if (value > found) found = value;
  }
  return found;
}

const graphWidth = 53;
/** Columns of the least value above and below the graph. */
const leastWidth = 21;
const s64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n } as const;
const u64 = { least: 0n, most: 2n ** 64n - 1n } as const;

/** Digits of a second that tell one interval from the next. */
function unitOf(interval: bigint): { readonly name: string; readonly digits: number } {
  if (interval % 1_000_000_000n === 0n) return { name: '', digits: 0 };
  if (interval % 1_000_000n === 0n) return { name: '.ms', digits: 3 };
  if (interval % 1_000n === 0n) return { name: '.us', digits: 6 };
  return { name: '.ns', digits: 9 };
}

export function seriesText(
  out: ByteBuffer,
  type: TypeOf<'tseries'>,
  points: readonly SeriesPoint[],
  zone: Zone,
): void {
  const values = points.map((point) => point.value).filter((value) => value !== undefined);
  if (values.length === 0) return out.text('<no data>');
  let least = extremeOf(values, -1);
  let most = extremeOf(values, 1);
  if (least === most) {
    // Room on both sides, where the type has any.
    const limits = type.signed ? s64 : u64;
    if (least > limits.least) least--;
    if (most < limits.most) most++;
  }
  const { name, digits } = unitOf(type.interval);
  const timeWidth = 8 + (digits === 0 ? 0 : digits + 1);
  const margin = ' '.repeat(timeWidth + 1);
  const scale = `${margin}${least.toString().padEnd(leastWidth)}${most.toString().padStart(graphWidth - leastWidth)}\n`;
  out.text(scale);
  out.text(`${`hh:mm:ss${name}`.padEnd(timeWidth + 1)}|${'_'.repeat(graphWidth - 2)}|\n`);
  const zeroAt = least < 0n && most > 0n ? column(graphWidth, -least, most - least) : 0;
  for (const { start, value } of points) {
    const line = ['|', ...' '.repeat(graphWidth - 2), '|'];
    if (zeroAt > 0) line[Math.min(zeroAt, graphWidth - 1)] = '.';
    if (value !== undefined) line[column(graphWidth - 1, value - least, most - least)] = '*';
    out.text(`${timeOf(start, digits, zone)} ${line.join('')} ${value ?? '-'}\n`);
  }
  out.text(`${margin}v${'_'.repeat(graphWidth - 2)}v\n`);
  out.text(scale);
}

/** In numbers of 32 bits, as bpftrace places its stars. */
function column(width: number, distance: bigint, range: bigint): number {
  const place = Math.fround(Math.fround(width * Math.fround(Number(distance))) / Math.fround(Number(range)));
  return Math.max(0, Math.min(graphWidth - 1, Math.trunc(place)));
}

function timeOf(start: bigint, digits: number, zone: Zone): string {
  const time = strftime('%H:%M:%S', start, zone);
  if (digits === 0) return time;
  return `${time}.${nanosecondsOf(start).slice(0, digits)}`;
}

function nanosecondsOf(time: bigint): string {
  return (((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).toString().padStart(9, '0');
}

export function seriesJson(out: ByteBuffer, points: readonly SeriesPoint[], zone: Zone): void {
  out.text('[');
  for (const [i, { start, value }] of points.entries()) {
    const time = `${strftime('%Y-%m-%d %H:%M:%S', start, zone)}.${nanosecondsOf(start)}`;
    out.text(`${i > 0 ? ',' : ''}{"interval_start":"${time}","value":`);
    if (value === undefined) out.text('null');
    else jsonInteger(out, value);
    out.text('}');
  }
  out.text(']');
}
