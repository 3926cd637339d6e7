/** Files by descriptor: what node:fs lacks, or does with a hundred extra instructions. */
import { Fd } from './fd.ts';
import { littleEndian } from './layout.ts';
import { sys, sysRetry } from './syscall.ts';

const AT_FDCWD = -100;

/** include/uapi/asm-generic/fcntl.h; `directory` and `noFollow` differ by architecture. */
const arm = process.arch === 'arm64';
export const Open: {
  readonly readOnly: number;
  readonly writeOnly: number;
  readonly readWrite: number;
  readonly nonBlock: number;
  readonly closeOnExec: number;
  readonly directory: number;
  readonly noFollow: number;
  readonly path: number;
  /** With the path of a folder: a file in it that has no name. Linux 3.11, not on every file system. */
  readonly nameless: number;
} = {
  readOnly: 0,
  writeOnly: 1,
  readWrite: 2,
  nonBlock: 0o4000,
  closeOnExec: 0o2000000,
  directory: arm ? 0o40000 : 0o200000,
  noFollow: arm ? 0o100000 : 0o400000,
  path: 0o10000000,
  nameless: 0o20000000 | (arm ? 0o40000 : 0o200000),
};

/** A C string: the bytes and a NUL. Throws RangeError for text that has one inside. */
export function cString(text: string | Uint8Array): Uint8Array {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  if (bytes.includes(0)) throw new RangeError('a C string cannot hold a NUL byte');
  const out = new Uint8Array(bytes.length + 1);
  out.set(bytes);
  return out;
}

const AT_SYMLINK_FOLLOW = 0x400;

/** Gives an open file without a name one, by way of /proc (open(2), O_TMPFILE). Throws SysError: EEXIST, ENOENT, … */
export function nameFile(fd: number, path: string): void {
  const link = cString(`/proc/self/fd/${fd}`);
  sys('linkat', [AT_FDCWD, link, AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW], path);
}

/** Opens a path, close-on-exec. A path in bytes need not be UTF-8. Throws SysError. */
export function openPath(path: string | Uint8Array, flags: number = Open.readOnly, directory?: Fd): Fd {
  const name = typeof path === 'string' ? path : Buffer.from(path).toString('latin1');
  const at = directory?.number ?? AT_FDCWD;
  return Fd.own(sysRetry('openat', [at, cString(path), flags | Open.closeOnExec, 0], name), name);
}

/** Reads into `into`; the count, 0 at the end of the file. Throws SysError. */
export function readInto(fd: number, into: Uint8Array): number {
  return sysRetry('read', [fd, into, into.length]);
}

/** Reads at a position of the file. */
export function readAt(fd: number, into: Uint8Array, position: number): number {
  return sysRetry('pread64', [fd, into, into.length, position]);
}

/** Types of file systems, `f_type` of statfs(2): include/uapi/linux/magic.h. */
export const FileSystem = {
  bpf: 0xcafe4a11,
  tracing: 0x74726163,
  debug: 0x64626720,
  cgroup2: 0x63677270,
} as const;

/** The type of the file system that a path lies on. Throws SysError. */
export function fileSystemType(path: string): number {
  const buffer = new ArrayBuffer(128);
  sysRetry('statfs', [cString(path), buffer], path);
  // A long: its low half is enough, every magic number has 32 bits.
  return new DataView(buffer).getUint32(littleEndian ? 0 : 4, littleEndian);
}

/** mount(2) of a virtual file system. Throws SysError. */
export function mount(type: string, target: string, flags = 0): void {
  sys('mount', [cString(type), cString(target), cString(type), flags, 0], target);
}

/** umount2(2). Throws SysError. */
export function unmount(target: string, flags = 0): void {
  sys('umount2', [cString(target), flags], target);
}
