import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseUnsigned } from './integer.ts';

test('integers have four bases, separators, exponents and suffixes', () => {
  for (const [text, value] of [
    ['0', 0n],
    ['12', 12n],
    ['0x1F', 31n],
    ['0b101', 5n],
    ['017', 15n],
    ['1_000', 1000n],
    ['1e6', 1_000_000n],
    ['18446744073709551615', 2n ** 64n - 1n],
  ] as const) {
    assert.deepEqual(parseUnsigned(text), { value }, text);
  }
});

test('what is no integer is said with its text', () => {
  for (const [text, error] of [
    ['', 'invalid integer: '],
    ['x', 'invalid integer: x'],
    ['-1', 'invalid integer: -1'],
    ['12x', 'invalid trailing bytes: 12x'],
    ['5U', 'invalid trailing bytes: 5U'],
    ['12e3', 'coefficient part of scientific literal must be 1-9: 12e3'],
    ['18446744073709551616', 'overflow error, maximum value is 18446744073709551615: 18446744073709551616'],
    ['4294967296u', 'overflow error, maximum value is 4294967295: 4294967296u'],
    ['1e20', 'overflow error, maximum value is 18446744073709551615: 1e20'],
  ] as const) {
    assert.deepEqual(parseUnsigned(text), { error }, text);
  }
});

test('any text gives a value within 64 bits or an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fx_ensumhdl]{0,30}$/)), (text) => {
      const { value, error } = parseUnsigned(text);
      assert.ok(error !== undefined || (value! >= 0n && value! < 2n ** 64n));
    }),
  );
});
