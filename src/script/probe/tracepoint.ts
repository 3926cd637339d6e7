/**
 * `tracepoint:CATEGORY:NAME`: the stable hooks, served by the cheapest hook that gives the same result.
 *
 * A tracepoint attached through perf costs a grace period (41 ms) to leave and about 60 ns an event
 * more than its raw form. So: system calls are served by the two raw tracepoints sys_enter and sys_exit
 * with a filter on the number, as the kernel itself does it (perf_syscall_enter in
 * kernel/trace/trace_syscalls.c); a tracepoint whose arguments nobody reads is served by its BTF form.
 * Only the rest is attached through perf.
 */
import type { Block, Value } from '../../compiler/ir.ts';
import { AttachType, ProgramType } from '../../kernel/spec.ts';
import type { TracepointField, TracepointFormat } from '../../kernel/tracepoint/format.ts';
import { ProgramError } from '../diagnostic.ts';
import type { Environment } from '../environment.ts';
import { type DataType, fromBtf, type IntegerType, types } from '../lower/data-type.ts';
import { copyIn, readPlace } from '../lower/memory.ts';
import type { Operand, Place } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';
import { argumentOperand, namedParts } from './arguments.ts';
import { elsewhere, type ProbePlan } from './plan.ts';
import type { BodyFacts } from './probes.ts';
import { registerMember, registersOf } from './registers.ts';
import { syscallNumber } from './syscall-numbers.ts';

export function tracepointPlan(
  title: string,
  parts: readonly string[],
  environment: Environment,
  { readsArguments, fields }: BodyFacts,
): ProbePlan {
  const [category, name] = parts;
  if (parts.length !== 2 || !category || !name) {
    throw new ProgramError(
      messages.probeSyntax(title, 'tracepoint:CATEGORY:NAME, such as tracepoint:sched:sched_switch'),
    );
  }
  const format = environment.tracepoint(category, name);
  if (!format) {
    const near = environment.nearTracepoints(`${category}:${name}`).map((each) => `tracepoint:${each}`);
    throw new ProgramError(messages.unknownProbe(title, 'this kernel has no such tracepoint', near));
  }
  const call = /^sys_(enter|exit)(?:_(\w+))?$/.exec(name);
  if (category === 'syscalls' && call?.[2]) {
    const number = syscallNumber(environment.architecture, syscallAliases[call[2]] ?? call[2]);
    const raw =
      number === undefined
        ? undefined
        : syscallPlan(title, call[1] as 'enter' | 'exit', number, format, environment);
    if (raw) return raw;
  }
  if (category === 'raw_syscalls' && call && fields) {
    const raw = everySyscallPlan(title, call[1] as 'enter' | 'exit', fields, environment);
    if (raw) return raw;
  }
  if (!readsArguments && environment.btf.find(`btf_trace_${name}`, 'typedef') !== undefined) {
    return {
      title,
      programType: ProgramType.tracing,
      attachType: AttachType.traceRawTp,
      attachTarget: { kind: 'rawTracepoint', name },
      attachment: { kind: 'tracing' },
      typedPointers: true,
      member: () => undefined,
      names: () => ['args'],
      explain: (part) => elsewhere[part],
    };
  }
  return {
    title,
    programType: ProgramType.tracepoint,
    attachment: { kind: 'tracepoint', category, name },
    typedPointers: true,
    member: (l, part) => (part === 'args' ? recordArguments(l, title, format) : undefined),
    names: () => ['args'],
    explain: (part) => elsewhere[part],
  };
}

/** The kernel's function names that differ from the names of the calls. */
const syscallAliases: Readonly<Record<string, string>> = {
  newuname: 'uname',
  newstat: 'stat',
  newlstat: 'lstat',
  newfstat: 'fstat',
  sendfile64: 'sendfile',
};

/** Fields of the record that a classic tracepoint passes. */
function recordArguments(l: Lowering, title: string, format: TracepointFormat): Operand {
  const names = format.fields.map((field) => field.name);
  return namedParts(`the arguments of ${title}`, names, (name) => {
    const field = format.fields.find((each) => each.name === name);
    return field && recordField(l, field);
  });
}

function recordField(l: Lowering, field: TracepointField): Operand | undefined {
  const place: Omit<Place, 'type'> = {
    base: l.context,
    offset: field.offset,
    memory: 'direct',
    writable: false,
    invariant: true,
  };
  if (field.location) return variableField(l, field);
  if (field.length !== undefined) {
    const element = field.size / field.length;
    if (field.type === 'char') {
      // The verifier lets nobody point a helper into this context, but word loads are allowed.
      return { kind: 'place', place: { ...place, type: { kind: 'chars', length: field.length } } };
    }
    const type: DataType = { kind: 'array', element: integer(element, field.signed), length: field.length };
    return { kind: 'place', place: { ...place, type } };
  }
  if (field.type.includes('*')) {
    return {
      kind: 'pointer',
      value: l.b.load(8, l.context, field.offset, { invariant: true }),
      target: undefined,
      memory: 'kernelRaw',
      writable: false,
    };
  }
  if (field.type === 'bool') return readPlace(l, { ...place, type: { kind: 'bool' } });
  return readPlace(l, { ...place, type: integer(field.size, field.signed) });
}

/** Text of variable length: the low half of a u32 tells where it starts in the record. */
function variableField(l: Lowering, field: TracepointField): Operand {
  return {
    kind: 'fill',
    title: `the text ${field.name}`,
    length: 64,
    complete: false,
    fill(address, size) {
      const where = l.b.load(4, l.context, field.offset, { invariant: true });
      const low = l.b.binary('and', where, l.b.constant(0xffff));
      const start = field.location === 'field' ? l.b.binary('add', low, l.b.constant(field.offset + 4)) : low;
      const from = l.b.binary('add', l.context, start);
      return l.call('probe_read_kernel_str', [address, l.b.constant(size), from]);
    },
  };
}

function integer(size: number, signed: boolean): IntegerType {
  return { kind: 'int', bits: (size * 8) as IntegerType['bits'], signed };
}

/**
 * raw_syscalls:sys_enter or sys_exit, if the body only reads what the raw form has too. The arguments of calls
 * are not among it: where they are depends on whether the process is a 32-bit one.
 */
function everySyscallPlan(
  title: string,
  side: 'enter' | 'exit',
  fields: ReadonlySet<string>,
  environment: Environment,
): ProbePlan | undefined {
  const second = side === 'enter' ? 'id' : 'ret';
  if (environment.btf.find(`btf_trace_sys_${side}`, 'typedef') === undefined) return undefined;
  if ([...fields].some((field) => field !== second)) return undefined;
  return {
    ...syscallHook(title, side),
    member(l, part) {
      if (part !== 'args') return undefined;
      return namedParts(`the arguments of ${title}`, [second], (name) =>
        name === second
          ? { kind: 'scalar', value: l.b.load(8, l.context, 8, { invariant: true }), type: types.i64 }
          : undefined,
      );
    },
  };
}

/** The raw tracepoint that all system calls pass. */
function syscallHook(title: string, side: 'enter' | 'exit'): Omit<ProbePlan, 'member'> {
  return {
    title,
    programType: ProgramType.tracing,
    attachType: AttachType.traceRawTp,
    attachTarget: { kind: 'rawTracepoint', name: `sys_${side}` },
    attachment: { kind: 'tracing' },
    typedPointers: true,
    names: () => ['args'],
    explain: (part) => elsewhere[part],
  };
}

/** raw sys_enter(regs, id) or sys_exit(regs, ret), narrowed to one call. */
function syscallPlan(
  title: string,
  side: 'enter' | 'exit',
  number: number,
  format: TracepointFormat,
  environment: Environment,
): ProbePlan | undefined {
  const { btf } = environment;
  const regs = btf.find('pt_regs', 'struct');
  if (btf.find(`btf_trace_sys_${side}`, 'typedef') === undefined || regs === undefined) return undefined;
  const { syscallArguments, syscallNumber: numberRegister } = registersOf(environment.architecture);
  const register = (l: Lowering, name: string | number): Value => {
    const member = registerMember(environment, name);
    const base = l.b.load(8, l.context, 0, { invariant: true });
    return l.b.load(8, base, member?.offset ?? 0, { invariant: true });
  };
  return {
    ...syscallHook(title, side),
    prologue(l) {
      const { b } = l;
      const [wanted, other] = [b.block('wanted'), b.block('other')];
      const id =
        side === 'enter' ? b.load(8, l.context, 8, { invariant: true }) : register(l, numberRegister);
      b.branch('eq', id, b.constant(number), wanted, other, 32);
      b.begin(wanted);
      skipCompat(l, other);
      const inside = b.current;
      b.begin(other);
      b.return(b.constant(0));
      b.enter(inside);
    },
    member(l, part) {
      if (part !== 'args') return undefined;
      if (side === 'exit') {
        return namedParts(`the arguments of ${title}`, ['ret'], (name) =>
          name === 'ret'
            ? { kind: 'scalar', value: l.b.load(8, l.context, 8, { invariant: true }), type: types.i64 }
            : undefined,
        );
      }
      const fields = format.fields.filter((field) => field.name !== '__syscall_nr');
      return namedParts(
        `the arguments of ${title}`,
        fields.map(({ name }) => name),
        (name) => {
          const index = fields.findIndex((field) => field.name === name);
          if (index < 0) return undefined;
          return argumentOperand(l, register(l, syscallArguments[index]), syscallType(fields[index]), 'user');
        },
      );
    },
  };
}

/**
 * 32-bit processes number their calls differently; the kernel's own syscall tracepoints leave them out
 * (ARCH_TRACE_IGNORE_COMPAT_SYSCALLS in arch/x86/include/asm/ftrace.h and arch/arm64's).
 */
function skipCompat(l: Lowering, other: Block): void {
  const { environment } = l.program;
  const id = environment.btf.find('task_struct', 'struct');
  const task = id === undefined ? undefined : fromBtf(environment.btf, id);
  const info = task?.kind === 'struct' ? task.member('thread_info') : undefined;
  if (info?.type.kind !== 'struct') return;
  // TS_COMPAT in thread_info.status (x86), TIF_32BIT in thread_info.flags (arm64).
  const [field, mask] = environment.architecture === 'x64' ? ['status', 2n] : ['flags', 1n << 22n];
  const member = info.type.member(field as string);
  if (!member) return;
  const base = l.call(environment.typedTask ? 'get_current_task_btf' : 'get_current_task', []);
  const size = member.type.kind === 'int' ? member.type.bits / 8 : 8;
  const offset = info.offset + member.offset;
  let status: Value;
  if (environment.typedTask) status = l.b.load(size as 4, base, offset);
  else {
    const slot = l.b.slot('status', 8);
    copyIn(l, l.b.slotAddress(slot), size, base, offset, 'kernelRaw');
    status = l.b.load(size as 4, l.b.slotAddress(slot), 0);
  }
  const native = l.b.block('native');
  l.b.branch('test', status, l.b.constant(mask as bigint), other, native);
  l.b.begin(native);
}

/** Registers are 64 bits wide; what the call reads of them is what its C type says. */
const narrowTypes: Readonly<Record<string, IntegerType>> = {
  int: types.i32,
  pid_t: types.i32,
  key_t: types.i32,
  key_serial_t: types.i32,
  mqd_t: types.i32,
  timer_t: types.i32,
  clockid_t: types.i32,
  rwf_t: types.i32,
  'const clockid_t': types.i32,
  unsigned: types.u32,
  'unsigned int': types.u32,
  uid_t: types.u32,
  gid_t: types.u32,
  qid_t: types.u32,
  u32: types.u32,
  __u32: types.u32,
  umode_t: types.u16,
};

function syscallType(field: TracepointField): DataType {
  if (field.type.includes('*')) return { kind: 'pointer', target: undefined, user: true };
  return narrowTypes[field.type.trim()] ?? (field.signed ? types.i64 : types.u64);
}
