import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KernelString } from '../text/kernel-string.ts';
import { Btf } from './btf.ts';
import { BtfBuilder } from './build.ts';
import { decoder } from './decode.ts';
import { encodeBtf } from './encode.ts';
import { BtfValueError } from './errors.ts';
import type { BtfType, TypeId } from './types.ts';
import { encoder } from './write.ts';

function made(build: (builder: BtfBuilder) => TypeId, littleEndian = true): [Btf, TypeId] {
  const builder = new BtfBuilder();
  const id = build(builder);
  return [Btf.parse(builder.encode({ littleEndian })), id];
}

const viewOf = (hex: string): DataView => new DataView(Uint8Array.from(Buffer.from(hex, 'hex')).buffer);

test('scalars have the value that C gives them', () => {
  const cases: [(builder: BtfBuilder) => TypeId, string, unknown][] = [
    [(b) => b.int('u8', 1, 'unsigned'), 'ff', 255],
    [(b) => b.int('s8', 1, 'signed'), 'ff', -1],
    [(b) => b.int('u16', 2, 'unsigned'), '0180', 0x8001],
    [(b) => b.int('s32', 4, 'signed'), 'feffffff', -2],
    [(b) => b.int('u64', 8, 'unsigned'), 'ffffffffffffffff', 2n ** 64n - 1n],
    [(b) => b.int('s64', 8, 'signed'), 'ffffffffffffffff', -1n],
    [(b) => b.int('s128', 16, 'signed'), 'feffffffffffffffffffffffffffffff', -2n],
    [(b) => b.int('bool', 1, 'bool'), '02', true],
    [(b) => b.pointer(0), '0000000000ffffff', 0xffffff0000000000n],
    [(b) => b.add({ kind: 'float', name: 'double', size: 8 }), '000000000000f83f', 1.5],
    [(b) => b.enum('e', [{ name: 'ONE', value: 1n }]), '01000000', 'ONE'],
    [(b) => b.enum('e', [{ name: 'ONE', value: 1n }]), '02000000', 2],
    [(b) => b.enum('e', [{ name: 'NO', value: -1n }]), 'ffffffff', 'NO'],
    [(b) => b.enum('e', [{ name: 'BIG', value: 1n << 40n }]), '0000000000010000', 'BIG'],
    [(b) => b.array(b.int('u16', 2, 'unsigned'), 3), '010002000300', [1, 2, 3]],
    [(b) => b.array(b.struct('empty', 0, []), 3), '', []],
  ];
  for (const [build, hex, value] of cases) {
    const [btf, id] = made(build);
    assert.deepEqual(decoder(btf, id)(viewOf(hex), 0), value);
  }
});

test('the same bytes in the other byte order give the other value', () => {
  const build = (b: BtfBuilder): TypeId =>
    b.struct('s', 28, [
      { name: 'a', type: b.int('u32', 4, 'unsigned'), bitOffset: 0 },
      { name: 'b', type: b.int('u64', 8, 'unsigned'), bitOffset: 32 },
      { name: 'c', type: b.int('u128', 16, 'unsigned'), bitOffset: 96 },
    ]);
  const hex = `00000001${'00'.repeat(7)}02${'00'.repeat(15)}03`;
  assert.deepEqual(decoder(...made(build, false))(viewOf(hex), 0), { a: 1, b: 2n, c: 3n });
  assert.deepEqual(decoder(...made(build, true))(viewOf(hex), 0), {
    a: 1 << 24,
    b: 2n << 56n,
    c: 3n << 120n,
  });
});

test('bitfields count from the low bit in little endian and from the high bit in big endian', () => {
  const build = (b: BtfBuilder): TypeId => {
    const u32 = b.int('u32', 4, 'unsigned');
    const s32 = b.int('s32', 4, 'signed');
    const u64 = b.int('u64', 8, 'unsigned');
    return b.struct('s', 16, [
      { name: 'a', type: u32, bitOffset: 0, bitSize: 3 },
      { name: 'b', type: s32, bitOffset: 3, bitSize: 7 },
      { name: 'c', type: u64, bitOffset: 61, bitSize: 62 },
      { name: 'd', type: b.int('bool', 1, 'bool'), bitOffset: 123, bitSize: 1 },
    ]);
  };
  // Little endian: 0b101 | (-5 & 127) << 3, then c and d by their distance from bit 61.
  const little = 5n | (BigInt.asUintN(7, -5n) << 3n) | (0x2123456789abcdefn << 61n) | (1n << 123n);
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i++) bytes[i] = Number((little >> BigInt(8 * i)) & 0xffn);
  const expected = { a: 5, b: -5, c: 0x2123456789abcdefn, d: true };
  assert.deepEqual(decoder(...made(build, true))(new DataView(bytes.buffer), 0), expected);
  const big = (5n << 125n) | (BigInt.asUintN(7, -5n) << 118n) | (0x2123456789abcdefn << 5n) | (1n << 4n);
  for (let i = 0; i < 16; i++) bytes[15 - i] = Number((big >> BigInt(8 * i)) & 0xffn);
  assert.deepEqual(decoder(...made(build, false))(new DataView(bytes.buffer), 0), expected);
});

test('members of anonymous members are members, and __proto__ is a name like any other', () => {
  const [btf, id] = made((b) => {
    const u32 = b.int('u32', 4, 'unsigned');
    const inner = b.union('', [
      { name: '__proto__', type: u32 },
      { name: 'constructor', type: u32 },
    ]);
    return b.struct('s', 8, [
      { name: 'toString', type: u32, bitOffset: 0 },
      { name: '', type: inner, bitOffset: 32 },
    ]);
  });
  const value = decoder(btf, id)(viewOf('0100000002000000'), 0) as object;
  assert.deepEqual(Object.entries(value).sort(), [
    ['__proto__', 2],
    ['constructor', 2],
    ['toString', 1],
  ]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  const bytes = new DataView(new ArrayBuffer(8));
  encoder(btf, id)(value, bytes, 0);
  assert.deepEqual(decoder(btf, id)(bytes, 0), value);
});

test('members stand in the order of the struct, those of anonymous members too', () => {
  const [btf, id] = made((b) => {
    const u8 = b.int('u8', 1, 'unsigned');
    const inner = b.struct('', 2, [
      { name: 'b', type: u8, bitOffset: 0 },
      { name: 'c', type: u8, bitOffset: 8 },
    ]);
    return b.struct('s', 4, [
      { name: 'a', type: u8, bitOffset: 0 },
      { name: '', type: inner, bitOffset: 8 },
      { name: 'd', type: u8, bitOffset: 24 },
    ]);
  });
  const value = decoder(btf, id)(viewOf('01020304'), 0) as object;
  assert.deepEqual(Object.entries(value), [
    ['a', 1],
    ['b', 2],
    ['c', 3],
    ['d', 4],
  ]);
});

test('a char array keeps its bytes and reads as text', () => {
  const [btf, id] = made((b) => b.array(b.int('char', 1, 'signed'), 8));
  const view = viewOf('c3a9ff1b00414200');
  const value = decoder(btf, id)(view, 0);
  assert.ok(value instanceof KernelString);
  assert.deepEqual([...value.bytes], [0xc3, 0xa9, 0xff, 0x1b]);
  assert.equal(value.text, 'é\ufffd\x1b');
  assert.equal(String(value), 'é\\xff\\x1b');
  assert.ok(value.equals(KernelString.from(Uint8Array.of(0xc3, 0xa9, 0xff, 0x1b))));
  assert.equal(decoder(btf, id, { strings: 'text' })(view, 0), 'é\ufffd\x1b');
  assert.deepEqual(decoder(btf, id, { strings: 'bytes' })(view, 0), new Uint8Array(view.buffer));
  const full = KernelString.read(viewOf('4142'), 0, 2);
  assert.ok(full.equals('AB'));
});

test('a value that does not fit is named by its path', () => {
  const [btf, id] = made((b) => {
    const u32 = b.int('u32', 4, 'unsigned');
    const inner = b.struct('inner', 4, [{ name: 'pid', type: u32, bitOffset: 0 }]);
    return b.struct('s', 32, [
      { name: 'list', type: b.array(inner, 2), bitOffset: 0 },
      { name: 'comm', type: b.array(b.int('char', 1, 'char'), 4), bitOffset: 64 },
      { name: 'mode', type: b.enum('mode', [{ name: 'READ', value: 1n }]), bitOffset: 96 },
      { name: 'wide', type: b.int('s64', 8, 'signed'), bitOffset: 128 },
      { name: 'bits', type: u32, bitOffset: 192, bitSize: 3 },
      { name: 'on', type: b.int('bool', 1, 'bool'), bitOffset: 224 },
    ]);
  });
  const good = { list: [{ pid: 1 }, { pid: 2 }], comm: 'ab', mode: 'READ', wide: -1n, bits: 7, on: true };
  const write = encoder(btf, id, { label: 'key' });
  const view = new DataView(new ArrayBuffer(32));
  write(good, view, 0);
  assert.equal(
    Buffer.from(view.buffer).toString('hex'),
    '01000000020000006162000001000000ffffffffffffffff0700000001000000',
  );
  const refused = (change: object, message: string): void =>
    assert.throws(
      () => write({ ...good, ...change }, view, 0),
      (error) => error instanceof BtfValueError && error.message === message,
      message,
    );
  refused({ list: [{ pid: 1 }, { pid: 2 ** 32 }] }, 'key.list[1].pid: 4294967296 does not fit in u32');
  refused({ list: [{ pid: -1 }, { pid: 1 }] }, 'key.list[0].pid: -1 does not fit in u32');
  refused({ list: [{ pid: 1 }] }, 'key.list: 1 elements in an array of 2');
  refused({ list: [{ pid: 1.5 }, { pid: 1 }] }, 'key.list[0].pid: 1.5 is not a whole number (u32)');
  refused({ list: [{ pidd: 1 }, { pid: 1 }] }, 'key.list[0]: there is no member "pidd" ("pid"?)');
  refused({ list: [{}, { pid: 1 }] }, 'key.list[0]: member "pid" is missing');
  refused({ comm: 'abcde' }, 'key.comm: 5 bytes do not fit in char[4]');
  refused({ comm: 5 }, 'key.comm: 5 is not text');
  refused({ mode: 'RAED' }, 'key.mode: "RAED" is not in enum mode (READ?)');
  refused({ wide: 2 ** 60 }, 'key.wide: 1152921504606847000 is not exact as a number: use a bigint (s64)');
  refused({ wide: 1n << 63n }, 'key.wide: 9223372036854775808 does not fit in s64');
  refused({ bits: 8 }, 'key.bits: 8 does not fit in u3');
  refused({ on: 1 }, 'key.on: 1 is not true or false');
  assert.throws(() => write([], view, 0), { message: 'key: an array is not an object' });
  assert.throws(() => write(good, view, 1), { code: 'short' });
  assert.throws(() => decoder(btf, id)(view, 1), { code: 'short' });
});

test('a union is written from any of its members', () => {
  const [btf, id] = made((b) =>
    b.union('u', [
      { name: 'a', type: b.int('u16', 2, 'unsigned') },
      { name: 'b', type: b.int('u32', 4, 'unsigned') },
    ]),
  );
  const view = new DataView(new ArrayBuffer(4));
  encoder(btf, id)({ a: 0x0102 }, view, 0);
  assert.equal(view.getUint32(0, true), 0x0102);
  assert.throws(() => encoder(btf, id)({}, view, 0), { message: 'value: one of a, b is missing' });
});

test('padding is written as zero', () => {
  const [btf, id] = made((b) =>
    b.struct('s', 8, [{ name: 'a', type: b.int('u8', 1, 'unsigned'), bitOffset: 0 }]),
  );
  const view = viewOf('ffffffffffffffffff');
  encoder(btf, id)({ a: 1 }, view, 1);
  assert.equal(Buffer.from(view.buffer).toString('hex'), 'ff0100000000000000');
});

test('types that would take endless work are refused', () => {
  const members = (type: TypeId, n: number) =>
    Array.from({ length: n }, (_, i) => ({ name: `m${i}`, type, bitOffset: 0, bitSize: 0 }));
  const types: BtfType[] = [
    { kind: 'int', name: 'u8', size: 1, bits: 8, bitOffset: 0, encoding: 'unsigned' },
  ];
  for (let i = 1; i <= 20; i++)
    types.push({ kind: 'union', name: `u${i}`, size: 1, members: members(i, 10) });
  const btf = Btf.parse(encodeBtf(types, true));
  assert.throws(() => decoder(btf, 21), { code: 'size' });
  const anonymous = types.map((type) =>
    type.kind === 'union'
      ? { ...type, members: type.members.map((member) => ({ ...member, name: '' })) }
      : type,
  );
  assert.throws(() => encoder(Btf.parse(encodeBtf(anonymous, true)), 21), { code: 'size' });
  const self = encodeBtf([{ kind: 'struct', name: 's', size: 4, members: members(1, 1) }], true);
  assert.throws(() => decoder(Btf.parse(self), 1), { code: 'cycle' });
  assert.throws(() => encoder(Btf.parse(self), 1), { code: 'cycle' });
  const outside = encodeBtf(
    [
      types[0]!,
      { kind: 'struct', name: 's', size: 4, members: [{ name: 'x', type: 1, bitOffset: 32, bitSize: 0 }] },
    ],
    true,
  );
  assert.throws(() => decoder(Btf.parse(outside), 2), { code: 'bounds' });
});

/** Types without loss: every bit pattern decodes to a value that encodes back. */
const scalar = fc.constantFrom(
  (b: BtfBuilder) => b.int('u8', 1, 'unsigned'),
  (b: BtfBuilder) => b.int('s16', 2, 'signed'),
  (b: BtfBuilder) => b.int('u32', 4, 'unsigned'),
  (b: BtfBuilder) => b.int('s64', 8, 'signed'),
  (b: BtfBuilder) => b.int('u128', 16, 'unsigned'),
  (b: BtfBuilder) => b.pointer(0),
  (b: BtfBuilder) =>
    b.enum('e', [
      { name: 'A', value: 1n },
      { name: 'B', value: 200n },
    ]),
  (b: BtfBuilder) => b.enum('f', [{ name: 'A', value: -1n }]),
);
type Build = (builder: BtfBuilder) => TypeId;

const { type } = fc.letrec<{ type: Build }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.tuple(tie('type'), fc.integer({ min: 1, max: 4 })).map(
      ([element, length]): Build =>
        (b) =>
          b.array(element(b), length),
    ),
    fc
      .array(fc.tuple(tie('type'), fc.nat(3), fc.integer({ min: 1, max: 31 })), {
        minLength: 1,
        maxLength: 5,
      })
      .map(
        (parts): Build =>
          (b) => {
            let bit = 0;
            const members = parts.map(([part, kind, width], i) => {
              if (kind === 0) {
                const member = {
                  name: `b${i}`,
                  type: b.int('u32', 4, 'unsigned'),
                  bitOffset: bit,
                  bitSize: width,
                };
                bit += width;
                return member;
              }
              bit = Math.ceil(bit / 8) * 8;
              const inner = part(b);
              const member = { name: `m${i}`, type: inner, bitOffset: bit };
              bit += sizeIn(b, inner) * 8;
              return member;
            });
            return b.struct('s', Math.ceil(bit / 8), members);
          },
      ),
  ),
}));

function sizeIn(builder: BtfBuilder, id: TypeId): number {
  return Btf.parse(builder.encode()).sizeOf(id);
}

test('encoding what was decoded gives the same value, for any type and bytes in both byte orders', () => {
  fc.assert(
    fc.property(type, fc.boolean(), fc.infiniteStream(fc.nat(255)), (build, littleEndian, stream) => {
      const [btf, id] = made(build, littleEndian);
      const size = btf.sizeOf(id);
      const view = new DataView(new ArrayBuffer(size));
      for (let i = 0; i < size; i++) view.setUint8(i, stream.next().value as number);
      const value = decoder(btf, id)(view, 0);
      const again = new DataView(new ArrayBuffer(size));
      encoder(btf, id)(value, again, 0);
      assert.deepEqual(decoder(btf, id)(again, 0), value);
      assert.deepEqual(
        decoder(btf, id, { enums: 'number' })(again, 0),
        decoder(btf, id, { enums: 'number' })(view, 0),
      );
    }),
    { numRuns: 300 },
  );
});
