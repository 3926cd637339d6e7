/**
 * What a package asks for, read from its object: shown before it runs, and by `bpfkit inspect`. Nothing is loaded and
 * nothing of the package is believed but its instructions.
 */
import { AttachType, MapType, ProgramType } from '../kernel/spec.ts';
import type { ObjectProgram, ObjectSpec } from '../object/spec.ts';
import { packageObject } from './object.ts';
import type { Opened } from './open.ts';
import { readModule } from './wasm/module.ts';

export interface ProgramRequest {
  readonly name: string;
  readonly section: string;
  /** What it may do to others, in words; empty for a program that only looks. */
  readonly powers: readonly string[];
}

export interface Requests {
  readonly programs: readonly ProgramRequest[];
  readonly maps: readonly { readonly name: string; readonly type: number; readonly bytes: number }[];
  /** Capabilities that loading and attaching it takes, on a kernel from 5.8 on. */
  readonly capabilities: readonly string[];
  /** Functions that a WebAssembly module imports; undefined for other packages. */
  readonly imports?: readonly string[];
}

/** Helpers that reach beyond the program's own maps: numbers of enum bpf_func_id. */
const powerfulHelpers: ReadonlyMap<number, string> = new Map([
  [9, 'changes packets'],
  [10, 'changes packets'],
  [11, 'changes packets'],
  [13, 'sends copies of packets elsewhere'],
  [23, 'sends packets elsewhere'],
  [36, "writes to processes' memory (bpf_probe_write_user)"],
  [51, 'sends packets elsewhere'],
  [58, 'makes kernel functions fail (bpf_override_return)'],
  [60, 'sends messages elsewhere'],
  [109, 'sends signals to processes (bpf_send_signal)'],
  [117, 'sends signals to threads (bpf_send_signal_thread)'],
  [136, 'changes open sockets'],
  [166, 'makes system calls (bpf_sys_bpf)'],
]);

/** Whose `max_entries` are bytes; the type of their values is for readers. */
const buffers: ReadonlySet<number> = new Set([MapType.ringBuffer, MapType.userRingBuffer]);

const writing: ReadonlySet<ProgramType> = new Set([
  ProgramType.schedCls,
  ProgramType.schedAct,
  ProgramType.xdp,
]);

export function requestsOf(opened: Opened): Requests {
  if (opened.kind === 'wasm') {
    const { imports } = readModule(opened.module, opened.name, Number.MAX_SAFE_INTEGER);
    return {
      programs: [],
      maps: [],
      capabilities: ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN'],
      imports: imports.map(({ module, name }) => `${module}.${name}`),
    };
  }
  return objectRequests(packageObject(opened.package));
}

export function objectRequests(spec: ObjectSpec): Requests {
  const capabilities = new Set(['CAP_BPF']);
  for (const { rule } of spec.programs) {
    if (rule) for (const one of capabilitiesOf(rule.type)) capabilities.add(one);
  }
  return {
    programs: spec.programs.map((program) => ({
      name: program.name,
      section: program.section,
      powers: powersOf(spec, program),
    })),
    maps: spec.maps.map((map) => ({
      name: map.name,
      type: map.type,
      bytes: buffers.has(map.type) ? map.maxEntries : map.maxEntries * (map.keySize + map.valueSize),
    })),
    capabilities: [...capabilities].sort(),
  };
}

/** Documentation of capabilities(7), and bpf_prog_load in kernel/bpf/syscall.c. */
function capabilitiesOf(type: ProgramType): readonly string[] {
  switch (type) {
    case ProgramType.kprobe:
    case ProgramType.tracepoint:
    case ProgramType.perfEvent:
    case ProgramType.rawTracepoint:
    case ProgramType.rawTracepointWritable:
    case ProgramType.tracing:
    case ProgramType.lsm:
    case ProgramType.extension:
      return ['CAP_PERFMON'];
    case ProgramType.socketFilter:
    case ProgramType.syscall:
      return [];
    default:
      return ['CAP_NET_ADMIN'];
  }
}

function powersOf(spec: ObjectSpec, program: ObjectProgram): string[] {
  const powers = new Set<string>();
  const { rule } = program;
  if (rule) {
    if (rule.type === ProgramType.lsm) powers.add('may refuse operations of every process');
    if (rule.attachType === AttachType.modifyReturn) powers.add('may change results of kernel functions');
    if (writing.has(rule.type)) powers.add('may drop and change packets');
    if (rule.attach === 'cgroup') powers.add('may refuse what processes of a control group do');
    if (rule.attach === 'netfilter') powers.add('may drop packets');
    if (rule.attach === 'sockmap' || rule.attach === 'netns') powers.add('may redirect connections');
    if (rule.attach === 'structOps') powers.add('replaces a part of the kernel');
    if (rule.attach === 'extension') powers.add('replaces a function of another BPF program');
  }
  // Which functions a program reaches by calls; the object may have more.
  const reached = new Set([program.function]);
  for (const key of reached) {
    for (const { opcode, src, imm, reference } of spec.functions.get(key)?.instructions ?? []) {
      if (reference?.kind === 'function') reached.add(reference.name);
      const power = opcode === 0x85 && src === 0 && !reference ? powerfulHelpers.get(imm) : undefined;
      if (power) powers.add(power);
    }
  }
  return [...powers];
}

/** Lines for people. */
export function requestLines(requests: Requests): string[] {
  const lines = requests.programs.map(({ name, section, powers }) => {
    const what = powers.length === 0 ? 'only looks' : powers.join('; ');
    return `  program ${name} (${section}): ${what}`;
  });
  for (const name of requests.imports ?? []) lines.push(`  imports ${name}`);
  lines.push(`  needs ${requests.capabilities.join(', ')}`);
  return lines;
}
