/**
 * A map of the script as a table: what the CPUs counted put together, buckets gathered under their key, sorted.
 *
 * Input are the elements as the kernel has them: key bytes, and the values of all CPUs one after the other.
 */
import type { ScriptMap } from '../compiled.ts';
import { layoutOf, mapKeyLayout, roundUp, sequence } from '../types/layout.ts';
import type { Type } from '../types/type.ts';
import { type Bucket, bucketsOf } from './histogram.ts';
import { memoryOf, readI64, readInteger, readU64, textEnd } from './memory.ts';
import { pointsOf, type SeriesPart, type SeriesPoint } from './series.ts';

export type Cell =
  | { readonly kind: 'value'; readonly bytes: Uint8Array }
  /** int, count, sum, min, max, avg. */
  | { readonly kind: 'number'; readonly value: bigint }
  | { readonly kind: 'stats'; readonly count: bigint; readonly average: bigint; readonly total: bigint }
  | { readonly kind: 'histogram'; readonly buckets: readonly Bucket[] }
  | { readonly kind: 'series'; readonly points: readonly SeriesPoint[] };

export interface Row {
  readonly key: Uint8Array;
  readonly cell: Cell;
}

export interface TableOptions {
  readonly cpus: number;
  /** Only the last so many after sorting; 0 or undefined: all. */
  readonly top?: number | undefined;
  /** What numbers are divided by. */
  readonly div?: bigint | undefined;
}

export type Element = readonly [key: Uint8Array, value: Uint8Array];

export function tableOf(map: ScriptMap, elements: Iterable<Element>, options: TableOptions): Row[] {
  const rows = gather(map, elements, options);
  const byKey = keyOrder(map.key);
  const rank = rankOf(map.value);
  const ranked = rows.map((row) => ({ row, rank: rank(row.cell) }));
  ranked.sort((a, b) => {
    if (a.rank !== undefined && b.rank !== undefined && a.rank !== b.rank) return a.rank < b.rank ? -1 : 1;
    return byKey(a.row.key, b.row.key);
  });
  const { top } = options;
  const kept = top === undefined || top === 0 ? ranked : ranked.slice(-top);
  return kept.map(({ row }) => divided(map.value, row, options.div));
}

/** The row of a scalar map that nothing was written to. */
export function emptyRow(map: ScriptMap, options: TableOptions): Row {
  const key = new Uint8Array(layoutOf(map.key).size);
  const size = roundUp(layoutOf(map.value).size, 8) * (map.perCpu ? options.cpus : 1);
  switch (map.value.kind) {
    case 'hist':
    case 'lhist':
      return { key, cell: { kind: 'histogram', buckets: [] } };
    case 'tseries':
      return { key, cell: { kind: 'series', points: [] } };
    default:
      return { key, cell: cellOf(map, new Uint8Array(size), options.cpus) };
  }
}

function gather(map: ScriptMap, elements: Iterable<Element>, options: TableOptions): Row[] {
  const { value } = map;
  const { bucket } = mapKeyLayout(map.key, value);
  if (bucket === undefined) {
    return [...elements].map(([key, bytes]) => ({ key, cell: cellOf(map, bytes, options.cpus) }));
  }
  const keySize = layoutOf(map.key).size;
  const groups = new Map<string, { readonly key: Uint8Array; readonly parts: [number, Uint8Array][] }>();
  for (const [whole, bytes] of elements) {
    const key = whole.subarray(0, keySize);
    const name = Buffer.from(key).toString('latin1');
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = { key, parts: [] }));
    group.parts.push([Number(readU64(memoryOf(whole).view, bucket)), bytes]);
  }
  return [...groups.values()].map(({ key, parts }) => {
    if (value.kind === 'tseries') {
      const all = parts.flatMap(([, bytes]) => seriesParts(bytes, options.cpus));
      return { key, cell: { kind: 'series', points: pointsOf(value, all) } };
    }
    if (value.kind !== 'hist' && value.kind !== 'lhist') throw new TypeError(`${value.kind} has no buckets`);
    const counts = new Map(parts.map(([index, bytes]) => [index, sumOf(bytes, options.cpus, 8, 0)]));
    return { key, cell: { kind: 'histogram', buckets: bucketsOf(value, counts) } };
  });
}

function seriesParts(bytes: Uint8Array, cpus: number): SeriesPart[] {
  const { view } = memoryOf(bytes);
  return Array.from({ length: cpus }, (_, cpu) => ({
    value: readU64(view, 24 * cpu),
    meta: readU64(view, 24 * cpu + 8),
    epoch: readU64(view, 24 * cpu + 16),
  }));
}

/** The sum of a u64 that each CPU has, modulo 2^64. */
function sumOf(bytes: Uint8Array, cpus: number, stride: number, offset: number): bigint {
  const { view } = memoryOf(bytes);
  let sum = 0n;
  for (let cpu = 0; cpu < cpus; cpu++) sum += readU64(view, cpu * stride + offset);
  return BigInt.asUintN(64, sum);
}

function cellOf(map: ScriptMap, bytes: Uint8Array, allCpus: number): Cell {
  const { value } = map;
  const cpus = map.perCpu ? allCpus : 1;
  switch (value.kind) {
    case 'count':
      return { kind: 'number', value: sumOf(bytes, cpus, 8, 0) };
    case 'sum': {
      const sum = sumOf(bytes, cpus, 8, 0);
      return { kind: 'number', value: value.signed ? BigInt.asIntN(64, sum) : sum };
    }
    case 'min':
    case 'max':
      return { kind: 'number', value: extreme(bytes, cpus, value.kind, value.signed) };
    case 'avg':
    case 'stats': {
      const raw = sumOf(bytes, cpus, 16, 0);
      const total = value.signed ? BigInt.asIntN(64, raw) : raw;
      const count = sumOf(bytes, cpus, 16, 8);
      const average = count === 0n ? 0n : total / count;
      return value.kind === 'avg'
        ? { kind: 'number', value: average }
        : { kind: 'stats', count, average, total };
    }
    case 'int':
      return { kind: 'number', value: readInteger(value, memoryOf(bytes).view, 0) };
    default:
      return { kind: 'value', bytes };
  }
}

/** Over the CPUs that have seen a value; 0 if none has. */
function extreme(bytes: Uint8Array, cpus: number, kind: 'min' | 'max', signed: boolean): bigint {
  const { view } = memoryOf(bytes);
  let found: bigint | undefined;
  for (let cpu = 0; cpu < cpus; cpu++) {
    if (readU64(view, 16 * cpu + 8) === 0n) continue;
    const value = signed ? readI64(view, 16 * cpu) : readU64(view, 16 * cpu);
    if (found === undefined || (kind === 'min' ? value < found : value > found)) found = value;
  }
  return found ?? 0n;
}

/** What rows are sorted by before their keys; undefined: by keys alone. */
function rankOf(value: Type): (cell: Cell) => bigint | undefined {
  if (value.kind === 'enum') {
    return (cell) => (cell.kind === 'value' ? readInteger(value, memoryOf(cell.bytes).view, 0) : undefined);
  }
  return (cell) => {
    switch (cell.kind) {
      case 'value':
        return undefined;
      case 'number':
        return cell.value;
      case 'stats':
        return cell.average;
      case 'histogram':
        return cell.buckets.reduce((sum, { count }) => sum + count, 0n);
      case 'series':
        return cell.points.at(-1)?.start ?? 0n;
    }
  };
}

type Order<T> = (a: T, b: T) => number;

function keyOrder(key: Type): Order<Uint8Array> {
  const order = orderOf(key);
  return (a, b) => order(a, b);
}

/** Numbers by value, text by its bytes, tuples and records element by element, the rest by its bytes. */
function orderOf(type: Type, at = 0): Order<Uint8Array> {
  switch (type.kind) {
    case 'int':
    case 'enum':
      return (a, b) => {
        const left = readInteger(type, memoryOf(a).view, at);
        const right = readInteger(type, memoryOf(b).view, at);
        return left < right ? -1 : left > right ? 1 : 0;
      };
    case 'string':
      return (a, b) =>
        Buffer.compare(a.subarray(at, textEnd(a, at, type.size)), b.subarray(at, textEnd(b, at, type.size)));
    case 'tuple':
    case 'record': {
      const types = type.kind === 'tuple' ? type.elements : type.fields.map((field) => field.type);
      const { offsets } = sequence(types);
      const orders = types.map((element, i) => orderOf(element, at + offsets[i]!));
      return (a, b) => {
        for (const order of orders) {
          const answer = order(a, b);
          if (answer !== 0) return answer;
        }
        return 0;
      };
    }
    case 'pointer':
    case 'ksym':
    case 'username':
    case 'timestamp':
    case 'cgroupPath':
      return (a, b) => {
        const left = readU64(memoryOf(a).view, at);
        const right = readU64(memoryOf(b).view, at);
        return left < right ? -1 : left > right ? 1 : 0;
      };
    default: {
      const { size } = layoutOf(type);
      return (a, b) => Buffer.compare(a.subarray(at, at + size), b.subarray(at, at + size));
    }
  }
}

/** Numbers and counts by `div`; the counts of lhist and the rest stay. */
function divided(value: Type, row: Row, div: bigint | undefined): Row {
  if (div === undefined || div === 0n || div === 1n) return row;
  const { cell } = row;
  switch (cell.kind) {
    case 'number':
      return { ...row, cell: { ...cell, value: cell.value / div } };
    case 'stats':
      return { ...row, cell: { ...cell, average: cell.average / div } };
    case 'histogram': {
      if (value.kind !== 'hist') return row;
      const buckets = cell.buckets.map((bucket) => ({ ...bucket, count: bucket.count / div }));
      return { ...row, cell: { ...cell, buckets } };
    }
    default:
      return row;
  }
}
