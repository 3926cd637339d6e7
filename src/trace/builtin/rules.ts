/** What many built-ins ask of their arguments, said once. */
import type { CallExpr, Expr, IdentifierExpr, MapExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import type { Lowered } from '../lower/context.ts';
import { kindText } from '../types/text.ts';
import type { IntegerType, PointerType, Type } from '../types/type.ts';

/** Of what the checker has answered: no code is left of it. */
export const compiledAway = (): Lowered => ({ kind: 'none' });

/** `none`: not known yet, or an error that was said where it is. */
export const unknown = (type: Type): boolean => type.kind === 'none';

export function isNumber(type: Type): boolean {
  return type.kind === 'int' || type.kind === 'enum' || type.kind === 'bool';
}

export const isInteger = (type: Type): boolean => type.kind === 'int' || type.kind === 'enum';

/** A pointer to, or an array or string of, single bytes. */
export function isText(type: Type): boolean {
  if (type.kind === 'string' || type.kind === 'buffer') return true;
  return type.kind === 'array' && type.element.kind === 'int' && type.element.bits === 8;
}

export const isPointer = (type: Type): type is PointerType => type.kind === 'pointer';
export const isAddress = (type: Type): boolean => isPointer(type) || isInteger(type);

export const signedOf = (type: Type): boolean =>
  type.kind === 'int' || type.kind === 'enum' ? (type as IntegerType).signed : false;

/** False, after saying so at the call, unless the argument is of one of these sorts. */
export function requires(
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  argument: Expr,
  wanted: string,
  fits: (type: Type) => boolean,
): boolean {
  const type = context.typeOf(argument);
  if (unknown(type) || fits(type)) return true;
  context.diagnostics.error(call.span, say.onlySupports(call.name, wanted, kindText(type)));
  return false;
}

/** A string that is known before running; undefined after saying that it is not. */
export function literalText(
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  argument: Expr,
): string | undefined {
  const value = context.constantOf(argument);
  if (typeof value === 'string') return value;
  const type = context.typeOf(argument);
  if (unknown(type)) return undefined;
  context.diagnostics.error(call.span, say.expectsLiteral(call.name, 'string', kindText(type)));
  return undefined;
}

/** An integer that is known before running; undefined after saying that it is not. */
export function literalInteger(
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  argument: Expr,
): bigint | undefined {
  const value = context.constantOf(argument);
  if (typeof value === 'bigint') return value;
  const type = context.typeOf(argument);
  if (unknown(type)) return undefined;
  context.diagnostics.error(call.span, say.expectsLiteral(call.name, 'int', kindText(type)));
  return undefined;
}

/** The first argument as a map without a key; undefined after saying that it is none. */
export function wholeMap(
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  argument: Expr,
): MapExpr | undefined {
  if (argument.kind !== 'map') {
    context.diagnostics.error(argument.span, say.expectsMapArgument(call.name));
    return undefined;
  }
  if (argument.key !== undefined) {
    context.check(argument);
    context.diagnostics.error(argument.span, say.printIndexed(call.name));
    return undefined;
  }
  return argument;
}

/** A bare word: the name of a mode. */
export const wordOf = (argument: Expr | undefined): string | undefined =>
  argument?.kind === 'identifier' ? argument.name : undefined;

/** A feature that may still change: a warning or an error until the config says otherwise. */
export function unstable(
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  setting: 'enable' | 'warn' | 'error',
  key: string,
): void {
  if (setting === 'warn') context.diagnostics.warning(call.span, say.unstableWarning(key));
  if (setting === 'error') context.diagnostics.error(call.span, say.unstableError(key));
}
