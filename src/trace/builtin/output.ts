/** What goes to the user. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { output as lowerOutput } from '../lower/builtins/output.ts';
import { kindText } from '../types/text.ts';
import { none, type Type } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { checkFormat } from './format-arguments.ts';
import { isAddress, isInteger, literalInteger, literalText, requires, unknown } from './rules.ts';
import { timeOutput } from './time.ts';

/** A format and up to 128 arguments. */
const arity = [1, 129] as const;

function checkPrint(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type {
  const [value, ...rest] = args;
  if (value!.kind === 'map' && value!.key === undefined) {
    const use = context.map(value!);
    for (const argument of rest) {
      context.check(argument);
      literalInteger(context, call, argument);
    }
    if (rest.length > 0 && use.value?.kind === 'stats') {
      context.diagnostics.warning(call.span, say.printStats);
    }
    if (context.inLoop) context.diagnostics.warning(call.span, say.printInLoop);
    return none;
  }
  const type = value!.kind === 'map' ? context.checkEntry(value!) : context.check(value!);
  for (const argument of rest) context.check(argument);
  if (rest.length > 0) context.diagnostics.error(call.span, say.printOne(args.length));
  if (!unknown(type) && (type.kind === 'void' || type.kind === 'context')) {
    context.diagnostics.error(value!.span, say.notPrintable(kindText(type)));
  } else if (context.isNone(value!)) {
    context.diagnostics.error(value!.span, say.notPrintable('none'));
  }
  return none;
}

const formatted = (
  name: 'printf' | 'errorf' | 'warnf' | 'debugf' | 'cat' | 'system',
  signature: string,
  text: string,
  more: Partial<Builtin> = {},
): Builtin => ({
  name,
  kind: 'function',
  arity,
  check(context, call, args) {
    checkFormat(context, call, args);
    if (name === 'debugf') context.diagnostics.warning(call.span, say.debugfWarning);
    return none;
  },
  lower: lowerOutput[name],
  documentation: { section: 'effect', signature, text },
  ...more,
});

export const outputBuiltins: readonly Builtin[] = [
  {
    name: 'print',
    kind: 'function',
    arity: [1, 3],
    lazy: true,
    check: checkPrint,
    lower: lowerOutput.print,
    documentation: {
      section: 'effect',
      signature: 'void print(T value) / void print(map m[, const int top[, const int div]])',
      text: 'Prints a value, or a map: all of it, or its `top` greatest, divided by `div`.',
      example: 'interval:s:1 { print(@, 10); clear(@) }',
    },
  },
  formatted(
    'printf',
    'void printf(const string fmt, args…)',
    'Prints by a format, as in C; `%s` takes everything.',
  ),
  formatted('errorf', 'void errorf(const string fmt, args…)', 'As printf, as an error with its place.'),
  formatted('warnf', 'void warnf(const string fmt, args…)', 'As printf, as a warning with its place.'),
  formatted('debugf', 'void debugf(const string fmt, args…)', "Prints to the kernel's trace pipe."),
  formatted('cat', 'void cat(const string namefmt, args…)', 'Prints a file, up to max_cat_bytes.'),
  formatted(
    'system',
    'void system(const string namefmt, args…)',
    'Runs a command of the shell and prints what it prints.',
    { unsafe: true },
  ),
  timeOutput,
  {
    name: 'join',
    kind: 'function',
    arity: [1, 2],
    check(context, call, args) {
      requires(context, call, args[0]!, 'integer or pointer', isAddress);
      if (args[1] !== undefined) literalText(context, call, args[1]);
      return none;
    },
    lower: lowerOutput.join,
    documentation: {
      section: 'effect',
      signature: 'void join(char *arr[] [, const string sep])',
      text: 'Prints an array of strings such as argv in one line, at most 16 of at most 1024 bytes.',
      example: 'tracepoint:syscalls:sys_enter_execve { join(args.argv) }',
    },
  },
  {
    name: 'skboutput',
    kind: 'function',
    arity: [4, 4],
    probes: ['fentry', 'fexit', 'rawtracepoint', 'iter'],
    check(context, call, args): Type {
      literalText(context, call, args[0]!);
      requires(context, call, args[1]!, 'pointer', (type) => type.kind === 'pointer');
      requires(context, call, args[2]!, 'int', isInteger);
      requires(context, call, args[3]!, 'int', isInteger);
      return { kind: 'int', bits: 32, signed: false };
    },
    lower: lowerOutput.skboutput,
    documentation: {
      section: 'effect',
      signature:
        'uint32 skboutput(const string path, struct sk_buff *skb, uint64 length, const uint64 offset)',
      text: 'Writes the data of a packet to a pcap file.',
    },
  },
];
