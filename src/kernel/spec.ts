/**
 * What to load, as plain data made without a kernel: the hand-over between every front end and `kernel/`.
 *
 * A spec is the same on every machine. Maps are named by key; instructions name them through their
 * `reference`, and only loading replaces names by descriptors.
 */
import type { Instruction } from '../asm/instruction.ts';
import type { TypeId } from '../btf/types.ts';

export interface MapSpec {
  readonly name: string;
  readonly type: MapType;
  /** Bytes; 0 for ring buffers, and for the keys of queues and stacks. */
  readonly keySize: number;
  /** Bytes of one value: of one CPU's value in a per-CPU map. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** `BPF_F_*`; default 0. */
  readonly flags?: number;
  /** `map_extra`: hash functions of a bloom filter (default 5), first address of an arena. */
  readonly extra?: number;
  /** Memory node of the elements, with BPF_F_NUMA_NODE. */
  readonly numaNode?: number;
  /** struct_ops: the structure that is implemented, `tcp_congestion_ops`. */
  readonly structOps?: string;
  /** Types of key and value in the collection's BTF: what typed handles decode by. */
  readonly keyType?: TypeId;
  readonly valueType?: TypeId;
  /** Only maps of maps. */
  readonly inner?: MapSpec;
  /** First bytes of an array map (globals and read-only constants), written before loading. */
  readonly contents?: Uint8Array;
  /** Frozen after `contents` is written: the verifier then treats the bytes as constants (with BPF_F_RDONLY_PROG). */
  readonly freeze?: boolean;
}

/** One source position for the verifier's log and for errors. Lines and columns count from 1. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export interface FunctionInfo {
  /** In slots of 8 bytes from the start of the program. */
  readonly slot: number;
  readonly name: string;
  /** A `function` in the collection's BTF. */
  readonly type: TypeId;
}

export interface LineInfo {
  readonly slot: number;
  readonly source: SourceLine;
}

/** Why an instruction must not be reached, and how to keep the program from it. */
export interface Unreachable {
  readonly reason: string;
  readonly hint?: string | undefined;
}

export interface ProgramSpec {
  readonly name: string;
  readonly type: ProgramType;
  readonly attachType?: AttachType;
  readonly instructions: readonly Instruction[];
  /** Default 'GPL': most tracing helpers ask for it. */
  readonly license?: string;
  readonly functions?: readonly FunctionInfo[];
  readonly lines?: readonly LineInfo[];
  /**
   * Slots with an instruction that no kernel has, put there by whoever made the program, and why: it is an error
   * only where the verifier gets there, and only then a function is asked for its reason. Default none.
   */
  readonly unreachable?: ReadonlyMap<number, Unreachable | (() => Unreachable)>;
  /** What its source calls its place, for messages: `fentry/do_exit`. */
  readonly section?: string;
  /** The kernel type that a tracing program attaches to: `btf_trace_NAME` typedef, or a function. */
  readonly attachTarget?: AttachTarget;
  /** BPF_F_SLEEPABLE: the program may fault user pages in. */
  readonly sleepable?: boolean;
  /** Other `ProgramFlag`s; default 0. */
  readonly flags?: number;
}

export type AttachTarget =
  /** tp_btf: typedef `btf_trace_NAME`. */
  | { readonly kind: 'rawTracepoint'; readonly name: string }
  /** fentry, fexit, fmod_ret: function NAME. */
  | { readonly kind: 'function'; readonly name: string }
  /** iterator: function `bpf_iter_NAME`. */
  | { readonly kind: 'iterator'; readonly name: string }
  /**
   * freplace, and fentry or fexit of BPF programs: a function of a program that is loaded already. Which
   * program is said when loading (`LoadOptions.targets`, by this program's name).
   */
  | { readonly kind: 'program'; readonly name: string }
  /** One member of a structure of functions: `tcp_congestion_ops`, `ssthresh`. */
  | { readonly kind: 'structOps'; readonly name: string; readonly member: string }
  /** Looked up before, in the BTF of the very kernel that loads. */
  | { readonly kind: 'id'; readonly id: TypeId }
  /** LSM: function `bpf_lsm_NAME`. */
  | { readonly kind: 'lsm'; readonly name: string };

/** Everything that is loaded together: one BTF, maps, and the programs that use them. */
export interface CollectionSpec {
  /** Encoded BTF of keys, values and functions; the kernel gets it once. */
  readonly btf?: Uint8Array;
  readonly maps: readonly MapSpec[];
  readonly programs: readonly ProgramSpec[];
}

// Names and numbers of enum bpf_map_type, bpf_prog_type, bpf_attach_type: include/uapi/linux/bpf.h.
export const MapType = {
  hash: 1,
  array: 2,
  programArray: 3,
  perfEventArray: 4,
  perCpuHash: 5,
  perCpuArray: 6,
  stackTrace: 7,
  cgroupArray: 8,
  lruHash: 9,
  lruPerCpuHash: 10,
  lpmTrie: 11,
  arrayOfMaps: 12,
  hashOfMaps: 13,
  devmap: 14,
  sockmap: 15,
  cpumap: 16,
  xskmap: 17,
  sockhash: 18,
  cgroupStorage: 19,
  reuseportSockarray: 20,
  perCpuCgroupStorage: 21,
  queue: 22,
  stack: 23,
  socketStorage: 24,
  devmapHash: 25,
  structOps: 26,
  ringBuffer: 27,
  inodeStorage: 28,
  taskStorage: 29,
  bloomFilter: 30,
  userRingBuffer: 31,
  cgroupLocalStorage: 32,
  arena: 33,
  /** After Linux 6.18. */
  instructionArray: 34,
} as const;
export type MapType = (typeof MapType)[keyof typeof MapType];

export const ProgramType = {
  socketFilter: 1,
  kprobe: 2,
  schedCls: 3,
  schedAct: 4,
  tracepoint: 5,
  xdp: 6,
  perfEvent: 7,
  cgroupSkb: 8,
  cgroupSock: 9,
  lwtIn: 10,
  lwtOut: 11,
  lwtXmit: 12,
  sockOps: 13,
  skSkb: 14,
  cgroupDevice: 15,
  skMsg: 16,
  rawTracepoint: 17,
  cgroupSockAddr: 18,
  lwtSeg6local: 19,
  lircMode2: 20,
  skReuseport: 21,
  flowDissector: 22,
  cgroupSysctl: 23,
  rawTracepointWritable: 24,
  cgroupSockopt: 25,
  tracing: 26,
  structOps: 27,
  extension: 28,
  lsm: 29,
  skLookup: 30,
  syscall: 31,
  netfilter: 32,
} as const;
export type ProgramType = (typeof ProgramType)[keyof typeof ProgramType];

export const AttachType = {
  cgroupInetIngress: 0,
  cgroupInetEgress: 1,
  cgroupInetSockCreate: 2,
  cgroupSockOps: 3,
  skSkbStreamParser: 4,
  skSkbStreamVerdict: 5,
  cgroupDevice: 6,
  skMsgVerdict: 7,
  cgroupInet4Bind: 8,
  cgroupInet6Bind: 9,
  cgroupInet4Connect: 10,
  cgroupInet6Connect: 11,
  cgroupInet4PostBind: 12,
  cgroupInet6PostBind: 13,
  cgroupUdp4Sendmsg: 14,
  cgroupUdp6Sendmsg: 15,
  lircMode2: 16,
  flowDissector: 17,
  cgroupSysctl: 18,
  cgroupUdp4Recvmsg: 19,
  cgroupUdp6Recvmsg: 20,
  cgroupGetsockopt: 21,
  cgroupSetsockopt: 22,
  traceRawTp: 23,
  traceFentry: 24,
  traceFexit: 25,
  modifyReturn: 26,
  lsmMac: 27,
  traceIter: 28,
  cgroupInet4Getpeername: 29,
  cgroupInet6Getpeername: 30,
  cgroupInet4Getsockname: 31,
  cgroupInet6Getsockname: 32,
  xdpDevmap: 33,
  cgroupInetSockRelease: 34,
  xdpCpumap: 35,
  skLookup: 36,
  xdp: 37,
  skSkbVerdict: 38,
  skReuseportSelect: 39,
  skReuseportSelectOrMigrate: 40,
  perfEvent: 41,
  traceKprobeMulti: 42,
  lsmCgroup: 43,
  structOps: 44,
  netfilter: 45,
  tcxIngress: 46,
  tcxEgress: 47,
  traceUprobeMulti: 48,
  cgroupUnixConnect: 49,
  cgroupUnixSendmsg: 50,
  cgroupUnixRecvmsg: 51,
  cgroupUnixGetpeername: 52,
  cgroupUnixGetsockname: 53,
  netkitPrimary: 54,
  netkitPeer: 55,
  traceKprobeSession: 56,
  traceUprobeSession: 57,
  // After Linux 6.18.
  traceFsession: 58,
  traceFentryMulti: 59,
  traceFexitMulti: 60,
  traceFsessionMulti: 61,
} as const;
export type AttachType = (typeof AttachType)[keyof typeof AttachType];

/** BPF_F_TOKEN_FD, the same for programs, maps and BTF: a token comes with the call. Linux 6.9. */
export const TOKEN_FLAG = 65536;

/** Flags of BPF_PROG_LOAD that a program's author decides on: include/uapi/linux/bpf.h. */
export const ProgramFlag = {
  strictAlignment: 1,
  anyAlignment: 2,
  /** For tests of loaders: high halves of registers are filled with noise. */
  testRandomHigh32: 4,
  testStateFrequency: 8,
  sleepable: 16,
  /** XDP programs that can take packets of several buffers. Linux 5.18. */
  xdpHasFrags: 32,
  /** XDP programs for one device only, with its metadata. Linux 6.3. */
  xdpDeviceBoundOnly: 64,
  /** Verifier bugs of this program are fatal. Linux 6.7. */
  testRegisterInvariants: 128,
} as const;
