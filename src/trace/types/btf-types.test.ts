import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { findBtfEnumerator, findBtfType, typeOfBtf } from './btf-types.ts';
import { bool, int8, int32, string, type Type, uint8, uint32, uint64, voidType } from './type.ts';

function built(make: (builder: BtfBuilder) => void): Btf {
  const builder = new BtfBuilder();
  make(builder);
  return Btf.parse(builder.encode());
}

function structOf(type: Type | undefined): Extract<Type, { kind: 'struct' }> {
  assert.equal(type?.kind, 'struct');
  return type as Extract<Type, { kind: 'struct' }>;
}

test('integers keep their width and sign; char is signed whatever the compiler said; bool is bool', () => {
  const btf = built((b) => {
    b.typedef('a', b.int('unsigned int', 4, 'unsigned'));
    b.typedef('b', b.int('int', 4, 'signed'));
    b.typedef('c', b.int('char', 1, 'unsigned'));
    b.typedef('d', b.int('_Bool', 1, 'bool'));
    b.typedef('e', b.int('long unsigned int', 8, 'unsigned'));
    b.typedef('f', b.int('unsigned char', 1, 'unsigned'));
    b.typedef('g', b.int('__int128', 16, 'signed'));
  });
  const types = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => findBtfType(btf, name, undefined));
  assert.deepEqual(types, [
    uint32,
    int32,
    int8,
    bool,
    uint64,
    uint8,
    { kind: 'array', element: uint8, length: 16 },
  ]);
});

test('an array of char is text; of unsigned char, and without a length, it is an array', () => {
  const btf = built((b) => {
    b.typedef('a', b.array(b.int('char', 1, 'signed'), 16));
    b.typedef('b', b.array(b.int('unsigned char', 1, 'unsigned'), 6));
    b.typedef('c', b.array(b.int('char', 1, 'signed'), 0));
    b.typedef('d', b.array(b.array(b.int('int', 4, 'signed'), 3), 2));
  });
  const types = ['a', 'b', 'c', 'd'].map((name) => findBtfType(btf, name, undefined));
  assert.deepEqual(types, [
    string(16),
    { kind: 'array', element: uint8, length: 6 },
    { kind: 'array', element: int8, length: 0 },
    { kind: 'array', element: { kind: 'array', element: int32, length: 3 }, length: 2 },
  ]);
});

test('pointers say what is behind them when asked, and the user tag where it lies', () => {
  const btf = built((b) => {
    const char = b.int('char', 1, 'signed');
    b.typedef('user', b.pointer(b.add({ kind: 'typeTag', name: 'user', target: b.const(char) })));
    b.typedef('other', b.pointer(b.add({ kind: 'typeTag', name: 'rcu', target: char })));
    b.typedef('nothing', b.pointer(0));
    b.typedef('function', b.pointer(b.prototype(0, [])));
  });
  const pointers = ['user', 'other', 'nothing', 'function'].map((name) => {
    const type = findBtfType(btf, name, undefined);
    return type?.kind === 'pointer' ? [type.space, type.target] : type;
  });
  assert.deepEqual(pointers, [
    ['user', int8],
    ['kernel', int8],
    ['kernel', voidType],
    ['kernel', voidType],
  ]);
});

test('a struct that points to itself is one type', () => {
  const btf = built((b) => {
    const node = b.reserve();
    b.define(node, {
      kind: 'struct',
      name: 'node',
      size: 8,
      members: [{ name: 'next', type: b.pointer(node), bitOffset: 0, bitSize: 0 }],
    });
  });
  const node = structOf(findBtfType(btf, 'node', 'struct'));
  const next = node.member('next')?.type;
  assert.ok(next?.kind === 'pointer' && next.target === node);
  assert.equal(node.name, 'struct node');
  assert.equal(node.member('absent'), undefined);
});

test('members of anonymous unions are members, and known to lie in a union', () => {
  const btf = built((b) => {
    const int = b.int('int', 4, 'signed');
    const union = b.union('', [
      { name: 'x', type: int },
      { name: 'y', type: int },
    ]);
    b.struct('outer', 8, [
      { name: 'a', type: int, bitOffset: 0 },
      { name: '', type: union, bitOffset: 32 },
    ]);
  });
  const outer = structOf(findBtfType(btf, 'outer', 'struct'));
  assert.deepEqual(outer.memberNames(), ['a', 'x', 'y']);
  assert.deepEqual(outer.member('a'), { name: 'a', type: int32, offset: 0, inUnion: false });
  assert.deepEqual(outer.member('y'), { name: 'y', type: int32, offset: 4, inUnion: true });
  assert.deepEqual([outer.size, outer.align], [8, 4]);
});

test('a bitfield is a part of the integer that holds it, wider than its type if it must', () => {
  const btf = built((b) => {
    const byte = b.int('unsigned char', 1, 'unsigned');
    const int = b.int('unsigned int', 4, 'unsigned');
    b.struct('flags', 8, [
      { name: 'a', type: int, bitOffset: 3, bitSize: 5 },
      { name: 'b', type: int, bitOffset: 40, bitSize: 12 },
      { name: 'c', type: byte, bitOffset: 14, bitSize: 4 },
    ]);
  });
  const flags = structOf(findBtfType(btf, 'flags', 'struct'));
  const place = (name: string): unknown => {
    const { type, offset, bitfield } = flags.member(name)!;
    return [type, offset, bitfield];
  };
  assert.deepEqual(place('a'), [uint32, 0, { shift: 3, size: 5 }]);
  assert.deepEqual(place('b'), [uint32, 4, { shift: 8, size: 12 }]);
  assert.deepEqual(place('c'), [uint32, 0, { shift: 14, size: 4 }]);
});

test('enumerators are found by name alone', () => {
  const btf = built((b) => {
    b.enum('state', [
      { name: 'IDLE', value: 0n },
      { name: 'BUSY', value: -2n },
    ]);
    b.enum('', [{ name: 'LONE', value: 7n }]);
  });
  const busy = findBtfEnumerator(btf, 'BUSY');
  assert.deepEqual([busy?.value, busy?.type.name, busy?.type.signed], [-2n, 'enum state', true]);
  assert.equal(findBtfEnumerator(btf, 'LONE')?.type.name, 'enum');
  assert.equal(findBtfEnumerator(btf, 'NONE'), undefined);
  assert.equal(findBtfType(btf, 'state', 'enum')?.kind, 'enum');
});

test('a declared struct is the defined one where there is one, else empty', () => {
  const btf = built((b) => {
    b.typedef('known', b.pointer(b.forward('here')));
    b.typedef('unknown', b.pointer(b.forward('there', true)));
    b.struct('here', 4, [{ name: 'a', type: b.int('int', 4, 'signed'), bitOffset: 0 }]);
  });
  const target = (name: string): Extract<Type, { kind: 'struct' }> => {
    const type = findBtfType(btf, name, undefined);
    return structOf(type?.kind === 'pointer' ? type.target : undefined);
  };
  assert.deepEqual(target('known').memberNames(), ['a']);
  assert.deepEqual([target('unknown').name, target('unknown').size], ['union there', 0]);
});

test('the same id is the same object', () => {
  const btf = built((b) => b.typedef('t', b.struct('s', 0, [])));
  assert.equal(typeOfBtf(btf, btf.find('t')!), typeOfBtf(btf, btf.find('s')!));
});
