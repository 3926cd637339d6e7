/** Blocks and what is in them. */
import type {
  AssignOperator,
  AssignStatement,
  BlockExpr,
  Expr,
  ForStatement,
  MapExpr,
  RangeExpr,
  Statement,
} from '../ast/nodes.ts';
import { ASSIGN_OPERATORS } from '../lex/tokens.ts';
import { type Cursor, SyntaxFailure } from './cursor.ts';
import { parseExpr, parseIf, parseMap, parsePrimary } from './expressions.ts';
import { stringBytes } from './literals.ts';
import * as messages from './messages.ts';
import { parseType } from './types.ts';

/** `{ statement; … value }`. Errors inside are reported here, each statement for itself. */
export function parseBlock(c: Cursor): BlockExpr {
  const { start } = c.expect('{');
  const statements: Statement[] = [];
  let value: Expr | undefined;
  c.bracketed(() =>
    c.nested(() => {
      while (!c.at('}') && !c.at('end')) {
        if (c.accept(';')) continue;
        try {
          const statement = parseStatement(c);
          if (c.at('}') && statement.kind === 'expression') value = statement.expression;
          else {
            statements.push(statement);
            endStatement(c, statement);
          }
        } catch (error) {
          if (!(error instanceof SyntaxFailure)) throw error;
          c.skipStatement();
        }
      }
    }),
  );
  if (!c.accept('}') && !c.lost) c.report(messages.expected('}'));
  return { kind: 'block', statements, value, span: c.span(start) };
}

function endStatement(c: Cursor, statement: Statement): void {
  if (c.accept(';') || c.at('}') || c.at('end') || endsWithBlock(statement)) return;
  throw c.failure(messages.expected(';'));
}

/** Needs no `;` behind it. */
function endsWithBlock(statement: Statement): boolean {
  switch (statement.kind) {
    case 'while':
    case 'unroll':
    case 'for':
      return true;
    case 'expression':
      return statement.expression.kind === 'block' || statement.expression.kind === 'if';
    default:
      return false;
  }
}

function parseStatement(c: Cursor): Statement {
  const { start, text } = c.token;
  if (c.at('{')) return { kind: 'expression', expression: parseBlock(c), span: c.span(start) };
  if (!c.at('name')) return parseExpressionStatement(c);
  switch (text) {
    case 'if':
      // Ends with its blocks: `if $a { … } ++$b` is two statements.
      return { kind: 'expression', expression: c.nested(() => parseIf(c)), span: c.span(start) };
    case 'let':
      return parseLet(c);
    case 'while': {
      c.advance();
      const condition = parseExpr(c);
      return { kind: 'while', condition, body: parseBlock(c), span: c.span(start) };
    }
    case 'unroll':
      return parseUnroll(c);
    case 'for':
      return parseFor(c);
    case 'break':
    case 'continue':
      c.advance();
      return { kind: text, span: c.span(start) };
    case 'return': {
      c.advance();
      const value = c.at(';') || c.at('}') ? undefined : parseExpr(c);
      return { kind: 'return', value, span: c.span(start) };
    }
    case 'import': {
      c.advance();
      const path = stringBytes(c, c.expectKind('string', 'a path in quotes'));
      return { kind: 'importStatement', path, span: c.span(start) };
    }
    case '_':
      if (c.peek().kind === '=') {
        const target = { kind: 'discard', span: c.spanOf(c.advance()) } as const;
        return parseAssignment(c, start, target);
      }
      return parseExpressionStatement(c);
    default:
      return parseExpressionStatement(c);
  }
}

const assignOperators: ReadonlySet<string> = new Set(ASSIGN_OPERATORS);

function parseExpressionStatement(c: Cursor): Statement {
  const { start } = c.token;
  const expression = parseExpr(c);
  if (assignOperators.has(c.token.kind)) return parseAssignment(c, start, expression);
  return { kind: 'expression', expression, span: c.span(start) };
}

function parseAssignment(c: Cursor, start: number, target: AssignStatement['target']): AssignStatement {
  const operator = c.advance().kind as AssignOperator;
  const value = parseExpr(c);
  return { kind: 'assign', operator, target, value, span: c.span(start) };
}

function parseLet(c: Cursor): Statement {
  const { start } = c.advance();
  const token = c.expectKind('variable', 'a variable');
  const variable = { kind: 'variable', name: token.text, span: c.spanOf(token) } as const;
  const type = c.accept(':') ? parseType(c) : undefined;
  const value = c.accept('=') ? parseExpr(c) : undefined;
  return { kind: 'let', variable, type, value, span: c.span(start) };
}

function parseUnroll(c: Cursor): Statement {
  const { start } = c.advance();
  const count = parseExpr(c);
  if (count.kind === 'integer' && count.value > 100n) c.report(messages.unrollMaximum, count.span);
  if (count.kind === 'integer' && count.value < 1n) c.report(messages.unrollMinimum, count.span);
  return { kind: 'unroll', count, body: parseBlock(c), span: c.span(start) };
}

/** `for $kv : @map { … }`, `for ($i : 0..10) { … }` */
function parseFor(c: Cursor): ForStatement {
  const { start } = c.advance();
  const parenthesised = c.accept('(') !== undefined;
  const token = c.expectKind('variable', 'a variable');
  const variable = { kind: 'variable', name: token.text, span: c.spanOf(token) } as const;
  c.expect(':');
  const over = parseForRange(c);
  if (parenthesised) c.expect(')');
  const body = parseBlock(c);
  return { kind: 'for', variable, over, body, span: c.span(start) };
}

function parseForRange(c: Cursor): MapExpr | RangeExpr {
  const { start } = c.token;
  const from = c.at('map') ? parseMap(c) : parsePrimary(c);
  if (from.kind === 'map' && !c.at('..')) return from;
  c.expect('..');
  const to = parsePrimary(c);
  return { kind: 'range', from, to, span: c.span(start) };
}
