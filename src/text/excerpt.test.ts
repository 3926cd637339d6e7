import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { excerpt } from './excerpt.ts';

test('a line is shown whole with a mark under the place, behind the same tabs', () => {
  assert.deepEqual(excerpt('\tlet x = y', 6, 1), { text: '\tlet x = y', mark: '\t    ^' });
  assert.deepEqual(excerpt('ab', 1, 99), { text: 'ab', mark: '^^' });
  assert.deepEqual(excerpt('', 1), { text: '', mark: '^' });
});

test('of a long line the part around the place is shown, and the mark is under the same characters', () => {
  fc.assert(
    fc.property(fc.integer({ min: 161, max: 5000 }), fc.nat(), (size, place) => {
      const line = Array.from({ length: size }, (_, i) => String.fromCharCode(0x61 + (i % 26))).join('');
      const at = place % size;
      const { text, mark } = excerpt(`${line.slice(0, at)}!${line.slice(at + 1)}`, at + 1);
      assert.ok(text.length <= 122);
      assert.equal(text[mark.length - 1], '!');
      assert.equal(mark.trim(), '^');
    }),
  );
});
