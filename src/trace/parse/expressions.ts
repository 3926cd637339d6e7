/** Expressions: operators by precedence, everything else by descent. */
import type {
  BinaryOperator,
  CallExpr,
  Expr,
  IfExpr,
  MapExpr,
  RecordExpr,
  TupleExpr,
  UnaryExpr,
} from '../ast/nodes.ts';
import {
  BINARY_PRECEDENCE,
  isGrammarBuiltin,
  isKeyword,
  isTypeName,
  type Token,
  UNARY_OPERATORS,
} from '../lex/tokens.ts';
import type { Cursor } from './cursor.ts';
import { integerExpr, positionalExpr, stringExpr } from './literals.ts';
import * as messages from './messages.ts';
import { parseBlock } from './statements.ts';
import { afterModifiers, closingParenthesis, parseType, parseTypeOrExpr } from './types.ts';

export function parseExpr(c: Cursor): Expr {
  return c.nested(() => parseTernary(c));
}

function parseTernary(c: Cursor): Expr {
  const { start } = c.token;
  const condition = parseBinary(c, 1);
  if (!c.accept('?')) return condition;
  const then = c.at(':') ? undefined : parseExpr(c);
  c.expect(':');
  const otherwise = parseExpr(c);
  return { kind: 'ternary', condition, then, otherwise, span: c.span(start) };
}

function parseBinary(c: Cursor, least: number): Expr {
  const { start } = c.token;
  let left = parseUnary(c);
  for (;;) {
    const precedence = binaryPrecedence(c);
    if (precedence < least) return left;
    const operator = c.advance();
    const right = parseBinary(c, precedence + 1);
    left = {
      kind: 'binary',
      operator: operator.kind as BinaryOperator,
      operatorSpan: c.spanOf(operator),
      left,
      right,
      span: c.span(start),
    };
  }
}

/** 0 where no operator is. */
function binaryPrecedence(c: Cursor): number {
  const { kind } = c.token;
  if (!Object.hasOwn(BINARY_PRECEDENCE, kind)) return 0;
  if (kind === '/' && c.inPredicate && c.peek().kind === '{') return 0;
  return BINARY_PRECEDENCE[kind as BinaryOperator];
}

const unaryOperators: ReadonlySet<string> = new Set(UNARY_OPERATORS);

function parseUnary(c: Cursor): Expr {
  const { kind, start } = c.token;
  if (unaryOperators.has(kind)) {
    const token = c.advance();
    const operand = c.nested(() => parseUnary(c));
    checkTarget(c, token, operand);
    return {
      kind: 'unary',
      operator: kind as UnaryExpr['operator'],
      postfix: false,
      operand,
      span: c.span(start),
    };
  }
  if (kind === '(' && startsCast(c)) return parseCast(c);
  return parsePostfix(c);
}

/** Only what has a place in memory can be stepped, or has an address. */
function checkTarget(c: Cursor, operator: Token, operand: Expr): void {
  if (operand.kind === 'variable' || operand.kind === 'map') return;
  if (operator.kind === '++' || operator.kind === '--')
    c.report(messages.stepTarget(operator.kind), c.span(operator.start));
  else if (operator.kind === '&') c.report(messages.addressTarget, c.span(operator.start));
}

// Casts

/**
 * Whether `(` begins a cast. `(struct x *)` and `(x*)` can be nothing else; `(name)` and `(name[4])` are casts if
 * something follows that an expression starts with. Signs that are binary operators too count only after what is a
 * type for sure: `(retval) - 1` is a difference and `(uint64) -1` is none.
 */
function startsCast(c: Cursor): boolean {
  const name = c.peek();
  if (name.kind !== 'name') return false;
  if (name.text === 'struct' || name.text === 'union' || name.text === 'enum') return true;
  if (name.text === 'typeof') return typeofIsCast(c);
  if (isKeyword(name.text) || isGrammarBuiltin(name.text)) return false;
  const close = afterModifiers(c, 2);
  if (c.peek(close).kind !== ')') return false;
  for (let at = 2; at < close; at++)
    if (c.peek(at).kind === '*' || (c.peek(at).kind === '[' && c.peek(at + 1).kind === ']')) return true;
  return startsOperand(c.peek(close + 1), looksLikeType(name.text));
}

/** `(typeof(x))y` against `(typeof(x) == …)`: what follows the parentheses of typeof tells. */
function typeofIsCast(c: Cursor): boolean {
  const place = closingParenthesis(c, 2);
  if (place === undefined) return false;
  const close = afterModifiers(c, place + 1);
  return c.peek(close).kind === ')' && (close > place + 1 || startsOperand(c.peek(close + 1), true));
}

const OPERAND_KINDS: ReadonlySet<string> = new Set([
  'variable',
  'map',
  'parameter',
  'parameterCount',
  'integer',
  'string',
  '(',
  '!',
  '~',
]);

const BINARY_OR_UNARY: ReadonlySet<string> = new Set(['-', '*', '&', '++', '--']);

function startsOperand(token: Token, surelyType: boolean): boolean {
  if (token.kind === 'name') return token.text !== 'else';
  return OPERAND_KINDS.has(token.kind) || (surelyType && BINARY_OR_UNARY.has(token.kind));
}

/** By the habits of C: `pid_t`, `u64`, `__be32`. */
export function looksLikeType(name: string): boolean {
  return isTypeName(name) || /^(?:\w+_t|(?:__)?[us](?:8|16|32|64)|__[bl]e(?:16|32|64))$/.test(name);
}

function parseCast(c: Cursor): Expr {
  const { start } = c.advance();
  const type = c.nested(() => parseType(c));
  c.expect(')');
  const value = c.nested(() => parseUnary(c));
  return { kind: 'cast', type, value, span: c.span(start) };
}

// Postfix

function parsePostfix(c: Cursor): Expr {
  const { start } = c.token;
  let base = parsePrimary(c);
  for (;;) {
    if (c.at('.') || c.at('->')) base = parseMember(c, base, start);
    else if (c.accept('[')) {
      const index = c.bracketed(() => parseExpr(c));
      c.expect(']');
      base = { kind: 'index', base, index, span: c.span(start) };
    } else if (c.at('++') || c.at('--')) {
      const token = c.advance();
      if (base.kind !== 'variable' && base.kind !== 'map')
        c.report(messages.stepTarget(token.kind), c.span(start));
      base = {
        kind: 'unary',
        operator: token.kind as '++' | '--',
        postfix: true,
        operand: base,
        span: c.span(start),
      };
    } else return base;
  }
}

function parseMember(c: Cursor, base: Expr, start: number): Expr {
  const arrow = c.advance().kind === '->';
  if (!arrow && c.at('integer')) {
    const token = c.advance();
    const index = Number(token.text);
    if (!/^[0-9]+$/.test(token.text) || !Number.isSafeInteger(index))
      c.report(messages.expectedA('the index of an element'), c.spanOf(token));
    return { kind: 'tupleAccess', base, index, span: c.span(start) };
  }
  const name = c.expectKind('name', 'the name of a field');
  return { kind: 'field', base, name: name.text, nameSpan: c.spanOf(name), arrow, span: c.span(start) };
}

// Primary

export function parsePrimary(c: Cursor): Expr {
  const { token } = c;
  switch (token.kind) {
    case 'integer':
      return integerExpr(c, c.advance());
    case 'string':
      return stringExpr(c, c.advance());
    case 'parameter':
      return positionalExpr(c, c.advance());
    case 'parameterCount':
      c.advance();
      return { kind: 'positionalCount', span: c.spanOf(token) };
    case 'variable':
      c.advance();
      return { kind: 'variable', name: token.text, span: c.spanOf(token) };
    case 'map':
      return parseMap(c);
    case '(':
      return parseParenthesised(c);
    case '{':
      return parseBlock(c);
    case 'name':
      return parseNamed(c);
    default:
      throw c.failure(messages.unexpectedInput);
  }
}

export function parseMap(c: Cursor): MapExpr {
  const name = c.advance();
  const nameSpan = c.spanOf(name);
  if (!c.at('[')) return { kind: 'map', name: name.text, nameSpan, span: nameSpan };
  c.advance();
  const start = c.token.start;
  const keys = c.bracketed(() => parseList(c));
  const key: Expr = keys.length === 1 ? keys[0]! : { kind: 'tuple', elements: keys, span: c.span(start) };
  c.expect(']');
  return { kind: 'map', name: name.text, nameSpan, key, span: c.span(name.start) };
}

/** One or more. */
function parseList(c: Cursor): Expr[] {
  const list = [parseExpr(c)];
  while (c.accept(',')) list.push(parseExpr(c));
  return list;
}

function parseNamed(c: Cursor): Expr {
  const { token } = c;
  switch (token.text) {
    case 'true':
    case 'false':
      c.advance();
      return { kind: 'boolean', value: token.text === 'true', span: c.spanOf(token) };
    case 'if':
      return parseIf(c);
    case 'sizeof':
    case 'typeof':
    case 'typeinfo': {
      c.advance();
      c.expect('(');
      const of = c.bracketed(() => parseTypeOrExpr(c));
      c.expect(')');
      return { kind: 'typeQuery', query: token.text, of, span: c.span(token.start) };
    }
    case 'offsetof':
      return parseOffsetof(c);
    case 'comptime':
      c.advance();
      return { kind: 'comptime', expression: parseExpr(c), span: c.span(token.start) };
    default:
  }
  if (isKeyword(token.text)) throw c.failure(messages.unexpectedInput);
  c.advance();
  if (c.at('(')) return parseCall(c, token);
  return { kind: 'identifier', name: token.text, span: c.spanOf(token) };
}

function parseCall(c: Cursor, name: Token): CallExpr {
  c.expect('(');
  const args = c.at(')') ? [] : c.bracketed(() => parseList(c));
  if (!c.at(')')) throw c.failure(messages.expectedA("',' or ')'"));
  c.advance();
  return { kind: 'call', name: name.text, nameSpan: c.spanOf(name), args, span: c.span(name.start) };
}

function parseOffsetof(c: Cursor): Expr {
  const { start } = c.advance();
  c.expect('(');
  const of = c.bracketed(() => parseTypeOrExpr(c));
  c.expect(',');
  const path = [c.expectKind('name', 'the name of a field').text];
  while (c.accept('.')) path.push(c.expectKind('name', 'the name of a field').text);
  c.expect(')');
  return { kind: 'offsetof', of, path, span: c.span(start) };
}

/** The head can stand in parentheses: they are those of an expression. */
export function parseIf(c: Cursor): IfExpr {
  const { start } = c.advance();
  const condition = parseExpr(c);
  const then = c.bracketed(() => parseBlock(c));
  if (!c.atName('else')) return { kind: 'if', condition, then, span: c.span(start) };
  c.advance();
  if (!c.atName('if')) {
    const otherwise = c.bracketed(() => parseBlock(c));
    return { kind: 'if', condition, then, otherwise, span: c.span(start) };
  }
  const value = c.nested(() => parseIf(c));
  return {
    kind: 'if',
    condition,
    then,
    otherwise: { kind: 'block', statements: [], value, span: value.span },
    span: c.span(start),
  };
}

// Parentheses

function parseParenthesised(c: Cursor): Expr {
  return c.bracketed(() => {
    const { start } = c.advance();
    if (c.accept(')')) return { kind: 'tuple', elements: [], span: c.span(start) };
    if (c.at('name') && c.peek().kind === '=') return parseRecord(c, start);
    const first = parseExpr(c);
    if (c.at(',')) return parseTuple(c, start, first);
    c.expect(')');
    return first;
  });
}

function parseTuple(c: Cursor, start: number, first: Expr): TupleExpr {
  const elements = [first];
  while (c.accept(',')) {
    if (c.at(')')) break;
    elements.push(parseExpr(c));
  }
  c.expect(')');
  return { kind: 'tuple', elements, span: c.span(start) };
}

function parseRecord(c: Cursor, start: number): RecordExpr {
  const fields: { name: string; value: Expr; span: ReturnType<Cursor['span']> }[] = [];
  do {
    if (c.at(')')) break;
    const name = c.expectKind('name', 'the name of a field');
    if (isGrammarBuiltin(name.text) || isKeyword(name.text))
      c.report(messages.reservedName(name.text, 'the name of a field'), c.spanOf(name));
    c.expect('=');
    const value = parseExpr(c);
    fields.push({ name: name.text, value, span: c.span(name.start) });
  } while (c.accept(','));
  c.expect(')');
  return { kind: 'record', fields, span: c.span(start) };
}
