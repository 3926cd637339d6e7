/** Time, the processor, chance. */
import { types } from '../lower/data-type.ts';
import type { Builtins } from './builtin.ts';

export const machine: Builtins = {
  ktime: {
    kind: 'operation',
    arity: [0, 0],
    doc: 'Nanoseconds since boot without suspended time (CLOCK_MONOTONIC).',
    lower: (l) => ({ kind: 'scalar', value: l.call('ktime_get_ns', []), type: types.u64 }),
  },
  bootTime: {
    kind: 'operation',
    arity: [0, 0],
    doc: 'Nanoseconds since boot with suspended time (CLOCK_BOOTTIME). Linux 5.8.',
    lower: (l) => ({ kind: 'scalar', value: l.call('ktime_get_boot_ns', []), type: types.u64 }),
  },
  cpu: {
    kind: 'value',
    doc: 'The number of the CPU that runs the probe.',
    lower: (l) => ({ kind: 'scalar', value: l.call('get_smp_processor_id', []), type: types.u32 }),
  },
  random: {
    kind: 'operation',
    arity: [0, 0],
    doc: 'A pseudo-random u32.',
    lower: (l) => ({ kind: 'scalar', value: l.call('get_prandom_u32', []), type: types.u32 }),
  },
};
