/** Tokens that stand for values. */
import type { IntegerExpr, PositionalExpr, StringExpr } from '../ast/nodes.ts';
import { parseInteger } from '../lex/integer.ts';
import { isClosed } from '../lex/lexer.ts';
import { parseString } from '../lex/string.ts';
import type { Token } from '../lex/tokens.ts';
import type { Cursor } from './cursor.ts';
import * as messages from './messages.ts';

export function integerExpr(c: Cursor, token: Token): IntegerExpr {
  const read = parseInteger(token.text);
  const span = c.spanOf(token);
  if ('problem' in read) {
    c.report(messages.literal(read.problem), span);
    return { kind: 'integer', value: 0n, text: token.text, span };
  }
  return { kind: 'integer', ...read, text: token.text, span };
}

export function integerValue(c: Cursor, token: Token): bigint {
  return integerExpr(c, token).value;
}

export function stringExpr(c: Cursor, token: Token): StringExpr {
  return { kind: 'string', bytes: stringBytes(c, token), span: c.spanOf(token) };
}

export function stringBytes(c: Cursor, token: Token): string {
  if (!isClosed(token.text)) throw c.failure(messages.unterminatedString, c.spanOf(token));
  const { bytes, problems } = parseString(token.text.slice(1, -1));
  for (const problem of problems) c.report(messages.literal(problem), c.spanOf(token));
  return bytes;
}

const INT64_MAX = 2n ** 63n - 1n;

export function positionalExpr(c: Cursor, token: Token): PositionalExpr {
  const digits = token.text.slice(1);
  const index = digits.length > 40 ? INT64_MAX + 1n : BigInt(digits);
  if (index < 1n || index > INT64_MAX)
    c.report(messages.parameterOutOfRange(token.text.slice(0, 60)), c.spanOf(token));
  return { kind: 'positional', index: Number(index), span: c.spanOf(token) };
}
