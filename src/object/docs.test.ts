import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { kinds, namesOfKinds } from '../../test/support/kinds.ts';
import { calls, withKinds } from '../../test/support/kinds-manual.ts';
import { sinceOf } from '../../test/support/kinds-since.ts';
import { projectRoot } from '../../test/support/project.ts';
import * as kernel from '../kernel/index.ts';
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

test('the table of kinds has every kind once, and the manual has the table (npm run docs)', () => {
  assert.deepEqual(
    kinds.map(({ name }) => name).sort(),
    namesOfKinds()
      .map(([name]) => name)
      .sort(),
  );
  for (const { name, on, lacks } of kinds) {
    assert.ok(on.length === 4 || lacks !== undefined, `${name}: what is missing elsewhere`);
  }
  const manual = readFileSync(join(projectRoot, 'docs/objects.md'), 'utf8');
  assert.equal(withKinds(manual), manual);
});

test('no kind was seen to run on a kernel from before its time', () => {
  const number = (release: string): number => {
    const [major = 0, minor = 0] = release.split('.').map(Number);
    return major * 1000 + minor;
  };
  for (const { name, on } of kinds) {
    for (const column of on) {
      if (column !== '7.x') assert.ok(number(sinceOf(name)!) <= number(column), `${name} on ${column}`);
    }
  }
});

test('the typed calls of the table exist', () => {
  const names = Object.values(calls).filter((name) => name !== undefined);
  assert.deepEqual(
    names.filter((name) => !Object.hasOwn(kernel, name)),
    [],
  );
});
