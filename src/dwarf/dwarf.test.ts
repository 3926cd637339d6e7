import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import {
  CODE,
  type Die,
  type DwarfImage,
  type DwarfShape,
  dwarfImage,
  lengthBytes,
  lineProgram,
  offset,
  sleb,
  uleb,
} from '../../test/support/dwarf-image.ts';
import { Bytes } from '../../test/support/elf-image.ts';
import { ElfFile } from '../elf/file.ts';
import { argumentsAt } from './arguments.ts';
import { argumentPlaces } from './calling.ts';
import { At, Encoding, Form, Op, Tag } from './constants.ts';
import type { Entry } from './entry.ts';
import { DwarfError } from './errors.ts';
import { declarationText } from './format.ts';
import { functionAt, functionName, inlinedAt, parametersOf } from './functions.ts';
import { DebugInfo } from './info.ts';
import { normalPath } from './line-header.ts';
import { linesOf } from './lines.ts';
import { findEnumeratorIn, findType } from './names.ts';
import { rangesOf } from './ranges.ts';
import { findSourceLine } from './source-lines.ts';
import { sourcePlaceAt } from './source-place.ts';
import { alignOf, enumOf, membersOf, sizeOf } from './types.ts';

const modern: DwarfShape = { bits: 64, littleEndian: true, version: 5, wide: false };

const shapes: readonly DwarfShape[] = ([2, 3, 4, 5] as const).flatMap((version) =>
  ([32, 64] as const).flatMap((bits) =>
    [true, false].flatMap((littleEndian) =>
      // The 64-bit format came with version 3.
      (version === 2 ? [false] : [true, false]).map((wide) => ({ bits, littleEndian, version, wide })),
    ),
  ),
);

const name = (text: string) => [At.name, Form.strp, text] as const;
const to = (label: string) => [At.type, Form.ref4, { to: label }] as const;

const int: Die = {
  tag: Tag.baseType,
  label: 'int',
  attributes: [name('int'), [At.encoding, Form.data1, Encoding.signed], [At.byteSize, Form.data1, 4]],
};

function unit(children: readonly Die[], more: Die['attributes'] = []): Die {
  return {
    tag: Tag.compileUnit,
    attributes: [
      name('main.c'),
      [At.compDir, Form.string, '/src'],
      [At.lowPc, Form.addr, CODE],
      [At.highPc, Form.addr, CODE + 0x100],
      ...(more ?? []),
    ],
    children,
  };
}

function open(image: DwarfImage, shape: DwarfShape = modern): DebugInfo {
  const info = DebugInfo.open(ElfFile.open(dwarfImage(shape, image)));
  assert.ok(info);
  return info;
}

const firstUnit = (info: DebugInfo) => info.units()[0]!;

function find(info: DebugInfo, wanted: string): Entry {
  for (const each of info.units())
    for (const entry of each.root.children()) if (entry.name === wanted) return entry;
  throw new Error(`no ${wanted}`);
}

test('a unit, its entries and their attributes are read in every version, format, class and byte order', () => {
  for (const shape of shapes) {
    const info = open(
      {
        units: [
          unit([
            int,
            {
              tag: Tag.subprogram,
              attributes: [
                name('work'),
                [At.lowPc, Form.addr, CODE + 0x10],
                [At.highPc, Form.addr, CODE + 0x20],
                to('int'),
              ],
              children: [
                { tag: Tag.formalParameter, attributes: [[At.name, Form.string, 'count'], to('int')] },
              ],
            },
          ]),
        ],
      },
      shape,
    );
    const [only] = info.units();
    assert.equal(only?.name, 'main.c');
    assert.equal(only.directory, '/src');
    assert.equal(only.header.version, shape.version);
    const work = functionAt(only, CODE + 0x1f);
    assert.ok(work, JSON.stringify(shape));
    assert.equal(functionName(work), 'work');
    assert.equal(functionAt(only, CODE + 0x20), undefined);
    const [count] = parametersOf(work);
    assert.equal(declarationText(count?.type, count?.name ?? ''), 'int count');
    assert.equal(info.unitAt(CODE + 0x50), only);
    assert.equal(info.unitAt(CODE + 0x500), undefined);
  }
});

test('children are skipped with siblings and without', () => {
  const nest = (sibling: boolean): Die => ({
    tag: Tag.structureType,
    attributes: [name('outer'), ...(sibling ? [[At.sibling, Form.ref4, { to: 'after' }] as const] : [])],
    children: [{ tag: Tag.structureType, attributes: [name('inner')], children: [{ tag: Tag.member }] }],
  });
  for (const sibling of [true, false]) {
    const info = open({ units: [unit([nest(sibling), { ...int, label: 'after' }])] });
    assert.deepEqual(
      [...firstUnit(info).root.children()].map((each) => each.name),
      ['outer', 'int'],
    );
  }
});

test('a sibling that is not behind its brother is refused, for one would walk in circles', () => {
  const info = open({
    units: [
      unit([
        {
          tag: Tag.structureType,
          label: 'self',
          attributes: [[At.sibling, Form.ref4, { to: 'self' }]],
          children: [int],
        },
      ]),
    ],
  });
  assert.throws(() => [...firstUnit(info).root.children()], { name: 'DwarfError', code: 'bounds' });
});

test('references that lead in circles end', () => {
  const info = open({
    units: [
      unit([
        { tag: Tag.typedef, label: 'a', attributes: [name('a'), to('b')] },
        { tag: Tag.typedef, label: 'b', attributes: [name('b'), to('a')] },
        { tag: Tag.pointerType, label: 'p', attributes: [to('p')] },
        { tag: Tag.arrayType, label: 'r', attributes: [name('r'), to('r')], children: [] },
        { tag: Tag.subprogram, label: 'f', attributes: [[At.abstractOrigin, Form.ref4, { to: 'f' }]] },
      ]),
    ],
  });
  assert.equal(sizeOf(find(info, 'a')), 0);
  assert.equal(sizeOf(find(info, 'r')), 0);
  for (const entry of firstUnit(info).root.children()) {
    assert.ok(declarationText(entry, 'x').length < 400);
    functionName(entry);
  }
});

test('types that are made of each other a million times are looked at once', () => {
  const levels = 40;
  const types = Array.from({ length: levels }, (_, i): Die => {
    const next = [At.type, Form.ref4, { to: `s${(i + 1) % levels}` }] as const;
    return {
      tag: Tag.structureType,
      label: `s${i}`,
      attributes: [name(`s${i}`), [At.byteSize, Form.data1, 16]],
      children: [
        { tag: Tag.member, attributes: [next] },
        { tag: Tag.member, attributes: [next] },
      ],
    };
  });
  const callbacks = Array.from({ length: levels }, (_, i): Die => {
    const next = [At.type, Form.ref4, { to: `f${(i + 1) % levels}` }] as const;
    const parameter: Die = { tag: Tag.formalParameter, attributes: [next] };
    return { tag: Tag.subroutineType, label: `f${i}`, attributes: [next], children: [parameter, parameter] };
  });
  const info = open({ units: [unit([...types, ...callbacks])] });
  const started = performance.now();
  const first = find(info, 's0');
  assert.equal(alignOf(first), 1);
  for (const convention of ['x64', 'arm64'] as const)
    argumentPlaces([{ type: first, behind: false }], first, convention);
  for (const entry of firstUnit(info).root.children()) assert.ok(declarationText(entry, 'x').length < 5000);
  assert.ok(performance.now() - started < 5000);
});

test('a type in another unit, and one by its signature', () => {
  const info = open({
    units: [
      unit([{ tag: Tag.typedef, attributes: [name('far'), [At.type, Form.refAddr, { to: 'int' }]] }]),
      unit([int]),
      unit([{ tag: Tag.typedef, attributes: [name('lost'), [At.type, Form.refSig8, 0x1234n]] }]),
    ],
  });
  assert.equal(sizeOf(find(info, 'far')), 4);
  assert.equal(sizeOf(find(info, 'lost')), 0);
});

test('members have their places: bitfields of old and new, bases, expressions of DWARF 2', () => {
  const members: readonly Die[] = [
    { tag: Tag.inheritance, attributes: [to('base'), [At.dataMemberLocation, Form.data1, 0]] },
    { tag: Tag.member, attributes: [name('plain'), to('int'), [At.dataMemberLocation, Form.data1, 8]] },
    {
      tag: Tag.member,
      attributes: [name('new'), to('int'), [At.bitSize, Form.data1, 3], [At.dataBitOffset, Form.data1, 101]],
    },
    {
      tag: Tag.member,
      attributes: [
        name('old'),
        to('int'),
        [At.byteSize, Form.data1, 4],
        [At.bitSize, Form.data1, 5],
        [At.bitOffset, Form.data1, 24],
        [At.dataMemberLocation, Form.data1, 12],
      ],
    },
    {
      tag: Tag.member,
      attributes: [
        name('two'),
        to('int'),
        [At.dataMemberLocation, Form.block1, [Op.plusUconst, ...uleb(300)]],
      ],
    },
    { tag: Tag.member, attributes: [name('shared'), to('int'), [At.external, Form.flagPresent]] },
  ];
  const info = open({
    units: [
      unit([
        int,
        { tag: Tag.structureType, label: 'base', attributes: [[At.byteSize, Form.data1, 8]] },
        {
          tag: Tag.structureType,
          attributes: [name('s'), [At.byteSize, Form.data2, 304]],
          children: members,
        },
      ]),
    ],
  });
  assert.deepEqual(
    membersOf(find(info, 's')).map((each) => [each.name, each.bitOffset, each.bitSize, each.isBase]),
    [
      ['', 0, 0, true],
      ['plain', 64, 0, false],
      ['new', 101, 3, false],
      // 24 bits from the top of 32, and 5 of them: bits 3 to 7.
      ['old', 96 + 3, 5, false],
      ['two', 2400, 0, false],
    ],
  );
});

test('enumerators are as signed as their type, or as their values', () => {
  const values = (form: number, value: number): readonly Die[] => [
    { tag: Tag.enumerator, attributes: [name('last'), [At.constValue, form, value]] },
  ];
  const info = open({
    units: [
      unit([
        int,
        {
          tag: Tag.enumerationType,
          attributes: [name('plain'), [At.byteSize, Form.data1, 4]],
          children: values(Form.data1, 200),
        },
        {
          tag: Tag.enumerationType,
          attributes: [name('minus'), [At.byteSize, Form.data1, 4]],
          children: values(Form.sdata, -1),
        },
        {
          tag: Tag.enumerationType,
          attributes: [name('typed'), [At.byteSize, Form.data1, 1], to('int')],
          children: values(Form.data1, 255),
        },
      ]),
    ],
  });
  const of = (text: string) => {
    const { bits, signed, values: list } = enumOf(find(info, text));
    return [bits, signed, list[0]?.value];
  };
  assert.deepEqual(of('plain'), [32, false, 200n]);
  assert.deepEqual(of('minus'), [32, true, -1n]);
  assert.deepEqual(of('typed'), [8, true, -1n]);
  assert.equal(findEnumeratorIn(firstUnit(info), 'last')?.value, 200n);
  assert.equal(findType(info, 'enum', 'typed', undefined)?.name, 'typed');
});

test('ranges are lists, in the form of DWARF 5 and in that of 4', () => {
  const list5 = new Bytes(modern);
  list5
    .raw([5])
    .word(CODE)
    .raw([4, 0x10, 0x20])
    .raw([7])
    .word(CODE + 0x80)
    .raw([...uleb(0x10), 0]);
  const five = open({
    units: [unit([], [[At.ranges, Form.secOffset, 0]])],
    sections: { debug_rnglists: list5.done() },
  });
  assert.deepEqual(rangesOf(firstUnit(five).root), [
    [CODE + 0x10, CODE + 0x20],
    [CODE + 0x80, CODE + 0x90],
  ]);
  const old: DwarfShape = { ...modern, version: 4 };
  const list4 = new Bytes(old)
    .word(0x10)
    .word(0x20)
    .word(2n ** 64n - 1n)
    .word(CODE + 0x40)
    .word(1)
    .word(2)
    .word(0)
    .word(0);
  const four = open(
    { units: [unit([], [[At.ranges, Form.secOffset, 0]])], sections: { debug_ranges: list4.done() } },
    old,
  );
  assert.deepEqual(rangesOf(firstUnit(four).root), [
    [CODE + 0x10, CODE + 0x20],
    [CODE + 0x41, CODE + 0x42],
  ]);
});

test('texts and addresses are found by their indices', () => {
  const table = new Bytes(modern).raw(lengthBytes(modern, 12)).u16(5).u16(0);
  const info = open({
    units: [
      {
        tag: Tag.compileUnit,
        attributes: [
          [At.strOffsetsBase, Form.secOffset, 8],
          [At.addrBase, Form.secOffset, 8],
          [At.name, Form.strx1, 1],
          [At.lowPc, Form.addrx, 1],
          [At.compDir, Form.strp, '/work'],
        ],
      },
    ],
    sections: {
      debug_str_offsets: offset(offset(table, modern, 2), modern, 1).done(),
      debug_addr: new Bytes(modern).raw(lengthBytes(modern, 20)).u16(5).u8(8).u8(0).word(1).word(CODE).done(),
    },
  });
  assert.equal(firstUnit(info).name, '/work');
  assert.equal(firstUnit(info).baseAddress, CODE);
});

test('.debug_aranges answers before any entry is read', () => {
  const set = new Bytes(modern).u16(2).u32(0).u8(8).u8(0).raw([0, 0, 0, 0]);
  set
    .word(CODE + 0x600)
    .word(0x10)
    .word(0)
    .word(0);
  const body = set.done();
  const info = open({
    units: [unit([])],
    sections: { debug_aranges: new Bytes(modern).u32(body.length).raw(body).done() },
  });
  assert.equal(info.unitAt(CODE + 0x605), firstUnit(info));
  assert.equal(info.unitAt(CODE + 0x610), undefined);
});

const rows = [
  [CODE + 0x10, 1, 10, 0, true],
  [CODE + 0x14, 1, 12, 3, true],
  [CODE + 0x18, 2, 5, 1, true],
  [CODE + 0x1c, 1, 12, 9, false],
  [CODE + 0x24, 2, 5, 1, true],
] as const;

/** `work` has the rest inlined from util.h twice. */
function lined(shape: DwarfShape): DebugInfo {
  const inlined = (low: number, line: number): Die => ({
    tag: Tag.inlinedSubroutine,
    attributes: [
      [At.abstractOrigin, Form.ref4, { to: 'helper' }],
      [At.lowPc, Form.addr, CODE + low],
      [At.highPc, Form.addr, CODE + low + 4],
      [At.callFile, Form.data1, 1],
      [At.callLine, Form.data1, line],
    ],
  });
  return open(
    {
      units: [
        unit(
          [
            { tag: Tag.subprogram, label: 'helper', attributes: [name('helper')] },
            {
              tag: Tag.subprogram,
              attributes: [
                name('work'),
                [At.lowPc, Form.addr, CODE + 0x10],
                [At.highPc, Form.addr, CODE + 0x28],
              ],
              children: [
                inlined(0x18, 12),
                {
                  tag: Tag.lexicalBlock,
                  attributes: [
                    [At.lowPc, Form.addr, CODE + 0x20],
                    [At.highPc, Form.addr, CODE + 0x28],
                  ],
                  children: [inlined(0x24, 13)],
                },
              ],
            },
          ],
          [[At.stmtList, Form.secOffset, 0]],
        ),
      ],
      sections: { debug_line: lineProgram(shape, rows) },
    },
    shape,
  );
}

test('lines of addresses, and addresses of lines', () => {
  for (const shape of shapes.filter(({ version }) => version >= 4)) {
    const info = lined(shape);
    const table = linesOf(firstUnit(info));
    assert.ok(table);
    const at = (address: number) => {
      const found = table.at(CODE + address);
      return found && `${found.file?.path}:${found.line}:${found.column}`;
    };
    assert.deepEqual([0x0f, 0x10, 0x13, 0x14, 0x18, 0x27, 0x28].map(at), [
      undefined,
      '/src/main.c:10:0',
      '/src/main.c:10:0',
      '/src/main.c:12:3',
      '/src/lib/util.h:5:1',
      '/src/lib/util.h:5:1',
      undefined,
    ]);
    const ask = (file: string, line: number, column?: number) => findSourceLine(info, { file, line, column });
    assert.deepEqual(ask('main.c', 12), { kind: 'found', addresses: [CODE + 0x14] });
    assert.deepEqual(ask('/src/main.c', 12, 9), { kind: 'found', addresses: [CODE + 0x1c] });
    assert.deepEqual(ask('./lib/../main.c', 10), { kind: 'found', addresses: [CODE + 0x10] });
    // In no unit's name, and one copy for each place that it was inlined into.
    assert.deepEqual(ask('util.h', 5), { kind: 'found', addresses: [CODE + 0x18, CODE + 0x24] });
    assert.deepEqual(ask('main.c', 11), { kind: 'noLine', lines: [10, 12] });
    assert.deepEqual(ask('main.c', 12, 4), { kind: 'noColumn', columns: [3, 9] });
    assert.deepEqual(ask('ain.c', 10), { kind: 'noFile', files: ['main.c'] });
  }
});

test('what is inlined at an address, and where it is called', () => {
  const info = lined(modern);
  const work = functionAt(firstUnit(info), CODE + 0x24)!;
  assert.deepEqual(
    inlinedAt(work, CODE + 0x24).map(({ entry, callLine }) => [functionName(entry), callLine]),
    [['helper', 13]],
  );
  assert.deepEqual(inlinedAt(work, CODE + 0x10), []);
});

test('each function around an instruction has its line, the outer ones where they call', () => {
  const info = lined(modern);
  assert.deepEqual(sourcePlaceAt(info, CODE + 0x26), {
    source: '/src/main.c:13',
    inlined: [{ name: 'helper', source: '/src/lib/util.h:5' }],
  });
  assert.deepEqual(sourcePlaceAt(info, CODE + 0x10), { source: '/src/main.c:10', inlined: [] });
  assert.equal(sourcePlaceAt(info, CODE + 0x800), undefined);
});

test('arguments of code that says where they are, and of code that does not', () => {
  const parameter = (text: string, location: readonly number[], type = 'int'): Die => ({
    tag: Tag.formalParameter,
    attributes: [name(text), to(type), [At.location, Form.exprloc, location]],
  });
  const info = open({
    units: [
      unit([
        int,
        {
          tag: Tag.baseType,
          label: 'double',
          attributes: [
            name('double'),
            [At.encoding, Form.data1, Encoding.float],
            [At.byteSize, Form.data1, 8],
          ],
        },
        {
          tag: Tag.subprogram,
          attributes: [
            name('work'),
            [At.lowPc, Form.addr, CODE],
            [At.highPc, Form.addr, CODE + 0x10],
            [At.frameBase, Form.exprloc, [Op.callFrameCfa]],
          ],
          children: [
            parameter('spilled', [Op.fbreg, ...sleb(-20)]),
            parameter('float', [Op.fbreg, ...sleb(-32)], 'double'),
            parameter('second', [Op.fbreg, ...sleb(-24)]),
            parameter('stacked', [Op.fbreg, ...sleb(8)]),
            parameter('register', [Op.reg0 + 1]),
            parameter('pointed', [Op.fbreg, ...sleb(-48), Op.deref]),
            {
              tag: Tag.formalParameter,
              attributes: [name('constant'), to('int'), [At.constValue, Form.sdata, -3]],
            },
            { tag: Tag.formalParameter, attributes: [name('lost'), to('int')] },
            parameter('literal', [Op.lit0 + 7, Op.stackValue]),
            parameter('before', [Op.entryValue, 1, Op.reg0 + 5, Op.stackValue]),
          ],
        },
      ]),
    ],
  });
  const work = functionAt(firstUnit(info), CODE)!;
  const sources = (entry: boolean) =>
    Object.fromEntries(argumentsAt(work, CODE, 'x64', entry).map((each) => [each.name, each.source]));
  assert.deepEqual(sources(true), {
    spilled: { kind: 'registers', names: ['di'] },
    float: 'vector',
    second: { kind: 'registers', names: ['si'] },
    stacked: { kind: 'memory', register: 'sp', offset: 16 },
    register: { kind: 'registers', names: ['dx'] },
    pointed: { kind: 'behind', source: { kind: 'registers', names: ['r8'] } },
    constant: { kind: 'constant', value: -3n },
    lost: 'unknown',
    literal: { kind: 'constant', value: 7n },
    before: { kind: 'sum', register: 'di', offset: 0 },
  });
  // In the middle of the function only what is said counts.
  const { spilled, stacked, register } = sources(false);
  assert.deepEqual(
    [spilled, stacked, register],
    ['unknown', 'unknown', { kind: 'registers', names: ['dx'] }],
  );
});

const Compressed = 0x800;

function compressed(shape: DwarfShape, bytes: Uint8Array, type: number, size = bytes.length): Uint8Array {
  const head = new Bytes(shape).u32(type);
  if (shape.bits === 64) head.u32(0);
  return head.word(size).word(1).raw(deflateSync(bytes)).done();
}

test('compressed sections are read, and their claims are checked', () => {
  const compress = (type: number, claim?: (size: number) => number): DwarfImage => ({
    units: [unit([int])],
    instead: (made) =>
      made.map((each) =>
        each.name.startsWith('.debug_')
          ? {
              ...each,
              flags: Compressed,
              data: compressed(modern, each.data!, type, claim?.(each.data!.length)),
            }
          : each,
      ),
  });
  assert.equal(firstUnit(open(compress(1))).name, 'main.c');
  const refused = (image: DwarfImage, message: RegExp): void =>
    assert.throws(
      () => open(image),
      (error) => error instanceof DwarfError && message.test(error.message),
    );
  refused(
    compress(1, (size) => size + 1),
    /decompressed to/,
  );
  refused(
    compress(1, (size) => size - 1),
    /broken/,
  );
  refused(
    compress(1, () => 2 ** 40),
    /more than .* bytes/,
  );
  refused(compress(7), /method 7 are not read/);
  const old: DwarfImage = {
    units: [unit([int])],
    instead: (made) =>
      made.map((each) => {
        if (!each.name.startsWith('.debug_')) return each;
        const size = new Uint8Array(8);
        new DataView(size.buffer).setUint32(4, each.data!.length);
        return {
          ...each,
          name: each.name.replace('.', '.z'),
          data: Buffer.concat([Buffer.from('ZLIB'), size, deflateSync(each.data!)]),
        };
      }),
  };
  assert.equal(firstUnit(open(old)).name, 'main.c');
});

test('a unit that ends outside of the section, or has an unknown version, ends the list of units', () => {
  const cut: DwarfImage = {
    units: [unit([int]), unit([int])],
    instead: (made) =>
      made.map((each) =>
        each.name === '.debug_info' ? { ...each, data: each.data!.subarray(0, each.data!.length - 4) } : each,
      ),
  };
  assert.equal(open(cut).units().length, 1);
});

test('paths lose their dots', () => {
  assert.equal(normalPath('/a/./b//../c.c'), '/a/c.c');
  assert.equal(normalPath('/../a.c'), '/a.c');
  assert.equal(normalPath('../x/../a.c'), '../a.c');
});
