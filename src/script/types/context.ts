/**
 * The one parameter of every body: `k`. What all probes have is in `BaseContext`, what a kind of probe
 * adds is in an interface of its own, and `ContextOf` finds the interface by the name of the probe.
 */
import type { KernelStacks } from './handles.ts';
import type { IteratorItem, Iterators } from './iterators.ts';
import type {
  FunctionOf,
  KnownFunction,
  KnownRawTracepoint,
  KnownTracepoint,
  RawTracepointArgs,
  Struct,
  StructName,
  TracepointArgs,
  UnknownFields,
} from './kernel.ts';
import type { Address, i8, i16, i32, i64, u8, u16, u32, u64 } from './scalars.ts';

/** A field that is written to by its place: of a reserved event, a map value, a declared struct. */
export type Place = number | boolean | string | object;

/** What every body has. Numbers are C's 64-bit integers, not JavaScript's. */
export interface BaseContext {
  /** The process id: what the kernel calls tgid. */
  readonly pid: u32;
  /** The thread id: what the kernel calls pid. */
  readonly tid: u32;
  /** The real user id. */
  readonly uid: u32;
  /** The real group id. */
  readonly gid: u32;
  /** The number of the CPU that runs the probe. */
  readonly cpu: u32;
  /** The id of the cgroup (version 2) of the process. Linux 4.18. */
  readonly cgroupId: u64;
  /** The current task: `k.task.real_parent.tgid`. Reads through pointers are safe: a missing one gives 0. */
  readonly task: Struct<'task_struct'>;
  /** Nanoseconds since boot without suspended time (CLOCK_MONOTONIC). */
  ktime(): u64;
  /** Nanoseconds since boot with suspended time (CLOCK_BOOTTIME). Linux 5.8. */
  bootTime(): u64;
  /** A pseudo-random 32-bit number. */
  random(): u32;

  /** The name of the thread, at most 15 bytes. */
  comm(): string;
  /** Writes the name of the thread to a text field. */
  comm(dest: string): void;
  /** The NUL-terminated string at a kernel address, as a key, a field or to compare. */
  str(pointer: Address | string): string;
  /** Copies the string to a text field; its length with the NUL, or negative. */
  str(pointer: Address | string, dest: string | Uint8Array): i64;
  /** The NUL-terminated string at an address of the process, as a key, a field or to compare. */
  userStr(pointer: Address): string;
  /** Copies the string to a text field; its length with the NUL, or negative. */
  userStr(pointer: Address, dest: string | Uint8Array): i64;
  /** Fills a field with bytes from a kernel address; 0, or negative and the field is zero. */
  read(pointer: Address, dest: Place): i64;
  /** Fills a field with bytes from an address of the process; 0, or negative and the field is zero. */
  readUser(pointer: Address, dest: Place): i64;
  /** The unsigned number of 8 bytes (or of 1, 2, 4) at a kernel address; 0 if it cannot be read. */
  peek(pointer: Address, bytes?: 1 | 2 | 4 | 8): u64;
  /** The same at an address of the process: `k.peekUser(k.args.argv + 8)` is argv[1]. */
  peekUser(pointer: Address, bytes?: 1 | 2 | 4 | 8): u64;
  /**
   * Bytes of memory for one run, up to 16384: the target of `k.str`, `k.path` and `k.readTask`. What they
   * hold before is undefined.
   */
  buffer(length: number): string;
  /** True if this kernel has the field: `if (k.exists(k.task.loginuid))`; what it guards is left out where it is missing. */
  exists(field: unknown): boolean;
  /** An address as a kernel struct: `k.cast(address, 'file').f_inode.i_ino`. */
  cast<Name extends StructName>(address: Address, name: Name): Struct<Name>;
  /** The kernel struct that an object is a member of: `k.containerOf(file.f_path.mnt, 'mount', 'mnt').mnt_id`. */
  containerOf<Name extends StructName>(
    object: object | Address,
    name: Name,
    member: keyof Struct<Name> & string,
  ): Struct<Name>;
  /** The bytes of a struct on this kernel: `k.sizeOf('inode')`. */
  sizeOf(name: StructName): u64;
  /** The address of a kernel object, or of a number or text inside one. */
  addressOf(object: object | string | number): Address;

  /**
   * A kernel object for nothing but reading its members and theirs: helpers do not take it, nor what is read from it. On
   * Linux 6.2 to 6.18 programs that follow many pointers load several times faster with it; elsewhere it is the object.
   */
  reading<T extends object>(object: T): T;
  /** Begins a section in which pointers stay valid, for walks in probes that may sleep. Nothing before Linux 6.2. */
  rcuLock(): void;
  /** Ends the section of `k.rcuLock`. */
  rcuUnlock(): void;

  /** The id of the kernel stack in a stackTrace map, or negative; `skip` leaves out innermost frames. */
  kernelStack(map: KernelStacks, skip?: number): i64;
  /** The id of the user stack in a stackTrace map, or negative; `skip` leaves out innermost frames. */
  userStack(map: KernelStacks, skip?: number): i64;

  /** `for (const i of k.range(8))` counts from 0 to 7. */
  range(end: number): Iterable<u64>;
  /** `for (const i of k.range(2, 8))` counts from 2 to 7. */
  range(start: number, end: number): Iterable<u64>;

  /** The smaller of two numbers. */
  min(a: number, b: number): i64;
  /** The larger of two numbers. */
  max(a: number, b: number): i64;
  /** The exponent of the largest power of two that is not above the number; 0 for 0. */
  log2(x: number): u32;
  /** The low 8 bits as an unsigned number. */
  u8(x: number): u8;
  /** The low 16 bits as an unsigned number. */
  u16(x: number): u16;
  /** The low 32 bits as an unsigned number. */
  u32(x: number): u32;
  /** All 64 bits as an unsigned number: for division, shifts to the right and comparisons. */
  u64(x: number): u64;
  /** The low 8 bits as a signed number. */
  i8(x: number): i8;
  /** The low 16 bits as a signed number. */
  i16(x: number): i16;
  /** The low 32 bits as a signed number. */
  i32(x: number): i32;
  /** All 64 bits as a signed number. */
  i64(x: number): i64;
  /** All 64 bits as a signed number: the same as `i64`. */
  signed(x: number): i64;
  /** All 64 bits as an unsigned number: the same as `u64`. */
  unsigned(x: number): u64;
  /** A number beyond 2^53, from a bigint literal: `k.const(0xffffffff81000000n)`. */
  const(value: bigint): u64;
  /** The low 16 bits with their bytes reversed. */
  swap16(x: number): u16;
  /** The low 32 bits with their bytes reversed. */
  swap32(x: number): u32;
  /** All 64 bits with their bytes reversed. */
  swap64(x: number): u64;
  /** 16 bits from network order to the order of the machine: ports. */
  ntohs(x: number): u16;
  /** 32 bits from network order to the order of the machine: IPv4 addresses. */
  ntohl(x: number): u32;

  /** Sends a signal to the current process; 0, or negative. Linux 5.3. */
  signal(number: number): i64;
  /** A line in the kernel's trace_pipe, with up to three numbers: for debugging, slow and shared by all. */
  print(format: string, a?: number, b?: number, c?: number): void;
}

/** Where the kernel was interrupted. */
interface Interrupted {
  /** The address of the instruction. */
  readonly ip: u64;
}

/** Where the kernel lets programs ask for the name of a file. */
interface NamesFiles {
  /** Writes the full path to a text field; its length with the NUL, or negative. Linux 5.10. */
  path(path: Struct<'path'>, dest: string): i64;
}

/** `tracepoint:CATEGORY:NAME`: a stable place in the kernel with named fields. */
export interface TracepointContext<Args> extends BaseContext {
  readonly args: Args;
}

/** `rawtracepoint:NAME`: the same place with the kernel's own objects; cheaper. Linux 5.5. */
export interface RawTracepointContext<Args> extends BaseContext {
  readonly args: Args;
}

/** `kprobe:FUNCTION`: the entry of a kernel function. */
export interface KprobeContext<Args> extends BaseContext, Interrupted {
  /** By the names of the parameters. */
  readonly args: Args;
  /** By position, from 0. */
  arg(index: number): u64;
}

/** `kretprobe:FUNCTION`: the return from a kernel function. */
export interface KretprobeContext<Ret> extends BaseContext, Interrupted {
  readonly ret: Ret;
}

/** `fentry:FUNCTION`: the entry of a kernel function, cheaper than kprobe. Linux 5.5. */
export interface FentryContext<Args> extends BaseContext, NamesFiles {
  /** By the names of the parameters. */
  readonly args: Args;
}

/** `fexit:FUNCTION`: the return from a kernel function, with its arguments. Linux 5.5. */
export interface FexitContext<Args, Ret> extends BaseContext, NamesFiles {
  /** By the names of the parameters. */
  readonly args: Args;
  readonly ret: Ret;
}

/** `uprobe:PATH:SYMBOL`: the entry of a function of a program or library. */
export interface UprobeContext extends BaseContext, Interrupted {
  /** By position, from 0. Addresses are those of the process: `k.userStr(k.arg(0), e.text)`. */
  arg(index: number): u64;
}

/** `uretprobe:PATH:SYMBOL`: the return from a function of a program or library. */
export interface UretprobeContext extends BaseContext, Interrupted {
  /** An address is one of the process: `k.userStr(k.ret, e.text)`. */
  readonly ret: u64;
}

/** `profile:hz:99`, `software:…`, `hardware:…`: on each CPU, whatever runs there. */
export interface ProfileContext extends BaseContext, Interrupted {}

/** `interval:s:1`: on one CPU, from time to time. */
export interface IntervalContext extends BaseContext {}

/** `iter:NAME`: called for each object of a kind when the iterator is read. Linux 5.8. */
export interface IteratorContext<Item> extends BaseContext, NamesFiles {
  readonly item: Item;
  /** Counts the calls of one walk, from 0. */
  readonly sequence: u64;
  /** Writes a value for the reader, or its first `length` bytes; 0, or negative. */
  write(value: object | string, length?: number): i64;
  /** Copies memory of a task's process, waiting for its pages: 0, or negative. Linux 5.18. */
  readTask(task: Struct<'task_struct'>, address: Address, dest: Place, length?: number): i64;
}

/** A probe whose name is not known when the program is written: what it has is checked when it is loaded. */
export interface AnyContext extends BaseContext, Interrupted, NamesFiles {
  readonly args: UnknownFields;
  readonly ret: u64;
  arg(index: number): u64;
}

/** PERF_COUNT_SW_* of include/uapi/linux/perf_event.h, by their customary names. */
type SoftwareEvent =
  | 'cpu-clock'
  | 'task-clock'
  | 'page-faults'
  | 'context-switches'
  | 'cpu-migrations'
  | 'minor-faults'
  | 'major-faults'
  | 'alignment-faults'
  | 'emulation-faults'
  | 'dummy'
  | 'bpf-output'
  | 'cgroup-switches';

/** PERF_COUNT_HW_* of include/uapi/linux/perf_event.h, by their customary names. */
type HardwareEvent =
  | 'cpu-cycles'
  | 'instructions'
  | 'cache-references'
  | 'cache-misses'
  | 'branch-instructions'
  | 'branch-misses'
  | 'bus-cycles'
  | 'frontend-stalls'
  | 'backend-stalls'
  | 'ref-cycles';

type Event = `software:${SoftwareEvent}` | `hardware:${HardwareEvent}`;

/** How probes are named. */
export type ProbeName =
  | `tracepoint:${string}:${string}`
  | `rawtracepoint:${string}`
  | `kprobe:${string}`
  | `kretprobe:${string}`
  | `fentry:${string}`
  | `fexit:${string}`
  | `uprobe:${string}:${string}`
  | `uretprobe:${string}:${string}`
  | `profile:${'hz' | 'ms' | 'us' | 's'}:${number}`
  | `interval:${'hz' | 'ms' | 'us' | 's'}:${number}`
  | Event
  | `${Event}:${number}`
  | `iter:${string}`;

/** Names that editors suggest. */
export type KnownProbe =
  | `tracepoint:${KnownTracepoint}`
  | `rawtracepoint:${KnownRawTracepoint}`
  | `${'kprobe' | 'kretprobe' | 'fentry' | 'fexit'}:${KnownFunction}`
  | `iter:${keyof Iterators}`
  | Event
  | 'profile:hz:99'
  | 'interval:s:1';

/** `k` of a probe, before the program's own maps, parameters and functions. */
export type ContextOf<Name> = Name extends `tracepoint:${infer Event}`
  ? TracepointContext<TracepointArgs<Event>>
  : Name extends `rawtracepoint:${infer Event}`
    ? RawTracepointContext<RawTracepointArgs<Event>>
    : Name extends `kprobe:${infer F}`
      ? KprobeContext<FunctionOf<F>['args']>
      : Name extends `kretprobe:${infer F}`
        ? KretprobeContext<FunctionOf<F>['ret']>
        : Name extends `fentry:${infer F}`
          ? FentryContext<FunctionOf<F>['args']>
          : Name extends `fexit:${infer F}`
            ? FexitContext<FunctionOf<F>['args'], FunctionOf<F>['ret']>
            : Name extends `uprobe:${string}`
              ? UprobeContext
              : Name extends `uretprobe:${string}`
                ? UretprobeContext
                : Name extends `profile:${string}` | `software:${string}` | `hardware:${string}`
                  ? ProfileContext
                  : Name extends `interval:${string}`
                    ? IntervalContext
                    : Name extends `iter:${infer Kind}`
                      ? IteratorContext<IteratorItem<Kind>>
                      : AnyContext;

/** Names that a program's own maps, parameters and functions cannot have. */
export type ReservedName = keyof BaseContext | keyof AnyContext | keyof IteratorContext<unknown>;
