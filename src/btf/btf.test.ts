import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Btf } from './btf.ts';
import { BtfBuilder } from './build.ts';
import { copyType } from './copy.ts';
import { encodeBtf } from './encode.ts';
import { BtfError } from './errors.ts';
import type { BtfType } from './types.ts';

/** One of each kind; types refer to ids of this list. */
const everyKind: BtfType[] = [
  { kind: 'int', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 'signed' },
  { kind: 'pointer', target: 0 },
  { kind: 'array', element: 1, index: 1, length: 7 },
  {
    kind: 'struct',
    name: 's',
    size: 8,
    members: [
      { name: 'a', type: 1, bitOffset: 0, bitSize: 3 },
      { name: 'b', type: 1, bitOffset: 32, bitSize: 0 },
    ],
  },
  { kind: 'union', name: 'u', size: 4, members: [{ name: 'x', type: 1, bitOffset: 0, bitSize: 0 }] },
  { kind: 'enum', name: 'e', size: 4, signed: true, values: [{ name: 'MINUS', value: -1n }] },
  { kind: 'forward', name: 'later', union: true },
  { kind: 'typedef', name: 't', target: 9 },
  { kind: 'volatile', target: 10 },
  { kind: 'const', target: 11 },
  { kind: 'restrict', target: 18 },
  { kind: 'function', name: 'f', prototype: 13, linkage: 1 },
  {
    kind: 'prototype',
    returns: 1,
    parameters: [
      { name: 'p', type: 2 },
      { name: '', type: 0 },
    ],
  },
  { kind: 'variable', name: 'v', type: 1, linkage: 2 },
  { kind: 'section', name: '.data', size: 4, variables: [{ type: 14, offset: 0, size: 4 }] },
  { kind: 'float', name: 'double', size: 8 },
  { kind: 'declTag', name: 'tag', target: 4, component: -1 },
  { kind: 'typeTag', name: 'user', target: 4 },
  {
    kind: 'enum64',
    name: 'e64',
    size: 8,
    signed: false,
    values: [
      { name: 'BIG', value: 2n ** 64n - 1n },
      { name: 'SMALL', value: 1n },
    ],
  },
];

test('every kind survives encoding and parsing in both byte orders', () => {
  for (const littleEndian of [true, false]) {
    const btf = Btf.parse(encodeBtf(everyKind, littleEndian));
    assert.equal(btf.littleEndian, littleEndian);
    assert.equal(btf.count, everyKind.length + 1);
    everyKind.forEach((type, index) => {
      assert.deepEqual(btf.type(index + 1), type);
      assert.equal(btf.kind(index + 1), type.kind);
      assert.equal(btf.name(index + 1), 'name' in type ? type.name : '');
    });
    assert.deepEqual(btf.type(0), { kind: 'void' });
  }
});

test('BTF that does not begin at a multiple of four bytes is read too', () => {
  const bytes = encodeBtf(everyKind, true);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assert.deepEqual(Btf.parse(shifted.subarray(1)).type(4), everyKind[3]);
});

test('a longer header of a newer kernel is skipped by its length', () => {
  const bytes = encodeBtf(everyKind, true);
  const longer = new Uint8Array(bytes.length + 8);
  longer.set(bytes.subarray(0, 24));
  longer.set(bytes.subarray(24), 32);
  new DataView(longer.buffer).setUint32(4, 32, true);
  assert.deepEqual(Btf.parse(longer).type(4), everyKind[3]);
});

test('names are found by content, the lowest id first, and by kind', () => {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4, 'signed');
  const one = builder.struct('twin', 4, [{ name: 'a', type: int, bitOffset: 0 }]);
  const two = builder.struct('twin', 8, [{ name: 'a', type: int, bitOffset: 0 }]);
  const alias = builder.typedef('twin', one);
  const btf = Btf.parse(builder.encode());
  assert.equal(btf.find('twin'), one);
  assert.deepEqual(btf.findAll('twin'), [one, two, alias]);
  assert.deepEqual(btf.findAll('twin', 'typedef'), [alias]);
  assert.equal(btf.find('twin', 'typedef'), alias);
  assert.equal(btf.find('twin', 'union'), undefined);
  assert.equal(btf.find('twi'), undefined);
  assert.equal(btf.find('win'), undefined);
  assert.equal(btf.find(''), undefined);
  assert.equal(btf.find('tw\0in'), undefined);
  assert.equal(btf.find('__proto__'), undefined);
  assert.deepEqual(btf.suggest('tiwn'), ['twin']);
});

test('names of equal hash are told apart', () => {
  const builder = new BtfBuilder();
  // 'Aa' and 'BB' have the same value in any polynomial hash with factor 31.
  const first = builder.forward('Aa');
  const second = builder.forward('BB');
  const btf = Btf.parse(builder.encode());
  assert.deepEqual([btf.find('Aa'), btf.find('BB'), btf.find('AB')], [first, second, undefined]);
});

/** Appends a string section and types that continue `base`. */
function split(baseCount: number, baseStrings: number): Uint8Array {
  const strings = Buffer.from('extra\0field\0', 'latin1');
  // struct extra { int field; } and typedef "int" (a name of the base) -> extra
  const words = [baseStrings, (4 << 24) | 1, 4, baseStrings + 6, 1, 0, 1, 8 << 24, baseCount];
  const bytes = new Uint8Array(24 + words.length * 4 + strings.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  view.setUint32(4, 24, true);
  view.setUint32(12, words.length * 4, true);
  view.setUint32(16, words.length * 4, true);
  view.setUint32(20, strings.length, true);
  words.forEach((word, i) => {
    view.setUint32(24 + i * 4, word, true);
  });
  bytes.set(strings, 24 + words.length * 4);
  return bytes;
}

test('split BTF continues the ids and the strings of its base', () => {
  const builder = new BtfBuilder();
  builder.int('int', 4, 'signed');
  const base = Btf.parse(builder.encode());
  const btf = Btf.parse(split(base.count, 5), { base });
  assert.equal(btf.count, 4);
  assert.deepEqual(btf.type(2), {
    kind: 'struct',
    name: 'extra',
    size: 4,
    members: [{ name: 'field', type: 1, bitOffset: 0, bitSize: 0 }],
  });
  assert.equal(btf.type(1), base.type(1));
  assert.deepEqual(btf.findAll('int'), [1, 3]);
  assert.equal(btf.find('int', 'typedef'), 3);
  assert.equal(btf.find('extra'), 2);
  assert.equal(base.find('extra'), undefined);
  assert.equal(btf.sizeOf(3), 4);
  assert.throws(() => base.type(2), { code: 'bounds' });
  assert.throws(() => Btf.parse(split(base.count, 5), { base: btf }), { code: 'format' });
});

test('sizes and alignment follow C', () => {
  const builder = new BtfBuilder();
  const u8 = builder.int('u8', 1, 'unsigned');
  const u64 = builder.int('u64', 8, 'unsigned');
  const pointer = builder.pointer(0);
  const matrix = builder.array(builder.array(u64, 3), 4);
  const plain = builder.struct('plain', 16, [
    { name: 'a', type: u8, bitOffset: 0 },
    { name: 'b', type: u64, bitOffset: 64 },
  ]);
  const packed = builder.struct('packed', 9, [
    { name: 'a', type: u8, bitOffset: 0 },
    { name: 'b', type: u64, bitOffset: 8 },
  ]);
  const alias = builder.typedef('alias', builder.const(builder.volatile(plain)));
  const empty = builder.array(plain, 0);
  const btf = Btf.parse(builder.encode());
  assert.deepEqual(
    [u8, u64, pointer, matrix, plain, packed, alias, empty].map((id) => btf.sizeOf(id)),
    [1, 8, 8, 96, 16, 9, 16, 0],
  );
  assert.deepEqual(
    [u8, u64, pointer, matrix, plain, packed, alias].map((id) => btf.alignOf(id)),
    [1, 8, 8, 8, 8, 1, 8],
  );
  assert.equal(btf.strip(alias), plain);
  assert.equal(Btf.parse(builder.encode(), { pointerSize: 4 }).sizeOf(pointer), 4);
  assert.throws(() => btf.sizeOf(0), { code: 'size' });
  assert.throws(() => btf.sizeOf(999), { code: 'bounds' });
});

test('a member is found through anonymous structs and unions, with its offset from outside', () => {
  const builder = new BtfBuilder();
  const u32 = builder.int('u32', 4, 'unsigned');
  const inner = builder.struct('', 8, [
    { name: 'x', type: u32, bitOffset: 0 },
    { name: 'flag', type: u32, bitOffset: 35, bitSize: 2 },
  ]);
  const either = builder.union('', [
    { name: 'y', type: u32 },
    { name: '', type: inner },
  ]);
  const outer = builder.struct('outer', 12, [
    { name: 'first', type: u32, bitOffset: 0 },
    { name: '', type: either, bitOffset: 32 },
  ]);
  const btf = Btf.parse(builder.encode());
  assert.deepEqual(btf.member(outer, 'x'), { type: u32, bitOffset: 32, bitSize: 0 });
  assert.deepEqual(btf.member(outer, 'y'), { type: u32, bitOffset: 32, bitSize: 0 });
  assert.deepEqual(btf.member(outer, 'flag'), { type: u32, bitOffset: 67, bitSize: 2 });
  assert.equal(btf.member(outer, 'z'), undefined);
  assert.equal(btf.member(u32, 'x'), undefined);
});

test('a bitfield of the old style, an int of fewer bits, is a bitfield', () => {
  const builder = new BtfBuilder();
  const u3 = builder.add({ kind: 'int', name: 'u32', size: 4, bits: 3, bitOffset: 2, encoding: 'unsigned' });
  const outer = builder.struct('outer', 4, [{ name: 'x', type: u3, bitOffset: 8 }]);
  const btf = Btf.parse(builder.encode());
  assert.deepEqual(btf.member(outer, 'x'), { type: u3, bitOffset: 10, bitSize: 3 });
});

test('types that contain themselves are an error, not a hang', () => {
  const cyclic = (types: BtfType[]): Btf => Btf.parse(encodeBtf(types, true));
  const member = (type: number) => [{ name: '', type, bitOffset: 0, bitSize: 0 }];
  const typedefs = cyclic([
    { kind: 'typedef', name: 'a', target: 2 },
    { kind: 'typedef', name: 'b', target: 1 },
  ]);
  assert.throws(() => typedefs.strip(1), { code: 'cycle' });
  assert.throws(() => typedefs.sizeOf(1), { code: 'cycle' });
  assert.throws(() => typedefs.alignOf(1), { code: 'cycle' });
  const arrays = cyclic([{ kind: 'array', element: 1, index: 1, length: 1 }]);
  assert.throws(() => arrays.sizeOf(1), { code: 'cycle' });
  const structs = cyclic([{ kind: 'struct', name: 's', size: 8, members: member(1) }]);
  assert.equal(structs.member(1, 'x'), undefined);
  assert.throws(() => structs.alignOf(1), { code: 'cycle' });
  const huge = cyclic([
    { kind: 'int', name: 'u64', size: 8, bits: 64, bitOffset: 0, encoding: 'unsigned' },
    { kind: 'array', element: 1, index: 1, length: 0xffff_ffff },
  ]);
  assert.throws(() => huge.sizeOf(2), { code: 'size' });
});

test('what lies outside of the data is refused with a sentence', () => {
  const good = encodeBtf(everyKind, true);
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(at, value, true);
    return bytes;
  };
  assert.throws(() => Btf.parse(good.subarray(0, 23)), { code: 'bounds', message: /23 bytes are too few/ });
  assert.throws(() => Btf.parse(changed(0, 0x1234)), { code: 'format', message: /not 0xeb9f/ });
  assert.throws(() => Btf.parse(changed(0, 0x02eb9f)), { code: 'format', message: /version 2/ });
  assert.throws(() => Btf.parse(changed(4, 1 << 30)), { code: 'bounds' });
  assert.throws(() => Btf.parse(changed(12, 0xffff_fffc)), { code: 'bounds', message: /type section/ });
  assert.throws(() => Btf.parse(changed(20, 0xffff_ffff)), { code: 'bounds', message: /string section/ });
  assert.throws(() => Btf.parse(good.subarray(0, good.length - 1)), { code: 'bounds' });
  assert.throws(() => Btf.parse(changed(24, 0x7fff_ffff)), { code: 'bounds', message: /string offset/ });
  assert.throws(() => Btf.parse(changed(28, 0x1f00_0000)), { code: 'format', message: /unknown kind 31/ });
  assert.throws(() => Btf.parse(changed(28, 0x0400_ffff)), { code: 'bounds', message: /passes the end/ });
  const dangling = Btf.parse(
    encodeBtf([{ kind: 'pointer', target: 0 }], true).map((byte, i) => (i === 32 ? 9 : byte)),
  );
  assert.throws(() => dangling.type(1), { code: 'bounds', message: /type 9 does not exist/ });
});

test('identical records are added once, and a reserved struct may point to itself', () => {
  const builder = new BtfBuilder();
  assert.equal(builder.int('int', 4, 'signed'), builder.int('int', 4, 'signed'));
  const node = builder.reserve();
  const pointer = builder.pointer(node);
  assert.throws(() => builder.encode(), { code: 'builder' });
  builder.define(node, {
    kind: 'struct',
    name: 'node',
    size: 8,
    members: [{ name: 'next', type: pointer, bitOffset: 0, bitSize: 0 }],
  });
  assert.throws(() => builder.define(node, { kind: 'void' }), { code: 'builder' });
  const btf = Btf.parse(builder.encode());
  assert.equal(btf.member(node, 'next')?.type, pointer);
  assert.equal(
    builder.enum('e', [{ name: 'a', value: -1n }]),
    builder.enum('e', [{ name: 'a', value: -1n }]),
  );
});

test('a builder refuses what BTF cannot say', () => {
  const encode = (type: BtfType) => () => encodeBtf([type], true);
  assert.throws(encode({ kind: 'pointer', target: 2 }), { code: 'bounds' });
  assert.throws(encode({ kind: 'array', element: 1, index: 1, length: 2 ** 32 }), { code: 'builder' });
  assert.throws(encode({ kind: 'forward', name: 'a\0b', union: false }), { code: 'builder' });
  assert.throws(encode({ kind: 'forward', name: 'ключ', union: false }), { code: 'builder' });
  const wide = { name: 'x', type: 1, bitOffset: 2 ** 24, bitSize: 1 };
  assert.throws(encode({ kind: 'struct', name: 's', size: 2 ** 22, members: [wide] }), { code: 'builder' });
  const value = { name: 'x', value: 2n ** 32n };
  assert.throws(encode({ kind: 'enum', name: 'e', size: 4, signed: false, values: [value] }), {
    code: 'builder',
  });
});

test('a copy holds what a type holds by value, and names what it points to', () => {
  const source = new BtfBuilder();
  const int = source.int('int', 4, 'signed');
  const other = source.struct('other', 4, [{ name: 'x', type: int, bitOffset: 0 }]);
  const node = source.reserve();
  const callback = source.pointer(source.prototype(int, [{ name: 'n', type: node }]));
  const rows = source.pointer(source.array(other, 4));
  source.define(node, {
    kind: 'struct',
    name: 'node',
    size: 40,
    members: [
      { name: 'value', type: other, bitOffset: 0, bitSize: 0 },
      { name: 'next', type: source.pointer(source.const(node)), bitOffset: 64, bitSize: 0 },
      { name: 'call', type: callback, bitOffset: 128, bitSize: 0 },
      { name: 'rows', type: rows, bitOffset: 192, bitSize: 0 },
      { name: 'number', type: source.pointer(int), bitOffset: 256, bitSize: 0 },
    ],
  });
  const builder = new BtfBuilder();
  const id = copyType(Btf.parse(source.encode()), node, builder);
  assert.equal(copyType(Btf.parse(source.encode()), node, builder), id);
  const copied = Btf.parse(builder.encode());
  const target = (name: string) => {
    const pointer = copied.type(copied.member(id, name)!.type);
    assert.ok(pointer.kind === 'pointer');
    return copied.type(copied.strip(pointer.target));
  };
  assert.equal(copied.sizeOf(copied.member(id, 'value')!.type), 4);
  assert.deepEqual(target('next'), { kind: 'forward', name: 'node', union: false });
  assert.equal(target('call').kind, 'void');
  assert.equal(target('rows').kind, 'void');
  assert.equal(target('number').kind, 'int');
});

test('damaged BTF is an error or is read, whatever is asked of it', () => {
  const good = encodeBtf(everyKind, true);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(good.length),
      (changes, cut) => {
        const bytes = good.slice(0, cut < 20 ? good.length - cut : good.length);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        try {
          const btf = Btf.parse(bytes);
          for (let id = 0; id < btf.count; id++) {
            for (const ask of [
              () => btf.type(id),
              () => btf.sizeOf(id),
              () => btf.alignOf(id),
              () => btf.member(id, 'b'),
            ]) {
              try {
                ask();
              } catch (error) {
                assert.ok(error instanceof BtfError, String(error));
              }
            }
          }
        } catch (error) {
          assert.ok(error instanceof BtfError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('bytes of the other byte order, or at odd places, are not touched, in a Buffer neither', () => {
  const last = everyKind.length;
  for (const [littleEndian, start] of [
    [false, 0],
    [false, 1],
    [true, 3],
  ] as const) {
    const bytes = encodeBtf(everyKind, littleEndian);
    const file = Buffer.alloc(bytes.length + start);
    file.set(bytes, start);
    const part = file.subarray(start);
    const before = Buffer.from(part);
    for (let times = 0; times < 2; times++) assert.ok(Btf.parse(part).count >= last);
    assert.deepEqual(part, before);
  }
});

test('a kept index finds the same types, and one of other types is not used', () => {
  const bytes = encodeBtf(everyKind, true);
  const fresh = Btf.parse(bytes);
  const index = fresh.index();
  const again = Btf.parse(bytes, { index });
  for (let id = 0; id < fresh.count; id++) {
    assert.deepEqual(again.type(id), fresh.type(id));
    assert.deepEqual(again.findAll(fresh.name(id)), fresh.findAll(fresh.name(id)));
  }
  assert.deepEqual(again.index(), index);
  const others = encodeBtf([...everyKind, { kind: 'float', name: 'more', size: 4 }], true);
  for (const wrong of [index, new Uint8Array(), index.subarray(1), new Uint8Array(index.length)]) {
    assert.notEqual(Btf.parse(others, { index: wrong }).find('more'), undefined);
    assert.equal(Btf.parse(others, { index: wrong }).count, everyKind.length + 2);
  }
});
