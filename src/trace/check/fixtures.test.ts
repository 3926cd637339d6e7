/**
 * What is said of scripts, and the types of expressions, as tables: `fixtures/said/*.txt` has scripts and, indented
 * below each, what is said of it; `fixtures/types.txt` has expressions and their types. `UPDATE_FIXTURES=1` writes
 * them anew: then read the difference.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../../test/support/project.ts';
import { typeText } from '../types/text.ts';
import { check, saidOf, shown } from './testing.ts';

const folder = join(projectRoot, 'src/trace/check/fixtures/');
const indent = '    ';

/** Lines that are no answers, each with its answers; `#` begins a comment. */
function answered(text: string, answer: (line: string) => readonly string[]): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith(indent))
    .flatMap((line) =>
      line === '' || line.startsWith('#') ? [line] : [line, ...answer(line).map((one) => indent + one)],
    )
    .join('\n');
}

function compare(file: string, answer: (line: string) => readonly string[]): void {
  const expected = readFileSync(folder + file, 'utf8');
  const actual = answered(expected, answer);
  if (process.env.UPDATE_FIXTURES !== undefined) writeFileSync(folder + file, actual);
  else assert.equal(actual, expected);
}

for (const file of readdirSync(`${folder}said`)) {
  test(`what is said about ${file.replace('.txt', '').replaceAll('-', ' ')}`, () => {
    compare(`said/${file}`, (script) => {
      const said = saidOf(script);
      return said.length === 0 ? ['nothing'] : said;
    });
  });
}

/** `kprobe:f { $x = 1 } $x + 2`: what goes before, and the expression. */
function typeOf(line: string): string[] {
  const [, probe = 'kprobe:f', before = '', expression = line] =
    /^(\S+) \{ (.*?) ?\} => (.*)$/.exec(line) ?? [];
  const { checked, diagnostics } = check(`${probe} { ${before} _ = ${expression}; }`, { unsafe: true });
  const said = diagnostics.list.map(shown);
  const last = checked?.probes[0]?.body.statements.at(-1);
  if (checked === undefined || last?.kind !== 'assign') return said;
  const { facts } = checked.probes[0]!;
  const value = facts.constantOf(last.value);
  const known = value === undefined ? '' : ` = ${typeof value === 'string' ? JSON.stringify(value) : value}`;
  return [typeText(facts.typeOf(last.value)) + known, ...said];
}

test('expressions have the types of the language', () => {
  compare('types.txt', typeOf);
});

test('maps have keys and values of the widest type that is put into them', () => {
  compare('maps.txt', (script) => {
    const { checked, diagnostics } = check(script);
    const maps = [...(checked?.maps.values() ?? [])].map(
      ({ name, scalar, key, value, kind, maxEntries }) =>
        `${name}${scalar ? '' : `[${typeText(key)}]`}: ${typeText(value)}, ${kind} of ${maxEntries}`,
    );
    return [...maps, ...diagnostics.list.map(shown)];
  });
});
