import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader, FramingError, frame } from './framing.ts';

const read = (reader: FrameReader, text: string) => [...reader.push(Buffer.from(text, 'utf8'))];

test('messages come out as they went in, however the stream is cut', () => {
  const message = fc.record({ method: fc.string(), text: fc.string({ unit: 'binary' }) });
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 60 })), (messages, cuts) => {
      const bytes = Buffer.concat(messages.map(frame));
      const reader = new FrameReader();
      const found: unknown[] = [];
      let at = 0;
      for (let i = 0; at < bytes.length; i++) {
        const end = at + (cuts[i] ?? bytes.length);
        for (const one of reader.push(bytes.subarray(at, end))) {
          assert.equal(one.kind, 'message');
          if (one.kind === 'message') found.push(JSON.parse(one.text));
        }
        at = end;
      }
      assert.deepEqual(found, JSON.parse(JSON.stringify(messages)));
    }),
  );
});

test('other heads are passed over, and names of heads have no case', () => {
  const text = 'content-length:2\r\nContent-Type: application/json\r\n\r\n{}';
  assert.deepEqual(read(new FrameReader(), text), [{ kind: 'message', text: '{}' }]);
});

test('a body that is too long is passed over, and what follows is read', () => {
  const reader = new FrameReader({ body: 4 });
  const text = 'Content-Length: 6\r\n\r\n123456Content-Length: 2\r\n\r\n{}';
  assert.deepEqual(read(reader, text), [
    { kind: 'tooLong', length: 6 },
    { kind: 'message', text: '{}' },
  ]);
});

test('what is no head ends the stream, and is not kept without end', () => {
  for (const text of [
    'X-Other: 1\r\n\r\n',
    'Content-Length: -1\r\n\r\n',
    'Content-Length: 0\r\n\r\n',
    'Content-Length: 1e3\r\n\r\n',
    `Content-Length: ${'9'.repeat(40)}\r\n\r\n`,
    'x'.repeat(5000),
    `Content-Length: 2\r\n${'x'.repeat(5000)}\r\n\r\n{}`,
  ]) {
    assert.throws(() => read(new FrameReader(), text), FramingError, text.slice(0, 40));
  }
  const slow = new FrameReader();
  assert.throws(() => {
    for (let i = 0; i < 10_000; i++) read(slow, 'x');
  }, FramingError);
});
