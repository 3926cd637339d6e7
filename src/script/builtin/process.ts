/** Who runs: the task on whose behalf the kernel is at the probe. */
import { fromBtf, types } from '../lower/data-type.ts';
import { writePlace } from '../lower/memory.ts';
import type { Operand } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';
import { destination } from './arguments.ts';
import type { Builtins } from './builtin.ts';

/** Both helpers give two 32-bit numbers in one register; equal calls are merged by the compiler. */
function half(l: Lowering, name: 'get_current_pid_tgid' | 'get_current_uid_gid', upper: boolean): Operand {
  const both = l.call(name, []);
  const value = upper ? l.b.binary('lshr', both, l.b.constant(32)) : l.b.extend(both, 32, false);
  return { kind: 'scalar', value, type: types.u32 };
}

export const process: Builtins = {
  pid: {
    kind: 'value',
    doc: 'The process id: what the kernel calls tgid.',
    lower: (l) => half(l, 'get_current_pid_tgid', true),
  },
  tid: {
    kind: 'value',
    doc: 'The thread id: what the kernel calls pid.',
    lower: (l) => half(l, 'get_current_pid_tgid', false),
  },
  uid: {
    kind: 'value',
    doc: 'The real user id.',
    lower: (l) => half(l, 'get_current_uid_gid', false),
  },
  gid: {
    kind: 'value',
    doc: 'The real group id.',
    lower: (l) => half(l, 'get_current_uid_gid', true),
  },
  cgroupId: {
    kind: 'value',
    doc: 'The id of the cgroup (version 2) of the process.',
    lower: (l) => ({ kind: 'scalar', value: l.call('get_current_cgroup_id', []), type: types.u64 }),
  },
  task: {
    kind: 'value',
    doc: 'The current task_struct: `k.task.real_parent.tgid`.',
    lower(l) {
      const { environment } = l.program;
      const typed = l.probe.typedPointers && environment.typedTask;
      const value = l.call(typed ? 'get_current_task_btf' : 'get_current_task', []);
      const id = environment.btf.find('task_struct', 'struct');
      const target = id === undefined ? undefined : fromBtf(environment.btf, id);
      return { kind: 'pointer', value, target, memory: typed ? 'kernelTyped' : 'kernelRaw', writable: false };
    },
  },
  comm: {
    kind: 'operation',
    arity: [0, 1],
    doc: 'The name of the thread, at most 15 bytes: as a value, or written to the given field.',
    lower(l, args) {
      const name: Operand = {
        kind: 'fill',
        title: 'the name of the task',
        length: 16,
        complete: l.environment.commPadded,
        fill: (address, size) => l.call('get_current_comm', [address, l.b.constant(size)]),
      };
      if (args.length === 0) return name;
      writePlace(l, destination(l, args[0]), name, args[0]);
      return { kind: 'undefined' };
    },
  },
};
