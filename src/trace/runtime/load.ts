/** A compiled script in the kernel: its maps, its ring, its programs. */
import { type Collection, type LoadOptions, loadCollection } from '../../kernel/collection.ts';
import { possibleCpus } from '../../kernel/cpus.ts';
import type { Link } from '../../kernel/link/link.ts';
import { attachTracing } from '../../kernel/link/tracing.ts';
import type { Codec } from '../../kernel/map/codec.ts';
import { rawCodec, u64Codec } from '../../kernel/map/codec.ts';
import { DescriptorMap } from '../../kernel/map/descriptors.ts';
import { KeyedMap } from '../../kernel/map/keyed.ts';
import { StackMap } from '../../kernel/map/stacks.ts';
import { openProgram, type Program } from '../../kernel/program/program.ts';
import { LostCounters, lostLayout } from '../../kernel/stream/lost.ts';
import { RingBuffer } from '../../kernel/stream/ring.ts';
import { type UnwindSubjects, UnwindTables } from '../../kernel/unwind/tables.ts';
import { Clock, clockDifference, readClock } from '../../sys/clock.ts';
import { littleEndian } from '../../sys/layout.ts';
import type { Mapping } from '../../sys/memory.ts';
import type { CompiledProbe, CompiledScript, GlobalName, ScriptMap } from '../compiled.ts';
import type { BuildIdFrame } from '../print/context.ts';
import type { Element } from '../print/map-table.ts';
import { dwarfStackMapName, emptyStack, stackMapName, unwoundStack } from '../types/layout.ts';
import type { StackType } from '../types/type.ts';
import { attachProbe } from './attach.ts';
import type { EventStream, LoadedScript, Loss, MapAccess, RunOptions, RunResult } from './loaded.ts';
import type { StackSource } from './machine-context.ts';

export interface LoadScriptOptions extends LoadOptions {
  /** Whose stacks `dw_ustack` can walk. Default nobody's. */
  readonly unwind?: UnwindSubjects;
  /** The process of `-c`, which waits for its start. */
  readonly child?: number | undefined;
}

/** The file that a probe of user space is in. */
export function programOf({ resolved }: CompiledProbe): string | undefined {
  const [target] = resolved.targets;
  return target?.kind === 'userFunction' || target?.kind === 'usdt' ? target.path : undefined;
}

/** Loads it, all or nothing. Throws VerifierError, KernelError. */
export function loadScript(script: CompiledScript, options: LoadScriptOptions = {}): KernelScript {
  const files = script.probes.map(programOf).filter((path) => path !== undefined);
  const tables = script.unwinds ? new UnwindTables({ pids: [], files, ...options.unwind }) : undefined;
  const targets = openTargets(script.probes);
  let collection: Collection;
  try {
    const { spec } = script;
    const maps = tables?.sized(spec.maps) ?? spec.maps;
    collection = loadCollection({ ...spec, maps }, { targets, ...options });
  } finally {
    for (const program of targets.values()) program.close();
  }
  try {
    tables?.connect(collection);
    return new KernelScript(script, collection, tables, options.child);
  } catch (error) {
    tables?.close();
    collection.close();
    throw error;
  }
}

/** The BPF programs whose functions are probed (`fentry:bpf:…`), by the name of the program that probes them. */
function openTargets(probes: readonly CompiledProbe[]): Map<string, Program> {
  const targets = new Map<string, Program>();
  try {
    for (const { program, resolved } of probes) {
      const [target] = resolved.targets;
      if (target?.kind === 'bpfProgram') targets.set(program, openProgram(target.programId));
    }
    return targets;
  } catch (error) {
    for (const program of targets.values()) program.close();
    throw error;
  }
}

/** `struct bpf_stack_build_id` of include/uapi/linux/bpf.h: s32 status, 20 bytes of id, u64 offset or address. */
const frameSize = 32;
const frameStatus = { empty: 0, valid: 1 } as const;

type HookOf<K extends CompiledProbe['hook']['kind']> = Extract<CompiledProbe['hook'], { kind: K }>;

export class KernelScript implements LoadedScript, StackSource {
  readonly collection: Collection;
  readonly stream: EventStream | undefined;
  readonly maps: ReadonlyMap<string, MapAccess>;
  readonly #script: CompiledScript;
  readonly #counters: { readonly mapping: Mapping; readonly lost: LostCounters } | undefined;
  readonly #globals: Mapping | undefined;
  readonly #dispatching = new Set<string>();
  /** Programs of sessions that are attached. */
  readonly #sessions = new Set<string>();
  readonly #tables: UnwindTables | undefined;
  readonly #child: number | undefined;
  #closed = false;

  constructor(script: CompiledScript, collection: Collection, tables?: UnwindTables, child?: number) {
    this.#script = script;
    this.#tables = tables;
    this.#child = child;
    this.collection = collection;
    const cpus = possibleCpus();
    this.maps = new Map(script.maps.map((map) => [map.name, accessTo(map, collection, cpus)]));
    if (script.lostMap !== undefined) {
      const mapping = collection.map(script.lostMap).mmap();
      const layout = lostLayout(script.lossIndex.size, cpus);
      this.#counters = { mapping, lost: new LostCounters(layout, mapping.buffer) };
    }
    if (script.ring !== undefined) {
      const ring = collection.map(script.ring);
      this.stream = new RingBuffer(ring.fd.number, ring.maxEntries, { name: script.ring });
    }
    if (script.globals !== undefined) {
      this.#globals = collection.map(script.globals.map).mmap({ write: true });
      if (script.globals.offsets.startTime !== undefined) {
        this.setGlobal('startTime', readClock(Clock.monotonic));
      }
      if (script.globals.offsets.taiOffset !== undefined) {
        this.setGlobal('taiOffset', clockDifference(Clock.boot, Clock.tai));
      }
      if (script.globals.offsets.dayOffset !== undefined) {
        this.setGlobal('dayOffset', clockDifference(Clock.boot, Clock.realtime));
      }
    }
  }

  run(probe: CompiledProbe, options: RunOptions = {}): RunResult {
    const program = this.collection.program(probe.program);
    const { provider } = probe.resolved;
    if (provider !== 'test' && provider !== 'bench') return program.testRun();
    // What XDP programs are run with: an Ethernet header of zeros.
    return program.testRun({ data: new Uint8Array(14), repeat: options.repeat ?? 1 });
  }

  attach(probe: CompiledProbe): readonly Link[] {
    if (probe.hook.kind === 'dispatched') return this.#dispatch(probe.program, probe.hook);
    const { hook, program } = probe;
    const inSession = hook.kind === 'kprobe' && hook.session;
    // The other side has brought both.
    if (inSession && this.#sessions.has(program)) return [];
    const links = attachProbe(this.collection.program(program), probe, this.#child);
    if (inSession) this.#sessions.add(program);
    return links;
  }

  /** Puts the program where its dispatcher finds it; the dispatcher is attached with the first one. */
  #dispatch(name: string, { dispatcher, map, index }: HookOf<'dispatched'>): readonly Link[] {
    const programs = this.collection.map(map);
    if (!(programs instanceof DescriptorMap)) throw new Error(`internal: ${map} is no map of programs`);
    programs.set(index, this.collection.program(name));
    if (this.#dispatching.has(dispatcher)) return [];
    this.#dispatching.add(dispatcher);
    return [attachTracing(this.collection.program(dispatcher), { target: dispatcher })];
  }

  lost(): readonly Loss[] {
    const counters = this.#counters;
    if (counters === undefined || this.#closed) return [];
    const { lossIndex, ring } = this.#script;
    return [...lossIndex].map(([name, index]) => ({
      map: name === ring ? undefined : name,
      count: counters.lost.total(index),
    }));
  }

  setGlobal(name: GlobalName, value: bigint): void {
    const offset = this.#script.globals?.offsets[name];
    if (offset === undefined || this.#globals === undefined) return;
    new BigInt64Array(this.#globals.buffer, offset, 1)[0] = value;
  }

  unwindMiss(process: number): void {
    this.#tables?.refresh(process);
  }

  stack(type: StackType, id: bigint): readonly bigint[] | undefined {
    if (id === emptyStack) return [];
    if (id >= unwoundStack) return this.#unwound(type, id);
    return this.#stacks(type)?.get(Number(id - 1n));
  }

  buildIdStack(type: StackType, id: bigint): readonly BuildIdFrame[] | undefined {
    const view = this.#stacks(type)?.value(Number(id - 1n));
    if (view === undefined) return undefined;
    const frames: BuildIdFrame[] = [];
    for (let at = 0; at + frameSize <= view.byteLength; at += frameSize) {
      const status = view.getInt32(at, littleEndian);
      if (status === frameStatus.empty) break;
      const id = Buffer.from(view.buffer, view.byteOffset + at + 4, 20).toString('hex');
      frames.push({
        buildId: status === frameStatus.valid ? id : undefined,
        offset: view.getBigUint64(at + 24, littleEndian),
      });
    }
    return frames;
  }

  /** A stack that `dw_ustack` walked. */
  #unwound({ limit }: StackType, id: bigint): readonly bigint[] | undefined {
    const map = this.collection.maps.get(dwarfStackMapName(limit));
    if (!(map instanceof KeyedMap)) return undefined;
    const value = map.withCodecs(u64Codec, rawCodec(map.name, 'value', map.valueSize)).get(id);
    if (value === undefined) return undefined;
    const addresses = [...new BigUint64Array(value.buffer, value.byteOffset, limit)];
    const end = addresses.indexOf(0n);
    return end < 0 ? addresses : addresses.slice(0, end);
  }

  #stacks(type: StackType): StackMap | undefined {
    const map = this.collection.maps.get(stackMapName(type));
    return map instanceof StackMap ? map : undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.stream?.close();
    this.#counters?.mapping.close();
    this.#globals?.close();
    this.#tables?.close();
    this.collection.close();
  }
}

/** Bytes without a copy of their own would be overwritten by the next block: this one copies. */
function bytesCodec(map: ScriptMap, what: 'key' | 'value', size: number): Codec<Uint8Array> {
  return rawCodec(map.name, what, size);
}

function accessTo(map: ScriptMap, collection: Collection, cpus: number): MapAccess {
  const handle = collection.map(map.kernelName);
  if (!(handle instanceof KeyedMap)) throw new TypeError(`${map.name} has no keys`);
  const stride = Math.ceil(handle.valueSize / 8) * 8;
  const valueSize = map.perCpu ? stride * cpus : handle.valueSize;
  const keyed = handle.withCodecs(
    bytesCodec(map, 'key', handle.keySize),
    bytesCodec(map, 'value', valueSize),
  );
  return {
    elements: (): Iterable<Element> => keyed.entries(),
    clear: () => keyed.clear(),
    zero: () => {
      const nothing = new Uint8Array(valueSize);
      keyed.setAll([...keyed.keys()].map((key) => [key, nothing] as const));
    },
  };
}
