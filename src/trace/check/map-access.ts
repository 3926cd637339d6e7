/** Maps in expressions: entries that are read and written, their keys, maps as a whole. */
import type { Expr, MapExpr } from '../ast/nodes.ts';
import type { Span } from '../source.ts';
import { kindText, typeText } from '../types/text.ts';
import { int64, isAggregate, none, type Type, uint64 } from '../types/type.ts';
import type { Body } from './body.ts';
import type { MapUse } from './context.ts';
import { settled } from './integers.ts';
import type { MapState } from './map-table.ts';
import * as say from './messages.ts';
import { isKnown, sameType, unify } from './unify.ts';
import { growth } from './variables.ts';

/** The number that an aggregate is when it is read; undefined for those that are more than one. */
export function numberOf(type: Type): Type | undefined {
  switch (type.kind) {
    case 'count':
      return int64;
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
      return type.signed ? int64 : uint64;
    default:
      return undefined;
  }
}

/** `value`: a number where the map has an aggregate. `entry`: what the map holds. */
export function checkMapEntry(body: Body, expr: MapExpr, as: 'value' | 'entry'): Type {
  const state = useEntry(body, expr);
  if (state.value === undefined) {
    body.diagnostics.error(expr.nameSpan, say.undefinedMap(expr.name));
    return none;
  }
  if (as === 'entry' || !isAggregate(state.value)) return state.value;
  const number = numberOf(state.value);
  if (number === undefined) {
    body.diagnostics.error(expr.span, say.aggregateRead(typeText(state.value)));
    return none;
  }
  return number;
}

/** Notes a use with a key, or of a scalar map, and checks the key. */
export function useEntry(body: Body, expr: MapExpr): MapState {
  const state = body.program.maps.state(expr.name, expr.nameSpan);
  if (expr.key !== undefined) {
    checkMapKey(body, expr, expr.key);
    return state;
  }
  noteScalar(body, state, true, expr.span);
  return state;
}

export function checkMapKey(body: Body, map: MapExpr, key: Expr): void {
  const state = body.program.maps.state(map.name, map.nameSpan);
  const type = body.value(key);
  if (!noteScalar(body, state, false, map.span)) return;
  if (!isKnown(type)) return;
  const refused = refusedInKey(type);
  if (refused !== undefined) {
    body.diagnostics.error(key.span, refused);
    return;
  }
  if (state.key === undefined) {
    body.program.maps.setKey(state, type);
    return;
  }
  const unified = unify(state.key, type);
  if (unified === undefined) {
    const [given, has] = [typeText(settled(type)), typeText(settled(state.key))];
    body.diagnostics.error(map.span, say.keyMismatch(map.name, given, has));
    return;
  }
  if (unified.lossy) body.diagnostics.warning(key.span, say.signsMixed(map.name));
  if (!sameType(unified.type, state.key)) body.program.maps.setKey(state, growth(body, unified.type));
}

/** Why a value of this type cannot be in a key, or be an element of what is. */
function refusedInKey(type: Type): string | undefined {
  switch (type.kind) {
    case 'context':
      return say.contextKey;
    case 'void':
      return say.keyType(kindText(type));
    case 'tuple':
      return firstRefused(type.elements);
    case 'record':
      return firstRefused(type.fields.map((field) => field.type));
    default:
      return isAggregate(type) ? say.keyType(typeText(type)) : undefined;
  }
}

function firstRefused(types: readonly Type[]): string | undefined {
  for (const type of types) {
    const refused = refusedInKey(type);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function noteScalar(body: Body, state: MapState, scalar: boolean, span: Span): boolean {
  if (state.scalar === undefined) body.program.maps.setScalar(state, scalar);
  if (state.scalar === scalar) return true;
  const message = scalar ? say.scalarBeforeKeyed(state.name) : say.keyedBeforeScalar(state.name);
  body.diagnostics.error(span, message);
  return false;
}

export function mapAsWhole(body: Body, expr: MapExpr): MapUse {
  const state = body.program.maps.state(expr.name, expr.nameSpan);
  body.facts.setType(expr, state.value ?? none);
  if (state.value === undefined) body.diagnostics.error(expr.nameSpan, say.undefinedMap(expr.name));
  return state;
}

/** Puts a value of this type into an entry; `computed` where it comes of the entry itself (`@m += 1`). */
export function storeInMap(
  body: Body,
  target: MapExpr,
  state: MapState,
  type: Type,
  value: Expr,
  place: Span,
  computed = false,
): void {
  state.written = true;
  if (!isKnown(type)) return;
  if (type.kind === 'context') {
    body.diagnostics.error(value.span, say.contextValue);
    return;
  }
  if (type.kind === 'void') {
    body.diagnostics.error(value.span, say.valueType(typeText(type)));
    return;
  }
  if (state.value === undefined) {
    body.program.maps.setValue(state, type);
    return;
  }
  const mixed = mixedBuckets(state.value, type);
  if (mixed !== undefined) {
    body.diagnostics.error(value.span, mixed);
    return;
  }
  const unified = unify(state.value, type);
  if (unified === undefined) {
    const [given, has] = [typeText(settled(type)), typeText(settled(state.value))];
    body.diagnostics.error(place, say.mapMismatch(target.name, given, has));
    return;
  }
  if (unified.lossy && !computed) body.diagnostics.warning(target.span, say.signsMixed(target.name));
  if (!sameType(unified.type, state.value)) body.program.maps.setValue(state, growth(body, unified.type));
}

/** The buckets of a map are the same everywhere. */
function mixedBuckets(has: Type, given: Type): string | undefined {
  if (has.kind !== given.kind) return undefined;
  switch (has.kind) {
    case 'hist':
      return has.bits === (given as typeof has).bits ? undefined : say.histMixed;
    case 'lhist': {
      const other = given as typeof has;
      const same = has.min === other.min && has.max === other.max && has.step === other.step;
      return same ? undefined : say.lhistMixed;
    }
    case 'tseries': {
      const other = given as typeof has;
      const same =
        has.interval === other.interval &&
        has.intervals === other.intervals &&
        has.aggregate === other.aggregate;
      return same ? undefined : say.tseriesMixed;
    }
    default:
      return undefined;
  }
}
