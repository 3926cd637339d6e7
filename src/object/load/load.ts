/**
 * Loading an object: names looked up in the kernel, programs relocated and linked, maps made or found, everything
 * given to the kernel at once, and then what needs descriptors: slots of program arrays and of maps of maps, pins.
 *
 * All or nothing: whatever fails, nothing stays behind, neither in the kernel nor in a bpf file system.
 */
import { rmSync } from 'node:fs';
import { Btf } from '../../btf/btf.ts';
import {
  type Collection,
  type LoadOptions as CollectionOptions,
  loadCollection,
} from '../../kernel/collection.ts';
import { codecsOf } from '../../kernel/map/btf-codec.ts';
import { completed } from '../../kernel/map/create.ts';
import { DescriptorMap } from '../../kernel/map/descriptors.ts';
import { type HandleCodecs, handleOf } from '../../kernel/map/handle.ts';
import { mapKind } from '../../kernel/map/kind.ts';
import type { BpfMap } from '../../kernel/map/map.ts';
import { findModule } from '../../kernel/types.ts';
import { vmlinux } from '../../kernel/vmlinux.ts';
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { littleEndian } from '../../sys/layout.ts';
import type { CoreTarget, ModuleTypes } from '../core/candidates.ts';
import { ObjectError } from '../errors.ts';
import type { ObjectMap, ObjectProgram, ObjectSpec } from '../spec.ts';
import { KernelNames } from './externs.ts';
import { type Kconfig, parseKconfig } from './kconfig.ts';
import { pinPathOf, reuse } from './pins.ts';
import { type Prepared, prepare } from './prepare.ts';
import { createToken } from './token.ts';

export interface LoadObjectOptions {
  /**
   * Types to answer CO-RE relocations from, instead of the running kernel's: bytes of a BTF file as BTFHub has them.
   * Default: /sys/kernel/btf/vmlinux and the modules.
   */
  readonly btf?: Uint8Array | Btf;
  /** Lines `CONFIG_X=value` that count before those of the running kernel. Default none. */
  readonly kconfig?: string;
  /** Where maps are pinned by name. Default: the root of the bpf file system. */
  readonly pinDirectory?: string;
  /** A bpf file system that was mounted for this user namespace: a token is made from it. Default none. */
  readonly tokenFrom?: string;
  /** Maps that stand in for the object's maps of these names; they stay their owner's. Default none. */
  readonly maps?: Readonly<Record<string, BpfMap>>;
  /** Keep the verifier's log of programs that load. Default 0. */
  readonly logLevel?: 0 | 1 | 2;
}

/** What is in the kernel. Owns it. */
export interface LoadedParts {
  readonly collection: Collection;
  readonly programs: readonly ObjectProgram[];
  readonly maps: readonly ObjectMap[];
  close(): void;
}

/** Loads a spec. Throws ObjectError, VerifierError, KernelError, SysError. */
export function loadSpec(spec: ObjectSpec, options: LoadObjectOptions = {}): LoadedParts {
  if (spec.littleEndian !== littleEndian) {
    const [its, ours] = spec.littleEndian ? ['little', 'big'] : ['big', 'little'];
    throw new ObjectError(
      'byteOrder',
      { file: spec.file },
      `it is ${its}-endian, this machine is ${ours}-endian`,
      {
        hint: `compile with clang -target bpf${littleEndian ? 'el' : 'eb'}`,
      },
    );
  }
  const kconfig: Kconfig | undefined =
    options.kconfig === undefined ? undefined : parseKconfig(options.kconfig);
  const names = new KernelNames(spec, { kernelTypes: vmlinux, kconfig });
  const undo: (() => void)[] = [() => names.close()];
  try {
    const prepared = prepare(spec, {
      core: () => coreTarget(options.btf),
      names,
      kernelTypes: vmlinux,
      kconfig,
    });
    const token = options.tokenFrom === undefined ? undefined : createToken(options.tokenFrom);
    if (token !== undefined) undo.push(() => token.close());
    const loaded = load(spec, prepared, options, names, token, undo);
    token?.close();
    return loaded;
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  }
}

function load(
  spec: ObjectSpec,
  prepared: Prepared,
  options: LoadObjectOptions,
  names: KernelNames,
  token: Fd | undefined,
  undo: (() => void)[],
): LoadedParts {
  const codecs = new Map(prepared.maps.map((map) => [map.name, codecsFor(spec, map)]));
  const pins = new Map<string, string>();
  const reused = new Map<string, BpfMap>(Object.entries(options.maps ?? {}));
  const own: BpfMap[] = [];
  for (const [index, map] of prepared.maps.entries()) {
    if (reused.has(map.name)) continue;
    const path = pinPathOf(spec.file, map, options.pinDirectory);
    if (path === undefined) continue;
    const wanted = prepared.collection.maps[index]!;
    const fd = reuse(spec.file, wanted, path);
    if (fd === undefined) {
      pins.set(map.name, path);
      continue;
    }
    const handle = handleOf(fd, completed(wanted), codecs.get(map.name) ?? {});
    undo.push(() => handle.close());
    own.push(handle);
    reused.set(map.name, handle);
  }
  const targets = prepared.programs.flatMap(({ name, targetProgram }): [string, { readonly fd: Fd }][] =>
    targetProgram === undefined ? [] : [[name, targetProgram as { readonly fd: Fd }]],
  );
  const collectionOptions: CollectionOptions = {
    maps: reused,
    codecs,
    targets: new Map(targets),
    ...(names.descriptors === undefined ? {} : { descriptors: names.descriptors }),
    ...(token === undefined ? {} : { token }),
    ...(options.logLevel === undefined ? {} : { logLevel: options.logLevel }),
  };
  const collection = loadCollection(prepared.collection, collectionOptions);
  undo.push(() => collection.close());
  for (const map of prepared.maps) fillSlots(spec, map, collection);
  for (const [name, path] of pins) {
    collection.map(name).pin(path);
    undo.push(() => rmSync(path, { force: true }));
  }
  return {
    collection,
    programs: prepared.programs,
    maps: prepared.maps,
    close: () => {
      collection.close();
      for (const map of own) map.close();
      names.close();
    },
  };
}

/** What relocations are answered from. */
export function coreTarget(given: Uint8Array | Btf | undefined): CoreTarget {
  if (given !== undefined) return { types: given instanceof Btf ? given : Btf.parse(given) };
  return { types: vmlinux(), modules: runningModules };
}

/** Types of all loaded modules; asked for only when the kernel itself has no candidate. */
function runningModules(): readonly ModuleTypes[] {
  const modules: ModuleTypes[] = [];
  try {
    findModule(({ name, types }) => {
      modules.push({ name, types });
      return undefined;
    });
  } catch (error) {
    // Kernels before 5.11, and processes that may not list types, have none to offer.
    if (!(error instanceof SysError)) throw error;
  }
  return modules;
}

/** Keys and values by the object's own types, which say more than what an old kernel gets. */
function codecsFor(spec: ObjectSpec, map: ObjectMap): HandleCodecs {
  const { types } = spec;
  return types === undefined || map.data !== undefined ? {} : codecsOf(map, types);
}

/** Initial slots: the kernel keeps a program or map alive as long as it is in one. */
function fillSlots(spec: ObjectSpec, map: ObjectMap, collection: Collection): void {
  if (map.slots === undefined) return;
  const holder = collection.map(map.name);
  if (!(holder instanceof DescriptorMap)) return;
  for (const [index, name] of map.slots.entries()) {
    if (name === undefined) continue;
    const object = map.inner === undefined ? collection.programs.get(name) : collection.maps.get(name);
    if (object === undefined) {
      throw new ObjectError(
        'map',
        { file: spec.file, section: '.maps' },
        `map "${map.name}": slot ${index} is for "${name}", which was not loaded`,
      );
    }
    holder.set(mapKind(map.type).indexed === true ? index : keyBytes(index, map.keySize), object);
  }
}

function keyBytes(index: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (size >= 4) view.setUint32(littleEndian ? 0 : size - 4, index, littleEndian);
  return bytes;
}
