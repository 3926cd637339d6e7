import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alu64Imm, callFunction, exit, ldFunction, ldMap, ldMapValue, mov64Imm } from '../../asm/build.ts';
import type { KernelQuestion } from '../../asm/instruction.ts';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { type CollectionSpec, MapType, ProgramType } from '../../kernel/spec.ts';
import { Relocator } from '../core/relocate.ts';
import { parseObject } from '../parse.ts';
import type { ObjectFunction, ObjectSpec } from '../spec.ts';
import { emitObject } from './emit.ts';

/** A kernel with one struct: `first` and a bitfield in an anonymous struct, behind `before` bytes of other things. */
function kernelWith(before: number): { types: Btf; root: number } {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4, 'signed');
  const inner = builder.struct('', 8, [
    { name: 'first', type: int, bitOffset: 0 },
    { name: 'flag', type: int, bitOffset: 32 + before, bitSize: 3 },
  ]);
  const root = builder.struct('thing', before + 8, [
    { name: 'padding', type: builder.array(int, before / 4), bitOffset: 0 },
    { name: '', type: inner, bitOffset: before * 8 },
  ]);
  return { types: Btf.parse(builder.encode()), root };
}

const here = kernelWith(8);

function ask(kind: KernelQuestion['kind'], member: string): { readonly question: KernelQuestion } {
  return { question: { kind, types: here.types, root: here.root, path: [member] } };
}

function collection(): CollectionSpec {
  const builder = new BtfBuilder();
  const number = builder.int('u64', 8, 'unsigned');
  const entry = builder.function('main', number, [{ name: 'ctx', type: builder.pointer(0) }], 0);
  const callback = builder.function('each', number, [], 0);
  const source = (line: number) => ({ file: 'a.bt', line, column: 2, text: `line ${line}` });
  return {
    btf: builder.encode(),
    maps: [
      { name: 'counts', type: MapType.hash, keySize: 4, valueSize: 8, maxEntries: 10, flags: 1 },
      { name: 'ring', type: MapType.ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096 },
      {
        name: 'state',
        type: MapType.array,
        keySize: 4,
        valueSize: 16,
        maxEntries: 1,
        contents: Buffer.from('ab'),
      },
    ],
    programs: [
      {
        name: 'main',
        type: ProgramType.tracepoint,
        license: 'Dual BSD/GPL',
        functions: [
          { slot: 0, name: 'main', type: entry },
          { slot: 11, name: 'each', type: callback },
        ],
        lines: [
          { slot: 0, source: source(1) },
          { slot: 11, source: source(7) },
        ],
        instructions: [
          ldMap(1, 'counts'), // 0
          ldMapValue(2, 'state', 8), // 2
          ldFunction(3, 'each', 6), // 4
          callFunction('each', 4), // 6
          { ...alu64Imm('add', 1, 8), ...ask('fieldOffset', 'first') }, // 7
          { ...alu64Imm('add', 1, 12), ...ask('fieldOffset', 'flag') }, // 8
          { ...mov64Imm(0, 64 - 8 - 3), ...ask('fieldLeftShift', 'flag') }, // 9
          exit(), // 10
          mov64Imm(0, 0), // 11
          exit(), // 12
        ],
      },
    ],
  };
}

function parsed(sections = ['tracepoint/a/b', 'tracepoint/a/c']): ObjectSpec {
  const bytes = emitObject({ spec: collection(), sections: () => sections, kernelTypes: () => here.types });
  return parseObject(bytes, { file: 'x.bpf.o' });
}

function code(spec: ObjectSpec, name: string): ObjectFunction {
  const found = spec.functions.get(name);
  assert.ok(found, name);
  return found;
}

test('programs stand under each of their SEC names and share what they call', () => {
  const spec = parsed();
  assert.deepEqual(
    spec.programs.map(({ name, section, rule }) => [name, section, rule?.attach]),
    [
      ['main', 'tracepoint/a/b', 'tracepoint'],
      ['main_2', 'tracepoint/a/c', 'tracepoint'],
    ],
  );
  assert.equal(spec.license, 'Dual BSD/GPL');
  const [main, callback] = [code(spec, 'main'), code(spec, 'main_each')];
  assert.equal(callback.section, '.text');
  assert.deepEqual(
    main.instructions.map(({ reference }) => reference).filter((one) => one !== undefined),
    [
      { kind: 'map', map: 'counts' },
      { kind: 'mapValue', map: '.data.state', offset: 8 },
      { kind: 'function', name: 'main_each' },
      { kind: 'function', name: 'main_each' },
    ],
  );
  assert.equal(spec.types!.name(main.type!), 'main');
  assert.deepEqual(
    main.lines.map(({ source }) => [source.file, source.line, source.column, source.text]),
    [['a.bt', 1, 2, 'line 1']],
  );
  assert.deepEqual(
    callback.lines.map(({ slot, source }) => [slot, source.line]),
    [[0, 7]],
  );
});

test('maps are definitions, and sections of data where instructions point into them', () => {
  const { maps } = parsed();
  assert.deepEqual(
    maps.map(({ name, type, keySize, valueSize, maxEntries, flags }) => [
      ...[name, type, keySize, valueSize],
      ...[maxEntries, name.startsWith('.') ? 'any' : flags],
    ]),
    [
      ['counts', MapType.hash, 4, 8, 10, 1],
      ['ring', MapType.ringBuffer, 0, 0, 4096, 0],
      ['.data.state', MapType.array, 4, 16, 1, 'any'],
    ],
  );
  const data = maps.find(({ data }) => data !== undefined)!.data!;
  assert.equal(Buffer.from(data.contents).toString(), `ab${'\0'.repeat(14)}`);
  assert.deepEqual(
    data.variables.map(({ name, size }) => [name, size]),
    [['state', 16]],
  );
});

test('questions about members are answered by the kernel that loads', () => {
  const spec = parsed(['raw_tp']);
  const answers = (types: Btf): number[] => {
    const relocator = new Relocator(spec.types!, { types }, { file: 'x' });
    const { instructions, poisoned } = relocator.relocate(code(spec, 'main'));
    assert.deepEqual(poisoned, []);
    return instructions.slice(4, 7).map(({ imm }) => imm);
  };
  assert.deepEqual(answers(here.types), [8, 12, 64 - 8 - 3]);
  assert.deepEqual(answers(kernelWith(16).types), [16, 20, 64 - 16 - 3]);
});

/** A module with `struct NAME { int field; }` behind `before` bytes: its types and strings go on from the kernel's. */
function moduleWith(
  base: Btf,
  baseStrings: number,
  name: string,
  before: number,
): { types: Btf; root: number } {
  const strings = Buffer.from(`${name}\0field\0`, 'latin1');
  const int = base.find('int', 'int')!;
  const words = [baseStrings, (4 << 24) | 1, before + 4, baseStrings + name.length + 1, int, before * 8];
  const bytes = Buffer.alloc(24 + words.length * 4 + strings.length);
  bytes.writeUInt16LE(0xeb9f, 0);
  bytes[2] = 1;
  bytes.writeUInt32LE(24, 4);
  for (const at of [12, 16]) bytes.writeUInt32LE(words.length * 4, at);
  bytes.writeUInt32LE(strings.length, 20);
  for (const [i, word] of words.entries()) bytes.writeUInt32LE(word, 24 + i * 4);
  strings.copy(bytes, 24 + words.length * 4);
  return { types: Btf.parse(bytes, { base }), root: base.count };
}

test('structs of two modules, which number their types alike, are asked of the modules there', () => {
  const kernel = new BtfBuilder();
  kernel.int('int', 4, 'signed');
  const bytes = kernel.encode();
  const base = Btf.parse(bytes);
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(20, true);
  const [one, other] = [moduleWith(base, size, 'one', 8), moduleWith(base, size, 'other', 16)];
  const ask = (
    { types, root }: typeof one,
    kind: KernelQuestion['kind'],
    path: string[],
  ): KernelQuestion => ({
    ...{ kind, types, root, path },
  });
  const spec = collection();
  const [program] = spec.programs;
  const emitted = emitObject({
    spec: {
      ...spec,
      programs: [
        {
          ...program!,
          functions: [program!.functions![0]!],
          lines: [],
          instructions: [
            { ...alu64Imm('add', 1, 8), question: ask(one, 'fieldOffset', ['field']) },
            { ...alu64Imm('add', 1, 16), question: ask(other, 'fieldOffset', ['field']) },
            { ...mov64Imm(0, 20), question: ask(other, 'typeSize', []) },
            exit(),
          ],
        },
      ],
    },
    sections: () => ['raw_tp'],
    kernelTypes: () => base,
  });
  const parsed = parseObject(emitted, { file: 'x.bpf.o' });
  const there = [moduleWith(base, size, 'one', 24), moduleWith(base, size, 'other', 32)];
  const modules = (): { name: string; types: Btf }[] =>
    there.map(({ types }, i) => ({ name: `module${i}`, types }));
  const relocator = new Relocator(parsed.types!, { types: base, modules }, { file: 'x' });
  const { instructions, poisoned } = relocator.relocate(code(parsed, 'main'));
  assert.deepEqual(poisoned, []);
  assert.deepEqual(
    instructions.slice(0, 3).map(({ imm }) => imm),
    [24, 32, 36],
  );
});
