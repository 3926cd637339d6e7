/** Lengths of instructions beside what objdump says of whole programs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { test } from 'node:test';
import { x86Length } from '../../src/asm/x86-length.ts';
import { ElfFile } from '../../src/elf/file.ts';
import { testPrograms } from '../support/programs.ts';

/** Starts of instructions of .text, and what objdump calls them. */
function disassembled(path: string): { readonly at: number; readonly text: string }[] {
  const words = ['-d', '-w', '--no-show-raw-insn', '-j', '.text', path];
  const ran = spawnSync('objdump', words, { encoding: 'latin1', maxBuffer: 1 << 29 });
  assert.equal(ran.status, 0, ran.stderr);
  return [...ran.stdout.matchAll(/^ *([0-9a-f]+):\t(.*)$/gm)].map(([, at, text]) => ({
    at: Number.parseInt(at!, 16),
    text: text!,
  }));
}

test('every instruction of programs, libraries and a compiler is as long as objdump says', (t) => {
  if (process.arch !== 'x64') return t.skip('needs x86: this is another architecture');
  const paths = [
    testPrograms().probed,
    '/bin/bash',
    '/lib/x86_64-linux-gnu/libc.so.6',
    '/usr/bin/x86_64-linux-gnu-as',
  ];
  for (const path of paths.map((each) => realpathSync(each))) {
    const file = ElfFile.open(readFileSync(path));
    const section = file.section('.text')!;
    const code = file.contents(section).bytes;
    const start = Number(section.address);
    const known = disassembled(path);
    const wrong: string[] = [];
    for (const [i, { at, text }] of known.entries()) {
      const after = known[i + 1];
      // Data between functions, and prefixes that objdump shows alone.
      if (!after || text.includes('(bad)') || /^(rex|lock|rep|data16|addr32|[c-gs]s)\S*\s*$/.test(text))
        continue;
      const length = x86Length(code, at - start);
      if (length !== after.at - at) wrong.push(`${path} ${at.toString(16)}: ${text}: ${length}`);
    }
    assert.deepEqual(wrong.slice(0, 10), [], path);
    assert.ok(known.length > 50);
  }
});
