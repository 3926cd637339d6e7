/** Whether the arguments of printf and the like fit their format. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { type Format, parseFormat, specifiersOf } from '../print/format-spec.ts';
import { typeText } from '../types/text.ts';
import type { Type } from '../types/type.ts';
import { literalText, unknown } from './rules.ts';

/** What a conversion takes. `s` takes everything that there is. */
function fits(conversion: string, type: Type): boolean {
  switch (conversion) {
    case 's':
      return true;
    case 'r':
    case 'rx':
    case 'rh':
      return type.kind === 'buffer';
    default:
      return type.kind === 'int' || type.kind === 'enum' || type.kind === 'bool' || type.kind === 'pointer';
  }
}

/** Of C's printf, but of no type that there is. */
const neverTaken: ReadonlySet<string> = new Set([...'eEfFgGaAn']);

/** Checks a call whose first argument is a format; gives the format if it can be used. */
export function checkFormat(
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  args: readonly Expr[],
): Format | undefined {
  const [first, ...values] = args;
  const text = literalText(context, call, first!);
  if (text === undefined) return undefined;
  const format = parseFormat(text);
  const specifiers = specifiersOf(format);
  if (specifiers.length > values.length) {
    context.diagnostics.error(call.span, say.tooFewForFormat(values.length, specifiers.length));
    return undefined;
  }
  if (specifiers.length < values.length) {
    context.diagnostics.error(call.span, say.tooManyForFormat(values.length, specifiers.length));
    return undefined;
  }
  for (const [index, { conversion }] of specifiers.entries()) {
    if (neverTaken.has(conversion)) {
      context.diagnostics.error(call.span, say.formatUnknown(conversion));
      continue;
    }
    const value = values[index]!;
    const type = context.typeOf(value);
    if (unknown(type)) {
      if (value.kind === 'call' && context.isNone(value)) {
        context.diagnostics.error(call.span, say.noneForFormat(conversion));
      }
    } else if (!fits(conversion, type)) {
      context.diagnostics.error(call.span, say.formatType(typeText(type), conversion));
    }
  }
  return format;
}
