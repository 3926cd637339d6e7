/** Every case of `cases/`, through the built command on this machine. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { bpfkit } from '../support/command.ts';
import { projectRoot } from '../support/project.ts';
import { parseCases, readCases, type TraceCase, trimmed, wordsOf } from './cases.ts';

const cases = readCases(join(projectRoot, 'test/trace/cases'));

async function check(one: TraceCase): Promise<void> {
  const { code, stdout, stderr } = await bpfkit(['trace', ...wordsOf(one)], {
    env: { TZ: 'UTC', ...one.env },
    within: 30_000,
    ...(one.input ? { input: one.program } : {}),
  });
  const said = stderr.toString('utf8');
  const out = trimmed(stdout.toString('utf8'));
  if (one.match === undefined) assert.equal(out, one.stdout, said);
  else assert.match(out, one.match, said);
  for (const part of one.stderr) assert.ok(said.includes(part), `${part}\nis not in\n${said}`);
  assert.equal(code, one.exit, said);
}

for (const one of cases) {
  test(`${one.section}: ${one.title}`, { concurrency: true }, async () => {
    if (one.fails === undefined) return check(one);
    await assert.rejects(check(one), `this works now: take away '--- fails: ${one.fails}'`);
  });
}

test('the sentences of a section are different', () => {
  const titles = cases.map(({ section, title }) => `${section}: ${title}`);
  assert.equal(new Set(titles).size, titles.length);
});

test('a file of cases that is not of the form is refused', () => {
  assert.throws(() => parseCases('x', 'text\n=== a\nbegin {}\n>>>\n'), SyntaxError);
  assert.throws(() => parseCases('x', '=== a\nbegin {}\n'), SyntaxError);
  assert.throws(() => parseCases('x', '=== a\n--- nope: 1\nbegin {}\n>>>\n'), SyntaxError);
});
