/** A few seconds of each fuzz, so that none rots; the long runs are by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCaptures } from './capture.ts';
import { fuzzCompiler } from './compile.ts';
import { fuzzDwarf } from './dwarf.ts';
import { fuzzElf } from './elf.ts';
import { fuzzObjects } from './object.ts';
import { fuzzAnnotations, fuzzAnswers, fuzzModules, fuzzPackages } from './package.ts';
import { fuzzSymbols } from './symbols.ts';
import { fuzzTrace } from './trace.ts';

const HEAP_GROWTH = 16e6;

for (const [what, run, iterations] of [
  ['ELF files', fuzzElf, 10_000],
  ['debug information', fuzzDwarf, 5_000],
  ['symbol tables', fuzzSymbols, 20_000],
  ['captures', fuzzCaptures, 10_000],
  ['objects', fuzzObjects, 2_000],
  ['scripts', fuzzTrace, 10_000],
  ['packages', fuzzPackages, 1_000],
  ['comments of C sources', fuzzAnnotations, 2_000],
  ['WebAssembly modules', fuzzModules, 10_000],
] as const) {
  test(`broken ${what} are answered by values and typed errors`, () => {
    const report = run(iterations, 3);
    assert.ok(report.refused > iterations / 20, `only ${report.refused} inputs were refused`);
    assert.ok(report.refused < (iterations * 19) / 20, `${report.refused} inputs were refused`);
    assert.ok(report.heapGrowth < HEAP_GROWTH, `the heap grew by ${report.heapGrowth} bytes`);
  });
}

test('broken answers of registries are answered by values and typed errors', async () => {
  const iterations = 3_000;
  const { refused } = await fuzzAnswers(iterations, 3);
  assert.ok(refused > iterations / 20, `only ${refused} talks were refused`);
  assert.ok(refused < (iterations * 19) / 20, `${refused} talks were refused`);
});

test('scripts of any types become programs, or are refused with diagnostics', () => {
  const iterations = 500;
  const { refused } = fuzzCompiler(iterations, 3);
  assert.ok(refused < iterations / 10, `${refused} scripts were refused`);
});
