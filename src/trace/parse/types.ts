/** Types as written: `int64`, `struct task_struct *`, `int32*[4]`, `typeof($x)`. */
import type { Expr, TypeExpr } from '../ast/nodes.ts';
import { isGrammarBuiltin, isTypeName } from '../lex/tokens.ts';
import type { Cursor } from './cursor.ts';
import { parseExpr } from './expressions.ts';
import { parseSize } from './literals.ts';
import * as messages from './messages.ts';

export function parseType(c: Cursor): TypeExpr {
  return parseModifiers(c, parseBaseType(c), c.token.start);
}

/** `int32*[4]` is an array of four pointers: from left to right. */
export function parseModifiers(c: Cursor, base: TypeExpr, start: number = base.span.start): TypeExpr {
  let type = base;
  let levels = 0;
  for (;;) {
    if (c.at('*') || c.at('*=')) {
      // `let $p : int8*= …`: the sign is two signs here.
      const { start: at } = c.token;
      if (c.at('*=')) {
        c.seek(at + 1);
        c.lastEnd = at + 1;
      } else c.advance();
      type = { kind: 'pointerType', target: type, span: c.span(start) };
    } else if (c.accept('[')) {
      const length = c.at(']') ? undefined : (parseSize(c) ?? 0n);
      if (!c.expect(']')) return type;
      type = { kind: 'arrayType', element: type, length, span: c.span(start) };
    } else return type;
    if (++levels > 50) throw c.failure(messages.tooDeep(50));
  }
}

function parseBaseType(c: Cursor): TypeExpr {
  const { start, text } = c.token;
  if (text === 'struct' || text === 'union' || text === 'enum') {
    c.advance();
    const name = c.accept('name');
    if (name === undefined) c.wrong(messages.identifier);
    return { kind: 'namedType', tag: text, name: name?.text ?? '', span: c.span(start) };
  }
  if (text === 'typeof') {
    c.advance();
    c.expect('(');
    const of = parseTypeOrExpr(c);
    c.expect(')');
    return { kind: 'typeofType', of, span: c.span(start) };
  }
  if (!c.accept('name')) {
    c.wrong(messages.typeName);
    return { kind: 'namedType', name: '', span: c.span(start, start) };
  }
  return { kind: 'namedType', name: text, span: c.span(start) };
}

/**
 * What is in `sizeof(…)` and its like. A bare name that is no type of the language comes back as an identifier:
 * the checker knows whether it is a value, an argument of a macro or a typedef.
 */
export function parseTypeOrExpr(c: Cursor): TypeExpr | Expr {
  return startsType(c) ? c.nested(() => parseType(c)) : parseExpr(c);
}

function startsType(c: Cursor): boolean {
  if (!c.at('name')) return false;
  const { text } = c.token;
  if (text === 'struct' || text === 'union' || text === 'enum') return true;
  if (isGrammarBuiltin(text)) return false;
  if (isTypeName(text)) return endsList(c, afterModifiers(c, 1));
  if (text === 'typeof') {
    const close = closingParenthesis(c, 1);
    return close !== undefined && endsAsType(c, close + 1);
  }
  return endsAsType(c, 1);
}

const endsList = (c: Cursor, place: number): boolean =>
  c.peek(place).kind === ')' || c.peek(place).kind === ',';

/** Whether stars or `[]` follow, and then the end: `x*` is no expression, `x[4]` is one. */
function endsAsType(c: Cursor, place: number): boolean {
  const end = afterModifiers(c, place);
  if (!endsList(c, end)) return false;
  for (let at = place; at < end; at++)
    if (c.peek(at).kind === '*' || (c.peek(at).kind === '[' && c.peek(at + 1).kind === ']')) return true;
  return false;
}

/** The place of the `)` that belongs to the `(` at a place ahead. */
export function closingParenthesis(c: Cursor, place: number): number | undefined {
  if (c.peek(place).kind !== '(') return undefined;
  let depth = 0;
  for (let at = place; ; at++) {
    const { kind } = c.peek(at);
    if (kind === 'end') return undefined;
    if (kind === '(') depth++;
    else if (kind === ')' && --depth === 0) return at;
  }
}

/** The place of the token behind the stars and brackets that begin at the `place`th token ahead. */
export function afterModifiers(c: Cursor, place: number): number {
  let at = place;
  for (; at < place + 100; ) {
    if (c.peek(at).kind === '*') at++;
    else if (c.peek(at).kind === '[' && c.peek(at + 1).kind === ']') at += 2;
    else if (c.peek(at).kind === '[' && c.peek(at + 1).kind === 'integer' && c.peek(at + 2).kind === ']')
      at += 3;
    else break;
  }
  return at;
}
