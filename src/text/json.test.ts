import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonBytes, jsonText } from './json.ts';

test('64-bit numbers keep all their digits', () => {
  const value = { max: 18446744073709551615n, odd: 9007199254740993n, negative: -9223372036854775808n };
  assert.equal(
    jsonText(value),
    '{"max":18446744073709551615,"odd":9007199254740993,"negative":-9223372036854775808}',
  );
});

test('numbers that JSON cannot say are null', () => {
  assert.equal(jsonText([Number.NaN, Number.POSITIVE_INFINITY, 1.5, null]), '[null,null,1.5,null]');
});

test('what acts on a terminal is escaped, and reads back as the same string', () => {
  const text = '\u001b[1A\u007f\u009b31m\u202e\u2028\u200b\n\u{e0041}<img onerror>';
  const line = jsonText({ text });
  assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.deepEqual(JSON.parse(line), { text });
});

test('members of a map may have any name', () => {
  const counts = new Map<string, number>([
    ['__proto__', 1],
    ['constructor', 2],
    ['toString', 3],
  ]);
  assert.equal(jsonText(counts), '{"__proto__":1,"constructor":2,"toString":3}');
});

test('bytes that are not UTF-8 keep their exact value beside the readable one', () => {
  assert.deepEqual(jsonBytes(Buffer.from('nginx')), { text: 'nginx' });
  const a = jsonBytes(Uint8Array.of(0x61, 0xe5, 0x90));
  const b = jsonBytes(Uint8Array.of(0x61, 0xe6, 0xad));
  assert.deepEqual(a, { text: 'a\\xe5\\x90', base64: 'YeWQ' });
  assert.notEqual(a.text, b.text);
});

test('bytes survive for every input', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const { text, base64 } = jsonBytes(bytes);
      const parsed: unknown = JSON.parse(jsonText(text));
      const back = Buffer.from(base64 ?? String(parsed), base64 === undefined ? 'utf8' : 'base64');
      assert.deepEqual(Uint8Array.from(back), Uint8Array.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('any JSON value reads back as itself', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(JSON.parse(jsonText(value as never)), plain);
    }),
  );
});
