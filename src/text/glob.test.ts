import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { globMatcher } from './glob.ts';

test('stars and question marks', () => {
  const matches = (pattern: string, name: string): boolean => globMatcher(pattern)(name);
  assert.ok(matches('vfs_*', 'vfs_read'));
  assert.ok(matches('*', ''));
  assert.ok(matches('a?c', 'abc'));
  assert.ok(!matches('a?c', 'ac'));
  assert.ok(!matches('vfs', 'vfs_read'));
  assert.ok(matches('a.*+[b]', 'a.xx+[b]'));
  assert.ok(!matches('a.c', 'abc'));
  assert.ok(matches('*ab*b', 'aabbab'));
});

test('it agrees with a regular expression', () => {
  const part = fc.constantFrom('a', 'b', '*', '?');
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), text, (parts, name) => {
      const pattern = parts.join('');
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
      assert.equal(globMatcher(pattern)(name), expected, pattern);
    }),
  );
});

test('many stars take no longer', () => {
  const began = performance.now();
  assert.equal(globMatcher(`${'*a'.repeat(60)}b`)('a'.repeat(10_000)), false);
  assert.ok(performance.now() - began < 5000);
});
