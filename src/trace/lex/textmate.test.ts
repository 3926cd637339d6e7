import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GRAMMAR_FILE, grammarText } from '../../../scripts/textmate.ts';
import { projectRoot } from '../../../test/support/project.ts';
import { ASSIGN_OPERATORS, KEYWORDS, PUNCTUATION, TYPE_NAMES } from './tokens.ts';

test('the grammar for editors is what the tables make it (npm run grammar)', () => {
  assert.equal(readFileSync(join(projectRoot, GRAMMAR_FILE), 'utf8'), grammarText());
});

interface Pattern {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly patterns?: readonly Pattern[];
}

interface Grammar {
  readonly patterns: readonly Pattern[];
  readonly repository: Readonly<Record<string, { readonly patterns: readonly Pattern[] }>>;
}

const grammar = JSON.parse(grammarText()) as Grammar;

function allPatterns(list: readonly Pattern[]): Pattern[] {
  return list.flatMap((pattern) => [pattern, ...allPatterns(pattern.patterns ?? [])]);
}

const patterns = [
  ...allPatterns(grammar.patterns),
  ...Object.values(grammar.repository).flatMap((part) => allPatterns(part.patterns)),
];

/** Oniguruma's inline flag and anchor as JavaScript has them. */
const toRegExp = (text: string): RegExp => {
  const insensitive = text.startsWith('(?i)');
  return new RegExp(text.replace('(?i)', '').replace('\\A', '^'), insensitive ? 'i' : '');
};

/** The scopes whose pattern matches all of a text. */
function scopesOf(text: string): string[] {
  return patterns
    .filter(({ match }) => match !== undefined && toRegExp(match).exec(text)?.[0] === text)
    .map(({ name = '' }) => name);
}

test('every expression of the grammar compiles', () => {
  const sources = patterns
    .flatMap(({ match, begin, end }) => [match, begin, end])
    .filter((one) => one !== undefined);
  assert.ok(sources.length > 20);
  for (const source of sources) assert.ok(toRegExp(source) instanceof RegExp, source);
});

test('words of the language have the scopes of words', () => {
  for (const word of KEYWORDS)
    assert.ok(
      scopesOf(word).some((scope) => /^(?:keyword|storage|constant)\./.test(scope)),
      word,
    );
  for (const word of TYPE_NAMES) assert.ok(scopesOf(word).includes('support.type.bpftrace'), word);
  for (const operator of ASSIGN_OPERATORS)
    assert.ok(scopesOf(operator).includes('keyword.operator.bpftrace'), operator);
});

test('every sign of the language but brackets and # has a scope', () => {
  for (const sign of PUNCTUATION.filter((one) => !'()[]{}#.'.includes(one)))
    assert.ok(scopesOf(sign).length > 0, sign);
});

test('names, numbers and attach points are told apart', () => {
  assert.deepEqual(scopesOf('$1'), ['variable.parameter.positional.bpftrace']);
  assert.deepEqual(scopesOf('$x'), ['variable.other.readwrite.bpftrace']);
  assert.deepEqual(scopesOf('@m'), ['variable.other.map.bpftrace']);
  assert.ok(scopesOf('0xffull').includes('constant.numeric.hex.bpftrace'));
  assert.ok(scopesOf('10ms').includes('constant.numeric.bpftrace'));
  assert.deepEqual(scopesOf('10q'), ['invalid.illegal.number.bpftrace']);
  assert.deepEqual(scopesOf('kprobe:do_*'), ['entity.name.function.probe.bpftrace']);
  assert.deepEqual(scopesOf('BEGIN {'), []);
});
