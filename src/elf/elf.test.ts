import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  Bytes,
  elfImage,
  FIRST_DATA,
  type ImageSection,
  type ImageShape,
  noteBytes,
  Strings,
  symbolBytes,
} from '../../test/support/elf-image.ts';
import { addressOfOffset, fileOffset } from './address.ts';
import { ElfError, type ElfErrorCode } from './errors.ts';
import { ElfFile } from './file.ts';
import { findFunctions, listFunctions } from './functions.ts';
import { buildId, debugLink } from './identity.ts';
import { readNotes } from './notes.ts';
import { readRelocations } from './relocations.ts';
import { usdtNotes } from './usdt.ts';
import { readVersions } from './versions.ts';

const SHAPES: readonly ImageShape[] = [
  { bits: 64, littleEndian: true },
  { bits: 64, littleEndian: false },
  { bits: 32, littleEndian: true },
  { bits: 32, littleEndian: false },
];
const LITTLE64: ImageShape = { bits: 64, littleEndian: true };

/** Runs a test body for each class and byte order. */
function everyShape(name: string, body: (shape: ImageShape) => void): void {
  for (const shape of SHAPES) {
    test(`${name} (${shape.bits} bit, ${shape.littleEndian ? 'little' : 'big'} endian)`, () => body(shape));
  }
}

function symbolSections(
  shape: ImageShape,
  kind: 'symtab' | 'dynsym',
  symbols: Parameters<typeof symbolBytes>[1],
) {
  const strings = new Strings();
  const data = symbolBytes(shape, symbols, strings);
  const names = kind === 'symtab' ? '.strtab' : '.dynstr';
  const type = kind === 'symtab' ? 2 : 11;
  return [
    { name: `.${kind}`, type, data, link: names, entrySize: shape.bits === 64 ? 24 : 16 },
    { name: names, type: 3, data: strings.done() },
  ] satisfies ImageSection[];
}

/** Machine code at FIRST_DATA, mapped executable at 0x401000. */
const CODE = {
  section: { name: '.text', type: 1, flags: 6, address: 0x401000n, data: new Uint8Array(256).fill(0x90) },
  segment: { type: 1, flags: 5, offset: FIRST_DATA, address: 0x401000n, fileSize: 256 },
} as const;

function throwsElf(code: ElfErrorCode, act: () => unknown): void {
  assert.throws(
    act,
    (error) => error instanceof ElfError && error.code === code,
    `expected ElfError ${code}`,
  );
}

everyShape('the header, sections and segments of a file are read', (shape) => {
  const image = elfImage(shape, {
    type: 2,
    machine: 183,
    sections: [CODE.section, { name: '.bss', type: 8, size: 1 << 20 }],
    segments: [CODE.segment],
  });
  const file = ElfFile.open(image);
  assert.equal(file.header.bits, shape.bits);
  assert.equal(file.header.littleEndian, shape.littleEndian);
  assert.deepEqual([file.header.type, file.header.machine, file.header.entry], [2, 183, 0x1234n]);
  assert.deepEqual(
    file.sections.map(({ name, type }) => [name, type]),
    [
      ['', 0],
      ['.text', 1],
      ['.bss', 8],
      ['.shstrtab', 3],
    ],
  );
  const text = file.section('.text')!;
  assert.deepEqual(
    [text.index, text.flags, text.address, text.offset, text.size],
    [1, 6, 0x401000n, FIRST_DATA, 256],
  );
  assert.deepEqual(file.contents(text).bytes, CODE.section.data);
  assert.equal(file.contents(file.section('.bss')!).length, 0);
  assert.deepEqual(file.segments, [{ ...CODE.segment, memorySize: 256, alignment: 0x1000 }]);
});

everyShape('symbols have their value, size, kind and section', (shape) => {
  const symbols = [
    { name: 'main', value: 0x401010n, size: 32, section: 1 },
    { name: 'table', value: 0x500000n, size: 8, type: 1, binding: 2, visibility: 2, section: 0xfff1 },
    { name: 'größe', value: 1n },
  ];
  const file = ElfFile.open(elfImage(shape, { sections: symbolSections(shape, 'symtab', symbols) }));
  const table = file.symbols('static')!;
  assert.equal(file.symbols('dynamic'), undefined);
  assert.equal(table.count, 4);
  assert.deepEqual(table.symbol(1), {
    index: 1,
    name: 'main',
    value: 0x401010n,
    size: 32,
    type: 2,
    binding: 1,
    visibility: 0,
    section: 1,
  });
  assert.deepEqual(table.symbol(2), {
    index: 2,
    name: 'table',
    value: 0x500000n,
    size: 8,
    type: 1,
    binding: 2,
    visibility: 2,
    section: 0xfff1,
  });
  assert.deepEqual(table.find('größe'), [3]);
  assert.deepEqual(table.find('mai'), []);
  assert.deepEqual(table.find('ain'), []);
  assert.deepEqual(table.find('main\0table'), []);
  throwsElf('bounds', () => table.symbol(4));
});

test('a symbol name that ends inside another, as linkers share them, is found', () => {
  const strings = new TextEncoder().encode('\0do_exit\0');
  const table = new Bytes(LITTLE64).raw(new Uint8Array(24));
  for (const at of [1, 4]) table.u32(at).u8(0x12).u8(0).u16(1).word(0x10n).word(0);
  const file = ElfFile.open(
    elfImage(LITTLE64, {
      sections: [
        { name: '.symtab', type: 2, data: table.done(), link: '.strtab', entrySize: 24 },
        { name: '.strtab', type: 3, data: strings },
      ],
    }),
  );
  assert.deepEqual(file.symbols('static')!.find('exit'), [2]);
  assert.deepEqual(file.symbols('static')!.find('do_exit'), [1]);
});

everyShape('a function’s place for a uprobe is its address by way of the executable segment', (shape) => {
  const image = elfImage(shape, {
    sections: [
      CODE.section,
      ...symbolSections(shape, 'symtab', [
        { name: 'main', value: 0x401010n, size: 32 },
        { name: 'data', value: 0x401020n, type: 1 },
        { name: 'elsewhere', value: 0x700000n },
        { name: 'imported', value: 0n, section: 0 },
        { name: 'choose', value: 0x401040n, type: 10 },
      ]),
    ],
    segments: [{ ...CODE.segment, flags: 4, address: 0x400000n, offset: 0, fileSize: 0x1000 }, CODE.segment],
  });
  const file = ElfFile.open(image);
  assert.deepEqual(
    findFunctions(file, 'main').map(({ fileOffset: at, indirect, table }) => [at, indirect, table]),
    [[FIRST_DATA + 0x10, false, 'static']],
  );
  assert.equal(findFunctions(file, 'choose')[0]?.indirect, true);
  for (const name of ['data', 'elsewhere', 'imported', 'nothing', ''])
    assert.deepEqual(findFunctions(file, name), []);
  assert.deepEqual(
    [...listFunctions(file, 'static')].map(({ symbol }) => symbol.name),
    ['main', 'choose'],
  );
  assert.equal(fileOffset(file, 0x400010n), 0x10);
  assert.equal(fileOffset(file, 0x400010n, { executable: true }), undefined);
  assert.equal(addressOfOffset(file, FIRST_DATA + 0x10), 0x401010n);
  assert.equal(addressOfOffset(file, 0x9000), undefined);
});

test('of several functions of one name the global one comes first, and one address counts once', () => {
  const image = elfImage(LITTLE64, {
    sections: [
      CODE.section,
      ...symbolSections(LITTLE64, 'symtab', [
        { name: 'run', value: 0x401001n, binding: 0 },
        { name: 'run', value: 0x401002n, binding: 2 },
        { name: 'run', value: 0x401003n, binding: 1 },
        { name: 'run', value: 0x401003n, binding: 0 },
      ]),
      ...symbolSections(LITTLE64, 'dynsym', [{ name: 'run', value: 0x401003n, binding: 1 }]),
    ],
    segments: [CODE.segment],
  });
  assert.deepEqual(
    findFunctions(ElfFile.open(image), 'run').map(({ symbol, table }) => [
      symbol.value,
      symbol.binding,
      table,
    ]),
    [
      [0x401003n, 1, 'dynamic'],
      [0x401002n, 2, 'static'],
      [0x401001n, 0, 'static'],
    ],
  );
});

everyShape('a function can be asked for with its version', (shape) => {
  const strings = new Strings();
  const symbols = symbolBytes(
    shape,
    [
      { name: 'copy', value: 0x401010n },
      { name: 'copy', value: 0x401020n },
    ],
    strings,
  );
  const versions = new Bytes(shape);
  const names = ['lib.so', 'LIB_1.0', 'LIB_2.0'];
  names.forEach((name, i) => {
    versions
      .u16(1)
      .u16(i === 0 ? 1 : 0)
      .u16(i + 1)
      .u16(1)
      .u32(0)
      .u32(20)
      .u32(i === 2 ? 0 : 28);
    versions.u32(strings.add(name)).u32(0);
  });
  const numbers = new Bytes(shape)
    .u16(0)
    .u16(2 | 0x8000)
    .u16(3);
  const image = elfImage(shape, {
    sections: [
      CODE.section,
      { name: '.dynsym', type: 11, data: symbols, link: '.dynstr', entrySize: shape.bits === 64 ? 24 : 16 },
      { name: '.dynstr', type: 3, data: strings.done() },
      { name: '.gnu.version', type: 0x6fffffff, data: numbers.done(), link: '.dynsym' },
      { name: '.gnu.version_d', type: 0x6ffffffd, data: versions.done(), link: '.dynstr', info: 3 },
    ],
    segments: [CODE.segment],
  });
  const file = ElfFile.open(image);
  assert.deepEqual(readVersions(file)?.of(1), { name: 'LIB_1.0', isDefault: false });
  assert.deepEqual(readVersions(file)?.of(2), { name: 'LIB_2.0', isDefault: true });
  assert.equal(readVersions(file)?.of(0), undefined);
  assert.equal(readVersions(file)?.of(99), undefined);
  const offsets = (name: string): number[] => findFunctions(file, name).map((found) => found.fileOffset);
  assert.deepEqual(offsets('copy'), [FIRST_DATA + 0x10, FIRST_DATA + 0x20]);
  assert.deepEqual(offsets('copy@LIB_1.0'), [FIRST_DATA + 0x10]);
  assert.deepEqual(offsets('copy@@LIB_1.0'), []);
  assert.deepEqual(offsets('copy@@LIB_2.0'), [FIRST_DATA + 0x20]);
  assert.deepEqual(offsets('copy@LIB_3.0'), []);
});

everyShape(
  'the build id comes from the note segment, and from sections where there are no segments',
  (shape) => {
    const id = Uint8Array.from({ length: 20 }, (_, i) => i * 7);
    const notes = Buffer.concat([
      noteBytes(shape, 'Go', 4, new Uint8Array(3)),
      noteBytes(shape, 'GNU', 3, id),
    ]);
    const sections = [{ name: '.note', type: 7, data: notes, alignment: 4 }];
    const segment = {
      type: 4,
      flags: 4,
      offset: FIRST_DATA,
      address: 0n,
      fileSize: notes.length,
      alignment: 4,
    };
    assert.deepEqual(buildId(ElfFile.open(elfImage(shape, { sections, segments: [segment] }))), id);
    assert.deepEqual(buildId(ElfFile.open(elfImage(shape, { sections }))), id);
    assert.equal(buildId(ElfFile.open(elfImage(shape, {}))), undefined);
  },
);

test('a broken note hides only what comes after it in its own list', () => {
  const good = noteBytes(LITTLE64, 'GNU', 3, new Uint8Array(20).fill(1));
  const broken = new Bytes(LITTLE64).u32(4).u32(0xfffffff0).u32(3).text('GNU').done();
  const sections = [
    { name: '.a', type: 7, data: broken },
    { name: '.b', type: 7, data: good },
  ];
  assert.equal(buildId(ElfFile.open(elfImage(LITTLE64, { sections })))?.length, 20);
});

test('notes of alignment 8 are padded to 8', () => {
  const notes = new Bytes(LITTLE64)
    .u32(4)
    .u32(4)
    .u32(5)
    .text('GNU')
    .u32(7)
    .pad(8)
    .u32(4)
    .u32(0)
    .u32(6)
    .text('GNU');
  const file = ElfFile.open(
    elfImage(LITTLE64, { sections: [{ name: '.note', type: 7, data: notes.done() }] }),
  );
  const view = file.contents(file.section('.note')!);
  assert.deepEqual(
    [...readNotes(view, 8)].map(({ name, type }) => [name, type]),
    [
      ['GNU', 5],
      ['GNU', 6],
    ],
  );
});

everyShape('a debug link is a name and a checksum', (shape) => {
  const data = new Bytes(shape).text('x.debug').pad(4).u32(0xdeadbeef).done();
  const file = ElfFile.open(elfImage(shape, { sections: [{ name: '.gnu_debuglink', type: 1, data }] }));
  assert.deepEqual(debugLink(file), { name: new TextEncoder().encode('x.debug'), crc: 0xdeadbeef });
});

everyShape('trace points move with .stapsdt.base', (shape) => {
  const note = (semaphore: bigint) =>
    new Bytes(shape)
      .word(0x400010n)
      .word(0x600000n)
      .word(semaphore)
      .text('app')
      .text('start')
      .text('-4@%edi');
  const data = Buffer.concat([
    noteBytes(shape, 'stapsdt', 3, note(0n).done()),
    noteBytes(shape, 'other', 3, new Uint8Array(0)),
    noteBytes(shape, 'stapsdt', 3, note(0x602000n).done()),
  ]);
  const file = ElfFile.open(
    elfImage(shape, {
      sections: [
        CODE.section,
        { name: '.note.stapsdt', type: 7, data, alignment: 4 },
        { name: '.stapsdt.base', type: 1, address: 0x601000n },
      ],
      segments: [CODE.segment, { type: 1, flags: 6, offset: 0x3000, address: 0x603000n, fileSize: 64 }],
    }),
  );
  const base = {
    provider: 'app',
    name: 'start',
    arguments: '-4@%edi',
    address: 0x401010n,
    fileOffset: FIRST_DATA + 16,
  };
  assert.deepEqual(
    [...usdtNotes(file)],
    [
      { ...base, semaphore: 0n, semaphoreOffset: undefined },
      { ...base, semaphore: 0x603000n, semaphoreOffset: 0x3000 },
    ],
  );
});

everyShape('relocations are read with and without addend', (shape) => {
  const wide = shape.bits === 64;
  const info = wide ? (5n << 32n) | 10n : (5n << 8n) | 10n;
  const rel = new Bytes(shape).word(8n).word(info).done();
  const rela = new Bytes(shape)
    .word(16n)
    .word(info)
    .word(wide ? 0xfffffffffffffffcn : 0xfffffffcn)
    .done();
  const size = shape.bits / 8;
  const file = ElfFile.open(
    elfImage(shape, {
      type: 1,
      sections: [
        { name: '.rel', type: 9, data: rel, entrySize: 2 * size },
        { name: '.rela', type: 4, data: rela, entrySize: 3 * size },
        { name: '.bad', type: 9, data: rel, entrySize: 7 },
      ],
    }),
  );
  assert.deepEqual(
    [...readRelocations(file, file.section('.rel')!)],
    [{ offset: 8, symbol: 5, type: 10, addend: undefined }],
  );
  assert.deepEqual(
    [...readRelocations(file, file.section('.rela')!)],
    [{ offset: 16, symbol: 5, type: 10, addend: -4n }],
  );
  throwsElf('format', () => [...readRelocations(file, file.section('.bad')!)]);
});

test('a file with more sections than the header can count says so in its first section', () => {
  const image = elfImage(LITTLE64, { sections: [CODE.section] });
  const view = new DataView(image.buffer);
  const sectionsAt = Number(view.getBigUint64(40, true));
  view.setUint16(60, 0, true);
  view.setUint16(62, 0xffff, true);
  view.setBigUint64(sectionsAt + 32, 3n, true);
  view.setUint32(sectionsAt + 40, 2, true);
  const { sections } = ElfFile.open(image);
  assert.deepEqual(
    sections.map(({ name }) => name),
    ['', '.text', '.shstrtab'],
  );
});

test('a source is read in pieces, and only where it is asked', () => {
  const image = elfImage(LITTLE64, {
    sections: [CODE.section, ...symbolSections(LITTLE64, 'symtab', [{ name: 'f', value: 1n }])],
  });
  const reads: [number, number][] = [];
  const file = ElfFile.open({
    size: image.length,
    read(offset, length) {
      reads.push([offset, length]);
      return image.subarray(offset, offset + length);
    },
  });
  assert.deepEqual(reads, [
    [0, 16],
    [0, 64],
  ]);
  assert.deepEqual(file.symbols('static')?.find('f'), [1]);
  assert.ok(reads.reduce((sum, [, length]) => sum + length, 0) < 900);
});

test('a file that shrinks while it is read is an error, not rubbish', () => {
  const image = elfImage(LITTLE64, { sections: [CODE.section] });
  const file = ElfFile.open({
    size: image.length,
    read: (offset, length) => image.subarray(offset, Math.min(offset + length, 100)),
  });
  throwsElf('short', () => file.sections);
});

test('what is not ELF is told from what is broken', () => {
  throwsElf('format', () => ElfFile.open(new Uint8Array(0)));
  throwsElf('format', () => ElfFile.open(new TextEncoder().encode('#!/bin/sh\nexit 0\n')));
  const image = elfImage(LITTLE64, {});
  throwsElf('bounds', () => ElfFile.open(image.subarray(0, 40)));
  for (const [at, value] of [
    [4, 3],
    [5, 0],
    [6, 2],
  ] as const) {
    const changed = Uint8Array.from(image);
    changed[at] = value;
    throwsElf('format', () => ElfFile.open(changed));
  }
});

test('hostile sizes and indices are errors, and cost nothing', () => {
  const make = (change: (view: DataView, sectionsAt: number) => void): ElfFile => {
    const image = elfImage(LITTLE64, {
      sections: symbolSections(LITTLE64, 'symtab', [{ name: 'f', value: 1n }]),
    });
    const view = new DataView(image.buffer);
    change(view, Number(view.getBigUint64(40, true)));
    return ElfFile.open(image);
  };
  // sh_size of 2^64-1, sh_offset beyond the file, and both wrapping around to look small
  throwsElf('bounds', () =>
    make((v, at) => v.setBigUint64(at + 64 + 32, 0xffffffffffffffffn, true)).symbols('static'),
  );
  throwsElf('bounds', () => make((v, at) => v.setBigUint64(at + 64 + 24, 1n << 40n, true)).symbols('static'));
  throwsElf('bounds', () => {
    make((v, at) => {
      v.setBigUint64(at + 64 + 24, 0xffffffffffffff00n, true);
      v.setBigUint64(at + 64 + 32, 0x200n, true);
    }).symbols('static');
  });
  throwsElf('bounds', () => make((v, at) => v.setUint32(at + 64 + 40, 77, true)).symbols('static')); // sh_link
  throwsElf('format', () => make((v, at) => v.setBigUint64(at + 64 + 56, 0n, true)).symbols('static')); // sh_entsize 0
  throwsElf('bounds', () => make((v) => v.setUint16(62, 9, true)).sections); // e_shstrndx
  throwsElf('bounds', () => make((v) => v.setBigUint64(40, 1n << 50n, true)).sections); // e_shoff
  throwsElf('format', () => make((v) => v.setUint16(58, 0, true)).sections); // e_shentsize
  throwsElf('bounds', () => make((v, at) => v.setUint32(at + 64, 0xfffffff0, true)).sections); // sh_name
  throwsElf('bounds', () => {
    make((v, at) => {
      v.setUint16(60, 0, true);
      v.setBigUint64(at + 32, 100_000n, true);
    }).sections;
  });
  throwsElf('limit', () => {
    make((v, at) => {
      v.setUint16(60, 0, true);
      v.setBigUint64(at + 32, 1n << 60n, true);
    }).sections;
  });
});

test('a sparse file of a hundred gigabytes cannot make the reader take more than its limit', () => {
  const image = elfImage(LITTLE64, {
    sections: symbolSections(LITTLE64, 'symtab', [{ name: 'f', value: 1n }]),
  });
  const view = new DataView(image.buffer);
  const sectionsAt = Number(view.getBigUint64(40, true));
  view.setBigUint64(sectionsAt + 64 + 32, 90_000_000_000n, true);
  const file = ElfFile.open({
    size: 100_000_000_000,
    read(offset, length) {
      assert.ok(length < 1 << 16, `${length} bytes were read`);
      const bytes = new Uint8Array(length);
      bytes.set(image.subarray(offset, offset + length));
      return bytes;
    },
  });
  throwsElf('limit', () => file.symbols('static'));
});

test('names that overlap cannot be made to fill the memory', () => {
  const count = 4000;
  const long = new Uint8Array(60_000).fill(0x61);
  long[long.length - 1] = 0;
  const image = elfImage(LITTLE64, {
    sections: [
      ...Array.from({ length: count }, () => ({ name: 'x', type: 1 })),
      { name: '.long', type: 3, data: long },
    ],
  });
  const view = new DataView(image.buffer);
  const sectionsAt = Number(view.getBigUint64(40, true));
  view.setUint16(62, count + 1, true);
  for (let i = 0; i <= count + 2; i++) view.setUint32(sectionsAt + i * 64, i, true);
  throwsElf('limit', () => ElfFile.open(image).sections);
});

test('versions that point at themselves end', () => {
  const strings = new Strings();
  const symbols = symbolBytes(LITTLE64, [{ name: 'f', value: 1n }], strings);
  const loop = new Bytes(LITTLE64);
  for (let i = 0; i < 100; i++) loop.u16(1).u16(0).u16(1).u16(1).u32(0).u32(0).u32(1);
  const image = elfImage(LITTLE64, {
    sections: [
      { name: '.dynsym', type: 11, data: symbols, link: '.dynstr', entrySize: 24 },
      { name: '.dynstr', type: 3, data: strings.done() },
      { name: '.gnu.version', type: 0x6fffffff, data: new Uint8Array(4), link: '.dynsym' },
      { name: '.gnu.version_d', type: 0x6ffffffd, data: loop.done(), link: '.dynstr', info: 3 },
    ],
  });
  throwsElf('bounds', () => readVersions(ElfFile.open(image)));
});

test('symbols written at random come back as they were', () => {
  const symbol = fc.record({
    name: fc.string({ unit: fc.constantFrom(...'abcdefgé_.'), maxLength: 12 }),
    value: fc.bigInt({ min: 0n, max: 0xffffffffn }),
    size: fc.nat(),
    type: fc.integer({ min: 0, max: 15 }),
    binding: fc.integer({ min: 0, max: 15 }),
    visibility: fc.integer({ min: 0, max: 3 }),
    section: fc.integer({ min: 0, max: 0xffff }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...SHAPES), fc.array(symbol, { maxLength: 30 }), (shape, symbols) => {
      const table = ElfFile.open(
        elfImage(shape, { sections: symbolSections(shape, 'symtab', symbols) }),
      ).symbols('static')!;
      const read = Array.from({ length: table.count - 1 }, (_, i) => table.symbol(i + 1));
      assert.deepEqual(
        read,
        symbols.map((written, i) => ({ index: i + 1, ...written })),
      );
      for (const { name } of symbols) {
        if (name === '') continue;
        const wanted = symbols.flatMap((other, i) => (other.name === name ? [i + 1] : []));
        assert.deepEqual(table.find(name), wanted);
      }
    }),
    { numRuns: 200 },
  );
});

test('the running Node is read: its functions, its segments, its build', () => {
  const file = ElfFile.open(readFileSync(process.execPath));
  assert.equal(file.header.bits, 64);
  const mains = findFunctions(file, 'main');
  if (file.symbols('static')) assert.equal(mains.length, 1);
  const dynamic = file.symbols('dynamic')!;
  assert.ok(dynamic.count > 100);
  const [napi] = findFunctions(file, 'napi_create_object');
  assert.ok(napi, 'Node exports its native interface');
  assert.equal(addressOfOffset(file, napi.fileOffset, { executable: true }), napi.symbol.value);
});
