/** Declared data: what is written is read again, and what does not fit is refused by its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KernelString } from '../text/kernel-string.ts';
import {
  array,
  bool,
  bytes,
  chars,
  i8,
  i16,
  i32,
  i64,
  layoutOf,
  type Schema,
  type Shape,
  struct,
  u8,
  u16,
  u32,
  u64,
} from './schema.ts';
import { codecOf } from './values.ts';

const Inner = struct('Inner', { tag: u8, wide: u64 });
const Outer = struct('Outer', {
  small: i8,
  on: bool,
  name: chars(16),
  list: array(Inner, 2),
  raw: bytes(3),
  last: i16,
});

function encode(schema: Schema<unknown, unknown>, value: unknown): Uint8Array {
  const codec = codecOf(schema.shape, 'value');
  const content = new Uint8Array(codec.size).fill(0xaa);
  codec.encode(value, new DataView(content.buffer), 0);
  return content;
}

function decode(schema: Schema<unknown, unknown>, content: Uint8Array): unknown {
  return codecOf(schema.shape, 'value').decode(new DataView(content.buffer, content.byteOffset), 0);
}

/** Text compares by its bytes. */
function plain(value: unknown): unknown {
  if (value instanceof KernelString) return [...value.bytes];
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([name, part]) => [name, plain(part)]);
  }
  return value;
}

function anyOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'int': {
      const [least, most] = shape.signed
        ? [-(2n ** BigInt(shape.bits - 1)), 2n ** BigInt(shape.bits - 1) - 1n]
        : [0n, 2n ** BigInt(shape.bits) - 1n];
      const any = fc.oneof(fc.constantFrom(least, most, 0n, 1n), fc.bigInt(least, most));
      return shape.bits === 64 ? any : any.map(Number);
    }
    case 'bool':
      return fc.boolean();
    case 'chars':
      return fc.uint8Array({ maxLength: shape.length, min: 1 }).map((content) => KernelString.from(content));
    case 'bytes':
      return fc.uint8Array({ minLength: shape.length, maxLength: shape.length });
    case 'array':
      return fc.array(anyOf(shape.element), { minLength: shape.length, maxLength: shape.length });
    case 'struct':
      return fc.record(Object.fromEntries(shape.fields.map((field) => [field.name, anyOf(field.shape)])));
  }
}

test('every value of every type is read as it was written', () => {
  for (const schema of [
    u8,
    u16,
    u32,
    u64,
    i8,
    i16,
    i32,
    i64,
    bool,
    chars(1),
    chars(70),
    bytes(5),
    Inner,
    Outer,
  ]) {
    fc.assert(
      fc.property(anyOf(schema.shape), (value) => {
        assert.deepEqual(plain(decode(schema, encode(schema, value))), plain(value));
      }),
      { numRuns: 100 },
    );
  }
});

test('padding is zero, whatever was there before', () => {
  const content = encode(Inner, { tag: 0xff, wide: 2n ** 64n - 1n });
  assert.deepEqual([...content], [0xff, 0, 0, 0, 0, 0, 0, 0, ...new Array(8).fill(0xff)]);
  assert.deepEqual([...encode(chars(4), 'a')], [97, 0, 0, 0]);
});

test('fields stand where a C compiler puts them', () => {
  const cases: readonly [Schema<unknown, unknown>, number][] = [
    [Inner, 16],
    [Outer, 64],
    [struct('A', { a: u8, b: u16, c: u8, d: u32 }), 12],
    [struct('B', { a: u64, b: u8 }), 16],
    [array(struct('C', { a: u32, b: u8 }), 3), 24],
    [struct('D', { a: chars(3), b: bytes(2), c: u8 }), 6],
  ];
  for (const [schema, size] of cases) assert.equal(layoutOf(schema.shape).size, size);
});

test('names that are special in JavaScript are ordinary fields', () => {
  const Named = struct(
    'Named',
    Object.fromEntries([
      ['__proto__', u32],
      ['constructor', u8],
    ]),
  );
  const value = decode(
    Named,
    encode(
      Named,
      Object.fromEntries([
        ['__proto__', 7],
        ['constructor', 8],
      ]),
    ),
  );
  assert.deepEqual(Object.entries(value as object), [
    ['__proto__', 7],
    ['constructor', 8],
  ]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

test('text ends at the first zero, or fills its field', () => {
  assert.equal(String(decode(chars(4), new Uint8Array([97, 98, 0, 99]))), 'ab');
  assert.equal(String(decode(chars(4), new Uint8Array([97, 98, 99, 100]))), 'abcd');
  assert.deepEqual(
    (decode(chars(4), new Uint8Array([0xff, 10, 27, 0])) as KernelString).bytes,
    new Uint8Array([0xff, 10, 27]),
  );
});

const good = {
  small: 1,
  on: true,
  name: 'x',
  list: [
    { tag: 1, wide: 2n },
    { tag: 3, wide: 4 },
  ],
  raw: new Uint8Array(3),
  last: -1,
};

test('a value of the wrong type or size is refused by its place', () => {
  assert.equal(encode(Outer, good).length, 64);
  const cases: readonly [object, RegExp, typeof TypeError | typeof RangeError][] = [
    [{ ...good, small: 128 }, /^value\.small: 128 does not fit in i8$/, RangeError],
    [{ ...good, small: -129n }, /^value\.small: -129 does not fit in i8$/, RangeError],
    [{ ...good, small: 1.5 }, /^value\.small: expected a whole number \(i8\), found number$/, TypeError],
    [{ ...good, small: '1' }, /^value\.small: expected a whole number \(i8\), found string$/, TypeError],
    [{ ...good, small: null }, /^value\.small: .* found null$/, TypeError],
    [{ ...good, small: Number.NaN }, /^value\.small: /, TypeError],
    [{ ...good, small: 2 ** 53 }, /^value\.small: /, TypeError],
    [{ ...good, on: 1 }, /^value\.on: expected a boolean, found number$/, TypeError],
    [
      { ...good, name: 'a name of more than 16 bytes' },
      /^value\.name: 28 bytes given, at most 16 expected$/,
      RangeError,
    ],
    [{ ...good, name: 'ä'.repeat(9) }, /^value\.name: 18 bytes given, at most 16 expected$/, RangeError],
    [{ ...good, name: 5 }, /^value\.name: expected text, found number$/, TypeError],
    [{ ...good, list: [] }, /^value\.list: expected an array of 2, found an array of 0$/, TypeError],
    [
      { ...good, list: [good.list[0], { tag: 256, wide: 0 }] },
      /^value\.list\[1\]\.tag: 256 does not fit in u8$/,
      RangeError,
    ],
    [
      { ...good, list: [good.list[0], { tag: 1 }] },
      /^value\.list\[1\]: the field "wide" is missing$/,
      TypeError,
    ],
    [{ ...good, raw: new Uint8Array(2) }, /^value\.raw: 2 bytes given, 3 expected$/, RangeError],
    [{ ...good, raw: 'abc' }, /^value\.raw: expected a Uint8Array of 3 bytes, found string$/, TypeError],
    [{ ...good, more: 1 }, /^value: Outer has no field "more"$/, TypeError],
    [{ small: 1 }, /^value: the field "on" is missing$/, TypeError],
  ];
  for (const [value, message, type] of cases) {
    assert.throws(
      () => encode(Outer, value),
      (error) => {
        assert.ok(error instanceof type, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
  assert.throws(() => encode(u64, -1), /^RangeError: value: -1 does not fit in u64$/);
  assert.throws(
    () => encode(Outer, 'text'),
    /^TypeError: value: expected an object with the fields of Outer, found string$/,
  );
});

test('one schema in two places is named by each place', () => {
  const first = codecOf(u16.shape, 'started key');
  const second = codecOf(u16.shape, 'started value');
  const view = new DataView(new ArrayBuffer(2));
  assert.throws(() => first.encode(-1, view, 0), /started key/);
  assert.throws(() => second.encode(-1, view, 0), /started value/);
});

test('declarations that make no sense are refused at once', () => {
  assert.throws(() => struct('two words', { a: u8 }), /must be a C identifier/);
  assert.throws(() => struct('Empty', {}), /at least one field/);
  assert.throws(() => struct('Odd', { 'a-b': u8 }), /field "a-b" must be a C identifier/);
  assert.throws(() => chars(0), RangeError);
  assert.throws(() => bytes(1.5), RangeError);
  assert.throws(() => array(u8, 2 ** 21), RangeError);
  assert.throws(() => u8(256), /^RangeError: u8\(256\): the value must be from 0 to 255$/);
  assert.throws(() => i8(-129), RangeError);
  assert.deepEqual(u64(7).initial, 7n);
  assert.deepEqual(u32(7n).initial, 7);
});
