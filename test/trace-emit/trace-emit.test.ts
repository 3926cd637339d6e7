/**
 * The instructions of scripts, held as text in the files of this folder: a change of code generation is a difference
 * that people can read. `UPDATE=1 node --import tsx --test test/trace-emit/trace-emit.test.ts` writes them anew.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { disassemble } from '../../src/asm/disassemble.ts';
import { helpers } from '../../src/compiler/helpers.ts';
import { lowerText } from '../../src/trace/lower/testing.ts';
import { fixedKernel } from '../support/fixed-kernel.ts';
import { projectRoot } from '../support/project.ts';
import { processes, scripts } from './scripts.ts';

const folder = join(projectRoot, 'test/trace-emit');
const update = process.env.UPDATE === '1';
const names = new Map(Object.entries(helpers).map(([name, { id }]) => [id, name]));
const fileOf = (title: string): string => `${title.replaceAll(' ', '-')}.txt`;

function listing(title: string, text: string): string {
  const { spec, probes } = lowerText(text, fixedKernel, { pid: processes[title] });
  const parts = spec.programs.map(({ name, instructions }, i) => {
    const code = disassemble(instructions, { helperName: (id) => names.get(id) ?? 'helper' });
    return `${name} (${probes[i]?.hook.kind}):\n${code}`;
  });
  return `${text}\n\n${parts.join('\n').trimEnd()}\n`;
}

for (const [title, text] of Object.entries(scripts)) {
  test(`the instructions of: ${title}`, () => {
    const made = listing(title, text);
    const file = join(folder, fileOf(title));
    if (update || !existsSync(file)) writeFileSync(file, made);
    assert.equal(made, readFileSync(file, 'utf8'));
  });
}

test('the same script gives the same instructions', () => {
  for (const [title, text] of Object.entries(scripts))
    assert.equal(listing(title, text), listing(title, text));
});

test('there is no text without a script', () => {
  const known = new Set(Object.keys(scripts).map(fileOf));
  const left = readdirSync(folder).filter((name) => name.endsWith('.txt') && !known.has(name));
  assert.deepEqual(left, []);
});
