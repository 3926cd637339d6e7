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
import { BINARY_PRECEDENCE, isGrammarBuiltin, type Token, UNARY_OPERATORS } from '../lex/tokens.ts';
import type { Cursor } from './cursor.ts';
import { missing, parseIntegerLiteral, parsePositional, parseSize, parseStringLiteral } from './literals.ts';
import * as messages from './messages.ts';
import { parseBlock } from './statements.ts';
import { afterModifiers, closingParenthesis, parseType, parseTypeOrExpr } from './types.ts';

export function parseExpr(c: Cursor): Expr {
  return c.nested(() => parseTernary(c));
}

function parseTernary(c: Cursor): Expr {
  const condition = parseBinary(c, 1);
  const { start } = condition.span;
  if (!c.accept('?')) return condition;
  const then = c.at(':') ? undefined : parseExpr(c);
  c.expect(':');
  const otherwise = parseExpr(c);
  return { kind: 'ternary', condition, then, otherwise, span: c.span(start) };
}

function parseBinary(c: Cursor, least: number): Expr {
  return parseBinaryFrom(c, parseUnary(c), least);
}

/** What may follow a left operand. */
export function parseBinaryFrom(c: Cursor, first: Expr, least = 1): Expr {
  let left = first;
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
      span: c.span(left.span.start),
    };
  }
}

/** 0 where no operator is. A `/` before `{` ends a predicate. */
function binaryPrecedence(c: Cursor): number {
  const { kind } = c.token;
  if (!Object.hasOwn(BINARY_PRECEDENCE, kind)) return 0;
  if (kind === '/' && c.peek().kind === '{') return 0;
  return BINARY_PRECEDENCE[kind as BinaryOperator];
}

const unaryOperators: ReadonlySet<string> = new Set(UNARY_OPERATORS);

function parseUnary(c: Cursor): Expr {
  const { kind, start } = c.token;
  if (kind === '&&') return parseAddress(c, start);
  if (!unaryOperators.has(kind)) return parsePostfix(c, parsePrimary(c));
  if (kind === '&') return parseAddress(c, start);
  c.advance();
  const operand = c.nested(() => parseUnary(c));
  if ((kind === '++' || kind === '--') && !isSteppable(operand)) c.wrong(messages.stepTarget, operand.span);
  return {
    kind: 'unary',
    operator: kind as UnaryExpr['operator'],
    postfix: false,
    operand,
    span: c.span(start),
  };
}

/** `&$x`, `&@m`; of `&&` it is the first sign. */
function parseAddress(c: Cursor, start: number): Expr {
  if (c.at('&&')) c.seek(start + 1);
  else c.advance();
  if (!c.at('variable') && !c.at('map')) c.wrong(messages.addressTarget);
  const operand = c.nested(() => (c.at('map') ? parseMap(c) : parseUnary(c)));
  return { kind: 'unary', operator: '&', postfix: false, operand, span: c.span(start) };
}

const isSteppable = ({ kind }: Expr): boolean => kind === 'variable' || kind === 'map';

// Casts

/**
 * Whether `(` begins a cast: what is in the parentheses looks like a type, and something follows that an expression can
 * start with. `(a) - 1` is a cast of -1 to a type `a`, as in C where `a` is one; the builtins that the grammar knows
 * are never types.
 */
function startsCast(c: Cursor): boolean {
  const name = c.peek();
  if (name.kind !== 'name') return false;
  if (name.text === 'typeof') {
    const place = closingParenthesis(c, 2);
    return place !== undefined && endsCast(c, afterModifiers(c, place + 1));
  }
  const tagged = name.text === 'struct' || name.text === 'union' || name.text === 'enum';
  // What is being written in an editor is one already.
  if (tagged && c.tolerant) return true;
  if (tagged && c.peek(2).kind !== 'name') return false;
  const close = afterModifiers(c, tagged ? 3 : 2);
  if (close === 2 && isGrammarBuiltin(name.text)) return false;
  return endsCast(c, close);
}

const endsCast = (c: Cursor, close: number): boolean =>
  c.peek(close).kind === ')' && startsOperand(c.peek(close + 1));

const OPERAND_KINDS: ReadonlySet<string> = new Set([
  ...['name', 'variable', 'map', 'parameter', 'parameterCount', 'integer', 'string'],
  ...['(', '!', '~', '-', '--', '->', '-=', '*', '*=', '&', '&&', '&='],
]);

const startsOperand = ({ kind }: Token): boolean => OPERAND_KINDS.has(kind);

function parseCast(c: Cursor): Expr {
  const { start } = c.advance();
  const type = c.nested(() => parseType(c));
  c.expect(')');
  const span = c.span(start);
  const value = c.nested(() => parseUnary(c));
  return { kind: 'cast', type, value, span };
}

// Postfix

export function parsePostfix(c: Cursor, first: Expr): Expr {
  let base = first;
  const { start } = base.span;
  for (;;) {
    if (c.at('.') || c.at('->')) {
      const member = parseMember(c, base, start);
      if (member === undefined) return base;
      base = member;
    } else if (c.accept('[')) {
      const index = parseExpr(c);
      c.expect(']');
      base = { kind: 'index', base, index, span: c.span(start) };
    } else if (c.at('++') || c.at('--')) {
      const token = c.advance();
      if (!isSteppable(base)) {
        c.wrong(messages.stepTarget, c.spanOf(token));
        return base;
      }
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

/** Undefined, and reported, where no name follows. */
function parseMember(c: Cursor, base: Expr, start: number): Expr | undefined {
  const operator = c.advance().text;
  if (operator === '.' && c.at('integer')) {
    const index = Number(parseSize(c) ?? 0n);
    return { kind: 'tupleAccess', base, index, span: c.span(start) };
  }
  const name = c.accept('name');
  if (name === undefined) {
    c.wrong(messages.fieldName(operator));
    return undefined;
  }
  const arrow = operator === '->';
  return { kind: 'field', base, name: name.text, nameSpan: c.spanOf(name), arrow, span: c.span(start) };
}

// Primary

export function parsePrimary(c: Cursor): Expr {
  const { token } = c;
  switch (token.kind) {
    case 'integer':
      return parseIntegerLiteral(c);
    case 'string':
      return parseStringLiteral(c);
    case 'parameter':
      return parsePositional(c);
    case 'parameterCount':
      c.advance();
      return { kind: 'positionalCount', span: c.spanOf(token) };
    case 'variable':
      c.advance();
      return { kind: 'variable', name: token.text, span: c.spanOf(token) };
    case 'map':
      return parseMap(c);
    case '(':
      return startsCast(c) ? parseCast(c) : parseParenthesised(c);
    case '{':
      return parseBlock(c);
    case 'name':
      return parseNamed(c);
    default:
      c.wrong(token.text === '$' ? messages.variableName : messages.expression);
      return missing(c);
  }
}

export function parseMap(c: Cursor): MapExpr {
  const name = c.advance();
  const nameSpan = c.spanOf(name);
  if (!c.accept('[')) return { kind: 'map', name: name.text, nameSpan, span: nameSpan };
  const keys = parseList(c);
  c.expect(']');
  const span = c.span(name.start);
  const key: Expr = keys.length === 1 ? keys[0]! : { kind: 'tuple', elements: keys, span };
  return { kind: 'map', name: name.text, nameSpan, key, span };
}

/** One or more. */
function parseList(c: Cursor): Expr[] {
  const list = [parseExpr(c)];
  while (c.accept(',')) list.push(parseExpr(c));
  return list;
}

/** Keywords that mean nothing here are names like others. */
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
      const of = parseTypeOrExpr(c);
      c.expect(')');
      return { kind: 'typeQuery', query: token.text, of, span: c.span(token.start) };
    }
    case 'offsetof':
      return parseOffsetof(c);
    case 'comptime':
      c.advance();
      return { kind: 'comptime', expression: c.nested(() => parseUnary(c)), span: c.span(token.start) };
    default:
  }
  c.advance();
  if (c.at('(')) return parseCall(c, token);
  return { kind: 'identifier', name: token.text, span: c.spanOf(token) };
}

function parseCall(c: Cursor, name: Token): CallExpr {
  c.expect('(');
  const args = c.at(')') ? [] : parseList(c);
  c.expect(')');
  return { kind: 'call', name: name.text, nameSpan: c.spanOf(name), args, span: c.span(name.start) };
}

function parseOffsetof(c: Cursor): Expr {
  const { start } = c.advance();
  c.expect('(');
  const of = parseTypeOrExpr(c);
  const path: string[] = [];
  // A name that is missing is one that no struct has.
  if (c.expect(',')) {
    do path.push(c.accept('name')?.text ?? '');
    while (c.accept('.'));
  }
  c.expect(')');
  return { kind: 'offsetof', of, path, span: c.span(start) };
}

/**
 * Of `if`, `while` and `unroll`; `()` is none. Operators need no parentheses around them, as before bpftrace 0.26,
 * which takes one operand.
 */
export function parseCondition(c: Cursor): Expr {
  if (c.at('(') && c.peek().kind === ')') {
    c.advance();
    c.wrong(messages.expression);
    c.accept(')');
    return missing(c);
  }
  return c.nested(() => parseBinary(c, 1));
}

/** Without an else it ends where the next thing begins. */
export function parseIf(c: Cursor): IfExpr {
  const { start } = c.advance();
  const condition = parseCondition(c);
  const then = parseBlock(c);
  if (!c.atName('else')) return { kind: 'if', condition, then, span: c.span(start, c.token.start) };
  c.advance();
  if (c.at('{')) {
    const otherwise = parseBlock(c);
    return { kind: 'if', condition, then, otherwise, span: c.span(start) };
  }
  if (!c.atName('if')) {
    c.wrong(messages.elseBlock);
    return { kind: 'if', condition, then, span: c.span(start) };
  }
  const value = c.nested(() => parseIf(c));
  return {
    kind: 'if',
    condition,
    then,
    otherwise: { kind: 'block', statements: [], value, span: value.span },
    span: c.span(start, value.span.end),
  };
}

// Parentheses

function parseParenthesised(c: Cursor): Expr {
  const { start } = c.advance();
  if (c.accept(')')) return { kind: 'tuple', elements: [], span: c.span(start) };
  if (c.at('name') && c.peek().kind === '=' && !isGrammarBuiltin(c.token.text)) return parseRecord(c, start);
  const first = parseExpr(c);
  if (c.at(',')) return parseTuple(c, start, first);
  c.expect(')');
  return first;
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

/** What else is wrong up to the `)` is so because of what was said already. */
function skipToClosing(c: Cursor): void {
  for (let depth = 0; !c.at('end'); c.advance()) {
    if (c.at('(')) depth++;
    else if (c.at(')') && depth-- === 0) return;
  }
}

function parseRecord(c: Cursor, start: number): RecordExpr {
  const fields: { name: string; value: Expr; span: ReturnType<Cursor['span']> }[] = [];
  do {
    const name = c.accept('name');
    if (name === undefined) {
      c.wrong(messages.identifier);
      skipToClosing(c);
      break;
    }
    c.expect('=');
    const value = parseExpr(c);
    const span = c.span(name.start);
    if (fields.some((field) => field.name === name.text)) c.wrong(messages.namedTwice(name.text), span);
    fields.push({ name: name.text, value, span });
  } while (c.accept(','));
  c.expect(')');
  return { kind: 'record', fields, span: c.span(start) };
}
