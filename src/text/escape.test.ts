import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeBytes, escapeText, exactText } from './escape.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

test('plain names of any script stay as they are', () => {
  for (const name of [
    'systemd',
    'kworker/0:1H-kb',
    'größe',
    'ネットワーク',
    '(sd-pam)',
    'a b',
    '',
    '%s %n',
  ]) {
    assert.equal(escapeBytes(bytes(name)), name);
  }
});

test('control characters are shown, not sent', () => {
  const cases: [string, string][] = [
    ['\x1b[1A\x1b[2K', '\\x1b[1A\\x1b[2K'],
    ['\x1b]52;c;aGk=\x07', '\\x1b]52;c;aGk=\\x07'],
    ['\x1b]8;;http://x\x1b\\link', '\\x1b]8;;http://x\\x1b\\\\link'],
    ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['\x1bPq\x1b_x\x1b^y', '\\x1bPq\\x1b_x\\x1b^y'],
    ['cut\x1b', 'cut\\x1b'],
    ['\x7f\x00', '\\x7f\\x00'],
    ['\x07'.repeat(3), '\\x07\\x07\\x07'],
    ['a\rb\nc\td', 'a\\rb\\nc\\td'],
    ['\u009b31m\u0085', '\\u009b31m\\u0085'],
  ];
  for (const [name, shown] of cases) assert.equal(escapeBytes(bytes(name)), shown);
});

test('characters without a shape are shown', () => {
  for (const code of [
    0x202a, 0x202e, 0x2066, 0x2069, 0x200b, 0x200d, 0x200f, 0xfeff, 0x2028, 0x2029, 0x3164,
  ]) {
    const shown = `a\\u${code.toString(16).padStart(4, '0')}b`;
    assert.equal(escapeBytes(bytes(`a${String.fromCodePoint(code)}b`)), shown);
  }
  assert.equal(escapeBytes(bytes('\u{e0041}')), '\\u{e0041}');
});

test('combining marks stay on their letter, a flood of them does not', () => {
  assert.equal(escapeBytes(bytes('e\u0301')), 'e\u0301');
  assert.equal(escapeBytes(bytes('\u0301x')), '\\u0301x');
  assert.equal(escapeBytes(bytes(`z${'\u0335'.repeat(6)}`)), `z${'\u0335'.repeat(4)}\\u0335\\u0335`);
});

test('bytes that are not UTF-8 are shown one by one', () => {
  const half = Uint8Array.of(...bytes('inner-job-'), 0xe5, 0x90, 0x8c, 0xe6, 0xad);
  assert.equal(escapeBytes(half), 'inner-job-同\\xe6\\xad');
  assert.equal(escapeBytes(Uint8Array.of(0x9b, 0x41)), '\\x9bA', 'a raw C1 byte');
  assert.equal(escapeBytes(Uint8Array.of(0xc0, 0xaf)), '\\xc0\\xaf', 'an overlong slash');
  assert.equal(escapeBytes(Uint8Array.of(0xed, 0xa0, 0x80)), '\\xed\\xa0\\x80', 'a surrogate');
  assert.equal(escapeBytes(Uint8Array.of(0xf4, 0x90, 0x80, 0x80)), '\\xf4\\x90\\x80\\x80', 'past U+10FFFF');
});

test('a backslash of the name is doubled, so an escape is never ambiguous', () => {
  assert.equal(escapeBytes(bytes('a\\x1b')), 'a\\\\x1b');
  assert.equal(escapeText('a\\x1b'), 'a\\x1b', 'text that the user typed stays as typed');
});

test('different bytes never look equal, and nothing that acts on a terminal is left', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), fc.uint8Array({ maxLength: 24 }), (a, b) => {
      const shown = escapeBytes(a);
      assert.equal(shown === escapeBytes(b), Buffer.compare(a, b) === 0);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
    { numRuns: 2000 },
  );
});

test('valid UTF-8 is what the platform says it is', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 5 }),
    fc.string({ unit: 'binary', maxLength: 5 }).map((text) => Uint8Array.from(bytes(text))),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
      const all = Uint8Array.from(parts.flatMap((one) => [...one]));
      let expected: string | undefined;
      try {
        expected = decoder.decode(all);
      } catch {
        expected = undefined;
      }
      assert.equal(exactText(all), expected);
    }),
    { numRuns: 3000 },
  );
});
