import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../test/support/project.ts';
import { sectionRules } from './sections.ts';

test('the manual has every SEC name', () => {
  const manual = readFileSync(join(projectRoot, 'docs/objects.md'), 'utf8');
  const missing = sectionRules
    .map(({ pattern }) => pattern.replace(/\+$/, ''))
    .filter((name) => {
      const plain = name.replace(/\.s$/, '');
      const sleeps = name !== plain;
      return !new RegExp(
        `\`${plain.replaceAll('.', '\\.')}${sleeps ? '\\[\\.s\\]' : '(?:\\[\\.s\\])?'}[/\`]`,
      ).test(manual);
    });
  assert.deepEqual(missing, []);
});
