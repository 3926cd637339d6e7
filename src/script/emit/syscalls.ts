/**
 * System calls through the two raw tracepoints that all of them pass: sys_enter(regs, id) and sys_exit(regs, ret),
 * narrowed by the number as the kernel itself does it (perf_syscall_enter in kernel/trace/trace_syscalls.c).
 */
import type { Block, Value } from '../../compiler/ir.ts';
import type { Environment } from '../environment.ts';
import { fromBtf } from '../lower/data-type.ts';
import type { ProbeEmitter } from './emitter.ts';
import { loadFrom } from './memory.ts';
import { registerMember, registersOf } from './registers.ts';
import { syscallNumber } from './syscall-numbers.ts';

export type SyscallSide = 'enter' | 'exit';

/** The kernel's function names that differ from the names of the calls. */
const aliases: Readonly<Record<string, string>> = {
  newuname: 'uname',
  newstat: 'stat',
  newlstat: 'lstat',
  newfstat: 'fstat',
  sendfile64: 'sendfile',
};

/** Side and number of `sys_enter_openat`; undefined if it is no such name, or a call that the list does not know. */
export function syscallOf(
  architecture: Environment['architecture'],
  event: string,
): { readonly side: SyscallSide; readonly number: number } | undefined {
  const [, side, name] = /^sys_(enter|exit)_(\w+)$/.exec(event) ?? [];
  const number = name === undefined ? undefined : syscallNumber(architecture, aliases[name] ?? name);
  return number === undefined ? undefined : { side: side as SyscallSide, number };
}

/** True if the raw tracepoint of this side can be used: its type and that of its registers are in BTF. */
export function hasRawSyscalls({ btf }: Environment, side: SyscallSide): boolean {
  return (
    btf.find(`btf_trace_sys_${side}`, 'typedef') !== undefined && btf.find('pt_regs', 'struct') !== undefined
  );
}

/** A register of the call, out of the registers that are the first argument of both tracepoints. */
function register(e: ProbeEmitter, name: string | number): Value {
  const member = registerMember(e.environment, name);
  const base = e.b.load(8, e.context, 0, { invariant: true });
  return e.b.load(8, base, member?.offset ?? 0, { invariant: true });
}

/** The nth argument of the call; only on sys_enter. */
export function syscallArgument(e: ProbeEmitter, index: number): Value {
  return register(e, registersOf(e.environment.architecture).syscallArguments[index]);
}

/** The number of the call on sys_enter, the result on sys_exit. */
export function secondArgument(e: ProbeEmitter): Value {
  return e.b.load(8, e.context, 8, { invariant: true });
}

/** The number of the call, on both sides. */
export function syscallId(e: ProbeEmitter, side: SyscallSide): Value {
  return side === 'enter'
    ? secondArgument(e)
    : register(e, registersOf(e.environment.architecture).syscallNumber);
}

/** Leaves the program unless the call is one of these. */
export function onlySyscalls(e: ProbeEmitter, side: SyscallSide, numbers: readonly number[]): void {
  const { b } = e;
  const other = b.block('other');
  const wanted = b.block('wanted');
  const id =
    side === 'enter' ? secondArgument(e) : register(e, registersOf(e.environment.architecture).syscallNumber);
  const runs = runsOf(numbers);
  for (const [i, { first, last }] of runs.entries()) {
    const next = i === runs.length - 1 ? other : b.block('next');
    if (first === last) b.branch('eq', id, b.constant(first), wanted, next, 32);
    else {
      const distance = first === 0 ? id : b.binary('sub', id, b.constant(first), 32);
      b.branch('ule', distance, b.constant(last - first), wanted, next, 32);
    }
    if (next !== other) b.begin(next);
  }
  b.begin(wanted);
  skipCompat(e, other);
  const inside = b.current;
  b.begin(other);
  b.return(b.constant(0));
  b.enter(inside);
}

/** Consecutive numbers. */
function runsOf(numbers: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && number === run.last + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs;
}

/**
 * 32-bit processes number their calls differently; the kernel's own syscall tracepoints leave them out
 * (ARCH_TRACE_IGNORE_COMPAT_SYSCALLS in arch/x86/include/asm/ftrace.h and arch/arm64's).
 */
export function skipCompat(e: ProbeEmitter, other: Block): void {
  const { b, environment } = e;
  const id = environment.btf.find('task_struct', 'struct');
  const task = id === undefined ? undefined : fromBtf(environment.btf, id);
  const info = task?.kind === 'struct' ? task.member('thread_info') : undefined;
  if (info?.type.kind !== 'struct') return;
  // TS_COMPAT in thread_info.status (x86), TIF_32BIT in thread_info.flags (arm64).
  const [field, mask] = environment.architecture === 'x64' ? ['status', 2n] : ['flags', 1n << 22n];
  const member = info.type.member(field as string);
  if (!member) return;
  const { typedTask } = environment;
  const base = e.call(typedTask ? 'get_current_task_btf' : 'get_current_task', []);
  const size = member.type.kind === 'int' ? member.type.bits / 8 : 8;
  const memory = typedTask ? 'kernelTyped' : 'kernelRaw';
  const status = loadFrom(e, memory, base, info.offset + member.offset, size);
  const native = b.block('native');
  b.branch('test', status, b.constant(mask as bigint), other, native);
  b.begin(native);
}
