/** Statements: what is stored where, and where control goes. */
import type {
  AssignStatement,
  BinaryOperator,
  Expr,
  ExpressionStatement,
  MapExpr,
  ReturnStatement,
  Statement,
  VariableExpr,
} from '../ast/nodes.ts';
import { findBuiltin } from '../builtin/table.ts';
import { typeText } from '../types/text.ts';
import { int64, isAggregate, none, type Type } from '../types/type.ts';
import type { Body } from './body.ts';
import { checkBuiltin } from './calls.ts';
import { fitsParameter } from './functions.ts';
import { settled } from './integers.ts';
import { checkFor, checkJump, checkUnroll, checkWhile } from './loops.ts';
import { checkMapEntry, numberOf, storeInMap, useEntry } from './map-access.ts';
import * as say from './messages.ts';
import { binaryType } from './operators.ts';
import { compound } from './unary.ts';
import { assignVariable, checkLet, readVariable } from './variables.ts';

/** `value` stands behind them. */
export function checkStatements(body: Body, statements: readonly Statement[], value: Expr | undefined): void {
  for (const [index, statement] of statements.entries()) {
    checkStatement(body, statement);
    const next = statements[index + 1] ?? value;
    if (next !== undefined && isJump(statement)) body.diagnostics.warning(next.span, say.unreachable);
  }
}

const isJump = (statement: Statement): boolean =>
  statement.kind === 'break' ||
  statement.kind === 'continue' ||
  statement.kind === 'return' ||
  (statement.kind === 'expression' && isExit(statement.expression));

const isExit = (expr: Expr): boolean => expr.kind === 'call' && expr.name === 'exit';

function checkStatement(body: Body, statement: Statement): void {
  switch (statement.kind) {
    case 'assign':
      return checkAssign(body, statement);
    case 'let':
      return checkLet(body, statement);
    case 'expression':
      return checkDiscarded(body, statement);
    case 'while':
      return checkWhile(body, statement);
    case 'unroll':
      return checkUnroll(body, statement);
    case 'for':
      return checkFor(body, statement);
    case 'break':
    case 'continue':
      return checkJump(body, statement);
    case 'return':
      return checkReturn(body, statement);
    case 'importStatement':
      checkImportStatement(body, statement);
  }
}

/** Nothing stands behind it here: what bpftrace's own library imports this way are built-ins. */
function checkImportStatement(body: Body, { span }: Statement): void {
  const refused = body.config.unstable.importStatement === 'error';
  body.diagnostics.error(span, refused ? say.unstableError('unstable_import_statement') : say.importAtTop);
}

// Assignment

function checkAssign(body: Body, statement: AssignStatement): void {
  const { target, value, operator } = statement;
  switch (target.kind) {
    case 'discard':
      body.check(value);
      return;
    case 'variable':
      if (operator === '=') assignPlain(body, statement, target);
      else assignCompound(body, statement, target);
      return;
    case 'map':
      if (operator === '=') assignMap(body, statement, target);
      else assignCompoundMap(body, statement, target);
      return;
    case 'field':
    case 'tupleAccess':
    case 'index': {
      body.check(target);
      body.value(value);
      const { kind } = body.typeOf(target.base);
      const immutable = kind === 'tuple' || kind === 'record';
      body.diagnostics.error(target.span, immutable ? say.immutable : say.notAssignable);
      return;
    }
    default:
      body.check(target);
      body.value(value);
      body.diagnostics.error(target.span, say.notAssignable);
  }
}

function assignPlain(body: Body, { value, span }: AssignStatement, target: VariableExpr): void {
  const type = body.value(value);
  body.facts.setType(target, assignVariable(body, target, type, value, span));
}

function assignCompound(body: Body, statement: AssignStatement, target: VariableExpr): void {
  const left = readVariable(body, target);
  body.facts.setType(target, left);
  const result = compoundType(body, statement, target, left);
  body.facts.setType(target, assignVariable(body, target, result, undefined, statement.span, true));
}

/** The type of `target operator value` in `target operator= value`. */
function compoundType(
  body: Body,
  { operator, operatorSpan, value, span }: AssignStatement,
  target: Expr,
  left: Type,
): Type {
  const right = body.value(value);
  const binary = compound({
    operator: operator.slice(0, -1) as BinaryOperator,
    span: { ...span, start: operatorSpan.start },
    left: target,
    right: value,
  });
  return binaryType(body, binary, left, right);
}

function assignMap(body: Body, { value, span }: AssignStatement, target: MapExpr): void {
  if (value.kind === 'call' || value.kind === 'identifier') {
    const builtin = findBuiltin(value.name);
    if (builtin?.kind === 'map' && !body.program.functions.has(value.name)) {
      const state = useEntry(body, target);
      const type = checkBuiltin(body, value, builtin, value.kind === 'call' ? value.args : [], true);
      body.facts.setType(value, type);
      storeInMap(body, target, state, type, value, span);
      body.facts.setType(target, state.value ?? none);
      return;
    }
  }
  const type = value.kind === 'map' ? mapValue(body, target, value) : body.value(value);
  const state = useEntry(body, target);
  const args = (value.kind === 'identifier' || value.kind === 'call') && value.name === 'args';
  if (args && type.kind === 'struct') {
    body.diagnostics.error(value.span, say.argsValue);
    state.written = true;
  } else storeInMap(body, target, state, type, value, span);
  body.facts.setType(target, state.value ?? none);
}

/** `@a = @b`: the number of an aggregate can be copied, its state cannot. */
function mapValue(body: Body, target: MapExpr, value: MapExpr): Type {
  const type = checkMapEntry(body, value, 'entry');
  if (!isAggregate(type)) {
    body.facts.setType(value, type);
    return type;
  }
  const number = numberOf(type);
  if (number === undefined) {
    const example = `${type.kind}(retval)`;
    body.diagnostics.error(value.span, say.aggregateCopied(typeText(type), target.name, example));
  }
  body.facts.setType(value, number ?? none);
  return number ?? none;
}

function assignCompoundMap(body: Body, statement: AssignStatement, target: MapExpr): void {
  const state = useEntry(body, target);
  const { value } = state;
  if (value !== undefined && isAggregate(value)) {
    body.value(statement.value);
    body.diagnostics.error(target.span, say.operatorType(statement.operator, typeText(value)));
    return;
  }
  // What is not there yet is 0.
  const left = value ?? int64;
  body.facts.setType(target, left);
  const result = compoundType(body, statement, target, left);
  storeInMap(body, target, state, result, statement.value, statement.span, true);
  body.facts.setType(target, state.value ?? none);
}

// Effects

function checkDiscarded(body: Body, { expression }: ExpressionStatement): void {
  const type = body.check(expression);
  warnDiscarded(body, expression, type);
}

/** A value that nobody uses is a mistake, but for that of what was done for its effect. */
export function warnDiscarded(body: Body, expression: Expr, type: Type): void {
  if (type.kind === 'none' || body.isNone(expression)) return;
  if (expression.kind === 'unary' && (expression.operator === '++' || expression.operator === '--')) return;
  if (expression.kind === 'call') {
    const builtin = findBuiltin(expression.name);
    // `find` is called for the variable that it fills.
    if (builtin?.documentation.section === 'effect' || builtin?.name === 'find') return;
  }
  body.diagnostics.warning(expression.span, say.discarded);
}

// Control

function checkReturn(body: Body, { value, span }: ReturnStatement): void {
  const type = value === undefined ? undefined : body.value(value);
  const { function: signature } = body;
  if (signature !== undefined) {
    const { returns, source } = signature;
    const given = type ?? { kind: 'void' };
    if (given.kind === 'none') return;
    const fits =
      given.kind === 'void' || returns.kind === 'void'
        ? given.kind === returns.kind
        : fitsParameter(given, returns, value && body.constantOf(value));
    if (!fits) {
      const shown = typeText(settled(given));
      body.diagnostics.error(span, say.returnType(source.name, typeText(returns), shown));
    }
    return;
  }
  if (type === undefined || type.kind === 'none') return;
  if (body.inCallback) body.diagnostics.error(span, say.returnInLoop);
  else if (type.kind !== 'int' && type.kind !== 'bool' && type.kind !== 'enum') {
    body.diagnostics.error(value!.span, say.probeReturn(typeText(settled(type))));
  }
}
