import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withBuiltins } from '../../scripts/manual.ts';
import { fixedKernel } from '../../test/support/fixed-kernel.ts';
import { define } from '../../test/support/kernel-program.ts';
import { projectRoot } from '../../test/support/project.ts';
import * as bpfkit from '../index.ts';
import { messages } from './messages.ts';

test('the manual lists every built-in as its source describes it', () => {
  const manual = readFileSync(join(projectRoot, 'docs/kernel-programs.md'), 'utf8');
  assert.equal(withBuiltins(manual), manual, '`npm run docs` writes the table anew');
});

test('the manual names every code of a refusal, and no other', () => {
  const manual = readFileSync(join(projectRoot, 'docs/kernel-programs.md'), 'utf8');
  const list = /The codes of these `ProgramError`s are stable:([\s\S]*?)\.\n/.exec(manual)?.[1] ?? '';
  const named = [...list.matchAll(/`([a-z-]+)`/g)].map(([, code]) => code).sort();
  const codes = Object.values(messages).map((make) => {
    const { code } = (make as (...words: unknown[]) => { code: string })('a', [], [], []);
    return code;
  });
  assert.deepEqual(named, [...new Set(codes)].sort());
});

test('the programs of the manual and of the README compile', () => {
  const vocabulary = { ...bpfkit, defineProgram: define };
  for (const file of ['docs/kernel-programs.md', 'README.md']) {
    const text = readFileSync(join(projectRoot, file), 'utf8');
    for (const [, code = ''] of text.matchAll(/```ts\n([\s\S]*?)```/g)) {
      const start = code.indexOf('defineProgram({');
      const end = code.indexOf('\n});', start);
      if (start < 0 || end < 0) continue;
      const before = code
        .slice(0, start)
        .replace(/const \w+ = $/, 'return ')
        .replace(/^import .*$/gm, '');
      const make = new Function(...Object.keys(vocabulary), `${before}${code.slice(start, end + 4)}`);
      const program = make(...Object.values(vocabulary)) as ReturnType<typeof define>;
      assert.equal(program.compile({}, fixedKernel).spec.programs.length > 0, true);
    }
  }
});
