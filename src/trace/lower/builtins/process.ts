/** Who runs: the current task, its ids and names. */

import type { Value } from '../../../compiler/ir.ts';
import { ProgramType } from '../../../kernel/spec.ts';
import { addressAt, zero } from '../../../script/emit/memory.ts';
import type { Expr } from '../../ast/nodes.ts';
import * as say from '../../check/messages.ts';
import { string, type Type, uint32, uint64 } from '../../types/type.ts';
import { locationOf } from '../actions.ts';
import { LowerError } from '../errors.ts';
import { currentTask, type KernelObject, numberField, objectField, textField } from '../kernel-field.ts';
import type { Lowered, Made } from '../lowered.ts';
import { clear, frameMemory, registerOf } from '../memory.ts';
import type { Lowering } from '../state.ts';
import { wordOf } from '../words.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';

/** What cpid says where no command was started. */
const noChild = 'No child command (`-c`); cpid is zero';

const commSize = 16;
const comm = string(commSize);

const scalar = (value: Value, type: Type): Lowered => ({ kind: 'scalar', value, type });

/** Both helpers give two 32-bit numbers in one register; equal calls are merged by the compiler. */
function half(l: Lowering, name: 'get_current_pid_tgid' | 'get_current_uid_gid', upper: boolean): Value {
  const both = l.call(name, []);
  return upper ? l.b.binary('lshr', both, l.b.constant(32)) : l.b.extend(both, 32, false);
}

/** `pid` and `tid`: in the PID namespace of bpfkit, or in the initial one. */
export function taskId(l: Lowering, which: 'process' | 'thread', initial: boolean): Value {
  const { pidNamespace } = l.script.environment;
  if (initial || !pidNamespace) return half(l, 'get_current_pid_tgid', which === 'process');
  // struct bpf_pidns_info: the thread's id, then the process's. Zero for a task of another namespace.
  const info = frameMemory(l, 'ids', 8);
  zero(l, info, 0, 8);
  l.call('get_ns_current_pid_tgid', [
    l.b.constant(pidNamespace.device),
    l.b.constant(pidNamespace.inode),
    info,
    l.b.constant(8),
  ]);
  return l.b.load(4, info, which === 'process' ? 4 : 0);
}

const isInitial = ([argument]: readonly Expr[]): boolean => wordOf(argument) === 'init';

/** The task that is given, or the current one. */
function taskOf(l: Lowering, [argument]: readonly Expr[]): KernelObject {
  if (!argument) return currentTask(l);
  const lowered = l.lower(argument);
  const memory = lowered.kind === 'scalar' && lowered.memory === 'kernelTyped' ? 'kernelTyped' : 'kernelRaw';
  return { struct: 'task_struct', base: registerOf(l, lowered), memory };
}

/** The name of a task. */
function nameOf(l: Lowering, task: () => KernelObject): Made {
  return {
    kind: 'made',
    type: comm,
    write(to, offset, as) {
      textField(l, task(), 'comm', to, offset, as.kind === 'string' ? as.size : commSize);
    },
  };
}

/** bpf_task_from_pid (Linux 6.2) gives a task that has to be given back. */
function nameByPid(l: Lowering, call: Call, argument: Expr): Lowered {
  const { btf } = l.environment;
  const find = btf.find('bpf_task_from_pid', 'function');
  const release = btf.find('bpf_task_release', 'function');
  if (find === undefined || release === undefined) {
    throw new LowerError(call.span, say.noTaskFromPid, say.needsLinux('6.2'));
  }
  const { programType, resolved } = l.hook;
  const { tracingFunctions = false } = l.script.environment;
  const late = programType === ProgramType.tracepoint || programType === ProgramType.perfEvent;
  if (programType !== ProgramType.tracing && programType !== ProgramType.xdp && !(late && tracingFunctions)) {
    throw new LowerError(
      call.span,
      `The kernel does not let ${resolved.provider} probes look for other tasks: comm(pid) is not possible here.`,
      'Keep the pid (print(pid), @[pid]), or note comm by tid in a probe that runs in that task.',
    );
  }
  return {
    kind: 'made',
    type: comm,
    write(to, offset, as) {
      const { b } = l;
      clear(l, to, offset, as.kind === 'string' ? as.size : commSize);
      const type = { kind: 'pointer', provenance: 'kernelTyped', nullable: true } as const;
      const callee = { kind: 'kfunc', btfId: find, name: 'bpf_task_from_pid', pure: false } as const;
      const task = b.call(callee, [l.number(argument)], type);
      l.choose(
        (yes, no) => b.branch('ne', task, b.constant(0), yes, no),
        () => {
          const object = { struct: 'task_struct', base: task, memory: 'kernelTyped' } as const;
          textField(l, object, 'comm', to, offset, as.kind === 'string' ? as.size : commSize);
          b.call({ kind: 'kfunc', btfId: release, name: 'bpf_task_release', pure: false }, [task]);
        },
      );
    },
  };
}

export const process: LowerBuiltins<
  | 'pid'
  | 'tid'
  | 'uid'
  | 'gid'
  | 'username'
  | 'comm'
  | 'curtask'
  | 'ppid'
  | 'pcomm'
  | 'leader_tid'
  | 'leader_comm'
  | 'cpid'
  | 'cgroup'
  | 'cgroup_path'
> = {
  pid: (l: Lowering, _: Call, args: readonly Expr[]): Lowered =>
    scalar(taskId(l, 'process', isInitial(args)), uint32),
  tid: (l: Lowering, _: Call, args: readonly Expr[]): Lowered =>
    scalar(taskId(l, 'thread', isInitial(args)), uint32),
  uid: (l: Lowering): Lowered => scalar(half(l, 'get_current_uid_gid', false), uint64),
  gid: (l: Lowering): Lowered => scalar(half(l, 'get_current_uid_gid', true), uint64),
  username: (l: Lowering): Lowered => scalar(half(l, 'get_current_uid_gid', false), { kind: 'username' }),
  comm(l: Lowering, call: Call, args: readonly Expr[]): Lowered {
    const [of] = args;
    if (of)
      return l.facts.typeOf(of).kind === 'pointer'
        ? nameOf(l, () => taskOf(l, args))
        : nameByPid(l, call, of);
    return {
      kind: 'made',
      type: comm,
      write(to, offset, as) {
        if (!l.environment.commPadded) clear(l, to, offset, commSize);
        l.call('get_current_comm', [addressAt(l, to, offset), l.b.constant(commSize)]);
        const size = as.kind === 'string' ? as.size : commSize;
        clear(l, to, offset + commSize, size - commSize);
      },
    };
  },
  curtask(l: Lowering, call: Call): Lowered {
    const { base, memory } = currentTask(l);
    return { kind: 'scalar', value: base, type: l.facts.typeOf(call), memory };
  },
  ppid: (l: Lowering, _: Call, args: readonly Expr[]): Lowered =>
    scalar(numberField(l, objectField(l, taskOf(l, args), 'real_parent'), 'tgid'), uint32),
  pcomm: (l: Lowering, _: Call, args: readonly Expr[]): Lowered =>
    nameOf(l, () => objectField(l, taskOf(l, args), 'real_parent')),
  leader_tid: (l: Lowering, _: Call, args: readonly Expr[]): Lowered =>
    scalar(numberField(l, objectField(l, taskOf(l, args), 'group_leader'), 'pid'), uint32),
  leader_comm: (l: Lowering, _: Call, args: readonly Expr[]): Lowered =>
    nameOf(l, () => objectField(l, taskOf(l, args), 'group_leader')),
  cpid(l: Lowering, call: Call): Lowered {
    const value = l.script.global(l, 'childPid');
    l.choose(
      (yes, no) => l.b.branch('eq', value, l.b.constant(0), yes, no),
      () =>
        l.script.actions.send(l, [], () => ({
          kind: 'warnf',
          format: { parts: [noChild] },
          args: [],
          location: locationOf(call.span),
        })),
    );
    return scalar(value, uint32);
  },
  cgroup: (l: Lowering): Lowered => scalar(l.call('get_current_cgroup_id', []), uint64),
  cgroup_path: (l: Lowering, call: Call, [id]: readonly Expr[]): Lowered =>
    scalar(l.number(id!), l.facts.typeOf(call)),
};
