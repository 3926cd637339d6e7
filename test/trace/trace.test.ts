/** Every case of `cases/`, through the built command on this machine. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project.ts';
import { parseCases, readCases } from './cases.ts';
import { declare } from './runner.ts';

const cases = readCases(join(projectRoot, 'test/trace/cases'));

declare(cases.filter(({ kernels }) => kernels.length === 0));

test('the sentences of a section are different', () => {
  const titles = cases.map(({ section, title }) => `${section}: ${title}`);
  assert.equal(new Set(titles).size, titles.length);
});

test('there are as many cases as there were', () => {
  const count = cases.reduce((sum, { table }) => sum + (table ? table.rows.length : 1), 0);
  assert.ok(count >= 1200, `${count} cases`);
});

test('a file of cases that is not of the form is refused', () => {
  assert.throws(() => parseCases('x', 'text\n=== a\nbegin {}\n>>>\n'), SyntaxError);
  assert.throws(() => parseCases('x', '=== a\nbegin {}\n'), SyntaxError);
  assert.throws(() => parseCases('x', '=== a\n--- nope: 1\nbegin {}\n>>>\n'), SyntaxError);
  assert.throws(() => parseCases('x', '=== a\n--- table: print\n1 + 1\n'), SyntaxError);
});
