/** Text: read from memory, measured, compared, searched. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { parameterBytes } from '../check/parameters.ts';
import { strings as lowerStrings } from '../lower/builtins/strings.ts';
import { typeText } from '../types/text.ts';
import { bool, int64, string, type Type, uint64 } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { compiledAway, isAddress, isInteger, isText, requires, unknown } from './rules.ts';

/** Bytes that a text takes with its zero. */
function sizeOf(type: Type): number {
  switch (type.kind) {
    case 'string':
      return type.size;
    case 'buffer':
      return type.size + 1;
    case 'array':
      return type.length + 1;
    default:
      return 1;
  }
}

/** `str($1)` and `str($1 + 2)`: the text of a parameter. */
function parameterText(context: CheckContext, argument: Expr): string | undefined {
  if (argument.kind === 'positional') return context.environment.positional[argument.index - 1] ?? '';
  if (argument.kind !== 'binary' || argument.operator !== '+') return undefined;
  const { left, right } = argument;
  const [parameter, offset] = left.kind === 'positional' ? [left, right] : [right, left];
  if (parameter.kind !== 'positional') return undefined;
  const text = context.environment.positional[parameter.index - 1] ?? '';
  context.check(offset);
  const skipped = context.constantOf(offset);
  if (typeof skipped !== 'bigint' || skipped < 0n || skipped > BigInt(text.length)) {
    context.diagnostics.error(argument.span, say.parameterOffset(text.length));
    return '';
  }
  return text.slice(Number(skipped));
}

function checkStr(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type {
  const [from, length] = args;
  const most = context.config.maxStrlen;
  const parameter = parameterText(context, from!);
  if (parameter !== undefined) {
    if (from!.kind === 'positional') context.noteParameter(from!);
    if (length !== undefined) context.check(length);
    const cut = length === undefined ? undefined : context.constantOf(length);
    let bytes = parameterBytes(parameter);
    if (typeof cut === 'bigint' && cut >= 0n && cut < BigInt(bytes.length))
      bytes = bytes.slice(0, Number(cut));
    context.fold(call, bytes);
    return string(bytes.length + 1);
  }
  const type = context.check(from!);
  if (from!.kind === 'integer') {
    // As a parameter that is a number: its digits.
    if (length !== undefined) context.check(length);
    const cut = length === undefined ? undefined : context.constantOf(length);
    if (typeof cut === 'bigint' && cut < 0n)
      context.diagnostics.error(call.span, say.negativeLength('str', cut));
    const digits = String(context.constantOf(from!));
    context.fold(call, digits);
    return string(digits.length + 1);
  }
  if (!unknown(type) && !isAddress(type) && !isText(type)) {
    context.diagnostics.error(call.span, say.strArgument(typeText(type)));
  }
  let size = most;
  if (type.kind === 'array' || type.kind === 'string') size = Math.min(most, sizeOf(type));
  if (length === undefined) return string(size);
  const lengthType = context.check(length);
  if (!unknown(lengthType)) requires(context, call, length, 'int', isInteger);
  const value = context.constantOf(length);
  if (typeof value !== 'bigint') return string(size);
  if (value < 0n) {
    context.diagnostics.error(call.span, say.negativeLength('str', value));
    return string(size);
  }
  if (value + 1n > BigInt(most)) {
    if (value > BigInt(most)) {
      context.diagnostics.warning(call.span, say.lengthShortened('str', value, most));
    }
    return string(size);
  }
  return string(Math.min(size, Number(value) + 1));
}

const text = (context: CheckContext, call: CallExpr | IdentifierExpr, argument: Expr): boolean =>
  requires(context, call, argument, 'string', isText);

export const stringBuiltins: readonly Builtin[] = [
  {
    name: 'str',
    kind: 'function',
    arity: [1, 2],
    lazy: true,
    check: checkStr,
    lower: lowerStrings.str,
    documentation: {
      section: 'value',
      signature: 'string str(char *data [, uint32 length])',
      text: 'The text at an address, up to its zero, up to max_strlen; `str($1)` is a parameter of the script.',
      example: 'tracepoint:syscalls:sys_enter_openat { print(str(args.filename)) }',
    },
  },
  {
    name: 'str_concat',
    kind: 'function',
    arity: [2, 2],
    check(context, call, args) {
      let size = 1;
      for (const argument of args) {
        text(context, call, argument);
        size += sizeOf(context.typeOf(argument)) - 1;
      }
      return string(Math.min(size, context.config.maxStrlen));
    },
    lower: lowerStrings.str_concat,
    documentation: {
      section: 'value',
      signature: 'string str_concat(string a, string b)',
      text: 'Two texts, one after the other.',
    },
  },
  {
    name: 'strcap',
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    check(context, call, args) {
      if (text(context, call, args[0]!)) context.fold(call, BigInt(sizeOf(context.typeOf(args[0]!))));
      return uint64;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'uint64 strcap(string s)',
      text: 'How many bytes the string has room for, its zero included.',
    },
  },
  {
    name: 'strlen',
    kind: 'function',
    arity: [1, 1],
    check(context, call, args) {
      text(context, call, args[0]!);
      const value = context.constantOf(args[0]!);
      if (typeof value === 'string') context.fold(call, BigInt(lengthOf(value)));
      return uint64;
    },
    lower: lowerStrings.strlen,
    documentation: { section: 'value', signature: 'uint64 strlen(string s)', text: 'Bytes before the zero.' },
  },
  {
    name: 'strcontains',
    kind: 'function',
    arity: [2, 2],
    check(context, call, args) {
      for (const argument of args) text(context, call, argument);
      return bool;
    },
    lower: lowerStrings.strcontains,
    documentation: {
      section: 'value',
      signature: 'bool strcontains(string haystack, string needle)',
      text: 'Whether a text is within another.',
    },
  },
  {
    name: 'strstr',
    kind: 'function',
    arity: [2, 2],
    check(context, call, args) {
      for (const argument of args) text(context, call, argument);
      return int64;
    },
    lower: lowerStrings.strstr,
    documentation: {
      section: 'value',
      signature: 'int64 strstr(string haystack, string needle)',
      text: 'Where a text is within another, from 0; -1 if it is not.',
    },
  },
  {
    name: 'strncmp',
    kind: 'function',
    arity: [3, 3],
    check(context, call, args) {
      text(context, call, args[0]!);
      text(context, call, args[1]!);
      const size = context.constantOf(args[2]!);
      if ((typeof size !== 'bigint' || size < 0n) && !unknown(context.typeOf(args[2]!))) {
        context.diagnostics.error(call.span, say.strncmpNegative);
      }
      return uint64;
    },
    lower: lowerStrings.strncmp,
    documentation: {
      section: 'value',
      signature: 'uint64 strncmp(string a, string b, const int n)',
      text: '0 if the first `n` bytes are the same, else another number.',
    },
  },
  {
    name: 'default_str_length',
    kind: 'function',
    arity: [0, 0],
    compileTime: true,
    check(context, call) {
      context.fold(call, BigInt(context.config.maxStrlen));
      return uint64;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'uint64 default_str_length()',
      text: 'What a string has room for if nothing is said: max_strlen.',
    },
  },
];

function lengthOf(bytes: string): number {
  const end = bytes.indexOf('\0');
  return end < 0 ? bytes.length : end;
}
