/** The type of an expression: one case a kind, the longer ones in files of their own. */
import type { BlockExpr, ComptimeExpr, Expr, IfExpr, StringExpr, TernaryExpr } from '../ast/nodes.ts';
import { findBuiltin } from '../builtin/table.ts';
import { typeText } from '../types/text.ts';
import { bool, int64, isAggregate, none, string, type Type, uint64 } from '../types/type.ts';
import { checkField, checkIndex, checkTupleAccess } from './access.ts';
import type { Body } from './body.ts';
import { checkBuiltin, checkCall } from './calls.ts';
import { checkCast } from './casts.ts';
import { literalType, settled } from './integers.ts';
import { configValues, knownRecord } from './known-records.ts';
import { checkMapEntry } from './map-access.ts';
import * as say from './messages.ts';
import { checkBinary, isCondition, truth } from './operators.ts';
import { parameterType } from './parameters.ts';
import { checkStatements } from './statements.ts';
import { checkOffsetof, checkTypeQuery } from './type-expressions.ts';
import { checkUnary } from './unary.ts';
import { unify } from './unify.ts';
import { readVariable } from './variables.ts';

export function checkExpression(body: Body, expr: Expr): Type {
  switch (expr.kind) {
    case 'integer':
      body.fold(expr, expr.value);
      return expr.suffix === undefined ? literalType(expr.value) : suffixType(expr.suffix);
    case 'boolean':
      body.fold(expr, expr.value);
      return bool;
    case 'string':
      return checkString(body, expr);
    case 'identifier':
      return checkIdentifier(body, expr);
    case 'positional':
      return parameterType(body, expr);
    case 'positionalCount': {
      const count = BigInt(body.environment.positional.length);
      body.fold(expr, count);
      return literalType(count);
    }
    case 'variable':
      return readVariable(body, expr);
    case 'map':
      return checkMapEntry(body, expr, 'value');
    case 'call':
      return checkCall(body, expr);
    case 'unary':
      return checkUnary(body, expr);
    case 'binary':
      return checkBinary(body, expr);
    case 'ternary':
      return checkTernary(body, expr);
    case 'cast':
      return checkCast(body, expr);
    case 'field':
      return checkField(body, expr);
    case 'index':
      return checkIndex(body, expr);
    case 'tupleAccess':
      return checkTupleAccess(body, expr);
    case 'tuple':
      return { kind: 'tuple', elements: expr.elements.map((element) => checkElement(body, element)) };
    case 'record': {
      const seen = new Set<string>();
      const fields = expr.fields.map(({ name, value, span }) => {
        if (seen.has(name)) body.diagnostics.error(span, say.recordTwice(name));
        seen.add(name);
        return { name, type: checkElement(body, value) };
      });
      return { kind: 'record', fields };
    }
    case 'block':
      return checkBlock(body, expr);
    case 'if':
      return checkIf(body, expr);
    case 'typeQuery':
      return checkTypeQuery(body, expr);
    case 'offsetof':
      return checkOffsetof(body, expr);
    case 'comptime':
      return checkComptime(body, expr);
  }
}

const suffixType = (suffix: string): Type => (suffix.includes('u') ? uint64 : int64);

function checkString(body: Body, expr: StringExpr): Type {
  const most = body.config.maxStrlen;
  body.fold(expr, expr.bytes);
  if (expr.bytes.length + 1 > most) {
    const text = Buffer.from(expr.bytes, 'latin1').toString('utf8');
    body.diagnostics.error(expr.span, say.stringTooLong(most, text));
  }
  return string(expr.bytes.length + 1);
}

function checkIdentifier(body: Body, expr: Extract<Expr, { kind: 'identifier' }>): Type {
  const builtin = findBuiltin(expr.name);
  if (builtin !== undefined && builtin.kind === 'value') return checkBuiltin(body, expr, builtin, []);
  if (expr.name === 'config') return knownRecord(body, expr, configValues(body.config));
  const constant = body.types.constant(expr.name);
  if (constant !== undefined) {
    body.fold(expr, constant.value);
    if (constant.type !== undefined) return constant.type;
    return typeof constant.value === 'string'
      ? string(constant.value.length + 1)
      : literalType(constant.value);
  }
  if (builtin?.kind === 'map') {
    body.diagnostics.error(expr.span, say.mapFunctionElsewhere(builtin.name));
    return none;
  }
  // A function of no arguments may be written without parentheses.
  if (builtin?.kind === 'function' && (builtin.arity?.[0] ?? 0) === 0) {
    return checkBuiltin(body, expr, builtin, []);
  }
  body.diagnostics.error(expr.span, say.unknownIdentifier(expr.name));
  return none;
}

function checkElement(body: Body, expr: Expr): Type {
  const type = body.check(expr);
  if (body.isNone(expr)) body.diagnostics.error(expr.span, say.emptyElement);
  if (isAggregate(type) || type.kind === 'void' || type.kind === 'context') {
    body.diagnostics.error(expr.span, say.elementType(typeText(type)));
    return none;
  }
  return type;
}

/** Statements in a scope of their own, and the value of the last. */
export function checkBlock(body: Body, block: BlockExpr): Type {
  return body.inScope(() => {
    checkStatements(body, block.statements, block.value);
    if (block.value === undefined) return body.setNone(block);
    const type = body.check(block.value);
    if (body.isNone(block.value)) return body.setNone(block);
    const constant = body.constantOf(block.value);
    if (constant !== undefined && block.statements.length === 0) body.fold(block, constant);
    return type;
  });
}

/** Only the branch that is taken is checked where the condition is known: the other may not even make sense. */
function checkIf(body: Body, expr: IfExpr): Type {
  const condition = body.value(expr.condition);
  if (!isCondition(condition)) {
    const message = expr.condition === body.predicate ? say.predicateType : say.ifCondition;
    body.diagnostics.error(expr.condition.span, message(typeText(settled(condition))));
  }
  const known = truth(body.constantOf(expr.condition));
  if (known !== undefined) {
    const taken = known ? expr.then : expr.otherwise;
    if (taken === undefined) return body.setNone(expr);
    const type = body.check(taken);
    return body.isNone(taken) ? body.setNone(expr) : type;
  }
  const then = body.check(expr.then);
  if (expr.otherwise === undefined) return body.setNone(expr);
  const otherwise = body.check(expr.otherwise);
  // As a statement it needs no value, so one branch may well have none.
  if (body.isNone(expr.then) || body.isNone(expr.otherwise)) return body.setNone(expr);
  const unified = unify(then, otherwise);
  if (unified !== undefined) return unified.type;
  const [left, right] = [typeText(settled(then)), typeText(settled(otherwise))];
  body.diagnostics.error(expr.span, say.branchTypes(left, right));
  return none;
}

function checkTernary(body: Body, expr: TernaryExpr): Type {
  const condition = body.value(expr.condition);
  if (!isCondition(condition)) {
    body.diagnostics.error(expr.condition.span, say.ternaryCondition(typeText(settled(condition))));
  }
  const known = truth(body.constantOf(expr.condition));
  const first = expr.then ?? expr.condition;
  if (known !== undefined) {
    const taken = known ? first : expr.otherwise;
    const type = taken === expr.condition ? condition : body.check(taken);
    if (body.isNone(taken)) return body.setNone(expr);
    const constant = body.constantOf(taken);
    if (constant !== undefined) body.fold(expr, constant);
    return type;
  }
  const then = expr.then === undefined ? condition : body.check(expr.then);
  const otherwise = body.check(expr.otherwise);
  if (body.isNone(first) && body.isNone(expr.otherwise)) return body.setNone(expr);
  const unified = body.isNone(first) === body.isNone(expr.otherwise) ? unify(then, otherwise) : undefined;
  if (unified !== undefined) return unified.type;
  const [left, right] = [typeText(settled(then)), typeText(settled(otherwise))];
  body.diagnostics.error(expr.span, say.ternaryTypes(left, right));
  return none;
}

function checkComptime(body: Body, expr: ComptimeExpr): Type {
  const type = body.value(expr.expression);
  const value = body.constantOf(expr.expression);
  if (value !== undefined) body.fold(expr, value);
  else if (type.kind !== 'none') body.diagnostics.error(expr.span, say.notComptime);
  return type;
}
