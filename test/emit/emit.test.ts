/**
 * The instructions of programs, held as text in the files of this folder: a change of code generation is a
 * difference that people can read. `UPDATE=1 node --import tsx --test test/emit/emit.test.ts` writes them anew.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CompiledDefinition } from '../../src/script/program.ts';
import { fixedKernel } from '../support/fixed-kernel.ts';
import { listing } from '../support/kernel-program.ts';
import { projectRoot } from '../support/project.ts';
import { programs } from './programs.ts';

const folder = join(projectRoot, 'test/emit');
const update = process.env.UPDATE === '1';

for (const [title, program] of Object.entries(programs)) {
  test(`the instructions of: ${title}`, () => {
    const { compile } = program as unknown as {
      compile(options: object, kernel: object): CompiledDefinition;
    };
    const text = listing(compile.call(program, {}, fixedKernel));
    const file = join(folder, `${title.replaceAll(' ', '-')}.txt`);
    if (update || !existsSync(file)) writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });
}

test('there is no text without a program', () => {
  const names = new Set(Object.keys(programs).map((title) => `${title.replaceAll(' ', '-')}.txt`));
  const left = readdirSync(folder).filter((name) => name.endsWith('.txt') && !names.has(name));
  assert.deepEqual(left, []);
});
