/**
 * Integers as they are written outside of the program text: positional parameters, parts of attach points, flags.
 *
 * Decimal, `0x`, `0b`, octal by a leading 0; `_` anywhere; `NeM` with a coefficient of one digit; C's lower-case
 * suffixes, which limit the value; durations, which multiply it into nanoseconds.
 */

const UNSIGNED_MAX = 2n ** 64n - 1n;
const SIGNED_MAX = 2n ** 63n - 1n;

/** Greatest value and factor of each suffix. */
const suffixes: ReadonlyMap<string, readonly [maximum: bigint, factor: bigint]> = new Map([
  ['', [UNSIGNED_MAX, 1n]],
  ['u', [2n ** 32n - 1n, 1n]],
  ['ul', [UNSIGNED_MAX, 1n]],
  ['ull', [UNSIGNED_MAX, 1n]],
  ['l', [SIGNED_MAX, 1n]],
  ['ll', [SIGNED_MAX, 1n]],
  ['ns', [UNSIGNED_MAX, 1n]],
  ['us', [UNSIGNED_MAX, 1000n]],
  ['ms', [UNSIGNED_MAX, 1_000_000n]],
  ['s', [UNSIGNED_MAX, 1_000_000_000n]],
  ['m', [UNSIGNED_MAX, 60_000_000_000n]],
  ['h', [UNSIGNED_MAX, 3_600_000_000_000n]],
  ['d', [UNSIGNED_MAX, 86_400_000_000_000n]],
]);

export type ParsedInteger =
  | { readonly value: bigint; readonly error?: undefined }
  /** What is wrong, with the text: `invalid trailing bytes: 12x`. */
  | { readonly value?: undefined; readonly error: string };

const forms: readonly (readonly [prefix: RegExp, digits: RegExp, prefixOfBigInt: string])[] = [
  [/^0x/i, /^[0-9a-f]+/i, '0x'],
  [/^0b/i, /^[01]+/, '0b'],
  [/^0(?=[0-7])/, /^[0-7]+/, '0o'],
  [/^/, /^[0-9]+/, ''],
];

/** Longest text that is looked at: no number of 64 bits needs more, even in binary. */
const LONGEST = 256;

/** A number from 0 to 2^64 - 1. */
export function parseUnsigned(text: string): ParsedInteger {
  const plain = text.replaceAll('_', '');
  if (plain.length > LONGEST) return { error: `invalid integer: ${text}` };
  const [prefix, digitsOf, base] = forms.find(([start]) => start.test(plain))!;
  const body = plain.replace(prefix, '');
  const digits = digitsOf.exec(body)?.[0];
  if (digits === undefined) return { error: `invalid integer: ${text}` };
  let value = BigInt(base + digits);
  if (value > UNSIGNED_MAX) return overflow(text, UNSIGNED_MAX);
  let rest = body.slice(digits.length);
  const exponent = /^e([1-9][0-9]*)/i.exec(rest);
  if (exponent && base !== '0x') {
    if (value < 1n || value > 9n) {
      return { error: `coefficient part of scientific literal must be 1-9: ${text}` };
    }
    const power = Number(exponent[1]);
    if (power > 19) return overflow(text, UNSIGNED_MAX);
    value *= 10n ** BigInt(power);
    rest = rest.slice(exponent[0].length);
  }
  const suffix = suffixes.get(rest);
  if (!suffix) return { error: `invalid trailing bytes: ${text}` };
  const [maximum, factor] = suffix;
  if (value * factor > maximum) return overflow(text, maximum);
  return { value: value * factor };
}

function overflow(text: string, maximum: bigint): ParsedInteger {
  return { error: `overflow error, maximum value is ${maximum}: ${text}` };
}
