/**
 * Where the kernel's virtual file systems are.
 *
 * Nothing about their places is certain: tracefs is at /sys/kernel/tracing or inside debugfs, cgroup2 is
 * at /sys/fs/cgroup or beside version 1 under `unified`, and in containers all of them may be missing. So
 * the mount table is asked, and only what is missing is mounted, at its usual place.
 */
import { existsSync, readFileSync } from 'node:fs';
import { SysError } from '../sys/errors.ts';
import { mount } from '../sys/file.ts';
import { KernelError } from './errors.ts';

export type VirtualFileSystem = 'tracefs' | 'debugfs' | 'bpf' | 'cgroup2' | 'securityfs';

export interface MountPoint {
  readonly type: string;
  readonly path: string;
  /** The part of the file system that is visible there: `/` unless bind-mounted. */
  readonly root: string;
  readonly writable: boolean;
}

/** Where distributions mount each: the kernel makes these directories. */
const usual = {
  tracefs: '/sys/kernel/tracing',
  debugfs: '/sys/kernel/debug',
  bpf: '/sys/fs/bpf',
  cgroup2: '/sys/fs/cgroup',
  securityfs: '/sys/kernel/security',
} as const satisfies Record<VirtualFileSystem, string>;

/**
 * The mount points of a /proc/PID/mountinfo: fields by blanks, blanks in paths as `\040`; after a lone `-`
 * come type, source and options of the file system. Documentation/filesystems/proc.rst, section 3.5. Lines
 * of another form are left out.
 */
export function parseMounts(content: string): MountPoint[] {
  const mounts: MountPoint[] = [];
  for (const line of content.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [root, path, options, type] = [fields[3], fields[4], fields[5], fields[dash + 1]];
    if (dash < 0 || root === undefined || path === undefined || type === undefined) continue;
    const writable = options?.split(',').includes('rw') ?? false;
    mounts.push({ type, path: unescaped(path), root: unescaped(root), writable });
  }
  return mounts;
}

function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/**
 * Where a file system is mounted, as seen by this process, or undefined. The last mount of a table hides
 * those before it, the usual place wins over others, and a part of a file system counts least.
 */
export function findMount(
  type: VirtualFileSystem,
  mounts: readonly MountPoint[] = currentMounts(),
): string | undefined {
  const found = mounts.filter((mount) => mount.type === type).reverse();
  const whole = found.filter((mount) => mount.root === '/');
  return (whole.find((mount) => mount.path === usual[type]) ?? whole[0] ?? found[0])?.path;
}

function currentMounts(): MountPoint[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/**
 * Where tracefs is: mounted at /sys/kernel/tracing if it is nowhere yet. Before Linux 4.1 it is a part of
 * debugfs. Throws KernelError (notMounted) with what to do.
 */
export function tracefs(): string {
  const mounts = currentMounts();
  const found = findMount('tracefs', mounts);
  if (found !== undefined) return found;
  const debug = findMount('debugfs', mounts);
  // Entering this directory makes the kernel mount tracefs on it.
  if (debug !== undefined && existsSync(`${debug}/tracing/events`)) return `${debug}/tracing`;
  return mounted('tracefs');
}

/** Where the bpf file system is: mounted at /sys/fs/bpf if it is nowhere yet. Linux 4.4. Throws KernelError (notMounted). */
export function bpffs(): string {
  return findMount('bpf') ?? mounted('bpf');
}

/** Where cgroup version 2 is, or undefined: it is never mounted, since that would be a change of the system's order. */
export function cgroup2(): string | undefined {
  return findMount('cgroup2');
}

function mounted(type: 'tracefs' | 'bpf'): string {
  const path = usual[type];
  try {
    mount(type, path);
    return path;
  } catch (error) {
    // Somebody else was faster.
    const now = findMount(type);
    if (now !== undefined) return now;
    throw notMounted(type, path, error);
  }
}

function notMounted(type: string, path: string, cause: unknown): KernelError {
  const code = cause instanceof SysError ? cause.code : String(cause);
  const command = `mount -t ${type} ${type} ${path}`;
  const hint =
    code === 'ENODEV'
      ? `this kernel is built without ${type}`
      : code === 'EPERM' || code === 'EACCES'
        ? `${whyNotToMount()}, or mount it before: ${command}`
        : `mount it: ${command}`;
  return new KernelError('notMounted', `${type} is not mounted, and mounting it at ${path} gave ${code}`, {
    cause,
    hint,
  });
}

function whyNotToMount(): string {
  return process.geteuid?.() === 0 ? 'let the process have CAP_SYS_ADMIN' : 'run as root (sudo)';
}
