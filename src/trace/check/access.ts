/** Fields, elements, indices. A `.` or `->` on a pointer goes through it by itself. */

import { nearestNames } from '../../text/nearest.ts';
import type { FieldExpr, IndexExpr, TupleAccessExpr } from '../ast/nodes.ts';
import { typeText } from '../types/text.ts';
import { int8, none, type StructType, type Type } from '../types/type.ts';
import type { Body } from './body.ts';
import { settled } from './integers.ts';
import * as say from './messages.ts';

export function checkField(body: Body, expr: FieldExpr): Type {
  const { base, name } = expr;
  const type = body.value(base);
  switch (type.kind) {
    case 'none':
      return none;
    case 'struct':
      return structField(body, expr, type);
    case 'record': {
      const at = type.fields.findIndex((one) => one.name === name);
      const field = type.fields[at];
      const known = body.facts.recordOf(base)?.[at];
      if (known !== undefined) body.fold(expr, known);
      if (field === undefined) {
        body.diagnostics.error(expr.span, say.noRecordField(name));
        return none;
      }
      return field.type;
    }
    case 'pointer':
    case 'context': {
      const { target } = type;
      if (target.kind === 'struct') return structField(body, expr, target);
      if (target.kind === 'record') {
        const field = target.fields.find((one) => one.name === name);
        if (field !== undefined) return field.type;
        body.diagnostics.error(expr.span, say.noRecordField(name));
        return none;
      }
      const message =
        target.kind === 'pointer'
          ? say.fieldOfPointer(name, typeText(type))
          : say.fieldOfOther(name, typeText(type));
      body.diagnostics.error(expr.span, message);
      return none;
    }
    default:
      body.diagnostics.error(expr.span, say.fieldOfOther(name, typeText(settled(type))));
      return none;
  }
}

function structField(body: Body, expr: FieldExpr, type: StructType): Type {
  const { base, name } = expr;
  const member = type.member(name);
  if (member !== undefined) return member.type;
  const ofArgs = (base.kind === 'identifier' || base.kind === 'call') && base.name === 'args';
  if (ofArgs && name.startsWith('common_')) {
    body.diagnostics.error(expr.nameSpan, say.commonField);
    return none;
  }
  const [near] = nearestNames(name, type.memberNames());
  const absent = type.absent?.(name);
  body.diagnostics.error(
    absent === undefined ? expr.nameSpan : expr.span,
    absent ?? say.noField(typeText(type), name),
    near === undefined ? {} : { hint: `Did you mean '${near}'?` },
  );
  return none;
}

export function checkIndex(body: Body, expr: IndexExpr): Type {
  const type = body.value(expr.base);
  const index = body.value(expr.index);
  if (type.kind === 'none') return none;
  const constant = body.constantOf(expr.index);
  if (type.kind === 'tuple' || type.kind === 'record') {
    const elements = type.kind === 'tuple' ? type.elements : type.fields.map((field) => field.type);
    if (typeof constant !== 'bigint' || constant < 0n) {
      if (index.kind !== 'none') body.diagnostics.error(expr.index.span, say.tupleConstant);
      return none;
    }
    const element = elements[Number(constant)];
    if (element === undefined) {
      body.diagnostics.error(expr.index.span, say.tupleIndex(constant, elements.length));
      return none;
    }
    return element;
  }
  if (index.kind !== 'int' && index.kind !== 'enum' && index.kind !== 'bool' && index.kind !== 'none') {
    body.diagnostics.error(expr.index.span, say.indexType(typeText(settled(index))));
  }
  switch (type.kind) {
    case 'array':
      checkBounds(body, expr, constant, type.length);
      return type.element;
    case 'string':
      checkBounds(body, expr, constant, type.size);
      return int8;
    case 'pointer':
      if (type.target.kind !== 'void') return type.target;
      body.diagnostics.error(expr.span, say.indexVoid);
      return none;
    default:
      body.diagnostics.error(expr.span, say.indexOther(typeText(settled(type))));
      return none;
  }
}

function checkBounds(body: Body, expr: IndexExpr, index: unknown, count: number): void {
  // The last array of a struct may go on behind its end: `char data[]`.
  if (typeof index !== 'bigint' || count === 0) return;
  if (index < 0n || index >= BigInt(count)) {
    body.diagnostics.error(expr.span, say.indexBounds(index, count));
  }
}

export function checkTupleAccess(body: Body, expr: TupleAccessExpr): Type {
  const type = body.value(expr.base);
  if (type.kind === 'none') return none;
  if (type.kind !== 'tuple') {
    body.diagnostics.error(expr.span, say.tupleAccess(expr.index, typeText(settled(type))));
    return none;
  }
  const element = type.elements[expr.index];
  if (element === undefined) {
    body.diagnostics.error(expr.span, say.tupleIndex(expr.index, type.elements.length));
    return none;
  }
  return element;
}
