/** A condition as tokens. Linear in its length; every token knows its place. */
import { conditionError, conditionTooLong, type Span } from './errors.ts';

export type Token = Span &
  (
    | { readonly kind: 'name'; readonly text: string }
    | { readonly kind: 'number'; readonly value: bigint; readonly unit: Unit | undefined }
    | { readonly kind: 'string'; readonly bytes: Uint8Array }
    | { readonly kind: 'symbol'; readonly text: string }
    | { readonly kind: 'end' }
  );

/** What may stand right after a number. */
export interface Unit {
  readonly of: 'duration' | 'size';
  readonly factor: bigint;
}

const UNITS: ReadonlyMap<string, Unit> = new Map([
  ['ns', { of: 'duration', factor: 1n }],
  ['us', { of: 'duration', factor: 1_000n }],
  ['ms', { of: 'duration', factor: 1_000_000n }],
  ['s', { of: 'duration', factor: 1_000_000_000n }],
  ['min', { of: 'duration', factor: 60_000_000_000n }],
  ['h', { of: 'duration', factor: 3_600_000_000_000n }],
  ['d', { of: 'duration', factor: 86_400_000_000_000n }],
  ['B', { of: 'size', factor: 1n }],
  ['K', { of: 'size', factor: 1n << 10n }],
  ['M', { of: 'size', factor: 1n << 20n }],
  ['G', { of: 'size', factor: 1n << 30n }],
  ['T', { of: 'size', factor: 1n << 40n }],
]);

/** A condition is typed by a person or a script; a megabyte of it is a mistake. */
const MOST_CHARACTERS = 65_536;
/** Digits of the largest 64-bit number, and a few leading zeros. */
const MOST_DIGITS = 40;

const NAME = /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*/y;
const NUMBER = /(-?)(0[xX][0-9a-fA-F]+|\d+)([A-Za-z_]\w*)?/y;
const SYMBOL = /&&|\|\||==|!=|<=|>=|!~|[<>~!(),]/y;
const SPACE = /\s+/y;

const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['"', 0x22],
  ["'", 0x27],
  ['\\', 0x5c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['e', 0x1b],
]);

/** Throws TreeError with a caret at what is no token. */
export function tokens(text: string): Token[] {
  if (text.length > MOST_CHARACTERS) throw conditionTooLong(text.length, MOST_CHARACTERS);
  const found: Token[] = [];
  const take = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  for (let at = 0; at < text.length; ) {
    const start = at;
    const space = take(SPACE, at);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    if (text[at] === '"' || text[at] === "'") {
      const { bytes, end } = stringAt(text, at);
      found.push({ kind: 'string', bytes, start, end });
      at = end;
      continue;
    }
    const name = take(NAME, at);
    const number = name === null ? take(NUMBER, at) : null;
    const symbol = name === null && number === null ? take(SYMBOL, at) : null;
    at += (name ?? number ?? symbol)?.[0].length ?? 1;
    const span = { start, end: at };
    if (name !== null) found.push({ kind: 'name', text: name[0], ...span });
    else if (number !== null) found.push({ kind: 'number', ...numberOf(text, number, span), ...span });
    else if (symbol !== null) found.push({ kind: 'symbol', text: symbol[0], ...span });
    else throw conditionError(text, span, hint(text, start));
  }
  found.push({ kind: 'end', start: text.length, end: text.length });
  return found;
}

function hint(text: string, at: number): string {
  const character = text[at]!;
  if (character === '=') return "write '==' to compare";
  if (character === '&' || character === '|') return `write '${character}${character}'`;
  return 'this character has no meaning here';
}

function numberOf(
  text: string,
  [, sign, digits, suffix]: RegExpExecArray,
  span: Span,
): { readonly value: bigint; readonly unit: Unit | undefined } {
  if (digits!.length > MOST_DIGITS) throw conditionError(text, span, 'the number does not fit 64 bits');
  const unit = suffix === undefined ? undefined : UNITS.get(suffix);
  if (suffix !== undefined && unit === undefined) {
    const known = [...UNITS.keys()].join(', ');
    const place = { start: span.end - suffix.length, end: span.end };
    throw conditionError(text, place, `'${suffix}' is no unit; there are ${known}`);
  }
  const value = BigInt(digits!) * (unit?.factor ?? 1n) * (sign === '-' ? -1n : 1n);
  if (value >= 1n << 64n || value < -(1n << 63n)) {
    throw conditionError(text, span, 'the number does not fit 64 bits');
  }
  return { value, unit };
}

/** A string in either quotes, as bytes: `\xNN` may say any byte. */
function stringAt(text: string, start: number): { readonly bytes: Uint8Array; readonly end: number } {
  const quote = text[start]!;
  const parts: Uint8Array[] = [];
  let plain = start + 1;
  for (let at = plain; at < text.length; at++) {
    if (text[at] === quote) {
      parts.push(Buffer.from(text.slice(plain, at)));
      return { bytes: Buffer.concat(parts), end: at + 1 };
    }
    if (text[at] !== '\\') continue;
    parts.push(Buffer.from(text.slice(plain, at)));
    const hex = /^\\x([0-9a-fA-F]{2})/.exec(text.slice(at, at + 4))?.[1];
    const byte = hex === undefined ? ESCAPES.get(text[at + 1] ?? '') : Number.parseInt(hex, 16);
    if (byte === undefined) {
      const place = { start: at, end: Math.min(at + 2, text.length) };
      throw conditionError(text, place, 'this is no escape; there are \\" \\\' \\\\ \\n \\r \\t \\e \\xNN');
    }
    parts.push(Uint8Array.of(byte));
    at += hex === undefined ? 1 : 3;
    plain = at + 1;
  }
  throw conditionError(text, { start, end: start + 1 }, 'this string has no end');
}
