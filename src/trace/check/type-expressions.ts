/** Types as they are written, and questions about types: sizeof, offsetof, typeof, typeinfo. */

import { nearestNames } from '../../text/nearest.ts';
import type { Expr, NamedTypeExpr, OffsetofExpr, TypeExpr, TypeQueryExpr } from '../ast/nodes.ts';
import type { AskedLayout } from '../checked.ts';
import type { Diagnostics } from '../diagnostic.ts';
import { layoutOf } from '../types/layout.ts';
import { typeText } from '../types/text.ts';
import {
  bool,
  int8,
  int16,
  int32,
  int64,
  none,
  pointerTo,
  string,
  type Type,
  uint8,
  uint16,
  uint32,
  uint64,
  voidType,
} from '../types/type.ts';
import type { Body } from './body.ts';
import type { TypeNames } from './environment.ts';
import { settled } from './integers.ts';
import { knownRecord, typeinfoValues } from './known-records.ts';
import * as say from './messages.ts';

/** Names that are types wherever they are written; BTF has the rest. */
const named: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['bool', bool],
  ['int8', int8],
  ['int16', int16],
  ['int32', int32],
  ['int64', int64],
  ['uint8', uint8],
  ['uint16', uint16],
  ['uint32', uint32],
  ['uint64', uint64],
  ['void', voidType],
  ['inet', { kind: 'inet' }],
  ['username_t', { kind: 'username' }],
  ['macaddr_t', { kind: 'macaddr' }],
  ['ksym_t', { kind: 'ksym' }],
  ['usym_t', { kind: 'usym' }],
  ['cgroup_path_t', { kind: 'cgroupPath', filter: '' }],
  ['timestamp', { kind: 'timestamp', format: '', clock: 'boot' }],
  ['count_t', { kind: 'count' }],
  ...(['sum', 'min', 'max', 'avg', 'stats'] as const).flatMap((kind): [string, Type][] => [
    [`${kind}_t`, { kind, signed: true }],
    [`u${kind}_t`, { kind, signed: false }],
  ]),
  // C's own, for casts as they are written in C.
  ['char', int8],
  ['short', int16],
  ['int', int32],
  ['long', int64],
]);

/** More would be no type of any use, and a size that overflows. */
const mostElements = 1n << 20n;

export interface TypeResolver {
  readonly types: TypeNames;
  readonly diagnostics: Diagnostics;
  readonly config: { readonly maxStrlen: number };
  /** The type of `typeof(expr)`; undefined outside of bodies. */
  expressionType?(expr: Expr): Type;
}

export const resolveType = (body: Body, type: TypeExpr): Type | undefined =>
  resolveTypeExpr(
    {
      types: body.types,
      diagnostics: body.diagnostics,
      config: body.config,
      expressionType: (expr) => body.value(expr),
    },
    type,
  );

export function resolveTypeExpr(by: TypeResolver, type: TypeExpr): Type | undefined {
  switch (type.kind) {
    case 'namedType':
      return resolveName(by, type);
    case 'pointerType': {
      // What cannot be found may still be pointed to.
      const target = resolveTypeExpr(by, type.target);
      return target && pointerTo(target);
    }
    case 'arrayType':
      return resolveArray(by, type);
    case 'typeofType':
      if (isTypeExpr(type.of)) return resolveTypeExpr(by, type.of);
      return known(by.expressionType?.(type.of));
  }
}

const known = (type: Type | undefined): Type | undefined =>
  type === undefined || type.kind === 'none' ? undefined : settled(type);

function resolveName(by: TypeResolver, { tag, name, span }: NamedTypeExpr): Type | undefined {
  if (tag === undefined) {
    const builtin = named.get(name);
    if (builtin !== undefined) return builtin;
    if (name === 'string') return string(by.config.maxStrlen);
    if (name === 'buffer') return { kind: 'buffer', size: by.config.maxStrlen };
  }
  const found = by.types.type(name, tag);
  if (found !== undefined) return found;
  const shown = tag === undefined ? name : `${tag} ${name}`;
  const suggested = by.types.suggest?.(name, tag) ?? [];
  const [near] =
    suggested.length > 0 ? suggested : tag === undefined ? nearestNames(name, [...named.keys()]) : [];
  by.diagnostics.error(
    span,
    say.unknownType(shown),
    near === undefined ? {} : { hint: `Did you mean '${near}'?` },
  );
  return undefined;
}

function resolveArray(
  by: TypeResolver,
  { element: of, length, span }: Extract<TypeExpr, { kind: 'arrayType' }>,
): Type | undefined {
  if (length !== undefined && length > mostElements) {
    by.diagnostics.error(span, say.arraySize);
    return undefined;
  }
  // `string[64]`, `buffer[16]`, `inet[4]`: a size.
  if (of.kind === 'namedType' && of.tag === undefined && length !== undefined) {
    if (of.name === 'string' || of.name === 'buffer') return { kind: of.name, size: Number(length) };
    if (of.name === 'inet') return { kind: 'inet' };
  }
  const element = resolveTypeExpr(by, of);
  if (element === undefined) return undefined;
  if (length === undefined) {
    by.diagnostics.error(span, say.arrayLength(`${typeText(element)}[]`));
    return undefined;
  }
  return { kind: 'array', element, length: Number(length) };
}

const typeExprKinds: ReadonlySet<string> = new Set(['namedType', 'pointerType', 'arrayType', 'typeofType']);
export const isTypeExpr = (of: TypeExpr | Expr): of is TypeExpr => typeExprKinds.has(of.kind);

/** What a query asks of: a type, or an expression's. */
export function queriedType(body: Body, of: TypeExpr | Expr): Type | undefined {
  if (isTypeExpr(of)) return body.resolve(of);
  // A name of BTF looks like any other name: `sizeof(pid_t)`.
  if (of.kind === 'identifier') {
    const type = named.get(of.name) ?? body.types.type(of.name, undefined);
    if (type !== undefined) return type;
  }
  if (of.kind === 'typeQuery' && of.query === 'typeof') return queriedType(body, of.of);
  const type = of.kind === 'map' && of.key === undefined ? body.map(of).value : body.value(of);
  return known(type);
}

export function checkTypeQuery(body: Body, expr: TypeQueryExpr): Type {
  const type = queriedType(body, expr.of);
  switch (expr.query) {
    case 'sizeof':
      if (type === undefined) return uint64;
      body.fold(expr, BigInt(layoutOf(type).size));
      body.facts.setLayouts(expr, [{ type }]);
      return uint64;
    case 'typeof':
      body.diagnostics.error(expr.span, say.typeofValue);
      return none;
    case 'typeinfo':
      return typeinfoType(body, expr, type);
  }
}

function typeinfoType(body: Body, expr: TypeQueryExpr, type: Type | undefined): Type {
  const { typeinfo } = body.config.unstable;
  if (typeinfo === 'error') body.diagnostics.error(expr.span, say.unstableError('unstable_typeinfo'));
  if (typeinfo === 'warn') body.diagnostics.warning(expr.span, say.unstableWarning('unstable_typeinfo'));
  return type === undefined ? none : knownRecord(body, expr, typeinfoValues(type));
}

export function checkOffsetof(body: Body, expr: OffsetofExpr): Type {
  let type = queriedType(body, expr.of);
  let offset = 0;
  const layouts: AskedLayout[] = [];
  for (const name of expr.path) {
    if (type === undefined) return uint64;
    if (type.kind === 'pointer') type = type.target;
    if (type.kind !== 'struct') {
      body.diagnostics.error(expr.span, say.offsetofStruct(typeText(type)));
      return uint64;
    }
    const member = type.member(name);
    if (member === undefined) {
      body.diagnostics.error(expr.span, say.noField(typeText(type), name));
      return uint64;
    }
    if (member.bitfield !== undefined) {
      body.diagnostics.error(expr.span, say.offsetofBits(name));
      return uint64;
    }
    layouts.push({ type, member: name });
    offset += member.offset;
    type = member.type;
  }
  body.fold(expr, BigInt(offset));
  body.facts.setLayouts(expr, layouts);
  return uint64;
}
