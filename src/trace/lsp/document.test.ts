import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Document, longestDocument } from './document.ts';
import { Lines } from './lines.ts';

test('positions count UTF-16 units, and lines end in three ways', () => {
  const lines = new Lines('a😀b\r\nc\rd\ne');
  assert.deepEqual(lines.position(3), { line: 0, character: 3 });
  assert.equal(lines.offset({ line: 0, character: 3 }), 3);
  assert.deepEqual(
    [6, 8, 10].map((offset) => lines.position(offset).line),
    [1, 2, 3],
  );
});

test('what is behind the end of a line is its end, what is behind the text the end of the text', () => {
  const lines = new Lines('ab\r\ncd');
  assert.equal(lines.offset({ line: 0, character: 99 }), 2);
  assert.equal(lines.offset({ line: 1, character: 99 }), 6);
  assert.equal(lines.offset({ line: 9, character: 0 }), 6);
});

test('a place is found again by its position', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '😀', '\n', '\r\n', '\r', 'é') });
  fc.assert(
    fc.property(text, fc.nat(), (written, seed) => {
      const lines = new Lines(written);
      const offset = seed % (written.length + 1);
      // The middle of `\r\n` is in no line.
      fc.pre(!(written[offset - 1] === '\r' && written[offset] === '\n'));
      assert.equal(lines.offset(lines.position(offset)), offset);
    }),
  );
});

test('changes apply one after the other, each to what the one before has left', () => {
  const document = new Document('file:///x.bt', 1, 'begin { }\nend { }\n');
  const at = (line: number, from: number, to: number) => ({
    start: { line, character: from },
    end: { line, character: to },
  });
  const changed = document.changed(2, [
    { range: at(0, 8, 8), text: '@x = 1;\n' },
    { range: at(2, 0, 3), text: 'END' },
  ]);
  assert.equal(changed.text, 'begin { @x = 1;\n}\nEND { }\n');
  assert.equal(changed.version, 2);
  assert.equal(document.changed(3, [{ text: 'new' }]).text, 'new');
});

test('a text that grows too long is refused', () => {
  const document = new Document('file:///x.bt', 1, '');
  assert.throws(() => document.changed(2, [{ text: 'x'.repeat(longestDocument + 1) }]), RangeError);
});

test('a file has its path as name, so that its imports are found', () => {
  assert.equal(new Document('file:///a/b%20c.bt', 1, '').source.name, '/a/b c.bt');
  for (const uri of ['untitled:Untitled-1', 'file://host/x', 'file:///%00', '']) {
    assert.doesNotThrow(() => new Document(uri, 1, ''), uri);
  }
});
