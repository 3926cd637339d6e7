import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withBuiltins } from '../../scripts/manual.ts';
import { projectRoot } from '../../test/support/project.ts';

test('the manual lists every built-in as its source describes it', () => {
  const manual = readFileSync(join(projectRoot, 'docs/kernel-programs.md'), 'utf8');
  assert.equal(withBuiltins(manual), manual, '`npm run docs` writes the table anew');
});
