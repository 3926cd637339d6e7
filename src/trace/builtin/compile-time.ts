/** What is known before the script runs: types of expressions, options of the command line, assertions. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext, Constant } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { readInteger } from '../check/parameters.ts';
import { memory as lowerMemory } from '../lower/builtins/memory.ts';
import { typeText } from '../types/text.ts';
import { bool, int64, none, pointerTo, string, type Type, uint64 } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { checkFormat } from './format-arguments.ts';
import { compiledAway, literalText, unknown } from './rules.ts';

function question(name: string, text: string, answer: (type: Type) => boolean): Builtin {
  return {
    name,
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    check(context, call, args) {
      const type = context.typeOf(args[0]!);
      if (!unknown(type)) context.fold(call, answer(type));
      return bool;
    },
    lower: compiledAway,
    documentation: { section: 'compile time', signature: `bool ${name}(x)`, text },
  };
}

/** A value of the command line as the type of the default asks for it; undefined if it does not fit. */
function optionValue(given: string | true, like: Constant): Constant | undefined {
  if (typeof like === 'boolean') {
    if (given === true || given === 'true' || given === '1') return true;
    return given === 'false' || given === '0' ? false : undefined;
  }
  if (given === true) return typeof like === 'string' ? '' : undefined;
  if (typeof like === 'string') return Buffer.from(given, 'utf8').toString('latin1');
  return readInteger(given);
}

function checkGetopt(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type {
  const name = context.constantOf(args[0]!);
  if (typeof name !== 'string') {
    context.diagnostics.error(args[0]!.span, say.getoptName);
    return bool;
  }
  const fallback = args[1] === undefined ? false : context.constantOf(args[1]);
  if (fallback === undefined) {
    context.diagnostics.error(args[1]!.span, say.getoptDefault);
    return none;
  }
  if (args[2] !== undefined) literalText(context, call, args[2]);
  context.noteOption(name, args[2] === undefined ? '' : String(context.constantOf(args[2]) ?? ''));
  const given = context.environment.named.get(name);
  let value: Constant = fallback;
  if (given !== undefined) {
    const read = optionValue(given, fallback);
    if (read !== undefined) value = read;
    else {
      const wanted = typeof fallback === 'boolean' ? 'true, false, 1 or 0' : 'a number';
      context.diagnostics.error(call.span, say.getoptValue(name, given === true ? '' : given, wanted));
    }
  }
  context.fold(call, value);
  if (typeof value === 'boolean') return bool;
  if (typeof value === 'string') return string(value.length + 1);
  return value < 0n ? int64 : value > 0x7fffffffffffffffn ? uint64 : int64;
}

/** `container_of(ptr, typeof(struct T), member)` */
function checkContainer(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type {
  const [from, of, member] = args;
  const type = context.check(from!);
  if (!unknown(type) && type.kind !== 'pointer') {
    context.diagnostics.error(from!.span, say.onlySupports(call.name, 'pointer', typeText(type)));
    return none;
  }
  const container = of!.kind === 'typeQuery' && of!.query === 'typeof' ? context.typeQueried(of!) : undefined;
  if (container === undefined || container.kind !== 'struct') {
    context.diagnostics.error(of!.span, say.containerType);
    return none;
  }
  if (member!.kind !== 'identifier' || container.member(member!.name) === undefined) {
    context.diagnostics.error(
      member!.span,
      say.noField(typeText(container), member!.kind === 'identifier' ? member!.name : member!.kind),
    );
    return none;
  }
  return pointerTo(container, type.kind === 'pointer' ? type.space : 'unknown');
}

export const compileTimeBuiltins: readonly Builtin[] = [
  question('is_array', 'Whether the type is an array.', (type) => type.kind === 'array'),
  question('is_integer', 'Whether the type is an integer.', (type) => type.kind === 'int'),
  question(
    'is_unsigned_integer',
    'Whether the type is an unsigned integer.',
    (type) => type.kind === 'int' && !type.signed,
  ),
  question('is_ptr', 'Whether the type is a pointer.', (type) => type.kind === 'pointer'),
  question('is_str', 'Whether the type is a string.', (type) => type.kind === 'string'),
  {
    name: 'is_scalar',
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    lazy: true,
    check(context, call, args) {
      const [of] = args;
      if (of!.kind === 'map' && of!.key === undefined) {
        const { scalar } = context.map(of!);
        if (scalar !== undefined) context.fold(call, scalar);
        return bool;
      }
      context.check(of!);
      context.diagnostics.error(call.span, say.scalarMap);
      return bool;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'bool is_scalar(map m)',
      text: 'Whether a map has no keys.',
    },
  },
  {
    name: 'is_literal',
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    check(context, call, args) {
      context.fold(call, context.constantOf(args[0]!) !== undefined);
      return bool;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'bool is_literal(x)',
      text: 'Whether the value is known before the script runs.',
    },
  },
  {
    name: 'getopt',
    kind: 'function',
    arity: [1, 3],
    compileTime: true,
    check: checkGetopt,
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'bool|int64|string getopt(const string name[, default[, const string description]])',
      text: 'An option of the script, given behind `--`: `-- --name=value`. The default decides its type.',
      example: 'begin { @ = getopt("limit", 10, "how many") }',
    },
  },
  {
    name: 'container_of',
    kind: 'function',
    arity: [3, 3],
    lazy: true,
    check: checkContainer,
    lower: lowerMemory.container_of,
    documentation: {
      section: 'value',
      signature: 'T * container_of(ptr, typeof(T), member)',
      text: 'The struct that a pointer to one of its members is within.',
    },
  },
  {
    name: 'static_assert',
    kind: 'function',
    arity: [2, 2],
    compileTime: true,
    check(context, call, args) {
      const message = literalText(context, call, args[1]!);
      const condition = context.constantOf(args[0]!);
      if (condition === undefined) {
        if (!unknown(context.typeOf(args[0]!))) {
          context.diagnostics.error(args[0]!.span, say.notConstant('static_assert'));
        }
      } else if (!truthy(condition) && message !== undefined) {
        context.diagnostics.error(call.span, message);
      }
      return none;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'void static_assert(const bool condition, const string message)',
      text: 'The script is refused with the message if the condition is false.',
    },
  },
  {
    name: 'assert_str',
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    check(context, call, args) {
      const type = context.typeOf(args[0]!);
      if (!unknown(type) && type.kind !== 'string') {
        context.diagnostics.error(call.span, say.onlySupports('assert_str', 'string', typeText(type)));
      }
      return none;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'void assert_str(x)',
      text: 'The script is refused if the value is no string.',
    },
  },
  {
    name: 'fail',
    kind: 'function',
    arity: [1, 129],
    compileTime: true,
    check(context, call, args) {
      const format = checkFormat(context, call, args);
      if (format === undefined) return none;
      let next = 1;
      const text = format.parts
        .map((part) => (typeof part === 'string' ? part : shown(context, args[next++]!)))
        .join('');
      context.diagnostics.error(call.span, text);
      return none;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'void fail(const string fmt, args…)',
      text: 'The script is refused if this is reached when it is compiled: in a branch that is not left out.',
    },
  },
];

const truthy = (value: Constant): boolean => value !== false && value !== 0n && value !== '';

/** An argument of `fail`: its value where it is known, else its type. */
const shown = (context: CheckContext, expr: Expr): string =>
  String(context.constantOf(expr) ?? typeText(context.typeOf(expr)));
