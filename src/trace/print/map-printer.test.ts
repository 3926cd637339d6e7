import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScriptMap } from '../compiled.ts';
import { layoutOf, mapKeyLayout, roundUp } from '../types/layout.ts';
import {
  bool,
  int32,
  int64,
  isAggregate,
  string,
  type Type,
  type TypeOf,
  uint32,
  uint64,
} from '../types/type.ts';
import { ByteBuffer } from './byte-buffer.ts';
import { barLength, bucketLabel, bucketsOf } from './histogram.ts';
import { MapPrinter } from './map-printer.ts';
import { type Element, emptyRow, tableOf } from './map-table.ts';
import { encode, type Sample, testContext } from './testing.ts';

const cpus = 2;

function scriptMap(key: Type | undefined, value: Type, name = '@x'): ScriptMap {
  return {
    name,
    kernelName: 'x',
    key: key ?? int64,
    value,
    scalar: key === undefined,
    perCpu: isAggregate(value),
    maxEntries: 4096,
  };
}

/** Words that each CPU has, one CPU after the other. */
function words(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries())
    view.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(value)), true);
  return bytes;
}

function element(map: ScriptMap, key: Sample, value: Uint8Array, bucket?: number): Element {
  const { size, bucket: at } = mapKeyLayout(map.key, map.value);
  const bytes = new Uint8Array(size);
  bytes.set(encode(map.key, key));
  if (at !== undefined) new DataView(bytes.buffer).setBigUint64(at, BigInt(bucket ?? 0), true);
  return [bytes, value];
}

function plain(map: ScriptMap, key: Sample, value: Sample): Element {
  const bytes = new Uint8Array(roundUp(layoutOf(map.value).size, 8));
  bytes.set(encode(map.value, value));
  return element(map, key, bytes);
}

interface Wish {
  readonly top?: number;
  readonly div?: bigint;
}

function printed(map: ScriptMap, elements: readonly Element[], wish: Wish = {}): [string, string] {
  const rows = tableOf(map, elements, { cpus, ...wish });
  const printer = new MapPrinter(map, testContext());
  const text = new ByteBuffer();
  const json = new ByteBuffer();
  printer.text(text, rows);
  printer.json(json, rows);
  return [text.latin1(), json.latin1()];
}

test('a scalar is its name and its value', () => {
  const map = scriptMap(undefined, int64);
  assert.deepEqual(printed(map, [plain(map, 0, -5)]), ['@x: -5\n', '{"type": "map", "data": {"@x": -5}}\n']);
});

test('a map without elements prints nothing', () => {
  assert.deepEqual(printed(scriptMap(undefined, int64), []), ['', '']);
  assert.deepEqual(printed(scriptMap(int64, int64), []), ['', '']);
  assert.deepEqual(printed(scriptMap(int64, { kind: 'count' }), []), ['', '']);
  assert.deepEqual(printed(scriptMap(undefined, { kind: 'hist', bits: 0 }), []), ['', '']);
});

test('a keyed map of averages without elements is an empty object in JSON', () => {
  for (const kind of ['avg', 'stats'] as const) {
    assert.deepEqual(printed(scriptMap(int64, { kind, signed: true }), []), [
      '',
      '{"type": "stats", "data": {"@x": {}}}\n',
    ]);
  }
});

test('counts of all CPUs are one, rows ascend by value', () => {
  const map = scriptMap(string(16), { kind: 'count' });
  const elements = [
    element(map, 'sshd', words(3, 4)),
    element(map, 'bash', words(1, 1)),
    element(map, 'cron', words(100, 0)),
  ];
  assert.deepEqual(printed(map, elements), [
    '@x[bash]: 2\n@x[sshd]: 7\n@x[cron]: 100\n',
    '{"type": "map", "data": {"@x": {"bash": 2, "sshd": 7, "cron": 100}}}\n',
  ]);
});

test('top keeps the last rows, div divides numbers', () => {
  const map = scriptMap(int64, { kind: 'sum', signed: true });
  const elements = [1, 2, 3].map((key) => element(map, key, words(key * 1000, 500)));
  assert.equal(printed(map, elements, { top: 2 })[0], '@x[2]: 2500\n@x[3]: 3500\n');
  assert.equal(printed(map, elements, { top: 2, div: 1000n })[0], '@x[2]: 2\n@x[3]: 3\n');
  assert.equal(printed(map, elements, { top: 0 })[0].split('\n').length, 4);
  assert.equal(printed(map, elements, { top: 9, div: 0n })[0].split('\n').length, 4);
  const negative = [element(map, 1, words(-7, 0))];
  assert.equal(printed(map, negative, { div: 2n })[0], '@x[1]: -3\n');
});

test('signed and unsigned sums wrap as 64 bits do', () => {
  const signed = scriptMap(undefined, { kind: 'sum', signed: true });
  assert.equal(printed(signed, [element(signed, 0, words(-5, 2))])[0], '@x: -3\n');
  const unsigned = scriptMap(undefined, { kind: 'sum', signed: false });
  assert.equal(printed(unsigned, [element(unsigned, 0, words(-1, 0))])[0], '@x: 18446744073709551615\n');
  assert.equal(printed(unsigned, [element(unsigned, 0, words(-1, 2))])[0], '@x: 1\n');
});

test('min and max look only at CPUs that have seen something', () => {
  const cases = [
    ['min', true, [5, 1, -3, 1], '-3'],
    ['min', true, [5, 1, -3, 0], '5'],
    ['max', true, [-5, 1, 0, 0], '-5'],
    ['max', true, [-5, 1, -4, 1], '-4'],
    ['min', false, [5, 1, -3, 1], '5'],
    ['max', false, [5, 1, -1, 1], '18446744073709551615'],
    ['max', false, [7, 0, 9, 0], '0'],
  ] as const;
  for (const [kind, signed, values, expected] of cases) {
    const map = scriptMap(undefined, { kind, signed });
    assert.equal(printed(map, [element(map, 0, words(...values))])[0], `@x: ${expected}\n`);
  }
});

test('averages are totals by counts, cut towards zero', () => {
  const map = scriptMap(int64, { kind: 'avg', signed: true });
  const elements = [
    element(map, 1, words(10, 3, 1, 1)),
    element(map, 2, words(-7, 2, 0, 0)),
    element(map, 3, words(0, 0, 0, 0)),
  ];
  assert.deepEqual(printed(map, elements), [
    '@x[2]: -3\n@x[3]: 0\n@x[1]: 2\n',
    '{"type": "stats", "data": {"@x": {"2": -3, "3": 0, "1": 2}}}\n',
  ]);
});

test('stats are records', () => {
  const map = scriptMap(undefined, { kind: 'stats', signed: true });
  const elements = [element(map, 0, words(4, 2, 2, 1))];
  assert.deepEqual(printed(map, elements), [
    '@x: { .count = 3, .average = 2, .total = 6 }\n',
    '{"type": "stats", "data": {"@x": {"count": 3, "average": 2, "total": 6}}}\n',
  ]);
  const keyed = scriptMap(int64, { kind: 'stats', signed: false });
  assert.equal(
    printed(keyed, [element(keyed, 9, words(1, 1, 0, 0))])[1],
    '{"type": "stats", "data": {"@x": {"9": {"count": 1, "average": 1, "total": 1}}}}\n',
  );
});

test('keys of tuples lose their parentheses, and only the outer ones', () => {
  const pair: Type = { kind: 'tuple', elements: [int32, string(8)] };
  const map = scriptMap(pair, int64);
  const elements = [plain(map, [2, 'foo bar'], 2), plain(map, [1, 'x'], 3)];
  assert.deepEqual(printed(map, elements), [
    '@x[2, foo bar]: 2\n@x[1, x]: 3\n',
    '{"type": "map", "data": {"@x": {"2,foobar": 2, "1,x": 3}}}\n',
  ]);
  const nested = scriptMap({ kind: 'tuple', elements: [int32, pair] }, bool);
  assert.deepEqual(printed(nested, [plain(nested, [7, [1, 'a']], true)]), [
    '@x[7, (1, a)]: true\n',
    '{"type": "map", "data": {"@x": {"7,(1,a)": true}}}\n',
  ]);
});

test('values that are no numbers are sorted by key: numbers as such, text by bytes, tuples by their parts', () => {
  const numbers = scriptMap(int64, string(8));
  const elements = [10, -2, 9, 100].map((key) => plain(numbers, key, 'v'));
  assert.equal(printed(numbers, elements)[0], '@x[-2]: v\n@x[9]: v\n@x[10]: v\n@x[100]: v\n');
  const texts = scriptMap(string(8), bool);
  assert.equal(
    printed(
      texts,
      ['b', 'B', 'a', '10', '9', '\xff'].map((key) => plain(texts, key, true)),
    )[0],
    '@x[10]: true\n@x[9]: true\n@x[B]: true\n@x[a]: true\n@x[b]: true\n@x[\xff]: true\n',
  );
  const pairs = scriptMap({ kind: 'tuple', elements: [string(4), uint32] }, bool);
  assert.equal(
    printed(pairs, [
      plain(pairs, ['b', 1], true),
      plain(pairs, ['a', 10], true),
      plain(pairs, ['a', 9], true),
    ])[0],
    '@x[a, 9]: true\n@x[a, 10]: true\n@x[b, 1]: true\n',
  );
});

test('plain integers are sorted by value, equal ones by key', () => {
  const map = scriptMap(int64, int64);
  const elements = [plain(map, 1, 30), plain(map, 3, 10), plain(map, 2, 10), plain(map, 4, -1)];
  assert.equal(printed(map, elements)[0], '@x[4]: -1\n@x[2]: 10\n@x[3]: 10\n@x[1]: 30\n');
});

test('names that objects have by themselves are keys like any other', () => {
  const map = scriptMap(string(16), { kind: 'count' });
  const elements = ['__proto__', 'constructor', 'toString'].map((key) => element(map, key, words(1, 0)));
  assert.equal(
    printed(map, elements)[1],
    '{"type": "map", "data": {"@x": {"__proto__": 1, "constructor": 1, "toString": 1}}}\n',
  );
});

const hist: TypeOf<'hist'> = { kind: 'hist', bits: 0 };

/** Rows of a histogram by their label, count and length of the bar. */
function rows(...lines: readonly (readonly [string, number, number])[]): string {
  return lines
    .map(
      ([label, count, bar]) =>
        `${label.padEnd(16)}${String(count).padStart(8)} |${'@'.repeat(bar).padEnd(52)}|\n`,
    )
    .join('');
}

test('a histogram of powers of two', () => {
  const map = scriptMap(undefined, hist);
  // -1, 0, 1, 2, 3, 3, 16
  const counts = [
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 3],
    [6, 1],
  ] as const;
  const elements = counts.map(([bucket, count]) => element(map, 0, words(count, 0), bucket));
  const [text, json] = printed(map, elements);
  assert.equal(
    text,
    `@x:\n${rows(
      ['(..., 0)', 1, 17],
      ['[0]', 1, 17],
      ['[1]', 1, 17],
      ['[2, 4)', 3, 52],
      ['[4, 8)', 0, 0],
      ['[8, 16)', 0, 0],
      ['[16, 32)', 1, 17],
    )}\n`,
  );
  assert.equal(
    json,
    '{"type": "hist", "data": {"@x": [{"max": -1, "count": 1},{"min": 0, "max": 0, "count": 1},' +
      '{"min": 1, "max": 1, "count": 1},{"min": 2, "max": 3, "count": 3},{"min": 4, "max": 7, "count": 0},' +
      '{"min": 8, "max": 15, "count": 0},{"min": 16, "max": 31, "count": 1}]}}\n',
  );
});

test('keyed histograms have a block each, sorted by what they count', () => {
  const map = scriptMap(string(8), hist);
  const elements = [
    element(map, 'many', words(5, 5), 3),
    element(map, 'few', words(1, 0), 2),
    element(map, 'many', words(1, 0), 4),
  ];
  assert.equal(
    printed(map, elements)[0],
    `@x[few]:\n${rows(['[1]', 1, 52])}\n@x[many]:\n${rows(['[2, 4)', 10, 52], ['[4, 8)', 1, 5])}\n`,
  );
  assert.equal(printed(map, elements, { div: 10n })[0].split('\n')[4], rows(['[2, 4)', 1, 52]).trimEnd());
});

test('a histogram that was zeroed has no rows', () => {
  const map = scriptMap(undefined, hist);
  assert.deepEqual(printed(map, [element(map, 0, words(0, 0), 3)]), [
    '@x:\n\n',
    '{"type": "hist", "data": {"@x": []}}\n',
  ]);
});

test('labels of powers of 1024', () => {
  const labelOf = (value: bigint, bits = 0): string => {
    const type: TypeOf<'hist'> = { kind: 'hist', bits };
    // The bucket of a value, by the formula of section 2.9.
    const split = 2n ** BigInt(bits);
    let index: bigint;
    if (value < 0n) index = 0n;
    else if (value < split) index = value + 1n;
    else {
      const log = BigInt(value.toString(2).length - 1) - BigInt(bits);
      index = ((log + 1n) << BigInt(bits)) + ((value >> log) & (split - 1n)) + 1n;
    }
    const [bucket] = bucketsOf(type, new Map([[Number(index), 1n]]));
    assert.ok(bucket);
    if (bucket.low !== undefined) assert.ok(bucket.low <= value && value < bucket.high!);
    return bucketLabel(type, bucket);
  };
  const cases: readonly (readonly [bigint, number, string])[] = [
    [-1n, 0, '(..., 0)'],
    [0n, 0, '[0]'],
    [1n, 0, '[1]'],
    [2n, 0, '[2, 4)'],
    [511n, 0, '[256, 512)'],
    [512n, 0, '[512, 1K)'],
    [1024n, 0, '[1K, 2K)'],
    [600_000n, 0, '[512K, 1M)'],
    [2n ** 20n, 0, '[1M, 2M)'],
    [2n ** 30n, 0, '[1G, 2G)'],
    [2n ** 40n, 0, '[1T, 2T)'],
    [2n ** 50n, 0, '[1P, 2P)'],
    [2n ** 60n, 0, '[1E, 2E)'],
    [0n, 2, '[0]'],
    [7n, 2, '[7]'],
    [8n, 2, '[8, 10)'],
    [1024n, 2, '[1024, 1280)'],
    [4096n, 2, '[4K, 5K)'],
    [3584n, 2, '[3584, 4K)'],
    [63n, 5, '[63]'],
    [64n, 5, '[64, 66)'],
    [-5n, 3, '(..., 0)'],
  ];
  for (const [value, bits, expected] of cases)
    assert.equal(labelOf(value, bits), expected, `${value}/${bits}`);
});

test('a linear histogram', () => {
  const value: Type = { kind: 'lhist', min: 0n, max: 100n, step: 10n };
  const map = scriptMap(undefined, value);
  const elements = [
    [0, 2],
    [1, 4],
    [3, 1],
    [11, 2],
  ].map(([bucket, count]) => element(map, 0, words(count!, 0), bucket));
  const [text, json] = printed(map, elements);
  assert.deepEqual(text.split('\n').slice(1, 13), [
    ...rows(
      ['(..., 0)', 2, 26],
      ['[0, 10)', 4, 52],
      ['[10, 20)', 0, 0],
      ['[20, 30)', 1, 13],
      ['[30, 40)', 0, 0],
      ['[40, 50)', 0, 0],
      ['[50, 60)', 0, 0],
      ['[60, 70)', 0, 0],
      ['[70, 80)', 0, 0],
      ['[80, 90)', 0, 0],
      ['[90, 100)', 0, 0],
      ['[100, ...)', 2, 26],
    )
      .trimEnd()
      .split('\n'),
  ]);
  assert.ok(json.startsWith('{"type": "hist", "data": {"@x": [{"max": -1, "count": 2},{"min": 0, "max": 9,'));
  assert.ok(json.endsWith('{"min": 100, "count": 2}]}}\n'));
});

test('labels of linear histograms have suffixes only where the step is whole', () => {
  const label = (min: bigint, max: bigint, step: bigint, index: number): string => {
    const type: TypeOf<'lhist'> = { kind: 'lhist', min, max, step };
    return bucketLabel(type, bucketsOf(type, new Map([[index, 1n]]))[0]!);
  };
  assert.equal(label(0n, 10240n, 1024n, 1), '[0, 1K)');
  assert.equal(label(0n, 4_194_304n, 1_048_576n, 2), '[1M, 2M)');
  assert.equal(label(0n, 10_000n, 1000n, 2), '[1000, 2000)');
  assert.equal(label(5n, 4096n, 1024n, 1), '[5, 1029)');
  assert.equal(label(0n, 5n, 1n, 3), '[2]');
  assert.equal(label(-10n, 10n, 5n, 0), '(..., -10)');
  assert.equal(label(-10n, 10n, 5n, 1), '[-10, -5)');
  assert.equal(label(-10n, 10n, 5n, 5), '[10, ...)');
});

test('bars are as long as arithmetic of 32 bits makes them', () => {
  assert.equal(barLength(0n, 10n), 0);
  assert.equal(barLength(10n, 10n), 52);
  assert.equal(barLength(1n, 52n), 1);
  assert.equal(barLength(1n, 53n), 0);
  assert.equal(barLength(1n, 3n), 17);
  assert.equal(barLength(0n, 0n), 0);
  // 0.75 of 52 is 39; 3/13 of it is 12 exactly, which 32 bits round up to.
  assert.equal(barLength(3n, 4n), 39);
  assert.equal(barLength(3n, 13n), 12);
});

test('a scalar that nobody wrote is its zero when it is asked for', () => {
  const show = (value: Type): string => {
    const map = scriptMap(undefined, value);
    const out = new ByteBuffer();
    new MapPrinter(map, testContext()).text(out, [emptyRow(map, { cpus })]);
    return out.latin1();
  };
  assert.equal(show(int64), '@x: 0\n');
  assert.equal(show(uint64), '@x: 0\n');
  assert.equal(show(string(8)), '@x: \n');
  assert.equal(show(bool), '@x: false\n');
  assert.equal(show({ kind: 'count' }), '@x: 0\n');
  assert.equal(show({ kind: 'min', signed: true }), '@x: 0\n');
  assert.equal(show({ kind: 'avg', signed: true }), '@x: 0\n');
  assert.equal(show({ kind: 'stats', signed: true }), '@x: { .count = 0, .average = 0, .total = 0 }\n');
  assert.equal(show(hist), '@x:\n\n');
  assert.equal(show({ kind: 'tuple', elements: [int32, string(4)] }), '@x: (0, )\n');
});
