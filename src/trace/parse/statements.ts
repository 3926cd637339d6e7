/** Blocks and what is in them. */
import type {
  AssignOperator,
  AssignStatement,
  BlockExpr,
  Expr,
  ForStatement,
  MapExpr,
  Statement,
  VariableExpr,
} from '../ast/nodes.ts';
import { ASSIGN_OPERATORS } from '../lex/tokens.ts';
import { type Cursor, SyntaxFailure } from './cursor.ts';
import {
  parseBinaryFrom,
  parseCondition,
  parseExpr,
  parseIf,
  parseMap,
  parsePostfix,
  parsePrimary,
} from './expressions.ts';
import { missing, parseStringBytes } from './literals.ts';
import * as messages from './messages.ts';
import { parseType } from './types.ts';

/** `{ statement; … value }`. The first statement with an error is the last that is read, but in editors. */
export function parseBlock(c: Cursor): BlockExpr {
  const { start } = c.token;
  const statements: Statement[] = [];
  let value: Expr | undefined;
  const block = (): BlockExpr => ({ kind: 'block', statements, value, span: c.span(start) });
  if (!c.expect('{')) return block();
  c.nested(() => {
    while (!c.at('}') && !c.at('end') && !c.failed) {
      const { start: place } = c.token;
      try {
        value = parseStatement(c, statements);
        if (c.failed && c.token.start === place) c.wrong(messages.unexpectedInBlock);
      } catch (error) {
        if (!(error instanceof SyntaxFailure && c.tolerant)) throw error;
        c.skipStatement();
      }
    }
  });
  if (c.failed) return block();
  if (c.tolerant) {
    if (!c.accept('}') && !c.lost) c.report(messages.expected('}'));
  } else c.expect('}');
  return block();
}

/** Adds a statement; an expression that is the last thing of its block is its value instead. */
function parseStatement(c: Cursor, statements: Statement[]): Expr | undefined {
  if (c.at('variable') || c.at('map')) return parseTargeted(c, statements);
  // bpftrace took empty statements until 0.25: scripts have them behind blocks.
  if (c.accept(';')) return undefined;
  const statement = c.at('name') ? parseKeyword(c) : undefined;
  if (statement !== undefined) {
    statements.push(statement);
    return undefined;
  }
  const { start } = c.token;
  // A `$` without a name is not passed: what follows is not looked at.
  const lone = c.token.text === '$';
  // `$1;` is a statement without its `;`, as those of variables are.
  const parameter = c.at('parameter') || c.at('parameterCount');
  // Ends with its blocks: `if $a { … } ++$b` is two statements.
  const expression = c.atName('if') ? c.nested(() => parseIf(c)) : parseExpr(c);
  const end = c.lastEnd;
  if (c.at('}') || (lone && c.token.start === start)) return expression;
  if (!c.accept(';') && (parameter || !endsItself(expression))) c.wrong(messages.expected(';'));
  statements.push({ kind: 'expression', expression, span: parameter ? c.span(start, end) : c.span(start) });
  return undefined;
}

const endsItself = ({ kind }: Expr): boolean => kind === 'if' || kind === 'block' || kind === 'ternary';

/** Undefined: the name begins an expression. */
function parseKeyword(c: Cursor): Statement | undefined {
  const { start, text } = c.token;
  switch (text) {
    case 'let':
      return parseLet(c);
    case 'while': {
      c.advance();
      const condition = parseCondition(c);
      return { kind: 'while', condition, body: parseBlock(c), span: c.span(start) };
    }
    case 'unroll': {
      c.advance();
      const count = parseCondition(c);
      return { kind: 'unroll', count, body: parseBlock(c), span: c.span(start) };
    }
    case 'for':
      return parseFor(c);
    case 'break':
    case 'continue':
      c.advance();
      return { kind: text, span: c.span(start, endOfJump(c)) };
    case 'return': {
      c.advance();
      const value = c.at(';') || c.at('}') ? undefined : parseExpr(c);
      return { kind: 'return', value, span: c.span(start, endOfJump(c)) };
    }
    case 'import':
      return parseImportStatement(c);
    case '_': {
      if (c.peek().kind !== '=') return undefined;
      const target = { kind: 'discard', span: c.spanOf(c.advance()) } as const;
      return parseAssignment(c, start, target);
    }
    default:
      return undefined;
  }
}

/** Passes the `;`, which only the last statement of a block can do without. */
function endStatement(c: Cursor): void {
  if (!c.at('}')) c.expect(';');
}

/** A jump has its `;` in it, or the white space before the end of the block. */
function endOfJump(c: Cursor): number {
  const ends = c.at(';');
  endStatement(c);
  return ends ? c.lastEnd : c.token.start;
}

const assignOperators: ReadonlySet<string> = new Set(ASSIGN_OPERATORS);

/** What begins with a variable or a map: an assignment, a step, or an expression. */
function parseTargeted(c: Cursor, statements: Statement[]): Expr | undefined {
  const { token } = c;
  const target = c.at('map') ? parseMap(c) : parseVariable(c);
  if (assignOperators.has(c.token.kind)) {
    statements.push(parseAssignment(c, token.start, target));
    return undefined;
  }
  let expression: Expr;
  if (c.at('++') || c.at('--')) {
    const operator = c.advance().kind as '++' | '--';
    expression = { kind: 'unary', operator, postfix: true, operand: target, span: c.span(token.start) };
  } else {
    const place = parsePostfix(c, target);
    if (c.at('=')) return refuseAssignment(c, place);
    expression = parseBinaryFrom(c, place);
  }
  if (c.at('}')) return expression;
  const span = c.span(token.start);
  if (!c.failed) c.expect(';');
  statements.push({ kind: 'expression', expression, span });
  return undefined;
}

function parseVariable(c: Cursor): VariableExpr {
  const token = c.advance();
  return { kind: 'variable', name: token.text, span: c.spanOf(token) };
}

/** `$tuple.0 = …`, `@m[1][2] = …` */
function refuseAssignment(c: Cursor, place: Expr): undefined {
  c.advance();
  parseExpr(c);
  const part = place.kind === 'field' || place.kind === 'tupleAccess';
  c.wrong(part ? messages.immutable : messages.assignmentTarget, c.span(place.span.start));
}

function parseAssignment(c: Cursor, start: number, target: AssignStatement['target']): AssignStatement {
  const token = c.advance();
  const operator = token.kind as AssignOperator;
  const value = parseExpr(c);
  const span = c.span(start);
  endStatement(c);
  return { kind: 'assign', operator, operatorSpan: c.spanOf(token), target, value, span };
}

function parseLet(c: Cursor): Statement {
  const { start } = c.advance();
  if (!c.at('variable')) {
    c.wrong(messages.letVariable);
    return nothing(c);
  }
  const variable = parseVariable(c);
  const type = c.accept(':') ? parseType(c) : undefined;
  const value = c.accept('=') ? parseExpr(c) : undefined;
  const span = c.span(start);
  endStatement(c);
  return { kind: 'let', variable, type, value, span };
}

/** Where an error was reported. */
function nothing(c: Cursor): Statement {
  const expression = missing(c);
  return { kind: 'expression', expression, span: expression.span };
}

function parseImportStatement(c: Cursor): Statement {
  const { start } = c.advance();
  if (!c.at('string')) {
    c.wrong(messages.importPath);
    return nothing(c);
  }
  const path = parseStringBytes(c);
  const span = c.span(start);
  if (!c.accept(';')) c.wrong(messages.importEnd);
  return { kind: 'importStatement', path, span };
}

/** `for $kv : @map { … }`, `for ($i : 0..10) { … }` */
function parseFor(c: Cursor): Statement {
  const { start } = c.advance();
  const parenthesised = c.accept('(') !== undefined;
  if (!c.at('variable')) {
    c.wrong(messages.forVariable);
    return nothing(c);
  }
  const variable = parseVariable(c);
  if (!c.expect(':')) return nothing(c);
  const over = parseIterable(c, start);
  if (parenthesised && !c.expect(')')) return nothing(c);
  if (over.kind !== 'range' && !isWholeMap(over)) {
    c.wrong(messages.forIterable);
    return nothing(c);
  }
  return { kind: 'for', variable, over, body: parseBlock(c), span: c.span(start) };
}

const isWholeMap = (expr: Expr): expr is MapExpr => expr.kind === 'map' && expr.key === undefined;

function parseIterable(c: Cursor, start: number): Expr | Extract<ForStatement['over'], { kind: 'range' }> {
  const from = parsePrimary(c);
  if (!c.accept('..')) return from;
  const to = parsePrimary(c);
  return { kind: 'range', from, to, span: c.span(start) };
}
