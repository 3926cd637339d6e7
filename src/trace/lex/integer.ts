/**
 * Integers as they are written: in the program, in positional parameters, in attach points.
 *
 * Decimal, `0x`, `0b`, octal by a leading 0; `_` between digits; `NeM` with a coefficient of one digit; C's lower-case
 * suffixes, which limit the value; durations, which multiply it into nanoseconds. The program's grammar takes less than
 * that: `readInteger` says how far a literal goes there, `parseUnsigned` what any text is worth.
 */
import { DURATIONS, INTEGER_SUFFIXES, UINT64_MAX } from './tokens.ts';

export interface IntegerLiteral {
  readonly value: bigint;
  /** `u`, `ull`, … */
  readonly suffix?: string | undefined;
  /** `ns`, `ms`, …: already multiplied into the value. */
  readonly unit?: string | undefined;
  readonly error?: undefined;
}

/** What is wrong, with the text: `invalid trailing bytes: 12x`. */
export interface IntegerError {
  readonly error: string;
  readonly value?: undefined;
}

const forms: readonly (readonly [prefix: RegExp, digits: RegExp, prefixOfBigInt: string])[] = [
  [/^0x/i, /^[0-9a-f]+/i, '0x'],
  [/^0b/i, /^[01]+/, '0b'],
  [/^0(?=[0-7])/, /^[0-7]+/, '0o'],
  [/^(?=0[89])/, /^0/, ''],
  [/^/, /^[0-9]+/, ''],
];

/** Longest text that is looked at: no number of 64 bits needs more, even in binary. */
const LONGEST = 256;

/** A number from 0 to 2^64 - 1. */
export function parseUnsigned(text: string): IntegerLiteral | IntegerError {
  const plain = text.replaceAll('_', '');
  if (plain.length > LONGEST) return overflow(plain, UINT64_MAX);
  const [prefix, digitsOf, base] = forms.find(([start]) => start.test(plain))!;
  const body = plain.replace(prefix, '');
  const digits = digitsOf.exec(body)?.[0];
  if (digits === undefined) return { error: `invalid integer: ${body}` };
  let value = BigInt(base + digits);
  if (value > UINT64_MAX) return overflow(body, UINT64_MAX);
  let rest = body.slice(digits.length);
  const exponent = /^e([1-9][0-9]*)/i.exec(rest);
  if (exponent && base !== '0x') {
    if (value < 1n || value > 9n) {
      return { error: `coefficient part of scientific literal must be 1-9: ${plain}` };
    }
    const power = Number(exponent[1]);
    if (power > 19) return overflow(plain, UINT64_MAX);
    value *= 10n ** BigInt(power);
    rest = rest.slice(exponent[0].length);
    if (value > UINT64_MAX) return overflow(plain, UINT64_MAX);
  }
  if (rest === '') return { value };
  const factor = Object.hasOwn(DURATIONS, rest) ? DURATIONS[rest] : undefined;
  const limit = Object.hasOwn(INTEGER_SUFFIXES, rest) ? INTEGER_SUFFIXES[rest] : undefined;
  if (factor !== undefined) {
    return value * factor > UINT64_MAX ? overflow(plain, UINT64_MAX) : { value: value * factor, unit: rest };
  }
  if (limit === undefined) return { error: `invalid trailing bytes: ${body}` };
  return value > limit ? overflow(plain, limit) : { value, suffix: rest };
}

function overflow(text: string, maximum: bigint): IntegerError {
  return { error: `overflow error, maximum value is ${maximum}: ${text}` };
}

/** How far the literal goes that begins at an offset of the program, and what is wrong with its form. */
export interface WrittenInteger {
  /** Without what is no part of a number. */
  readonly text: string;
  readonly end: number;
  readonly problems: readonly { readonly message: string; readonly start: number; readonly end: number }[];
}

/** Hexadecimal digits end the literal; others go on with an exponent and a suffix. */
const HEXADECIMAL = /0[xX][0-9a-fA-F_]*/y;
const DIGITS = /[0-9_]*/y;
const EXPONENT = /[eE][0-9_]*/y;
const SUFFIX = /(?:[num]s|[smhd]|[uU](?:[lL]{1,2})?|[lL]{1,2})?/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;

export function readInteger(program: string, start: number): WrittenInteger {
  const problems: { message: string; start: number; end: number }[] = [];
  let end = start;
  const take = (form: RegExp): string => {
    form.lastIndex = end;
    const taken = form.exec(program)?.[0] ?? '';
    end += taken.length;
    return taken;
  };
  const noUnderscore = (part: string): void => {
    if (part.endsWith('_'))
      problems.push({ message: 'trailing underscore in integer literal', start: end - 1, end });
  };
  const hexadecimal = take(HEXADECIMAL);
  noUnderscore(hexadecimal);
  if (hexadecimal !== '') return { text: hexadecimal, end, problems };
  noUnderscore(take(DIGITS));
  noUnderscore(take(EXPONENT));
  take(SUFFIX);
  const text = program.slice(start, end);
  const at = end;
  const word = take(WORD);
  if (word !== '') problems.push({ message: `invalid integer suffix '${word}'`, start: at, end });
  return { text, end, problems };
}
