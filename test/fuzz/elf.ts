/**
 * Broken ELF files: whatever the bytes, the answer is a value or an ElfError, soon, and nothing is kept.
 *
 *     node --import tsx test/fuzz/elf.ts 1000000 7
 */
import { pathToFileURL } from 'node:url';
import { addressOfOffset } from '../../src/elf/address.ts';
import { ElfError } from '../../src/elf/errors.ts';
import { ElfFile } from '../../src/elf/file.ts';
import { findFunctions, listFunctions } from '../../src/elf/functions.ts';
import { buildId, debugLink } from '../../src/elf/identity.ts';
import { readRelocations } from '../../src/elf/relocations.ts';
import { usdtNotes } from '../../src/elf/usdt.ts';
import { readVersions } from '../../src/elf/versions.ts';
import { FunctionIndex } from '../../src/symbol/functions.ts';
import { Bytes, elfImage, type ImageShape, noteBytes, Strings, symbolBytes } from '../support/elf-image.ts';
import { type FuzzReport, fuzz, fuzzFromCommandLine } from './mutate.ts';

/** The headers lie before it, close together, so that changes by chance hit what matters. */
const FIRST_DATA = 0x100;

/** A file with one of everything that the reader knows. */
function image(shape: ImageShape): Uint8Array {
  const strings = new Strings();
  const symbols = symbolBytes(
    shape,
    [
      { name: 'copy', value: 0x401010n, size: 16 },
      { name: 'main', value: 0x401020n, section: 0xffff },
      { name: 'data', value: 0x402000n, type: 1 },
    ],
    strings,
  );
  const versions = new Bytes(shape)
    .u16(1)
    .u16(0)
    .u16(2)
    .u16(1)
    .u32(0)
    .u32(20)
    .u32(28)
    .u32(strings.add('LIB_1'))
    .u32(0);
  versions.u16(1).u16(0).u16(3).u16(1).u32(0).u32(20).u32(0).u32(strings.add('LIB_2')).u32(0);
  const probe = new Bytes(shape)
    .word(0x401030n)
    .word(0x600000n)
    .word(0x402000n)
    .text('app')
    .text('go')
    .text('4@%edi');
  const notes = Buffer.concat([
    noteBytes(shape, 'GNU', 3, new Uint8Array(20).fill(7)),
    noteBytes(shape, 'stapsdt', 3, probe.done()),
  ]);
  const info = shape.bits === 64 ? (1n << 32n) | 1n : (1n << 8n) | 1n;
  const size = shape.bits / 8;
  const symbolSize = shape.bits === 64 ? 24 : 16;
  const relocations = new Bytes(shape).word(8).word(info).word(1).word(16).word(info).word(2).done();
  const text = strings.done();
  return elfImage(shape, {
    firstData: FIRST_DATA,
    sections: [
      { name: '.text', type: 1, flags: 6, address: 0x401000n, data: new Uint8Array(64) },
      { name: '.symtab', type: 2, data: symbols, link: '.strtab', entrySize: symbolSize },
      { name: '.dynsym', type: 11, data: symbols, link: '.strtab', entrySize: symbolSize },
      { name: '.strtab', type: 3, data: text },
      {
        name: '.indices',
        type: 18,
        data: new Bytes(shape).u32(0).u32(1).u32(1).u32(1).done(),
        link: '.symtab',
      },
      { name: '.note.stapsdt', type: 7, data: notes, alignment: 4 },
      { name: '.stapsdt.base', type: 1, address: 0x600000n, data: new Uint8Array(1) },
      {
        name: '.gnu.version',
        type: 0x6fffffff,
        data: new Bytes(shape).u16(0).u16(2).u16(3).u16(1).done(),
        link: '.dynsym',
      },
      { name: '.gnu.version_d', type: 0x6ffffffd, data: versions.done(), link: '.strtab', info: 2 },
      { name: '.gnu_debuglink', type: 1, data: new Bytes(shape).text('x.debug').pad(4).u32(5).done() },
      { name: '.rela.text', type: 4, data: relocations, entrySize: 3 * size, link: '.symtab', info: 1 },
      { name: '.rel.text', type: 9, data: relocations, entrySize: 2 * size, link: '.symtab', info: 1 },
    ],
    segments: [
      { type: 1, flags: 5, offset: FIRST_DATA, address: 0x401000n, fileSize: 64 },
      { type: 1, flags: 6, offset: FIRST_DATA, address: 0x402000n, fileSize: 64, memorySize: 4096 },
      { type: 4, flags: 4, offset: FIRST_DATA, address: 0n, fileSize: 0x400, alignment: 4 },
    ],
  });
}

/** Each question of its own: one broken table must not hide the others from the fuzz. */
const QUESTIONS: readonly ((file: ElfFile) => unknown)[] = [
  (file) => file.sections.map((section) => section.type !== 0 && file.contents(section).length),
  (file) => file.segments.length,
  (file) => readSymbols(file, 'static'),
  (file) => readSymbols(file, 'dynamic'),
  (file) => findFunctions(file, 'copy'),
  (file) => findFunctions(file, 'copy@LIB_1'),
  (file) => [...listFunctions(file, 'static')],
  (file) => new FunctionIndex(file).at(0x401018n),
  (file) => buildId(file),
  (file) => debugLink(file),
  (file) => [...usdtNotes(file)],
  (file) => file.sections.map((section) => [...readRelocations(file, section)]),
  (file) => readVersions(file)?.of(1),
  (file) => addressOfOffset(file, FIRST_DATA + 5),
];

function readSymbols(file: ElfFile, kind: 'static' | 'dynamic'): void {
  const table = file.symbols(kind);
  for (let index = 0; table && index < table.count; index++) table.symbol(index);
}

function look(bytes: Uint8Array): 'accepted' | 'refused' {
  let answer: 'accepted' | 'refused' = 'accepted';
  const ask = (question: () => unknown): void => {
    try {
      question();
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
      answer = 'refused';
    }
  };
  ask(() => {
    const file = ElfFile.open(bytes);
    for (const question of QUESTIONS) ask(() => question(file));
  });
  return answer;
}

export function fuzzElf(iterations: number, seed: number): FuzzReport {
  const seeds = [true, false].flatMap((littleEndian) =>
    ([64, 32] as const).map((bits) => image({ bits, littleEndian })),
  );
  for (const bytes of seeds) {
    if (look(bytes) === 'refused')
      throw new Error('the unchanged file is refused: the fuzz would prove nothing');
  }
  return fuzz(seeds, iterations, seed, look);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) fuzzFromCommandLine(fuzzElf);
