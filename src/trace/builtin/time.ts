/** Clocks, and what ticks. */
import type { CallExpr, Expr } from '../ast/nodes.ts';
import * as say from '../check/messages.ts';
import { machine as lowerMachine } from '../lower/builtins/machine.ts';
import { type TypeOf, uint64 } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { isInteger, literalText, requires, wordOf } from './rules.ts';

type Clock = TypeOf<'timestamp'>['clock'];
const clocks: readonly string[] = ['boot', 'monotonic', 'tai', 'sw_tai'] satisfies Clock[];
const isClock = (word: string): word is Clock => clocks.includes(word);

/** The clock that `nsecs(…)` reads; what is no such call is of the default one. */
export function clockOf(expr: Expr): Clock {
  if (expr.kind !== 'call' || expr.name !== 'nsecs') return 'boot';
  const word = wordOf(expr.args[0]);
  return word !== undefined && isClock(word) ? word : 'boot';
}

export const timeBuiltins: readonly Builtin[] = [
  {
    name: 'nsecs',
    kind: 'value',
    arity: [0, 1],
    lazy: true,
    check(context, _call, args) {
      const [mode] = args;
      const word = wordOf(mode);
      if (mode !== undefined && (word === undefined || !isClock(word))) {
        context.diagnostics.error(mode.span, say.unknownClock(word ?? mode.kind));
      }
      return uint64;
    },
    lower: lowerMachine.nsecs,
    documentation: {
      section: 'variable',
      signature: 'uint64 nsecs([boot|monotonic|tai|sw_tai])',
      text: 'Nanoseconds of a clock; default: since boot, with the time asleep.',
    },
  },
  {
    name: 'elapsed',
    kind: 'value',
    check: () => uint64,
    lower: lowerMachine.elapsed,
    documentation: {
      section: 'variable',
      signature: 'uint64 elapsed',
      text: 'Nanoseconds since the script started.',
    },
  },
  {
    name: 'jiffies',
    kind: 'value',
    check: () => uint64,
    lower: lowerMachine.jiffies,
    documentation: { section: 'variable', signature: 'uint64 jiffies', text: "The kernel's timer ticks." },
  },
  {
    name: 'strftime',
    kind: 'function',
    arity: [2, 2],
    check(context, call, args) {
      const [format, nanoseconds] = args;
      const text = format && literalText(context, call, format);
      if (nanoseconds === undefined) return { kind: 'timestamp', format: '', clock: 'boot' };
      requires(context, call, nanoseconds, 'int', isInteger);
      if (clockOf(nanoseconds) === 'monotonic') context.diagnostics.error(call.span, say.strftimeMonotonic);
      return { kind: 'timestamp', format: text ?? '', clock: clockOf(nanoseconds) };
    },
    lower: lowerMachine.strftime,
    documentation: {
      section: 'value',
      signature: 'timestamp strftime(const string fmt, int64 timestamp_ns)',
      text: 'A time as text; `%f` stands for microseconds.',
      example: 'strftime("%H:%M:%S", nsecs)',
    },
  },
];

export const timeOutput: Builtin = {
  name: 'time',
  kind: 'function',
  arity: [0, 1],
  check(context, call, args) {
    const [format] = args;
    if (format !== undefined) literalText(context, call as CallExpr, format);
    return { kind: 'none' };
  },
  lower: lowerMachine.time,
  documentation: {
    section: 'effect',
    signature: 'void time([const string fmt])',
    text: 'Prints the time of day, by default as `%H:%M:%S` and a new line.',
  },
};
