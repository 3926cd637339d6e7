/** Positional parameters: numbers, or text where they are none. */
import type { PositionalExpr } from '../ast/nodes.ts';
import { parseUnsigned } from '../lex/integer.ts';
import { string, type Type } from '../types/type.ts';
import type { Body } from './body.ts';
import { fitsIn, literalType } from './integers.ts';

/** The number that a text is, as the language writes numbers, with a sign; undefined if it is none. */
export function readInteger(text: string): bigint | undefined {
  const [, sign, digits = ''] = /^([-+]?)(.*)$/s.exec(text.trim())!;
  const magnitude = parseUnsigned(digits).value;
  if (magnitude === undefined) return undefined;
  const value = sign === '-' ? -magnitude : magnitude;
  return fitsIn(value, { bits: 64, signed: value < 0n }) ? value : undefined;
}

/** As string constants have it: one character a byte. */
export const parameterBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export function parameterType(body: Body, expr: PositionalExpr): Type {
  body.noteParameter(expr);
  const text = body.environment.positional[expr.index - 1] ?? '';
  const value = text === '' ? 0n : readInteger(text);
  if (value === undefined) {
    const bytes = parameterBytes(text);
    body.fold(expr, bytes);
    return string(bytes.length + 1);
  }
  body.fold(expr, value);
  return literalType(value);
}
