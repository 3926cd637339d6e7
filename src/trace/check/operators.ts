/** Operators of two operands. */
import type { BinaryExpr, BinaryOperator, Expr } from '../ast/nodes.ts';
import { typeText } from '../types/text.ts';
import { bool, type IntegerType, int64, none, string, type Type, uint64 } from '../types/type.ts';
import type { Body } from './body.ts';
import type { Constant } from './context.ts';
import { foldBinary, foldLiterals, foldText } from './fold.ts';
import { integerOf, isFlexible, literalType, promote, settled } from './integers.ts';
import * as say from './messages.ts';
import { sameType } from './unify.ts';

const comparisons: ReadonlySet<BinaryOperator> = new Set(['==', '!=', '<', '>', '<=', '>=']);

/** Numbers and pointers can be asked whether they are zero. */
export function isCondition({ kind }: Type): boolean {
  return kind === 'int' || kind === 'bool' || kind === 'enum' || kind === 'pointer' || kind === 'none';
}

export function truth(value: Constant | undefined): boolean | undefined {
  if (value === undefined || typeof value === 'string') return undefined;
  return value !== false && value !== 0n;
}

export function checkBinary(body: Body, expr: BinaryExpr): Type {
  const { operator } = expr;
  const left = body.value(expr.left);
  const right = body.value(expr.right);
  const [one, other] = [body.constantOf(expr.left), body.constantOf(expr.right)];
  const text = foldText(operator, one, other);
  if (text !== undefined) {
    if (text === '' && typeof one !== typeof other) body.diagnostics.warning(expr.span, say.alwaysEmpty);
    body.fold(expr, text);
    return typeof text === 'boolean' ? bool : string(text.length + 1);
  }
  if (
    typeof one === 'bigint' &&
    typeof other === 'bigint' &&
    isWritten(expr) &&
    left.kind === right.kind &&
    left.kind === 'int'
  ) {
    return foldWritten(body, expr, one, other);
  }
  const type = binaryType(body, expr, left, right);
  if (type.kind === 'none' || left.kind === 'none' || right.kind === 'none') return type;
  if (one === undefined || other === undefined) return type;
  const signed = type.kind !== 'int' || type.signed;
  const value = foldBinary(operator, one, other, signed && (isSigned(left) || isSigned(right)));
  if (value === undefined) return type;
  body.fold(expr, value);
  const literal = isLiteral(left) && isLiteral(right);
  return literal && typeof value === 'bigint' ? literalType(value) : type;
}

function foldWritten(body: Body, expr: BinaryExpr, one: bigint, other: bigint): Type {
  const value = foldLiterals(expr.operator, one, other);
  if (value === 'overflow') {
    body.diagnostics.error(expr.span, say.foldOverflow);
    return none;
  }
  body.fold(expr, value);
  return typeof value === 'bigint' ? literalType(value) : bool;
}

/** Made of numbers that the script names: a cast has given them a width. */
export function isWritten(expr: Expr): boolean {
  if (expr.kind === 'binary') return isWritten(expr.left) && isWritten(expr.right);
  if (expr.kind === 'unary') return isWritten(expr.operand);
  return expr.kind === 'integer' || expr.kind === 'identifier' || expr.kind === 'positional';
}

const isSigned = (type: Type): boolean => type.kind !== 'int' || type.signed;

/** Type of a literal, of either sign: what comes of two of them is one again. */
const isLiteral = (type: Type): boolean => type.kind === 'int' && (isFlexible(type) || type.signed);

/** The type of `left operator right`; says what does not go together. */
export function binaryType(body: Body, expr: BinaryExpr, left: Type, right: Type): Type {
  const { operator } = expr;
  if (operator === '&&' || operator === '||') {
    if (!isCondition(left) || !isCondition(right)) clash(body, expr, left, right);
    return bool;
  }
  const comparison = comparisons.has(operator);
  if (left.kind === 'none' || right.kind === 'none') return comparison ? bool : none;
  if (isNumeric(left) && isNumeric(right)) {
    return comparison ? compareNumbers(body, expr, left, right) : combineNumbers(body, expr, left, right);
  }
  if (left.kind === 'pointer' || right.kind === 'pointer') return pointerType(body, expr, left, right);
  if (comparison) return compareOthers(body, expr, left, right);
  clash(body, expr, left, right);
  return none;
}

type Numeric = Extract<Type, { kind: 'int' | 'enum' | 'bool' }>;
const isNumeric = (type: Type): type is Numeric =>
  type.kind === 'int' || type.kind === 'enum' || type.kind === 'bool';

/** A bool in arithmetic is 0 or 1. */
const asInteger = (type: Numeric): IntegerType => (type.kind === 'bool' ? literalType(1n) : integerOf(type));

/** Whoever writes a number knows its sign. */
const besideLiteral = (body: Body, { left, right }: BinaryExpr): boolean =>
  [left, right].some((operand) => isWritten(operand) && body.constantOf(operand) !== undefined);

function compareNumbers(body: Body, expr: BinaryExpr, left: Numeric, right: Numeric): Type {
  if (promote(asInteger(left), asInteger(right)).lossy && !besideLiteral(body, expr)) {
    body.diagnostics.warning(
      expr.operatorSpan,
      say.signsCompared(typeText(settled(left)), typeText(settled(right))),
    );
  }
  return bool;
}

function combineNumbers(body: Body, expr: BinaryExpr, left: Numeric, right: Numeric): Type {
  const { operator } = expr;
  const [one, other] = [asInteger(left), asInteger(right)];
  const shift = operator === '<<' || operator === '>>';
  if (operator === '/' || operator === '%') {
    const known = body.constantOf(expr.left) !== undefined && body.constantOf(expr.right) !== undefined;
    if (!known && ((one.signed && !isFlexible(one)) || (other.signed && !isFlexible(other)))) {
      body.diagnostics.warning(expr.operatorSpan, say.signedDivision(operator));
    }
  } else if (!shift && promote(one, other).lossy && !besideLiteral(body, expr)) {
    body.diagnostics.warning(
      expr.operatorSpan,
      say.signsCombined(typeText(settled(left)), typeText(settled(right))),
    );
  }
  if (operator === '-') return int64;
  if (shift) return one.signed ? int64 : uint64;
  const promoted = promote(one, other).type;
  return promoted.signed ? int64 : uint64;
}

function pointerType(body: Body, expr: BinaryExpr, left: Type, right: Type): Type {
  const { operator } = expr;
  if (comparisons.has(operator)) {
    if (left.kind === 'pointer' && right.kind === 'pointer') {
      const distinct = left.target.kind !== 'void' && right.target.kind !== 'void';
      if (distinct && !sameType(left.target, right.target)) {
        body.diagnostics.warning(expr.operatorSpan, say.pointersCompared(typeText(left), typeText(right)));
      }
      return bool;
    }
    if (isNumeric(left) || isNumeric(right)) return bool;
    mismatch(body, expr, left, right);
    return bool;
  }
  if (operator === '+' && left.kind === 'pointer' && isNumeric(right)) return left;
  if (operator === '+' && right.kind === 'pointer' && isNumeric(left)) return right;
  if (operator === '-' && left.kind === 'pointer' && isNumeric(right)) return left;
  refuse(body, expr, left, right);
  return none;
}

/** Texts, buffers, arrays, tuples, records, addresses: the same or not. */
function compareOthers(body: Body, expr: BinaryExpr, left: Type, right: Type): Type {
  const { operator } = expr;
  const equality = operator === '==' || operator === '!=';
  if (!comparable(left, right)) {
    if (left.kind === right.kind && left.kind === 'array') {
      body.diagnostics.error(expr.operatorSpan, say.arraysCompared);
    } else {
      mismatch(body, expr, left, right);
    }
    return bool;
  }
  if (!equality) refuse(body, expr, left, right);
  warnOfLongLiteral(body, expr, left, right);
  return bool;
}

function warnOfLongLiteral(body: Body, expr: BinaryExpr, left: Type, right: Type): void {
  for (const [literal, type] of [
    [expr.left, right],
    [expr.right, left],
  ] as const) {
    const value = body.constantOf(literal);
    if (typeof value !== 'string' || type.kind !== 'string') continue;
    const other = literal === expr.left ? expr.right : expr.left;
    if (body.constantOf(other) === undefined && value.length + 1 > type.size) {
      body.diagnostics.warning(literal.span, say.literalTooLong(type.size));
    }
  }
}

const comparableKinds: ReadonlySet<string> = new Set([
  ...['string', 'buffer', 'array', 'tuple', 'record', 'inet', 'macaddr', 'struct'],
  ...['ksym', 'usym', 'username', 'timestamp', 'cgroupPath', 'named', 'kstack', 'ustack'],
]);

function comparable(left: Type, right: Type): boolean {
  if (left.kind !== right.kind) {
    const text = (type: Type): boolean =>
      type.kind === 'string' ||
      (type.kind === 'array' && type.element.kind === 'int' && type.element.bits === 8);
    return text(left) && text(right);
  }
  if (!comparableKinds.has(left.kind)) return false;
  switch (left.kind) {
    case 'array': {
      const other = right as typeof left;
      return left.length === other.length && comparableElements(left.element, other.element);
    }
    case 'tuple': {
      const other = (right as typeof left).elements;
      return (
        left.elements.length === other.length &&
        left.elements.every((element, index) => comparableElements(element, other[index]!))
      );
    }
    case 'record': {
      const other = (right as typeof left).fields;
      return (
        left.fields.length === other.length &&
        left.fields.every(
          ({ name, type }, index) =>
            other[index]!.name === name && comparableElements(type, other[index]!.type),
        )
      );
    }
    case 'struct':
      return left.name === (right as typeof left).name;
    default:
      return true;
  }
}

const comparableElements = (left: Type, right: Type): boolean =>
  (isNumeric(left) && isNumeric(right)) ||
  (left.kind === 'pointer' && right.kind === 'pointer') ||
  comparable(left, right);

function refuse(body: Body, expr: BinaryExpr, left: Type, right: Type): void {
  const [one, other] = [typeText(settled(left)), typeText(settled(right))];
  body.diagnostics.error(expr.span, say.operatorTypes(expr.operator, one, other));
}

/** Types of two kinds. */
function mismatch(body: Body, expr: BinaryExpr, left: Type, right: Type): void {
  const [one, other] = [typeText(settled(left)), typeText(settled(right))];
  body.diagnostics.error(expr.span, say.comparedTypes(expr.operator, one, other), {
    related: [
      { message: say.leftOperand(one), span: expr.left.span },
      { message: say.rightOperand(other), span: expr.right.span },
    ],
  });
}

function clash(body: Body, expr: BinaryExpr, left: Type, right: Type): void {
  if (left.kind === right.kind) refuse(body, expr, left, right);
  else mismatch(body, expr, left, right);
}
