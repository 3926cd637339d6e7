import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsOf } from './settings.ts';
import { parseWords, TraceUsageError } from './words.ts';

const optionsOf = (...words: string[]): Record<string, readonly string[]> =>
  Object.fromEntries(parseWords(words).options);

test('short options stand together, with their value attached or behind', () => {
  assert.deepEqual(optionsOf('-qv'), { quiet: [''], verbose: [''] });
  assert.deepEqual(optionsOf('-p12'), { pid: ['12'] });
  assert.deepEqual(optionsOf('-qp', '12'), { quiet: [''], pid: ['12'] });
  assert.deepEqual(optionsOf('-e', '-x'), { eval: ['-x'] });
  assert.deepEqual(optionsOf('-Ia', '-I', 'b'), { 'include-dir': ['a', 'b'] });
});

test('long options, their values, and their shortest forms', () => {
  assert.deepEqual(optionsOf('--pid=12', '--output', 'f'), { pid: ['12'], output: ['f'] });
  assert.deepEqual(optionsOf('--unsa'), { unsafe: [''] });
  assert.deepEqual(optionsOf('--include', 'x.h'), { include: ['x.h'] });
  assert.deepEqual(optionsOf('--include-d', 'x'), { 'include-dir': ['x'] });
  assert.deepEqual(optionsOf('--format='), { format: [''] });
});

test('words that are no options are the script and its parameters, wherever they stand', () => {
  const { words, named } = parseWords(['a.bt', '-q', '1', 'two', '--', '--n=5', '--flag', 'last', '--x=a=b']);
  assert.deepEqual(words, ['a.bt', '1', 'two', 'last']);
  assert.deepEqual(
    [...named],
    [
      ['n', '5'],
      ['flag', true],
      ['x', 'a=b'],
    ],
  );
});

test('a lone dash is a word, and so is what stands behind two', () => {
  assert.deepEqual(parseWords(['-', '--', '-q']).words, ['-', '-q']);
});

test('what is wrong is said as getopt says it', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['-z'], /^invalid option -- 'z'$/],
    [['-p'], /^option requires an argument -- 'p'$/],
    [['--pid'], /^option requires an argument -- 'pid'$/],
    [['--frobnicate'], /^unrecognized option '--frobnicate'$/],
    [['--quiet=1'], /^option '--quiet' doesn't allow an argument$/],
    [['--no'], /^option '--no' is ambiguous; possibilities: /],
  ];
  for (const [words, message] of cases) {
    assert.throws(
      () => parseWords(words),
      (error) => error instanceof TraceUsageError && message.test(error.message),
      words.join(' '),
    );
  }
});

test('settings are checked as bpftrace checks them', () => {
  const refused = (...words: string[]): string => {
    try {
      settingsOf(words);
    } catch (error) {
      assert.ok(error instanceof TraceUsageError);
      return error.message;
    }
    return '';
  };
  assert.equal(refused('-p', 'a1111'), 'Failed to parse pid: invalid integer: a1111');
  assert.equal(refused('-p', '-1'), 'Failed to parse pid: invalid integer: -1');
  assert.equal(refused('-p', '0'), 'Pid out of range: 0');
  assert.equal(refused('-p', '4194305'), 'Pid out of range: 4194305');
  assert.equal(refused('-p', '4194304'), '');
  assert.equal(refused('-f', 'jsonx'), `Invalid output format "jsonx"\nValid formats: 'text', 'json'`);
  assert.equal(refused('-B', 'half'), "USAGE: -B must be either 'line', 'full', or 'none'.");
  assert.match(refused('-d', 'nope'), /^USAGE: invalid option for -d: nope/);
  assert.match(refused('--mode', 'nope'), /--mode can only be/);
});

test('what a call is for', () => {
  assert.equal(settingsOf([]).action, 'run');
  assert.equal(settingsOf(['-l']).action, 'list');
  assert.equal(settingsOf(['--fmt']).action, 'format');
  assert.equal(settingsOf(['--mode', 'bench']).action, 'bench');
  assert.equal(settingsOf(['--test', '-h']).action, 'help');
  assert.deepEqual([...settingsOf(['-d', 'ast,ir', '-d', 'asm']).stages], ['ast', 'ir', 'asm']);
  assert.ok(settingsOf(['-d', 'all']).stages.has('verifier'));
  assert.deepEqual(
    [...settingsOf(['--no-feature', 'kprobe_multi,uprobe_multi']).without],
    ['kprobe_multi', 'uprobe_multi'],
  );
});
