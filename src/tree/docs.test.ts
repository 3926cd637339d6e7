import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../test/support/project.ts';
import { fields } from './fields.ts';
import { writeFields } from './report.ts';

test('the manual has the table of fields as it is', () => {
  const lines: string[] = [];
  writeFields((line) => lines.push(line));
  const manual = readFileSync(join(projectRoot, 'docs/process-tree.md'), 'utf8');
  assert.ok(manual.includes(`\n${lines.join('\n')}\n`), 'put the output of `bpfkit fields` into the manual');
});

test('no two fields share a name', () => {
  const names = fields.flatMap(({ long, short }) => (long === short ? [long] : [long, short]));
  assert.equal(new Set(names).size, names.length);
});
