/** Positional parameters in numeric places. */
import type { PositionalExpr } from '../ast/nodes.ts';
import { parseUnsigned } from '../lex/integer.ts';
import { int64, type Type } from '../types/type.ts';
import type { Body } from './body.ts';
import { fitsIn, literalType } from './integers.ts';
import * as say from './messages.ts';

/** The number that a text is, as the language writes numbers, with a sign; undefined if it is none. */
export function readInteger(text: string): bigint | undefined {
  const [, sign, digits = ''] = /^([-+]?)(.*)$/s.exec(text.trim())!;
  const magnitude = parseUnsigned(digits).value;
  if (magnitude === undefined) return undefined;
  const value = sign === '-' ? -magnitude : magnitude;
  return fitsIn(value, { bits: 64, signed: value < 0n }) ? value : undefined;
}

export function numericParameter(body: Body, expr: PositionalExpr): Type {
  body.noteParameter(expr);
  const text = body.environment.positional[expr.index - 1] ?? '';
  const value = text === '' ? 0n : readInteger(text);
  if (value === undefined) {
    body.diagnostics.error(expr.span, say.parameterNotNumber(expr.index, text));
    return int64;
  }
  body.fold(expr, value);
  return literalType(value);
}
