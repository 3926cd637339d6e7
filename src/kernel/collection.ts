/**
 * Loading a collection: BTF once, then maps with their contents, then programs that refer to them.
 *
 * All or nothing: whatever fails, everything made so far is closed before the error leaves.
 */
import type { Btf } from '../btf/btf.ts';
import { Btf as BtfReader } from '../btf/btf.ts';
import { bpfTry } from '../sys/bpf.ts';
import { Fd } from '../sys/fd.ts';
import { Limit, limitless, trySetLimit } from '../sys/process.ts';
import { badSpec } from './errors.ts';
import { olderThan } from './feature/release.ts';
import { ArenaMap } from './map/arena.ts';
import { codecsOf } from './map/btf-codec.ts';
import { type CreateContext, createMap } from './map/create.ts';
import { type HandleCodecs, handleOf } from './map/handle.ts';
import type { BpfMap } from './map/map.ts';
import { joinSections, lineRecords, StringTail, sectionsOf, usableLines } from './program/debug-info.ts';
import { loadProgram } from './program/load.ts';
import type { Program } from './program/program.ts';
import type { CollectionSpec, MapSpec, ProgramSpec } from './spec.ts';
import { loadBtf, tokenOf } from './types.ts';
import { vmlinux } from './vmlinux.ts';

export interface LoadOptions {
  /** Where attach targets and kernel functions are looked up. Default: the running kernel's BTF, read when needed. */
  readonly kernelTypes?: () => Btf;
  /**
   * Maps that exist already and stand in for the spec's maps of these names. They stay their owner's:
   * closing the collection leaves them open. Default none.
   */
  readonly maps?: ReadonlyMap<string, BpfMap>;
  /** How keys and values of a map are handled, by name. Default: by the types in the collection's BTF. */
  readonly codecs?: ReadonlyMap<string, HandleCodecs>;
  /** For programs whose target lies in another program: that program, by the name of the one to load. */
  readonly targets?: ReadonlyMap<string, { readonly fd: Fd }>;
  /** `fd_array` of programs: what the offset of a call of a module's function counts in. Default none. */
  readonly descriptors?: Int32Array;
  /** A BPF token: what a process in a user namespace was allowed. Linux 6.9. Default none. */
  readonly token?: Fd;
  /** Keep the log of programs that load: 1 statistics only, 2 every step. Default 0, which loads faster. */
  readonly logLevel?: 0 | 1 | 2;
}

/** What was loaded. Owns maps and programs. */
export class Collection {
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, Program>;
  readonly #owned: readonly { close(): void }[];

  constructor(
    maps: ReadonlyMap<string, BpfMap>,
    programs: ReadonlyMap<string, Program>,
    owned: readonly { close(): void }[],
  ) {
    this.maps = maps;
    this.programs = programs;
    this.#owned = owned;
  }

  /** A map that the spec has. Throws KernelError (badSpec) for another name. */
  map(name: string): BpfMap {
    const map = this.maps.get(name);
    if (map === undefined) throw badSpec('collection', `it has no map "${name}"`);
    return map;
  }

  /** A program that the spec has. Throws KernelError (badSpec) for another name. */
  program(name: string): Program {
    const program = this.programs.get(name);
    if (program === undefined) throw badSpec('collection', `it has no program "${name}"`);
    return program;
  }

  /** Closes programs, then maps; again and again without effect. Links keep what they need alive. */
  close(): void {
    for (const one of this.#owned) one.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Loads maps and programs into the kernel. Throws VerifierError, KernelError, BtfError or AsmError;
 * nothing is left behind then. Linux 4.18 for anything with BTF; each map and program type has its own
 * minimum.
 */
export function loadCollection(spec: CollectionSpec, options: LoadOptions = {}): Collection {
  raiseMemoryLock();
  unique('map', spec.maps);
  unique('program', spec.programs);
  const owned: { close(): void }[] = [];
  try {
    const token = options.token?.number;
    const { btfFd, lines } = loadTypes(spec, token);
    if (btfFd !== undefined) owned.push(btfFd);
    const types = spec.btf === undefined ? undefined : BtfReader.parse(spec.btf);
    const maps = new Map<string, BpfMap>();
    for (const map of spec.maps) {
      const given = options.maps?.get(map.name);
      maps.set(
        map.name,
        given ?? make(map, { btfFd: btfFd?.number, token }, codecsFor(map, types, options), owned),
      );
    }
    const programs = new Map<string, Program>();
    const context = {
      btfFd: btfFd?.number,
      logLevel: options.logLevel,
      descriptors: options.descriptors,
      token,
      mapFd: (name: string) => maps.get(name)?.fd.number,
      kernelTypes: options.kernelTypes ?? vmlinux,
    };
    for (const program of spec.programs) {
      const targetFd = options.targets?.get(program.name)?.fd.number;
      const loaded = loadProgram(program, { ...context, targetFd, lineRecords: lines.get(program) });
      owned.push(loaded);
      programs.set(program.name, loaded);
    }
    return new Collection(maps, programs, owned.reverse());
  } catch (error) {
    for (const one of owned.reverse()) one.close();
    throw error;
  }
}

function unique(what: string, specs: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of specs) {
    if (names.has(name)) throw badSpec('collection', `two ${what}s are called "${name}"`);
    names.add(name);
  }
}

function codecsFor(spec: MapSpec, types: Btf | undefined, options: LoadOptions): HandleCodecs {
  const given = options.codecs?.get(spec.name);
  if (given !== undefined) return given;
  return types === undefined ? {} : codecsOf(spec, types);
}

function make(
  spec: MapSpec,
  context: CreateContext,
  codecs: HandleCodecs,
  owned: { close(): void }[],
): BpfMap {
  const { fd, shape } = createMap(spec, context);
  owned.push(fd);
  const handle = handleOf(fd, shape, codecs);
  // Programs that use it are translated with its address: it has to have one before they are loaded.
  if (handle instanceof ArenaMap) {
    owned.push(handle);
    const { buffer } = handle.mmap(spec.extra ? { address: spec.extra } : {});
    if (spec.contents !== undefined) new Uint8Array(buffer).set(spec.contents);
  }
  return handle;
}

/** Loads the collection's BTF with the source lines of its programs in it, where there is any of both. */
function loadTypes(
  spec: CollectionSpec,
  token: number | undefined,
): {
  readonly btfFd: Fd | undefined;
  readonly lines: ReadonlyMap<ProgramSpec, Uint32Array>;
} {
  const lines = new Map<ProgramSpec, Uint32Array>();
  if (spec.btf === undefined && spec.programs.every((program) => (program.lines ?? []).length === 0)) {
    return { btfFd: undefined, lines };
  }
  const sections = sectionsOf(spec.btf);
  const tail = new StringTail(sections.strings.length);
  for (const program of spec.programs) lines.set(program, lineRecords(usableLines(program), tail));
  const btf = joinSections(sections, tail);
  if (spec.btf !== undefined) return { btfFd: loadBtf(btf, token), lines };
  // Source lines alone are a comfort: a kernel that refuses them loads the programs without.
  const { result } = bpfTry('btfLoad', { btf, btfSize: btf.length, ...tokenOf(token) });
  return { btfFd: result < 0 ? undefined : Fd.own(result, 'BTF'), lines };
}

let raised = false;

/** Before 5.11 maps count against RLIMIT_MEMLOCK: raised as far as the process may, once, without complaint. */
function raiseMemoryLock(): void {
  if (raised || !olderThan('5.11')) return;
  raised = true;
  trySetLimit(Limit.lockedMemory, { current: limitless, maximum: limitless });
}
