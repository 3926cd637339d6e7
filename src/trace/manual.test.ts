import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withTables } from '../../scripts/trace-manual.ts';
import { projectRoot } from '../../test/support/project.ts';
import { builtins } from './builtin/table.ts';
import { shown } from './check/testing.ts';
import { Diagnostics } from './diagnostic.ts';
import { parseProgram } from './parse/parse.ts';
import { providerManual } from './probes/manual.ts';
import { rules } from './probes/providers.ts';

const manual = readFileSync(join(projectRoot, 'docs/tracing-language.md'), 'utf8');

function saidOf(text: string): readonly string[] {
  const diagnostics = new Diagnostics();
  parseProgram({ name: 'stdin', text }, diagnostics);
  return diagnostics.list.map(shown);
}

test('the manual has every table as the sources say it', () => {
  assert.equal(withTables(manual), manual, '`npm run docs` writes the tables anew');
});

test('the scripts and one-liners of the manual parse', () => {
  const scripts = [
    ...manual.matchAll(/```bpftrace\n([\s\S]*?)```/g),
    ...manual.matchAll(/^\$ bpfkit trace [^']*(?:'[^']*' )?-e '([^']*)'/gm),
  ].map(([, text]) => text!);
  assert.ok(scripts.length >= 15, `${scripts.length} scripts`);
  for (const script of scripts) assert.deepEqual(saidOf(script), [], script);
});

test('the examples of providers and built-ins parse, and name what they are of', () => {
  for (const { provider, aliases } of rules) {
    const { example, forms } = providerManual[provider];
    assert.deepEqual(saidOf(example), [], example);
    const names = [provider, ...aliases];
    for (const text of [example, ...forms]) {
      assert.ok(
        names.some((name) => text === name || text.startsWith(`${name}:`) || text.startsWith(`${name} `)),
        text,
      );
    }
  }
  for (const { name, documentation } of builtins) {
    const { example } = documentation;
    if (example === undefined) continue;
    assert.ok(example.includes(name), example);
    const script = /^[a-z]+(:\S*)? [{/]/.test(example) ? example : `begin { ${example} }`;
    assert.deepEqual(saidOf(script), [], script);
  }
});
