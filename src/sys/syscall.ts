/**
 * The one door to the kernel.
 *
 * errno belongs to the thread and the next native call overwrites it, so it is read in the same
 * expression as the result. Failures travel as negative numbers inside (`sysTry`), as SysError
 * outside (`sys`): a missing map key is ordinary and must not cost an exception.
 *
 * libc's `syscall` is declared with a fixed prototype: variadic calls take twice as long and cannot
 * run on another thread. Addresses fit a double: user space ends below 2^52 on every architecture
 * here.
 */
import { noNumbers, SysError } from './errors.ts';
import { type NativeFunction, native } from './native.ts';

export type Bytes = ArrayBufferView | ArrayBufferLike;
/** A view stands for its address. */
export type SysArgument = number | bigint | Bytes | null;

/**
 * Numbers for [x86-64, the generic table that arm64, riscv64 and loong64 share]:
 * arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
 */
const numbers = {
  read: [0, 63],
  write: [1, 64],
  close: [3, 57],
  mmap: [9, 222],
  munmap: [11, 215],
  ioctl: [16, 29],
  pread64: [17, 67],
  socket: [41, 198],
  connect: [42, 203],
  sendto: [44, 206],
  recvfrom: [45, 207],
  bind: [49, 200],
  listen: [50, 201],
  getsockname: [51, 204],
  getpeername: [52, 205],
  setsockopt: [54, 208],
  getsockopt: [55, 209],
  fcntl: [72, 25],
  capget: [125, 90],
  statfs: [137, 43],
  fstatfs: [138, 44],
  mount: [165, 40],
  umount2: [166, 39],
  clock_gettime: [228, 113],
  epoll_ctl: [233, 21],
  openat: [257, 56],
  linkat: [265, 37],
  unshare: [272, 97],
  epoll_pwait: [281, 22],
  accept4: [288, 242],
  eventfd2: [290, 19],
  epoll_create1: [291, 20],
  perf_event_open: [298, 241],
  prlimit64: [302, 261],
  setns: [308, 268],
  bpf: [321, 280],
  pidfd_open: [434, 434],
} as const;

export type SyscallName = keyof typeof numbers;

/** One call as a fake sees it. */
export interface SysCall {
  readonly name: SyscallName;
  readonly args: readonly SysArgument[];
  /** Only for bpf(2): what the attribute says, with the views that its pointers stand for. */
  readonly bpf?: BpfCall;
}

export interface BpfCall {
  readonly command: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Writes a field of the attribute, as the kernel does with its answers. */
  answer(field: string, value: number | bigint): void;
}

/** Returns what the kernel would: a result, or a negative errno. `real` makes the true call. */
export type FakeSys = (call: SysCall, real: () => number) => number;

const EINTR = 4;

let fake: FakeSys | undefined;

/** The active fake: bpf.ts asks, to describe its attribute to it. */
export function activeFake(): FakeSys | undefined {
  return fake;
}

/**
 * Runs `run` with every system call of bpfkit going to `handler` instead of the kernel, so that
 * error paths are tested without privilege. The real door returns when `run` ends, or when the
 * promise that it gave settles.
 */
export function withFakeSys<T>(handler: FakeSys, run: () => T): T {
  const before = fake;
  fake = handler;
  const restore = (): void => {
    fake = before;
  };
  let result: T;
  try {
    result = run();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

let raw: NativeFunction | undefined;
let column: 0 | 1 = 0;
let errno: () => number = () => 0;
/** What the current call's addresses point into: reachable until the call is over. */
const alive: { held: unknown } = { held: null };

function open(): NativeFunction {
  const arch = process.arch as string;
  if (process.platform !== 'linux') throw noNumbers(arch);
  if (arch === 'x64') column = 0;
  else if (arch === 'arm64' || arch === 'riscv64' || arch === 'loong64') column = 1;
  else throw noNumbers(arch);
  const bridge = native();
  errno = bridge.errno;
  raw = bridge
    .load(null)
    .func('int64_t syscall(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)');
  return raw;
}

/** The address of a view's first byte. The caller keeps the view alive as long as the kernel uses it. */
export function addressOf(bytes: Bytes): number {
  return Number(native().address(bytes));
}

function plain(argument: SysArgument): number | bigint {
  if (typeof argument === 'number' || typeof argument === 'bigint') return argument;
  return argument === null ? 0 : addressOf(argument);
}

/** Makes the call; gives its result, or minus the errno. Never throws for what the kernel answers. */
export function sysTry(
  name: SyscallName,
  a: SysArgument = 0,
  b: SysArgument = 0,
  c: SysArgument = 0,
  d: SysArgument = 0,
  e: SysArgument = 0,
  f: SysArgument = 0,
): number {
  if (fake !== undefined) {
    const handler = fake;
    return handler({ name, args: [a, b, c, d, e, f] }, () => sysReal(name, a, b, c, d, e, f));
  }
  return sysReal(name, a, b, c, d, e, f);
}

function sysReal(
  name: SyscallName,
  a: SysArgument,
  b: SysArgument,
  c: SysArgument,
  d: SysArgument,
  e: SysArgument,
  f: SysArgument,
): number {
  const call = raw ?? open();
  alive.held = [a, b, c, d, e, f];
  const number = numbers[name][column];
  const result = call(number, plain(a), plain(b), plain(c), plain(d), plain(e), plain(f));
  const answer = result === -1 ? -errno() : result;
  alive.held = null;
  return Number(answer);
}

/** bpf(2) at full speed: `attr` is an address; what it and its pointers lead to hangs on `owner`. */
export function bpfReal(command: number, attr: number, size: number, owner: unknown): number {
  const call = raw ?? open();
  alive.held = owner;
  const result = call(numbers.bpf[column], command, attr, size, 0, 0, 0);
  const answer = result === -1 ? -errno() : result;
  alive.held = null;
  return Number(answer);
}

/** Makes the call; throws SysError when the kernel refuses. `subject` names what it is about. */
export function sys(name: SyscallName, args: readonly SysArgument[], subject?: string): number {
  const [a, b, c, d, e, f] = args;
  const result = sysTry(name, a, b, c, d, e, f);
  if (result < 0) throw new SysError(name, -result, subject);
  return result;
}

/** As `sys`, again for as long as a signal interrupts it. Not for close(2): its descriptor is gone then. */
export function sysRetry(name: SyscallName, args: readonly SysArgument[], subject?: string): number {
  for (;;) {
    const [a, b, c, d, e, f] = args;
    const result = sysTry(name, a, b, c, d, e, f);
    if (result >= 0) return result;
    if (result !== -EINTR) throw new SysError(name, -result, subject);
  }
}

/**
 * Makes the call on one of libuv's threads: for calls that wait in the kernel, such as closing a
 * probe. Gives the result or minus the errno. There are four such threads by default: never park one.
 */
export function sysAsync(name: SyscallName, ...args: readonly SysArgument[]): Promise<number> {
  if (fake !== undefined) return Promise.resolve(sysTry(name, ...args.slice(0, 6)));
  const call = raw ?? open();
  const words = [0, 1, 2, 3, 4, 5].map((i) => plain(args[i] ?? 0));
  pending.add(args);
  return new Promise((resolve, reject) => {
    call.async(numbers[name][column], ...words, (error: Error | null, result: number | bigint) => {
      // The bridge carries the worker thread's errno into this callback.
      const answer = result === -1 ? -errno() : Number(result);
      pending.delete(args);
      if (error !== null) reject(error);
      else resolve(answer);
    });
  });
}

/** Arguments of calls on other threads: their buffers live until the call is over. */
const pending = new Set<readonly SysArgument[]>();
