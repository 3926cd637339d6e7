import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { type BtfFeature, standIn } from './btf-fixes.ts';
import { parseKconfig, writeKconfig } from './kconfig.ts';
import { versionCode } from './kernel-version.ts';
import { localTypes } from './local-types.ts';

const knowsAll = (): boolean => true;

function lacking(...features: BtfFeature[]): (feature: BtfFeature) => boolean {
  return (feature) => !features.includes(feature);
}

const noByteType = (): TypeId => assert.fail('no integer is needed');

test('only what the roots reach goes into the kernel, with its declaration tags', () => {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4, 'signed');
  const wanted = builder.struct('wanted', 8, [{ name: 'x', type: builder.pointer(int), bitOffset: 0 }]);
  const other = builder.struct('other', 4, [{ name: 'x', type: int, bitOffset: 0 }]);
  builder.add({ kind: 'declTag', name: 'of wanted', target: wanted, component: -1 });
  builder.add({ kind: 'declTag', name: 'of other', target: other, component: 0 });
  const result = localTypes(Btf.parse(builder.encode()), [wanted], {
    amended: new Map(),
    knows: knowsAll,
    littleEndian: true,
  });
  const types = Btf.parse(result!.bytes);
  assert.deepEqual([...types.namesOf()], ['int', 'wanted', 'of wanted']);
  const id = result!.ids.get(wanted)!;
  assert.equal(types.name(id), 'wanted');
  assert.equal(types.sizeOf(id), 8);
  assert.equal(result!.ids.get(other), undefined);
});

test('parameters of functions have names, which clang -O0 leaves out and the kernel insists on', () => {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4, 'signed');
  const parameters = [
    { name: '', type: int },
    { name: 'given', type: int },
    { name: '', type: 0 },
  ];
  const called = builder.prototype(int, parameters);
  const pointed = builder.pointer(builder.prototype(0, [{ name: '', type: int }]));
  const f = builder.add({ kind: 'function', name: 'f', prototype: called, linkage: 1 });
  const options = { amended: new Map(), knows: knowsAll, littleEndian: true };
  const { bytes, ids } = localTypes(Btf.parse(builder.encode()), [f, pointed], options)!;
  const types = Btf.parse(bytes);
  const namesOf = (id: TypeId): readonly string[] => {
    const type = types.type(id);
    return type.kind === 'prototype' ? type.parameters.map(({ name }) => name) : assert.fail(type.kind);
  };
  assert.deepEqual(namesOf(ids.get(called)!), ['arg1', 'given', '']);
  const pointer = types.type(ids.get(pointed)!);
  assert.deepEqual(pointer.kind === 'pointer' ? namesOf(pointer.target) : [], ['']);
});

test('nothing is made of no roots', () => {
  const btf = Btf.parse(new BtfBuilder().encode());
  assert.equal(localTypes(btf, [], { amended: new Map(), knows: knowsAll, littleEndian: true }), undefined);
});

test('what a kernel does not know has a stand-in of the same size (libbpf: the same kinds)', () => {
  const cases: readonly (readonly [BtfFeature, BtfType, BtfType])[] = [
    ['sections', { kind: 'variable', name: 'v', type: 1, linkage: 1 }, { ...byte, name: 'v' }],
    [
      'sections',
      { kind: 'section', name: '.data', size: 8, variables: [{ type: 2, offset: 4, size: 4 }] },
      {
        kind: 'struct',
        name: '_data',
        size: 8,
        members: [{ name: '', type: 2, bitOffset: 32, bitSize: 0 }],
      },
    ],
    [
      'questionMarks',
      { kind: 'section', name: '?.struct_ops', size: 0, variables: [] },
      { kind: 'section', name: '_.struct_ops', size: 0, variables: [] },
    ],
    [
      'functions',
      { kind: 'prototype', returns: 1, parameters: [{ name: 'a', type: 1 }] },
      { kind: 'enum', name: '', size: 4, signed: false, values: [{ name: 'a', value: 0n }] },
    ],
    [
      'functions',
      { kind: 'function', name: 'f', prototype: 3, linkage: 1 },
      { kind: 'typedef', name: 'f', target: 3 },
    ],
    [
      'globalFunctions',
      { kind: 'function', name: 'f', prototype: 3, linkage: 1 },
      { kind: 'function', name: 'f', prototype: 3, linkage: 0 },
    ],
    [
      'floats',
      { kind: 'float', name: 'double', size: 8 },
      { kind: 'struct', name: '', size: 8, members: [] },
    ],
    ['declarationTags', { kind: 'declTag', name: 't', target: 1, component: -1 }, { ...byte, name: 't' }],
    ['typeTags', { kind: 'typeTag', name: 'user', target: 1 }, { kind: 'const', target: 1 }],
    [
      'enums64',
      { kind: 'enum', name: 'e', size: 4, signed: true, values: [{ name: 'A', value: -1n }] },
      { kind: 'enum', name: 'e', size: 4, signed: false, values: [{ name: 'A', value: 0xffff_ffffn }] },
    ],
  ];
  for (const [feature, type, expected] of cases) {
    assert.deepEqual(standIn(type, lacking(feature), noByteType), expected, `${feature}: ${type.kind}`);
    assert.deepEqual(standIn(type, knowsAll, noByteType), type, `${type.kind} is left alone`);
  }
});

const byte: Extract<BtfType, { kind: 'int' }> = {
  kind: 'int',
  name: '',
  size: 1,
  bits: 8,
  bitOffset: 0,
  encoding: 'unsigned',
};

test('an enum of 64 bits becomes a union with its names, beside an integer that is added', () => {
  const builder = new BtfBuilder();
  const wide = builder.enum('e', [{ name: 'A', value: 1n << 40n }]);
  const { bytes, ids } = localTypes(Btf.parse(builder.encode()), [wide], {
    amended: new Map(),
    knows: lacking('enums64'),
    littleEndian: true,
  })!;
  const types = Btf.parse(bytes);
  const union = types.type(ids.get(wide)!);
  assert.equal(union.kind, 'union');
  assert.equal(types.sizeOf(ids.get(wide)!), 8);
  assert.equal(types.member(ids.get(wide)!, 'A')?.bitOffset, 0);
});

test('a configuration is read line by line', () => {
  const config = parseKconfig(
    '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C="a=b # c"\n\nother=1\n CONFIG_D=0x10 \n',
  );
  assert.deepEqual(
    [...config],
    [
      ['CONFIG_B', 'y'],
      ['CONFIG_C', '"a=b # c"'],
      ['CONFIG_D', '0x10'],
    ],
  );
});

const types = (() => {
  const builder = new BtfBuilder();
  builder.int('bool', 1, 'bool');
  builder.int('char', 1, 'char');
  builder.int('u8', 1, 'unsigned');
  builder.int('s16', 2, 'signed');
  builder.int('u32', 4, 'unsigned');
  builder.int('s64', 8, 'signed');
  builder.typedef('text', builder.array(builder.int('char', 1, 'char'), 6));
  builder.enum('libbpf_tristate', [
    { name: 'TRI_NO', value: 0n },
    { name: 'TRI_YES', value: 1n },
    { name: 'TRI_MODULE', value: 2n },
  ]);
  builder.enum('other', [{ name: 'X', value: 0n }]);
  return Btf.parse(builder.encode());
})();

/** The bytes that an option gives in a variable of a type, or what is wrong. */
function written(type: string, text: string): number[] | string {
  const bytes = new Uint8Array(8).fill(0xee);
  const id = types.find(type)!;
  const problem = writeKconfig(types, id, text, new DataView(bytes.buffer), 0);
  return problem ?? [...bytes.subarray(0, types.sizeOf(id))];
}

test('options are written by the type that the program declares', () => {
  assert.deepEqual(written('bool', 'y'), [1]);
  assert.deepEqual(written('bool', 'n'), [0]);
  assert.deepEqual(written('bool', '1'), [1]);
  assert.deepEqual(written('char', 'm'), [109]);
  assert.deepEqual(written('libbpf_tristate', 'm'), [2, 0, 0, 0]);
  assert.deepEqual(written('u32', '1000'), [0xe8, 3, 0, 0]);
  assert.deepEqual(written('u32', '0xffffffff'), [255, 255, 255, 255]);
  assert.deepEqual(written('u32', '010'), [8, 0, 0, 0], 'octal, as in C');
  assert.deepEqual(written('s16', '-32768'), [0, 0x80]);
  assert.deepEqual(written('s64', '-1'), Array(8).fill(255));
  assert.deepEqual(written('text', '"abc"'), [97, 98, 99, 0, 0, 0]);
  assert.deepEqual(written('text', '"abcdefgh"'), [97, 98, 99, 100, 101, 0], 'cut, with a zero at its end');
});

test('options that a type cannot hold say so', () => {
  for (const [type, text] of [
    ['bool', 'm'],
    ['bool', '2'],
    ['u8', '256'],
    ['u8', '-1'],
    ['s16', '32768'],
    ['u32', 'y'],
    ['u32', 'twelve'],
    ['u32', '"12"'],
    ['text', '12'],
    ['text', '"open'],
    ['other', 'y'],
    ['other', '1'],
  ] as const) {
    assert.equal(typeof written(type, text), 'string', `${type} = ${text}`);
  }
});

test('the last number of a version stays below 256', () => {
  assert.equal(versionCode(6, 18, 4), 0x061204);
  assert.equal(versionCode(4, 19, 300), 0x0413ff);
});
