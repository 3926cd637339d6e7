/** Where it runs: CPUs, clocks, numbers of the machine, registers. */
import type { Value } from '../../../compiler/ir.ts';
import type { Expr } from '../../ast/nodes.ts';
import { type Type, uint8, uint64 } from '../../types/type.ts';
import { LowerError } from '../errors.ts';
import { type Lowered, nothing } from '../lowered.ts';
import type { Lowering } from '../state.ts';
import { wordOf } from '../words.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';

const scalar = (value: Value, type: Type = uint64): Lowered => ({ kind: 'scalar', value, type });

function register(l: Lowering, call: Call, name: string): Value {
  const value = l.hook.register?.(l, name);
  if (!value) throw new LowerError(call.span, `There is no register "${name}" in this probe.`);
  return value;
}

/** `nsecs`: CLOCK_BOOTTIME unless another clock is named. */
function clock(l: Lowering, name: string): Value {
  switch (name) {
    case 'monotonic':
      return l.call('ktime_get_ns', []);
    case 'tai':
      return l.call('ktime_get_tai_ns', []);
    case 'sw_tai':
      return l.b.binary('add', l.call('ktime_get_boot_ns', []), l.script.global(l, 'taiOffset'));
    default:
      return l.call('ktime_get_boot_ns', []);
  }
}

/** `time(format)` prints the time of day when its turn comes. */
function time(l: Lowering, _: Call, [format]: readonly Expr[]): Lowered {
  const known = format && l.facts.constantOf(format);
  const text = typeof known === 'string' ? known : '%H:%M:%S\n';
  l.script.actions.send(l, [], () => ({ kind: 'time', format: text }));
  return nothing;
}

export const machine: LowerBuiltins<
  'cpu' | 'numaid' | 'rand' | 'usermode' | 'reg' | 'nsecs' | 'elapsed' | 'jiffies' | 'strftime' | 'time'
> = {
  cpu: (l: Lowering): Lowered => scalar(l.call('get_smp_processor_id', [])),
  numaid: (l: Lowering): Lowered => scalar(l.call('get_numa_node_id', [])),
  rand: (l: Lowering): Lowered => scalar(l.b.extend(l.call('get_prandom_u32', []), 32, false)),
  usermode(l: Lowering, call: Call): Lowered {
    const { b } = l;
    const x64 = l.environment.architecture === 'x64';
    const bits = b.binary('and', register(l, call, x64 ? 'cs' : 'pstate'), b.constant(x64 ? 3 : 0xf));
    return scalar(b.compare('eq', bits, b.constant(x64 ? 3 : 0)), uint8);
  },
  reg(l: Lowering, call: Call, [name]: readonly Expr[]): Lowered {
    return scalar(register(l, call, String(l.facts.constantOf(name!))));
  },
  nsecs: (l: Lowering, _: Call, [mode]: readonly Expr[]): Lowered => scalar(clock(l, wordOf(mode) ?? 'boot')),
  elapsed: (l: Lowering): Lowered =>
    scalar(l.b.binary('sub', l.call('ktime_get_ns', []), l.script.global(l, 'startTime'))),
  jiffies: (l: Lowering): Lowered => scalar(l.call('jiffies64', [])),
  strftime: (l: Lowering, call: Call, [, nanoseconds]: readonly Expr[]): Lowered =>
    scalar(l.number(nanoseconds!), l.facts.typeOf(call)),
  time,
};
