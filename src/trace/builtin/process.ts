/** Who runs: the current task, its ids and names. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { process as lowerProcess } from '../lower/builtins/process.ts';
import { typeText } from '../types/text.ts';
import { bool, pointerTo, string, type Type, uint32, uint64 } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { compiledAway, isAddress, isInteger, literalText, requires, wordOf } from './rules.ts';

/** TASK_COMM_LEN, include/linux/sched.h. */
const comm = string(16);

/** Finds a task by its process id: Linux 6.2. */
const taskFromPid = 'bpf_task_from_pid';

/** `pid(init)`: the name of a PID namespace. */
function checkNamespace(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type {
  const [argument] = args;
  if (argument !== undefined) {
    const word = wordOf(argument);
    if (word !== 'curr_ns' && word !== 'init') {
      context.diagnostics.error(argument.span, say.unknownNamespace(call.name, word ?? argument.kind));
    }
  }
  return uint32;
}

/** A built-in of the current task, or of the one that is given. */
function checkTask(type: Type): Builtin['check'] {
  return (context, call, args) => {
    const [task] = args;
    if (task !== undefined) {
      requires(context, call, task, 'pointer', (given) => {
        if (given.kind !== 'pointer') return false;
        return given.target.kind !== 'struct' || typeText(given.target) === 'struct task_struct';
      });
    }
    return type;
  };
}

export const processBuiltins: readonly Builtin[] = [
  {
    name: 'pid',
    kind: 'value',
    arity: [0, 1],
    lazy: true,
    check: checkNamespace,
    lower: lowerProcess.pid,
    documentation: {
      section: 'variable',
      signature: 'uint32 pid([curr_ns|init])',
      text: 'Process id, in the PID namespace of bpfkit (`curr_ns`, the default) or in the initial one.',
    },
  },
  {
    name: 'tid',
    kind: 'value',
    arity: [0, 1],
    lazy: true,
    check: checkNamespace,
    lower: lowerProcess.tid,
    documentation: {
      section: 'variable',
      signature: 'uint32 tid([curr_ns|init])',
      text: 'Thread id, in the PID namespace of bpfkit (`curr_ns`, the default) or in the initial one.',
    },
  },
  {
    name: 'uid',
    kind: 'value',
    check: () => uint64,
    lower: lowerProcess.uid,
    documentation: { section: 'variable', signature: 'uint64 uid', text: 'Real user id of the task.' },
  },
  {
    name: 'gid',
    kind: 'value',
    check: () => uint64,
    lower: lowerProcess.gid,
    documentation: { section: 'variable', signature: 'uint64 gid', text: 'Real group id of the task.' },
  },
  {
    name: 'username',
    kind: 'value',
    check: () => ({ kind: 'username' }),
    lower: lowerProcess.username,
    documentation: {
      section: 'variable',
      signature: 'username_t username',
      text: 'Name of the user of the task; looked up when it is printed.',
    },
  },
  {
    name: 'comm',
    kind: 'value',
    arity: [0, 1],
    check(context, call, args) {
      const [pid] = args;
      // The name of another process: its pid, or its task.
      if (pid === undefined) return comm;
      const fits = requires(context, call, pid, 'integer or pointer', isAddress);
      if (
        fits &&
        isInteger(context.typeOf(pid)) &&
        context.environment.kernelFunction?.(taskFromPid) === false
      ) {
        context.diagnostics.error(call.span, say.noTaskFromPid, { hint: say.needsLinux('6.2') });
      }
      return comm;
    },
    lower: lowerProcess.comm,
    documentation: {
      section: 'variable',
      signature: 'string comm([uint32 pid])',
      text: 'Name of the task, or of the one with this process id.',
    },
  },
  {
    name: 'curtask',
    kind: 'value',
    check(context) {
      const task = context.environment.types.type('task_struct', 'struct');
      return pointerTo(task ?? { kind: 'void' }, 'kernel');
    },
    lower: lowerProcess.curtask,
    documentation: {
      section: 'variable',
      signature: 'struct task_struct * curtask',
      text: 'The current task.',
      example: 'printf("%d\\n", curtask.prio)',
    },
  },
  {
    name: 'ppid',
    kind: 'value',
    arity: [0, 1],
    check: checkTask(uint32),
    lower: lowerProcess.ppid,
    documentation: {
      section: 'value',
      signature: 'uint32 ppid([struct task_struct *task])',
      text: 'Process id of the parent of the current task, or of the one that is given.',
    },
  },
  {
    name: 'pcomm',
    kind: 'value',
    arity: [0, 1],
    check: checkTask(comm),
    lower: lowerProcess.pcomm,
    documentation: {
      section: 'value',
      signature: 'string pcomm([struct task_struct *task])',
      text: 'Name of the parent: `real_parent->comm`.',
    },
  },
  {
    name: 'leader_tid',
    kind: 'value',
    arity: [0, 1],
    check: checkTask(uint32),
    lower: lowerProcess.leader_tid,
    documentation: {
      section: 'value',
      signature: 'uint32 leader_tid([struct task_struct *task])',
      text: 'Thread id of the leader of the thread group.',
    },
  },
  {
    name: 'leader_comm',
    kind: 'value',
    arity: [0, 1],
    check: checkTask(comm),
    lower: lowerProcess.leader_comm,
    documentation: {
      section: 'value',
      signature: 'string leader_comm([struct task_struct *task])',
      text: 'Name of the leader of the thread group.',
    },
  },
  {
    name: 'cpid',
    kind: 'value',
    check: () => uint32,
    lower: lowerProcess.cpid,
    documentation: {
      section: 'variable',
      signature: 'uint32 cpid',
      text: 'Process id of the child that -c started; without -c a warning at run time, and 0.',
    },
  },
  {
    name: 'has_cpid',
    kind: 'value',
    compileTime: true,
    check(context, call) {
      context.fold(call, context.environment.child);
      return bool;
    },
    lower: compiledAway,
    documentation: { section: 'variable', signature: 'bool has_cpid', text: 'Whether -c was given.' },
  },
  {
    name: 'cgroup',
    kind: 'value',
    check: () => uint64,
    lower: lowerProcess.cgroup,
    documentation: {
      section: 'variable',
      signature: 'uint64 cgroup',
      text: 'Id of the cgroup (v2) of the task.',
    },
  },
  {
    name: 'cgroupid',
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    check(context, call, args) {
      const [path] = args;
      const text = path && literalText(context, call, path);
      if (text !== undefined) {
        const id = context.environment.cgroupId?.(text);
        if (id === undefined) context.diagnostics.error(call.span, say.noCgroup(text));
        else context.fold(call, id);
      }
      return uint64;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'uint64 cgroupid(const string path)',
      text: 'Id of the cgroup at a path.',
      example: 'cgroup == cgroupid("/sys/fs/cgroup/system.slice")',
    },
  },
  {
    name: 'cgroup_path',
    kind: 'function',
    arity: [1, 2],
    check(context, call, args) {
      const [id, filter] = args;
      if (id !== undefined) requires(context, call, id, 'int', (type) => type.kind === 'int');
      const text = filter && literalText(context, call, filter);
      return { kind: 'cgroupPath', filter: text ?? '' };
    },
    lower: lowerProcess.cgroup_path,
    documentation: {
      section: 'value',
      signature: 'cgroup_path_t cgroup_path(int cgroupid[, const string filter])',
      text: 'Path of a cgroup; `filter` picks the hierarchies by a wildcard.',
    },
  },
];
