/** `tracepoint:CATEGORY:EVENT`. */
import type { KernelQuestion } from '../../../asm/instruction.ts';
import type { Btf } from '../../../btf/btf.ts';
import { AttachType, ProgramType } from '../../../kernel/spec.ts';
import { addressAt, copyIn } from '../../../script/emit/memory.ts';
import {
  hasRawSyscalls,
  onlySyscalls,
  type SyscallSide,
  secondArgument,
  syscallArgument,
  syscallOf,
} from '../../../script/emit/syscalls.ts';
import type { ProbeTarget, ResolvedProbe } from '../../probes/resolved.ts';
import { layoutOf } from '../../types/layout.ts';
import type { StructMember, StructType, Type } from '../../types/type.ts';
import { dataLocation } from '../access.ts';
import type { BodyUse } from '../body.ts';
import type { LowerEnvironment } from '../environment.ts';
import type { Hook } from '../hook.ts';
import type { Lowered, Parts } from '../lowered.ts';
import { clear, memoryOf, readPlace } from '../memory.ts';
import { askedAddress } from '../portable.ts';
import type { Lowering } from '../state.ts';
import { isRegister, isSigned, registerSize } from '../types.ts';
import { argumentValue } from './arguments.ts';
import { recordQuestion, recordStruct } from './record.ts';

type Tracepoint = Extract<ProbeTarget, { kind: 'tracepoint' }>;

/** Bytes of the record before the first argument of a call: common fields, number, padding. */
const firstArgument = 16;

export function tracepointHooks(
  resolved: ResolvedProbe,
  use: BodyUse,
  environment: LowerEnvironment,
): Hook[] {
  const targets = resolved.targets.filter((target): target is Tracepoint => target.kind === 'tracepoint');
  const { kernel } = environment;
  const sides: Record<SyscallSide, { targets: Tracepoint[]; numbers: number[] }> = {
    enter: { targets: [], numbers: [] },
    exit: { targets: [], numbers: [] },
  };
  const [raw, perf]: [Tracepoint[], Tracepoint[]] = [[], []];
  const hooks: Hook[] = [];
  // An object says which tracepoint it is for.
  if (environment.portable === true) {
    const groups = use.args === undefined ? [targets] : sameRecords(targets);
    return groups
      .filter((group) => group.length > 0)
      .map((group) => perfTracepoint(part(resolved, group), kernel.btf));
  }
  for (const target of targets) {
    const call = target.category === 'syscalls' ? syscallOf(kernel.architecture, target.event) : undefined;
    const every =
      target.category === 'raw_syscalls' ? /^sys_(enter|exit)$/.exec(target.event)?.[1] : undefined;
    if (call && !use.whole && !readsCommon(use) && hasRawSyscalls(kernel, call.side)) {
      sides[call.side].targets.push(target);
      sides[call.side].numbers.push(call.number);
    } else if (
      every &&
      !use.whole &&
      fewFields(use, every as SyscallSide) &&
      hasRawSyscalls(kernel, every as SyscallSide)
    ) {
      hooks.push(everySyscall(part(resolved, [target]), every as SyscallSide));
    } else if (
      use.args === undefined &&
      kernel.btf.find(`btf_trace_${target.event}`, 'typedef') !== undefined
    ) {
      raw.push(target);
    } else perf.push(target);
  }
  for (const side of ['enter', 'exit'] as const) {
    const { targets: mine, numbers } = sides[side];
    if (mine.length > 0) hooks.push(syscalls(part(resolved, mine), side, numbers));
  }
  if (raw.length === 1) hooks.push(typedTracepoint(part(resolved, raw), raw[0]!.event));
  else if (raw.length > 1) hooks.push(namedTracepoints(part(resolved, raw)));
  if (perf.length > 0) hooks.push(perfTracepoint(part(resolved, perf)));
  return hooks;
}

/** Events whose records may differ on another kernel are not of one program: only those of system calls never do. */
function sameRecords(targets: readonly Tracepoint[]): Tracepoint[][] {
  const groups = new Map<string, Tracepoint[]>();
  for (const target of targets) {
    const side = target.category === 'syscalls' ? /^sys_(enter|exit)_/.exec(target.event)?.[0] : undefined;
    const key = side ?? target.name;
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  return [...groups.values()];
}

/** The same probe at some of its targets. */
export function part(resolved: ResolvedProbe, targets: readonly ProbeTarget[]): ResolvedProbe {
  return targets.length === resolved.targets.length ? resolved : { ...resolved, targets };
}

/** Fields that every record has and the raw form lacks. */
const readsCommon = (use: BodyUse): boolean => [...use.fields].some((name) => name.startsWith('common_'));

/**
 * raw_syscalls: the arguments of calls are not in the raw form: where they are depends on whether the process is a
 * 32-bit one.
 */
function fewFields(use: BodyUse, side: SyscallSide): boolean {
  const known = side === 'enter' ? ['id'] : ['ret'];
  return [...use.fields].every((name) => known.includes(name));
}

/** The program itself and bpf_trace_runN, which a tracepoint through perf has not on its stack. */
const rawFrames = 2;

const shared = {
  userMemory: false,
  resultIgnored: true,
  filtersPid: false,
} as const;

function syscallHook(resolved: ResolvedProbe, side: SyscallSide): Hook {
  return {
    ...shared,
    programType: ProgramType.tracing,
    attachType: AttachType.traceRawTp,
    attachTarget: { kind: 'rawTracepoint', name: `sys_${side}` },
    compiled: { kind: 'tracing' },
    resolved,
    userMemory: true,
    // And __bpf_trace_sys_enter, where perf has perf_syscall_enter.
    ownFrames: rawFrames + 1,
  };
}

function everySyscall(resolved: ResolvedProbe, side: SyscallSide): Hook {
  return {
    ...syscallHook(resolved, side),
    args: (l, type) => parts(l, type, () => secondArgument(l)),
  };
}

function syscalls(resolved: ResolvedProbe, side: SyscallSide, numbers: readonly number[]): Hook {
  return {
    ...syscallHook(resolved, side),
    syscall: numbers.length === 1 ? { side, number: numbers[0]! } : undefined,
    prologue: (l) => onlySyscalls(l, side, numbers),
    args: (l, type) =>
      parts(l, type, (offset, name) => {
        if (name === '__syscall_nr' || offset < firstArgument) {
          // One program serves one call where somebody asks for its arguments.
          return numbers.length === 1 || side === 'exit' ? l.b.constant(numbers[0] ?? 0) : secondArgument(l);
        }
        return side === 'exit' ? secondArgument(l) : syscallArgument(l, (offset - firstArgument) / 8);
      }),
  };
}

function parts(
  l: Lowering,
  type: Type,
  read: (offset: number, name: string) => ReturnType<typeof secondArgument>,
): Parts {
  const struct = type as StructType;
  return {
    kind: 'parts',
    type,
    part(name) {
      const member = struct.member(name);
      if (!member) throw new Error(`internal: no argument ${name}`);
      return argumentValue(l, read(member.offset, name), member.type, false);
    },
  };
}

function typedTracepoint(resolved: ResolvedProbe, event: string): Hook {
  return {
    ...shared,
    programType: ProgramType.tracing,
    attachType: AttachType.traceRawTp,
    attachTarget: { kind: 'rawTracepoint', name: event },
    compiled: { kind: 'tracing' },
    resolved,
    ownFrames: rawFrames,
  };
}

function namedTracepoints(resolved: ResolvedProbe): Hook {
  return {
    ...shared,
    programType: ProgramType.rawTracepoint,
    compiled: { kind: 'rawTracepoint' },
    resolved,
    ownFrames: rawFrames,
  };
}

/** `asked`: the kernel's types, where another kernel is to say where the fields are. */
function perfTracepoint(resolved: ResolvedProbe, asked?: Btf): Hook {
  const [first] = resolved.targets;
  return {
    ...shared,
    programType: ProgramType.tracepoint,
    compiled: { kind: 'tracepoint' },
    resolved,
    resultIgnored: false,
    userMemory: resolved.targets.every(
      (target) => target.kind === 'tracepoint' && target.category.endsWith('syscalls'),
    ),
    args: (l, type) => {
      const struct = type as StructType;
      if (asked === undefined || first?.kind !== 'tracepoint') return recordParts(l, struct);
      const root = recordStruct(asked, first.category, first.event, struct);
      return recordParts(l, struct, (name) =>
        root === undefined ? undefined : recordQuestion(asked, root, struct, name),
      );
    },
  };
}

/** What the kernel keeps to itself at the start of the record (perf_trace_buf_alloc's pt_regs pointer). */
const hidden = 8;
/** Up to this many bytes of the record are loaded word by word. */
const loaded = 16;

/**
 * The record of a tracepoint. Numbers are loaded from it; what is longer than a name, or has an index that is not
 * known, is copied by helper, since the verifier knows the record by fixed distances only.
 */
function recordParts(
  l: Lowering,
  type: StructType,
  ask: (name: string) => KernelQuestion | undefined = () => undefined,
): Parts {
  const place = { kind: 'place', base: l.context, offset: 0, invariant: true, foreign: true } as const;
  return {
    kind: 'parts',
    type,
    part(name) {
      const member = type.member(name);
      if (!member) throw new Error(`internal: no argument ${name}`);
      const question = ask(name);
      if (question) return askedField(l, question, member);
      if (member.dataLocation) {
        const record = { ...place, type, memory: 'direct' } as const;
        return dataLocation(l, record, member.offset, member.dataLocation, member.type);
      }
      const inWords =
        isRegister(member.type) || (member.type.kind === 'string' && member.type.size <= loaded);
      return readPlace(l, {
        ...place,
        offset: member.offset,
        type: member.type,
        bitfield: member.bitfield,
        memory: inWords ? 'direct' : 'kernelRaw',
      });
    },
    whole: {
      kind: 'made',
      type,
      write(to, offset, as) {
        const { size } = layoutOf(as);
        clear(l, to, offset, size);
        copyIn(l, addressAt(l, to, offset + hidden), size - hidden, l.context, hidden, 'direct');
      },
    },
  };
}

/** A field whose place the loader asks for: the load of a number has it as its distance, as the verifier wants it. */
function askedField(
  l: Lowering,
  question: KernelQuestion,
  { type, offset, dataLocation }: StructMember,
): Lowered {
  const { b } = l;
  if (dataLocation) {
    const where = b.load(4, l.context, offset, { invariant: true, question });
    const low = b.binary('and', where, b.constant(0xffff));
    const own = b.binary('add', b.kernelConstant(question, BigInt(offset)), b.constant(4));
    const start = dataLocation === 'field' ? b.binary('add', low, own) : low;
    return {
      kind: 'scalar',
      value: b.binary('add', l.context, start, 64, l.context.type),
      type,
      memory: 'kernelRaw',
    };
  }
  if (isRegister(type)) {
    const signed = isSigned(type);
    const bits = (registerSize(type) * 8) as 8;
    const value = b.load(registerSize(type), l.context, offset, {
      ...{ signed, invariant: true, question },
      type: { kind: 'scalar', bits, signed },
    });
    const memory = type.kind === 'pointer' ? memoryOf(l, type) : undefined;
    return { kind: 'scalar', value, type, memory };
  }
  const base = askedAddress(l, l.context, question, offset);
  return { kind: 'place', base, offset: 0, type, memory: 'kernelRaw', invariant: true, foreign: true };
}
