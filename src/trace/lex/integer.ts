/** Integers as they are written: in the source, in parameters and in attach points. */
import { DURATIONS, INTEGER_SUFFIXES, UINT64_MAX } from './tokens.ts';

export interface IntegerLiteral {
  readonly value: bigint;
  readonly suffix?: string | undefined;
  readonly unit?: string | undefined;
}

export interface IntegerProblem {
  readonly problem: string;
}

const FORM = /^(0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*)(?:[eE]([0-9][0-9_]*))?(.*)$/s;

/**
 * Reads an integer without a sign. `binary` is for parameters and attach points: only there is `0b101` a number.
 * Letters of upper case that C takes for suffixes are told apart from other text as bpftrace does, and refused.
 */
export function parseInteger(text: string, binary = false): IntegerLiteral | IntegerProblem {
  const match = FORM.exec(text);
  if (!match) return { problem: `invalid trailing bytes: ${text}` };
  const [, digits = '', exponent, rest = ''] = match;
  if (/^0[bB]/.test(digits) && !binary) return { problem: `invalid integer suffix '${text.slice(1)}'` };
  if (digits.endsWith('_') || exponent?.endsWith('_'))
    return { problem: 'trailing underscore in integer literal' };
  const limit = limitOf(rest);
  if (typeof limit !== 'bigint') return limit;

  const value = magnitudeOf(digits.replaceAll('_', ''), exponent?.replaceAll('_', ''));
  if (typeof value !== 'bigint') return value;
  const unit = DURATIONS[rest];
  const scaled = unit === undefined ? value : value * unit;
  if (scaled > limit) return { problem: `overflow error, maximum value is ${limit}: ${text}` };
  if (rest === '') return { value };
  return unit === undefined ? { value, suffix: rest } : { value: scaled, unit: rest };
}

function limitOf(suffix: string): bigint | IntegerProblem {
  if (suffix === '' || Object.hasOwn(DURATIONS, suffix)) return UINT64_MAX;
  if (Object.hasOwn(INTEGER_SUFFIXES, suffix)) return INTEGER_SUFFIXES[suffix]!;
  if (/^[uUlL]+$/.test(suffix) && Object.hasOwn(INTEGER_SUFFIXES, suffix.toLowerCase()))
    return { problem: `invalid trailing bytes: ${suffix}` };
  if (suffix === 'x' || suffix === 'X') return { problem: `invalid trailing bytes: ${suffix}` };
  return { problem: `invalid integer suffix '${suffix}'` };
}

/** An exponent beyond these gives more than 64 bits whatever it is applied to. */
const LARGEST_EXPONENT = 20;

function magnitudeOf(digits: string, exponent: string | undefined): bigint | IntegerProblem {
  if (exponent !== undefined && !/^0[xX]/.test(digits)) {
    if (!/^[1-9]$/.test(digits)) return { problem: 'coefficient part of scientific literal must be 1-9' };
    const power = Number(exponent);
    return BigInt(digits) * 10n ** BigInt(Math.min(power, LARGEST_EXPONENT));
  }
  if (/^0[0-9]+$/.test(digits)) {
    const wrong = /[89]/.exec(digits);
    if (wrong) return { problem: `invalid trailing bytes: ${digits.slice(wrong.index)}` };
    return BigInt(`0o${digits.slice(1)}`);
  }
  // A number of a million digits would take BigInt seconds; it overflows in any case.
  if (digits.length > 80 && !/^0[xXbB]0/.test(digits)) return UINT64_MAX + 1n;
  return BigInt(digits);
}
