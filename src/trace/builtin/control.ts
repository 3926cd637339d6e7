/** What changes the course of the script, or of the program that is traced. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { control as lowerControl, signal } from '../lower/builtins/control.ts';
import { none, type Type } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { isAddress, isInteger, isNumber, literalText, requires, unknown } from './rules.ts';

/** Linux's numbers, arch/x86/include/uapi/asm/signal.h and asm-generic alike for the first 31. */
const signals: ReadonlyMap<string, number> = new Map(
  [
    ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2', 'PIPE'],
    ...['ALRM', 'TERM', 'STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ'],
    ...['VTALRM', 'PROF', 'WINCH', 'IO', 'PWR', 'SYS'],
  ].map((name, index) => [name, index + 1]),
);

/** The number of `SIGUSR1` or `USR1`. */
export const signalNumber = (name: string): number | undefined => signals.get(name.replace(/^SIG/, ''));

function checkSignal(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type {
  const [signal] = args;
  const value = context.constantOf(signal!);
  const type = context.typeOf(signal!);
  if (typeof value === 'string') {
    if (signalNumber(value) === undefined) context.diagnostics.error(signal!.span, say.notSignal(value));
  } else if (typeof value === 'bigint') {
    if (value < 1n || value > 64n) context.diagnostics.error(signal!.span, say.signalRange(value));
  } else if (!unknown(type) && !isInteger(type)) {
    context.diagnostics.error(call.span, say.signalArgument);
  }
  return none;
}

const signalProbes = [
  'kprobe',
  'kretprobe',
  'uprobe',
  'uretprobe',
  'usdt',
  'tracepoint',
  'rawtracepoint',
  'profile',
  'fentry',
  'fexit',
] as const;

export const controlBuiltins: readonly Builtin[] = [
  {
    name: 'exit',
    kind: 'function',
    arity: [0, 1],
    check(context, call, args) {
      if (args[0] !== undefined) requires(context, call, args[0], 'int', isInteger);
      if (context.inLoop) context.diagnostics.error(call.span, say.exitInLoop);
      return none;
    },
    lower: lowerControl.exit,
    documentation: {
      section: 'effect',
      signature: 'void exit([int code])',
      text: 'Ends the script, after what it still has to print; leaves the probe at once.',
    },
  },
  {
    name: 'assert',
    kind: 'function',
    arity: [2, 2],
    check(context, call, args) {
      requires(context, call, args[0]!, 'bool', (type) => isNumber(type) || type.kind === 'pointer');
      literalText(context, call, args[1]!);
      return none;
    },
    lower: lowerControl.assert,
    documentation: {
      section: 'effect',
      signature: 'void assert(bool condition, const string message)',
      text: 'Ends the script with 1 and the message if the condition is false.',
    },
  },
  {
    name: 'signal',
    kind: 'function',
    arity: [1, 1],
    unsafe: true,
    probes: signalProbes,
    check: checkSignal,
    lower: signal('send_signal', signalNumber),
    documentation: {
      section: 'effect',
      signature: 'void signal(const string sig | uint32 signum)',
      text: 'Sends a signal to the current process.',
    },
  },
  {
    name: 'signal_thread',
    kind: 'function',
    arity: [1, 1],
    unsafe: true,
    probes: signalProbes,
    check: checkSignal,
    lower: signal('send_signal_thread', signalNumber),
    documentation: {
      section: 'effect',
      signature: 'void signal_thread(const string sig | uint32 signum)',
      text: 'Sends a signal to the current thread.',
    },
  },
  {
    name: 'override',
    kind: 'function',
    arity: [1, 1],
    unsafe: true,
    check(context, call, args) {
      const type = context.typeOf(args[0]!);
      requires(context, call, args[0]!, 'int', isInteger);
      if (context.probe !== undefined && context.probe.provider !== 'kprobe' && !unknown(type)) {
        context.diagnostics.error(call.span, say.overrideElsewhere);
      }
      return none;
    },
    lower: lowerControl.override,
    documentation: {
      section: 'effect',
      signature: 'void override(uint64 rc)',
      text: 'Makes the function return at once, with this (kernels with error injection).',
    },
  },
  {
    name: 'unwatch',
    kind: 'function',
    arity: [1, 1],
    check(context, call, args) {
      requires(context, call, args[0]!, 'integer or pointer', isAddress);
      return none;
    },
    lower: lowerControl.unwatch,
    documentation: {
      section: 'effect',
      signature: 'void unwatch(void *addr)',
      text: 'Takes a watchpoint away.',
    },
  },
];
