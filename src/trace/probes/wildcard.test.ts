import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPattern, matcher } from './wildcard.ts';

test('only a star stands for anything', () => {
  for (const [pattern, yes, no] of [
    ['vfs_*', ['vfs_', 'vfs_read'], ['vfs', 'a_vfs_x']],
    ['*read', ['read', 'vfs_read'], ['reads']],
    ['a*b*c', ['abc', 'axbyc'], ['acb', 'ab']],
    ['*', ['', 'x'], []],
    ['**', ['', 'x'], []],
    ['a*a', ['aa', 'aba'], ['a']],
    ['f[12]', ['f[12]'], ['f1']],
    ['f?', ['f?'], ['fx']],
  ] as const) {
    for (const name of yes) assert.ok(matcher(pattern)(name), `${pattern} ${name}`);
    for (const name of no) assert.ok(!matcher(pattern)(name), `${pattern} ${name}`);
  }
});

test('brackets in a pair make a pattern of a text', () => {
  assert.ok(isPattern('a[b]') && isPattern('*') && !isPattern('a[b') && !isPattern('a?b'));
});

test('a pattern matches as the regular expression that it stands for', () => {
  const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength });
  fc.assert(
    fc.property(
      letters(8),
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }),
      (pattern, name) => {
        const expected = new RegExp(`^${pattern.replaceAll(/\*+/g, '.*')}$`).test(name);
        assert.equal(matcher(pattern)(name), expected);
      },
    ),
  );
});

test('many stars take no more than their length in time', () => {
  const started = performance.now();
  assert.ok(!matcher(`${'*a'.repeat(2000)}b`)('a'.repeat(100_000)));
  assert.ok(performance.now() - started < 1000);
});
