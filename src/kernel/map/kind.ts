/** What can be done with each map type: one table instead of branches in a dozen places. */
import { MapType } from '../spec.ts';

export interface MapKind {
  /** For messages. */
  readonly name: string;
  /** Linux version that brought it. */
  readonly since: string;
  /** How a handle reaches the elements. */
  readonly access: 'keyed' | 'queue' | 'descriptors' | 'stacks' | 'storage' | 'bloom' | 'arena' | 'none';
  /** One value for each possible CPU. */
  readonly perCpu?: true;
  /** Keys are indexes below max_entries, and always there. */
  readonly indexed?: true;
  /** The kernel refuses BTF ids for its keys and values. */
  readonly noBtf?: true;
  /** The kernel asks for BTF ids of key and value: where a spec has none, types of plain bytes are made. */
  readonly needsBtf?: true;
  /** Sizes of values that the kernel takes, where it is particular; the last is the default. */
  readonly valueSizes?: readonly number[];
  /** Asks for BPF_F_NO_PREALLOC. */
  readonly noPrealloc?: true;
}

/** Flags of BPF_MAP_CREATE: include/uapi/linux/bpf.h. */
export const MapFlag = {
  noPrealloc: 1,
  noCommonLru: 2,
  numaNode: 4,
  readOnly: 8,
  writeOnly: 16,
  stackBuildId: 32,
  zeroSeed: 64,
  /** Programs may not write: with freezing, the verifier takes the bytes for constants. Linux 5.2. */
  readOnlyProgram: 128,
  writeOnlyProgram: 256,
  clone: 512,
  /** The values of an array can be mapped into user space. Linux 5.5. */
  mmapable: 1024,
  preserveElements: 2048,
  innerMap: 4096,
  /** struct_ops maps that are registered by a link. Linux 6.4. */
  link: 8192,
  /** The map's type comes from a module's BTF. Linux 6.9. */
  valueTypeOfModule: 32_768,
  /** Arenas: the program's addresses need not be translated. Linux 6.9. */
  segvOnFault: 131_072,
  noUserConversion: 262_144,
} as const;

const kinds = new Map<number, MapKind>([
  [MapType.hash, { name: 'hash', since: '3.19', access: 'keyed' }],
  [MapType.array, { name: 'array', since: '3.19', access: 'keyed', indexed: true }],
  [
    MapType.programArray,
    { name: 'program array', valueSizes: [4], since: '4.2', access: 'descriptors', indexed: true },
  ],
  [
    MapType.perfEventArray,
    {
      name: 'perf event array',
      valueSizes: [4],
      since: '4.3',
      access: 'descriptors',
      indexed: true,
      noBtf: true,
    },
  ],
  [MapType.perCpuHash, { name: 'per-CPU hash', since: '4.6', access: 'keyed', perCpu: true }],
  [
    MapType.perCpuArray,
    { name: 'per-CPU array', since: '4.6', access: 'keyed', perCpu: true, indexed: true },
  ],
  [MapType.stackTrace, { name: 'stack trace', since: '4.6', access: 'stacks', noBtf: true }],
  [
    MapType.cgroupArray,
    {
      name: 'cgroup array',
      valueSizes: [4],
      since: '4.8',
      access: 'descriptors',
      indexed: true,
      noBtf: true,
    },
  ],
  [MapType.lruHash, { name: 'LRU hash', since: '4.10', access: 'keyed' }],
  [MapType.lruPerCpuHash, { name: 'LRU per-CPU hash', since: '4.10', access: 'keyed', perCpu: true }],
  [MapType.lpmTrie, { name: 'LPM trie', since: '4.11', access: 'keyed', noPrealloc: true }],
  [
    MapType.arrayOfMaps,
    {
      name: 'array of maps',
      valueSizes: [4],
      since: '4.12',
      access: 'descriptors',
      indexed: true,
      noBtf: true,
    },
  ],
  [
    MapType.hashOfMaps,
    { name: 'hash of maps', valueSizes: [4], since: '4.12', access: 'descriptors', noBtf: true },
  ],
  [
    MapType.devmap,
    { name: 'devmap', valueSizes: [8, 4], since: '4.14', access: 'keyed', indexed: true, noBtf: true },
  ],
  [
    MapType.sockmap,
    { name: 'sockmap', valueSizes: [8, 4], since: '4.14', access: 'descriptors', indexed: true, noBtf: true },
  ],
  [
    MapType.cpumap,
    { name: 'cpumap', valueSizes: [8, 4], since: '4.15', access: 'keyed', indexed: true, noBtf: true },
  ],
  [
    MapType.xskmap,
    { name: 'xskmap', valueSizes: [4], since: '4.18', access: 'descriptors', indexed: true, noBtf: true },
  ],
  [
    MapType.sockhash,
    { name: 'sockhash', valueSizes: [8, 4], since: '4.18', access: 'descriptors', noBtf: true },
  ],
  [MapType.cgroupStorage, { name: 'cgroup storage', since: '4.19', access: 'keyed' }],
  [
    MapType.reuseportSockarray,
    {
      name: 'reuseport socket array',
      valueSizes: [8, 4],
      since: '4.19',
      access: 'descriptors',
      indexed: true,
    },
  ],
  [
    MapType.perCpuCgroupStorage,
    { name: 'per-CPU cgroup storage', since: '4.20', access: 'keyed', perCpu: true },
  ],
  [MapType.queue, { name: 'queue', since: '4.20', access: 'queue', noBtf: true }],
  [MapType.stack, { name: 'stack', since: '4.20', access: 'queue', noBtf: true }],
  [
    MapType.socketStorage,
    { name: 'socket storage', since: '5.2', access: 'storage', noPrealloc: true, needsBtf: true },
  ],
  [
    MapType.devmapHash,
    { name: 'devmap hash', valueSizes: [8, 4], since: '5.4', access: 'keyed', noBtf: true },
  ],
  [MapType.structOps, { name: 'struct_ops', since: '5.6', access: 'none', needsBtf: true }],
  [MapType.ringBuffer, { name: 'ring buffer', since: '5.8', access: 'none', noBtf: true }],
  [
    MapType.inodeStorage,
    { name: 'inode storage', since: '5.10', access: 'storage', noPrealloc: true, needsBtf: true },
  ],
  [
    MapType.taskStorage,
    { name: 'task storage', since: '5.11', access: 'storage', noPrealloc: true, needsBtf: true },
  ],
  [MapType.bloomFilter, { name: 'bloom filter', since: '5.16', access: 'bloom' }],
  [MapType.userRingBuffer, { name: 'user ring buffer', since: '6.1', access: 'none', noBtf: true }],
  [
    MapType.cgroupLocalStorage,
    { name: 'cgroup local storage', since: '6.2', access: 'storage', noPrealloc: true, needsBtf: true },
  ],
  [MapType.arena, { name: 'arena', since: '6.9', access: 'arena', noBtf: true }],
  [
    MapType.instructionArray,
    {
      name: 'instruction array',
      valueSizes: [16],
      since: '6.19',
      access: 'keyed',
      indexed: true,
      noBtf: true,
    },
  ],
]);

/** Kinds by number, for lists. */
export const mapKinds: ReadonlyMap<number, MapKind> = kinds;

const unknown: MapKind = { name: 'map of a type unknown to bpfkit', since: '?', access: 'keyed' };

/** Whether the type is one that bpfkit knows. */
export function isKnownMapType(type: number): boolean {
  return kinds.has(type);
}

/** What is known about a map type, by its number; newer types count as keyed. */
export function mapKind(type: number): MapKind {
  return kinds.get(type) ?? unknown;
}
