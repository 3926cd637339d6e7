/** Tokens that stand for values. */
import type { Expr, IntegerExpr, PositionalExpr, StringExpr } from '../ast/nodes.ts';
import { parseUnsigned, readInteger } from '../lex/integer.ts';
import { readString } from '../lex/string.ts';
import type { Cursor } from './cursor.ts';
import * as messages from './messages.ts';

/** What stands in the place of an expression that is not there: an error was reported. */
export const missing = (c: Cursor): Expr => ({
  kind: 'tuple',
  elements: [],
  span: c.span(c.token.start, c.token.start),
});

/** The integer at this place. */
export function parseIntegerLiteral(c: Cursor): IntegerExpr {
  const { start } = c.token;
  const { text } = passInteger(c);
  const read = parseUnsigned(text);
  const span = c.span(start);
  if (read.error === undefined) return { kind: 'integer', ...read, text, span };
  c.wrong(messages.literal(read.error), span);
  return { kind: 'integer', value: 0n, text, span };
}

/** The number at this place, where only a number makes sense; undefined if there is none. */
export function parseSize(c: Cursor): bigint | undefined {
  const { text } = passInteger(c);
  return parseUnsigned(text).value;
}

/** Goes behind the text of an integer, and says what is wrong with its form. */
function passInteger(c: Cursor): { readonly text: string } {
  const { text, end, problems } = readInteger(c.source.text, c.token.start);
  if (end > c.token.start) {
    if (end === c.token.end) c.advance();
    else c.seek(end);
    c.lastEnd = end;
  }
  for (const { message, start, end } of problems) c.wrong(messages.literal(message), c.span(start, end));
  return { text };
}

export function parseStringLiteral(c: Cursor): StringExpr {
  const { start } = c.token;
  const bytes = parseStringBytes(c);
  return { kind: 'string', bytes, span: c.span(start) };
}

export function parseStringBytes(c: Cursor): string {
  const { bytes, end, problems } = readString(c.source.text, c.token.start);
  if (end === c.token.end) c.advance();
  else c.seek(end);
  c.lastEnd = end;
  for (const { message, start, end } of problems)
    c.wrong(messages.literal(message), end === undefined ? c.pointedAt(start) : c.span(start, end));
  return bytes;
}

const INT64_MAX = 2n ** 63n - 1n;

export function parsePositional(c: Cursor): PositionalExpr {
  const token = c.advance();
  const digits = token.text.slice(1);
  const index = digits.length > 40 ? INT64_MAX + 1n : BigInt(digits);
  if (index < 1n || index > INT64_MAX)
    c.wrong(messages.parameterOutOfRange(token.text.slice(0, 60)), c.spanOf(token));
  return { kind: 'positional', index: Number(index), span: c.spanOf(token) };
}
