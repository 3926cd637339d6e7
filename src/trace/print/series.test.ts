import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TypeOf } from '../types/type.ts';
import { ByteBuffer } from './byte-buffer.ts';
import { pointsOf, type SeriesPart, seriesJson, seriesText } from './series.ts';
import { utc } from './zone.ts';

const ms = 1_000_000n;

function series(changes: Partial<TypeOf<'tseries'>> = {}): TypeOf<'tseries'> {
  return { kind: 'tseries', signed: true, interval: 100n * ms, intervals: 20, aggregate: 'last', ...changes };
}

function part(epoch: number, value: number | bigint, meta: number | bigint = 1): SeriesPart {
  return { epoch: BigInt(epoch), value: BigInt.asUintN(64, BigInt(value)), meta: BigInt(meta) };
}

function graph(type: TypeOf<'tseries'>, parts: readonly SeriesPart[]): string {
  const out = new ByteBuffer();
  seriesText(out, type, pointsOf(type, parts), utc);
  return out.latin1();
}

test('the graph of the reference', () => {
  // 14:00:00.500 is 504005 tenths of a second after midnight.
  assert.equal(
    graph(series(), [part(504005, 20), part(504006, 25), part(504007, 30)]),
    `             20                                                 30
hh:mm:ss.ms  |___________________________________________________|
14:00:00.500 *                                                   | 20
14:00:00.600 |                         *                         | 25
14:00:00.700 |                                                   * 30
             v___________________________________________________v
             20                                                 30
`,
  );
});

test('an interval without a value is a dash', () => {
  const lines = graph(series(), [part(10, 1), part(12, 3)]).split('\n');
  assert.equal(lines[3], `00:00:01.100 |${' '.repeat(51)}| -`);
});

test('one value stands in the middle, between its neighbours', () => {
  const lines = graph(series(), [part(10, 5)]).split('\n');
  assert.equal(lines[0], `${' '.repeat(13)}4${' '.repeat(50)} 6`);
  assert.equal(lines[2], `00:00:01.000 |${' '.repeat(25)}*${' '.repeat(25)}| 5`);
});

test('zero is marked where the graph passes it', () => {
  const lines = graph(series(), [part(10, -10), part(11, 10)]).split('\n');
  assert.equal(lines[2], `00:00:01.000 *${' '.repeat(25)}.${' '.repeat(25)}| -10`);
  assert.equal(lines[3], `00:00:01.100 |${' '.repeat(25)}.${' '.repeat(25)}* 10`);
});

test('times have as many digits as the interval needs', () => {
  const heading = (interval: bigint): string => graph(series({ interval }), [part(1, 1)]).split('\n')[1]!;
  assert.ok(heading(1000n * ms).startsWith('hh:mm:ss |___'));
  assert.ok(heading(60_000n * ms).startsWith('hh:mm:ss |___'));
  assert.ok(heading(1500n * ms).startsWith('hh:mm:ss.ms  |___'));
  assert.ok(heading(500_000n).startsWith('hh:mm:ss.us     |___'));
  assert.ok(heading(500n).startsWith('hh:mm:ss.ns        |___'));
  assert.ok(graph(series({ interval: 500n }), [part(3, 1)]).includes('\n00:00:00.000001500 |'));
});

test('nothing at all is said so', () => {
  assert.equal(graph(series(), []), '<no data>');
  assert.equal(graph(series(), [part(1, 5, 0)]), '<no data>');
});

test('parts of CPUs become one value by the function of the series', () => {
  const parts = [part(7, 10, 2), part(7, -4, 1)];
  const value = (aggregate: TypeOf<'tseries'>['aggregate']): bigint | undefined =>
    pointsOf(series({ aggregate }), parts)[0]?.value;
  assert.equal(value('sum'), 6n);
  assert.equal(value('avg'), 2n);
  assert.equal(value('min'), -4n);
  assert.equal(value('max'), 10n);
  // The one that was written last.
  assert.equal(value('last'), 10n);
  assert.equal(pointsOf(series({ signed: false, aggregate: 'max' }), parts)[0]?.value, 2n ** 64n - 4n);
});

test('what is older than the window is not shown, and what it left in a slot is not mixed in', () => {
  const type = series({ intervals: 3 });
  const points = pointsOf(type, [part(1, 100), part(10, 1), part(12, 3), part(7, 9)]);
  assert.deepEqual(
    points.map(({ start, value }) => [start / type.interval, value]),
    [
      [10n, 1n],
      [11n, undefined],
      [12n, 3n],
    ],
  );
});

test('JSON has a time in nanoseconds and null for an empty interval', () => {
  const type = series();
  const out = new ByteBuffer();
  seriesJson(out, pointsOf(type, [part(10, 1), part(12, 3)]), utc);
  assert.equal(
    out.latin1(),
    '[{"interval_start":"1970-01-01 00:00:01.000000000","value":1},' +
      '{"interval_start":"1970-01-01 00:00:01.100000000","value":null},' +
      '{"interval_start":"1970-01-01 00:00:01.200000000","value":3}]',
  );
});
