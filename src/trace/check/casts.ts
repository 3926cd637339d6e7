/** `(type)value` */
import type { CastExpr } from '../ast/nodes.ts';
import { layoutOf } from '../types/layout.ts';
import { typeText } from '../types/text.ts';
import { isAggregate, none, pointerTo, type Type } from '../types/type.ts';
import type { Body } from './body.ts';
import { isFlexible, settled } from './integers.ts';
import * as say from './messages.ts';
import { sameType } from './unify.ts';

export function checkCast(body: Body, expr: CastExpr): Type {
  const from = body.value(expr.value);
  const to = castTarget(body, expr, from);
  if (to === undefined || from.kind === 'none') return to ?? none;
  if (sameType(settled(from), to) && !isFlexible(from)) {
    if (typeof body.constantOf(expr.value) !== 'bigint') {
      body.diagnostics.warning(expr.span, say.castUnnecessary(typeText(to)));
    }
  } else {
    const refused = refusal(from, to);
    if (refused !== undefined) {
      body.diagnostics.error(expr.span, refused);
      return to;
    }
  }
  foldCast(body, expr, to);
  // What the number was of: a user's pointer stays one through a cast.
  if (to.kind === 'pointer' && to.space === 'unknown') {
    if (from.kind === 'pointer') return { ...to, space: from.space };
    if (from.kind === 'context') return pointerTo(to.target, 'kernel');
  }
  return to;
}

/** The type that is written; an array of no length takes it of the value. */
function castTarget(body: Body, { type }: CastExpr, from: Type): Type | undefined {
  if (type.kind === 'arrayType' && type.length === undefined) {
    const element = body.resolve(type.element);
    if (element === undefined || from.kind === 'none') return undefined;
    if (element.kind === 'string' || element.kind === 'buffer') return { ...element, size: sizeOf(from) };
    const each = layoutOf(element).size;
    const size = sizeOf(from);
    if (each === 0 || size % each !== 0) {
      body.diagnostics.error(type.span, say.castSize(size, each));
      return undefined;
    }
    return { kind: 'array', element, length: size / each };
  }
  return body.resolve(type);
}

const sizeOf = (type: Type): number => {
  const known = settled(type);
  // A literal that becomes an array is as wide as every number of the language.
  return known.kind === 'int' && isFlexible(type)
    ? 8
    : known.kind === 'buffer'
      ? known.size
      : layoutOf(known).size;
};

const isNumber = ({ kind }: Type): boolean => kind === 'int' || kind === 'enum' || kind === 'bool';
const isBytes = ({ kind }: Type): boolean => kind === 'array' || kind === 'string' || kind === 'buffer';

function refusal(from: Type, to: Type): string | undefined {
  const [given, wanted] = [typeText(settled(from)), typeText(to)];
  if (to.kind === 'struct') return say.castToStruct(wanted);
  if (isAggregate(to) || to.kind === 'void') return say.castFrom(given, wanted);
  if (from.kind === 'struct') {
    // A struct as the bytes that it is.
    const fits = to.kind === 'array' && layoutOf(to).size === from.size;
    return fits ? undefined : say.castFromStruct(given);
  }
  if (isNumber(to)) {
    if (isNumber(from) || from.kind === 'pointer' || from.kind === 'context') return undefined;
    if (from.kind === 'ksym' || from.kind === 'usym' || from.kind === 'timestamp') return undefined;
    if (from.kind === 'named' || from.kind === 'username') return undefined;
    if (from.kind !== 'array') return say.castFrom(given, wanted);
    const [have, need] = [layoutOf(from).size, layoutOf(to).size];
    return have === need ? undefined : say.castSize(have, need);
  }
  if (to.kind === 'pointer') {
    if (isNumber(from) || from.kind === 'pointer' || from.kind === 'context') return undefined;
    return from.kind === 'array' ? undefined : say.castFrom(given, wanted);
  }
  if (to.kind === 'array') {
    if (isNumber(from)) {
      const [have, need] = [isFlexible(from) ? 8 : layoutOf(from).size, layoutOf(to).size];
      return have === need || isFlexible(from) ? undefined : say.castSize(have, need);
    }
    if (!isBytes(from)) return say.castFrom(given, wanted);
    const [have, need] = [sizeOf(from), layoutOf(to).size];
    return have === need || from.kind !== 'array' ? undefined : say.castSize(have, need);
  }
  if (to.kind === 'string' || to.kind === 'buffer') {
    return isBytes(from) ? undefined : say.castFrom(given, wanted);
  }
  if (to.kind === 'inet' || to.kind === 'macaddr' || to.kind === 'timestamp' || to.kind === 'username') {
    return to.kind === from.kind || isNumber(from) || from.kind === 'array'
      ? undefined
      : say.castFrom(given, wanted);
  }
  if (to.kind === 'ksym' || to.kind === 'usym' || to.kind === 'cgroupPath') {
    return isNumber(from) || from.kind === 'pointer' ? undefined : say.castFrom(given, wanted);
  }
  return sameType(settled(from), to) ? undefined : say.castFrom(given, wanted);
}

function foldCast(body: Body, expr: CastExpr, to: Type): void {
  const value = body.constantOf(expr.value);
  if (value === undefined) return;
  if (typeof value === 'string') {
    if (to.kind === 'string') body.fold(expr, value.slice(0, Math.max(0, to.size - 1)));
    return;
  }
  if (to.kind === 'bool') body.fold(expr, value !== 0n && value !== false);
  else if (to.kind === 'int' || to.kind === 'enum') {
    const number = BigInt(value);
    body.fold(expr, to.signed ? BigInt.asIntN(to.bits, number) : BigInt.asUintN(to.bits, number));
  }
}
