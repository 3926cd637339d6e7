import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutToWidth, textWidth } from './width.ts';

test('marks take no column, wide characters two', () => {
  assert.equal(textWidth('abc'), 3);
  assert.equal(textWidth('e\u0301'), 1);
  assert.equal(textWidth('同歩'), 4);
  assert.equal(textWidth('💀'), 2);
  assert.equal(textWidth('한'), 2);
  assert.equal(textWidth('├─ x'), 4);
});

test('a wide character that does not fit is left out whole', () => {
  assert.equal(cutToWidth('a同b', 2), 'a');
  assert.equal(cutToWidth('a同b', 3), 'a同');
});

test('marks behind the last column stay with their letter', () => {
  assert.equal(cutToWidth('abe\u0301c', 3), 'abe\u0301');
});

test('a cut text is a start of the text, fits, and nothing more would', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 12 }), (text, columns) => {
      const cut = cutToWidth(text, columns);
      assert.ok(text.startsWith(cut));
      assert.ok(textWidth(cut) <= columns);
      const [next] = text.slice(cut.length);
      if (next !== undefined) {
        const rest = String.fromCodePoint(text.slice(cut.length).codePointAt(0)!);
        assert.ok(textWidth(cut + rest) > columns);
      }
    }),
  );
});
