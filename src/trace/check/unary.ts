/** Operators of one operand. */
import type { BinaryExpr, Expr, UnaryExpr } from '../ast/nodes.ts';
import { findBuiltin } from '../builtin/table.ts';
import { kindText, typeText } from '../types/text.ts';
import { bool, int64, none, pointerTo, type Type, uint64 } from '../types/type.ts';
import type { Body } from './body.ts';
import { fitsIn, integerOf, isFlexible, literalType, settled, wrap } from './integers.ts';
import { checkMapEntry, numberOf, storeInMap, useEntry } from './map-access.ts';
import * as say from './messages.ts';
import { isCondition, isWritten, truth } from './operators.ts';
import { assignVariable, readVariable } from './variables.ts';

export function checkUnary(body: Body, expr: UnaryExpr): Type {
  const { operator, operand } = expr;
  switch (operator) {
    case '++':
    case '--':
      return checkStep(body, expr, operator);
    case '&':
      return checkAddress(body, operand);
    case '*':
      return checkDereference(body, expr, body.value(operand));
    case '!': {
      const type = body.value(operand);
      if (!isCondition(type))
        body.diagnostics.error(expr.span, say.operatorType('!', typeText(settled(type))));
      const known = truth(body.constantOf(operand));
      if (known !== undefined) body.fold(expr, !known);
      return bool;
    }
    case '-':
    case '~':
      return checkArithmetic(body, expr, operator);
  }
}

function checkArithmetic(body: Body, expr: UnaryExpr, operator: '-' | '~'): Type {
  const type = body.value(expr.operand);
  if (type.kind === 'none') return none;
  if (type.kind !== 'int' && type.kind !== 'enum') {
    body.diagnostics.error(expr.span, say.operatorType(operator, typeText(settled(type))));
    return none;
  }
  const value = body.constantOf(expr.operand);
  const number = value === undefined || typeof value === 'string' ? undefined : BigInt(value);
  if (number !== undefined && type.kind === 'int' && isWritten(expr.operand))
    return foldWritten(body, expr, operator, number);
  const literal = type.kind === 'int' && (isFlexible(type) || type.signed);
  const signed = operator === '-' || literal || integerOf(type).signed;
  if (number === undefined) return signed ? int64 : uint64;
  const folded = wrap(operator === '-' ? -number : ~number, signed);
  body.fold(expr, folded);
  return literal || expr.operand.kind === 'integer' ? literalType(folded) : signed ? int64 : uint64;
}

/** A number of the script's text has no width: its complement has 64 bits and no sign. */
function foldWritten(body: Body, expr: UnaryExpr, operator: '-' | '~', number: bigint): Type {
  const folded = operator === '-' ? -number : BigInt.asUintN(64, ~number);
  if (!fitsIn(folded, int64) && !fitsIn(folded, uint64)) {
    body.diagnostics.error(expr.span, say.negativeUnderflow);
    return none;
  }
  body.fold(expr, folded);
  return literalType(folded);
}

/** `$x++`, `@m[k]--`: `- 1` gives int64, `+ 1` keeps the sign. */
function checkStep(body: Body, expr: UnaryExpr, operator: '++' | '--'): Type {
  const { operand } = expr;
  if (operand.kind !== 'variable' && operand.kind !== 'map') {
    if (operand.kind === 'identifier' && findBuiltin(operand.name) !== undefined) body.check(operand);
    body.diagnostics.error(expr.span, say.stepTarget(operator));
    return none;
  }
  if (operand.kind === 'variable') {
    const type = readVariable(body, operand);
    if (type.kind === 'none') return none;
    body.facts.setType(operand, type);
    if (type.kind === 'pointer') return type;
    if (type.kind !== 'int') {
      body.diagnostics.error(expr.span, say.operatorType(operator, typeText(settled(type))));
      return none;
    }
    const result = stepped(operator, type);
    return assignVariable(body, operand, result, undefined, expr.span, true);
  }
  const state = useEntry(body, operand);
  const { value } = state;
  if (value !== undefined && value.kind !== 'int') {
    const number = numberOf(value);
    const shown = number === undefined ? typeText(settled(value)) : typeText(value);
    body.diagnostics.error(expr.span, say.operatorType(operator, shown));
    return none;
  }
  const result = value === undefined ? int64 : stepped(operator, value);
  storeInMap(body, operand, state, result, operand, expr.span, true);
  const type = state.value ?? int64;
  body.facts.setType(operand, type);
  return type;
}

const stepped = (operator: '++' | '--', type: Type): Type =>
  operator === '--' || isFlexible(type) || type.kind !== 'int' || type.signed ? int64 : uint64;

function checkAddress(body: Body, operand: Expr): Type {
  if (operand.kind === 'variable') {
    const type = readVariable(body, operand);
    body.facts.setType(operand, type);
    return type.kind === 'none' ? none : pointerTo(settled(type), 'bpf');
  }
  if (operand.kind === 'map') {
    const type = checkMapEntry(body, operand, 'entry');
    body.facts.setType(operand, type);
    return type.kind === 'none' ? none : pointerTo(settled(type), 'bpf');
  }
  body.check(operand);
  body.diagnostics.error(operand.span, say.addressTarget);
  return none;
}

function checkDereference(body: Body, expr: UnaryExpr, type: Type): Type {
  switch (type.kind) {
    case 'none':
      return none;
    case 'pointer':
      if (type.target.kind === 'void') {
        body.diagnostics.error(expr.span, say.derefVoid(typeText(type)));
        return none;
      }
      return type.target;
    // An address as a number, of `kaddr` or of arguments: 8 bytes are there.
    case 'int':
      return uint64;
    case 'context':
      return type.target.kind === 'void' ? none : type.target;
    case 'struct':
      body.diagnostics.error(expr.span, say.derefStruct(typeText(type)));
      return none;
    default:
      body.diagnostics.error(expr.span, say.notPointer(kindText(type)));
      return none;
  }
}

/** `$x += 1` as the expression that it stands for. */
export function compound(expr: {
  readonly operator: BinaryExpr['operator'];
  readonly span: Expr['span'];
  readonly left: Expr;
  readonly right: Expr;
}): BinaryExpr {
  return { kind: 'binary', operatorSpan: expr.span, ...expr };
}
