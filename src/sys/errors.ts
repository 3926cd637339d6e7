/** Everything that sys/ can throw, and its wording. */
import { constants } from 'node:os';

/**
 * Names of error numbers. Node knows those of POSIX; the rest are Linux' own, from
 * include/uapi/asm-generic/errno.h and, for 524, include/linux/errno.h: a number that the kernel
 * means for itself only, yet bpf(2) returns it for "not implemented for this type".
 */
const names = new Map<number, string>([
  ...Object.entries(constants.errno).map(([name, value]): [number, string] => [value, name]),
  [constants.errno.EAGAIN, 'EAGAIN'],
  [constants.errno.EOPNOTSUPP, 'EOPNOTSUPP'],
  [80, 'ELIBBAD'],
  [108, 'ESHUTDOWN'],
  [117, 'EUCLEAN'],
  [126, 'ENOKEY'],
  [129, 'EKEYREJECTED'],
  [524, 'ENOTSUPP'],
]);

const words: Readonly<Record<string, string>> = {
  E2BIG: 'too big, or full',
  EACCES: 'access denied',
  EADDRNOTAVAIL: 'address not available',
  EAGAIN: 'try again',
  EBADF: 'not an open descriptor of that kind',
  EBUSY: 'in use',
  EEXIST: 'already there',
  EFAULT: 'bad address',
  EINVAL: 'the kernel does not accept these arguments',
  EMFILE: 'too many open files in this process',
  ENFILE: 'too many open files in the system',
  ENODEV: 'no such device',
  ENOENT: 'not found',
  ENOMEM: 'out of memory',
  ENOSPC: 'no room left',
  ENOSYS: 'no such system call in this kernel',
  ENOTDIR: 'not a directory',
  ENOTSUPP: 'the kernel has not implemented it',
  EOPNOTSUPP: 'not supported by this kernel',
  EPERM: 'not permitted',
  ESRCH: 'no such process or symbol',
  ETIMEDOUT: 'timed out',
};

/** `EPERM` for 1; `errno 4711` for a number without a name. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** A system call that failed: `call` is its name, with the command for bpf(2). */
export class SysError extends Error {
  override readonly name = 'SysError';
  readonly call: string;
  readonly errno: number;
  /** `EPERM`, `ENOTSUPP`, ... */
  readonly code: string;
  /** What the call was about: a path, a map, a program. */
  readonly subject: string | undefined;
  /** The kernel's own sentence, where the interface has room for one (netlink). */
  readonly said: string | undefined;

  constructor(call: string, errno: number, subject?: string, said?: string) {
    const code = errnoName(errno);
    const word = said ?? words[code];
    super(`${call}${subject === undefined ? '' : ` ${subject}`}: ${code}${word ? `, ${word}` : ''}`);
    this.call = call;
    this.errno = errno;
    this.code = code;
    this.subject = subject;
    this.said = said;
  }
}

/** The bridge to libc could not be loaded. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
}

/** Use of a descriptor or mapping after its close(). */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
}

export function noBridge(packages: readonly string[], causes: readonly unknown[]): NativeError {
  return new NativeError(
    `cannot make system calls on ${process.platform}-${process.arch}: none of ${packages.join(', ')} could be loaded; install bpfkit's dependencies with optional ones included`,
    { cause: causes[0] },
  );
}

export function noNumbers(arch: string): NativeError {
  return new NativeError(
    `system call numbers of ${process.platform}-${arch} are not known to bpfkit; it runs on Linux on x64, arm64, riscv64 and loong64`,
  );
}

export function usedAfterClose(what: string): ClosedError {
  return new ClosedError(`${what} is used after it was closed`);
}
