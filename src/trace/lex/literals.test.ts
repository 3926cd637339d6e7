import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOfText, sourceFromBytes } from './bytes.ts';
import { parseUnsigned, readInteger } from './integer.ts';
import { quoteBytes, readString } from './string.ts';

const MAX = 18446744073709551615n;

/** What a number in a program is worth, or all that is said about it. */
function integer(text: string): unknown {
  const { text: taken, problems } = readInteger(text, 0);
  const read = parseUnsigned(taken);
  const said = problems.map(({ message }) => message);
  if (said.length === 0 && read.error === undefined) return read;
  return [...said, ...(read.error === undefined ? [] : [read.error])].join('; ');
}

/** What stands between quotes. */
function string(inside: string): { readonly bytes: string; readonly problems: readonly string[] } {
  const { bytes, problems } = readString(`"${inside}"`, 0);
  return { bytes, problems: problems.map(({ message }) => message) };
}

for (const [text, value] of [
  ['0', 0n],
  ['00', 0n],
  ['7', 7n],
  ['1_000_000', 1_000_000n],
  ['18446744073709551615', MAX],
  ['0xff', 255n],
  ['0XFF', 255n],
  ['0xFFFF_FFFF_FFFF_FFFF', MAX],
  ['0x1d', 29n],
  ['010', 8n],
  ['0777', 511n],
  ['1e3', 1000n],
  ['9e18', 9_000_000_000_000_000_000n],
  ['1E1_0', 10_000_000_000n],
] as const) {
  test(`the integer ${text} is ${value}`, () => assert.deepEqual(integer(text), { value }));
}

for (const [text, value, suffix] of [
  ['5u', 5n, 'u'],
  ['4294967295u', 4294967295n, 'u'],
  ['5ul', 5n, 'ul'],
  ['5ull', 5n, 'ull'],
  ['5l', 5n, 'l'],
  ['9223372036854775807ll', 9223372036854775807n, 'll'],
] as const) {
  test(`the suffix of ${text} is kept`, () => assert.deepEqual(integer(text), { value, suffix }));
}

for (const [text, value, unit] of [
  ['3ns', 3n, 'ns'],
  ['3us', 3_000n, 'us'],
  ['3ms', 3_000_000n, 'ms'],
  ['3s', 3_000_000_000n, 's'],
  ['3m', 180_000_000_000n, 'm'],
  ['3h', 10_800_000_000_000n, 'h'],
  ['3d', 259_200_000_000_000n, 'd'],
] as const) {
  test(`the duration ${text} is in nanoseconds`, () => assert.deepEqual(integer(text), { value, unit }));
}

for (const [text, problem] of [
  ['1_', 'trailing underscore in integer literal'],
  ['0xf_', 'trailing underscore in integer literal'],
  ['1e3_', 'trailing underscore in integer literal'],
  ['10e3', 'coefficient part of scientific literal must be 1-9: 10e3'],
  ['0e3', 'coefficient part of scientific literal must be 1-9: 0e3'],
  ['1e0', 'invalid trailing bytes: 1e0'],
  ['18446744073709551616', 'overflow error, maximum value is 18446744073709551615: 18446744073709551616'],
  ['0x10000000000000000', 'overflow error, maximum value is 18446744073709551615: 10000000000000000'],
  ['4294967296u', 'overflow error, maximum value is 4294967295: 4294967296u'],
  ['9223372036854775808l', 'overflow error, maximum value is 9223372036854775807: 9223372036854775808l'],
  ['2e19', 'overflow error, maximum value is 18446744073709551615: 2e19'],
  ['1e99999999999', 'overflow error, maximum value is 18446744073709551615: 1e99999999999'],
  ['300000d', 'overflow error, maximum value is 18446744073709551615: 300000d'],
  ['1x', "invalid integer suffix 'x'"],
  ['0x', 'invalid integer: '],
  ['08', 'invalid trailing bytes: 08'],
  ['0778', 'invalid trailing bytes: 778'],
  ['1UL', 'invalid trailing bytes: 1UL'],
  ['1Ull', 'invalid trailing bytes: 1Ull'],
  ['1k', "invalid integer suffix 'k'"],
  ['1sec', "invalid integer suffix 'ec'"],
  ['1lu', "invalid integer suffix 'u'"],
  ['0b11', "invalid integer suffix 'b11'"],
] as const) {
  test(`the integer ${text} is refused: ${problem}`, () => assert.equal(integer(text), problem));
}

test('hexadecimal digits end a number: no suffix follows them', () => {
  for (const text of ['0x1g', '0x10u', '0x3s']) assert.equal(readInteger(text, 0).end, text.length - 1);
});

test('binary is for parameters and attach points', () => {
  assert.deepEqual(parseUnsigned('0b101'), { value: 5n });
});

test('numbers of any length are answered at once', () => {
  const started = performance.now();
  for (const text of ['9'.repeat(1e6), `0x${'f'.repeat(1e6)}`, `0${'7'.repeat(1e6)}`, `${'1'.repeat(1e6)}s`])
    assert.match(String(integer(text)), /^overflow error/);
  assert.ok(performance.now() - started < 2000);
});

for (const [inside, bytes] of [
  ['abc', 'abc'],
  ['', ''],
  ['\\n\\t\\r\\"\\\\', '\n\t\r"\\'],
  ['\\0', '\0'],
  ['\\101\\60\\7', 'A0\x07'],
  ['\\1011', 'A1'],
  ['\\377', '\xff'],
  ['\\x41\\x4', 'A\x04'],
  ['\\x414', 'A4'],
  ['\\xfF', '\xff'],
  ['é', '\xc3\xa9'],
  ['\\té', '\t\xc3\xa9'],
  ['😀', '\xf0\x9f\x98\x80'],
] as const) {
  test(`the string "${inside}" has its bytes`, () =>
    assert.deepEqual(string(inside), { bytes, problems: [] }));
}

for (const [inside, problem] of [
  ['\\q', "invalid escape character '\\q'"],
  ['\\8', "invalid escape character '\\8'"],
  ['\\x', 'invalid hex escape sequence'],
  ['\\xg', 'invalid hex escape sequence'],
  ["\\'", "invalid escape character '\\''"],
  ['\\400', "octal escape sequence out of range '\\400'"],
] as const) {
  test(`the string "${inside}" is refused: ${problem}`, () =>
    assert.deepEqual(string(inside).problems, [problem]));
}

test('any bytes are quoted so that they are read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
      const bytes = Buffer.from(array).toString('latin1');
      const quoted = quoteBytes(bytes);
      assert.deepEqual(string(quoted.slice(1, -1)), { bytes, problems: [] });
      assert.match(quoted, /^"[^\n]*"$/);
    }),
  );
});

test('bytes of a script reach its strings unchanged, UTF-8 or not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (array) => {
      const { text } = sourceFromBytes('x', array);
      assert.equal(bytesOfText(text), Buffer.from(array).toString('latin1'));
    }),
  );
  assert.equal(sourceFromBytes('x', Buffer.from('\ufeffé')).text, '\ufeffé');
  assert.equal(sourceFromBytes('x', Buffer.from('a\xffé', 'latin1')).text, 'a\udcff\udce9');
});
