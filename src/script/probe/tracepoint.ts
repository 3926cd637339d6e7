/**
 * `tracepoint:CATEGORY:NAME`: the stable hooks, served by the cheapest hook that gives the same result.
 *
 * A tracepoint attached through perf costs a grace period (41 ms) to leave and about 60 ns an event
 * more than its raw form. So: system calls are served by the two raw tracepoints sys_enter and sys_exit
 * with a filter on the number, as the kernel itself does it (perf_syscall_enter in
 * kernel/trace/trace_syscalls.c); a tracepoint whose arguments nobody reads is served by its BTF form.
 * Only the rest is attached through perf.
 */
import { AttachType, ProgramType } from '../../kernel/spec.ts';
import type { TracepointField, TracepointFormat } from '../../kernel/tracepoint/format.ts';
import { ProgramError } from '../diagnostic.ts';
import {
  hasRawSyscalls,
  onlySyscalls,
  type SyscallSide,
  secondArgument,
  syscallArgument,
  syscallOf,
} from '../emit/syscalls.ts';
import type { Environment } from '../environment.ts';
import { type DataType, type IntegerType, types } from '../lower/data-type.ts';
import { readPlace } from '../lower/memory.ts';
import type { Operand, Place } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';
import { argumentOperand, namedParts } from './arguments.ts';
import { elsewhere, type ProbePlan } from './plan.ts';
import type { BodyFacts } from './probes.ts';

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
  const call = category === 'syscalls' ? syscallOf(environment.architecture, name) : undefined;
  const raw = call && syscallPlan(title, call.side, call.number, format, environment);
  if (raw) return raw;
  const every = category === 'raw_syscalls' ? /^sys_(enter|exit)$/.exec(name) : undefined;
  if (every && fields) {
    const cheap = everySyscallPlan(title, every[1] as SyscallSide, fields, environment);
    if (cheap) return cheap;
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
  side: SyscallSide,
  fields: ReadonlySet<string>,
  environment: Environment,
): ProbePlan | undefined {
  const second = side === 'enter' ? 'id' : 'ret';
  if (!hasRawSyscalls(environment, side)) return undefined;
  if ([...fields].some((field) => field !== second)) return undefined;
  return {
    ...syscallHook(title, side),
    member(l, part) {
      if (part !== 'args') return undefined;
      return namedParts(`the arguments of ${title}`, [second], (name) =>
        name === second ? { kind: 'scalar', value: secondArgument(l), type: types.i64 } : undefined,
      );
    },
  };
}

/** The raw tracepoint that all system calls pass. */
function syscallHook(title: string, side: SyscallSide): Omit<ProbePlan, 'member'> {
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
  side: SyscallSide,
  number: number,
  format: TracepointFormat,
  environment: Environment,
): ProbePlan | undefined {
  if (!hasRawSyscalls(environment, side)) return undefined;
  return {
    ...syscallHook(title, side),
    prologue: (l) => onlySyscalls(l, side, [number]),
    member(l, part) {
      if (part !== 'args') return undefined;
      if (side === 'exit') {
        return namedParts(`the arguments of ${title}`, ['ret'], (name) =>
          name === 'ret' ? { kind: 'scalar', value: secondArgument(l), type: types.i64 } : undefined,
        );
      }
      const fields = format.fields.filter((field) => field.name !== '__syscall_nr');
      return namedParts(
        `the arguments of ${title}`,
        fields.map(({ name }) => name),
        (name) => {
          const index = fields.findIndex((field) => field.name === name);
          if (index < 0) return undefined;
          return argumentOperand(l, syscallArgument(l, index), syscallType(fields[index]), 'user');
        },
      );
    },
  };
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
