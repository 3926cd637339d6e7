/**
 * Why the kernel says EPERM: what can be found out from inside the process.
 *
 * Nothing is guessed here. The memory lock limit, which older tools blame first, has had no part in it
 * since Linux 5.11 charges BPF memory to the control group.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { type CapabilityName, capabilities, getLimit, holds, Limit, limitless } from '../../sys/process.ts';
import { olderThan } from './release.ts';

export type Lockdown = 'none' | 'integrity' | 'confidentiality';

/** What this process may do, as far as it can be seen from inside. Unknown is undefined. */
export interface Privileges {
  readonly root: boolean;
  /** Capabilities that tracing asks for and this process has not got. */
  readonly missing: readonly CapabilityName[];
  /** The capabilities cannot be read, so `missing` says nothing. */
  readonly unreadable?: boolean;
  /** False in a user namespace such as a rootless container's: its capabilities do not count for BPF. */
  readonly initialUserNamespace: boolean | undefined;
  /** /sys/kernel/security/lockdown. */
  readonly lockdown: Lockdown | undefined;
  /** kernel.unprivileged_bpf_disabled: 0 allowed, 1 off until reboot, 2 off. */
  readonly unprivilegedBpfDisabled: number | undefined;
  /** A seccomp filter is active, as in containers. */
  readonly seccomp: boolean | undefined;
  /** Before Linux 5.11 only: the limit that BPF memory counts against, if there is one. */
  readonly memoryLock: bigint | undefined;
}

/** PROC_USER_INIT_INO: include/linux/proc_ns.h. */
const initialUserNamespace = 'user:[4026531837]';

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** The chosen word of `none [integrity] confidentiality`. */
export function lockdownOf(content: string): Lockdown | undefined {
  const word = /\[(\w+)\]/.exec(content)?.[1];
  return word === 'none' || word === 'integrity' || word === 'confidentiality' ? word : undefined;
}

function namespace(): boolean | undefined {
  try {
    return readlinkSync('/proc/self/ns/user') === initialUserNamespace;
  } catch {
    return undefined;
  }
}

/** Undefined if they cannot be read. */
function missingCapabilities(): CapabilityName[] | undefined {
  let set: bigint;
  try {
    set = capabilities();
  } catch {
    return undefined;
  }
  if (holds(set, 'sysAdmin')) return [];
  // CAP_BPF and CAP_PERFMON were cut out of CAP_SYS_ADMIN in Linux 5.8.
  if (olderThan('5.8')) return ['sysAdmin'];
  return (['bpf', 'perfmon'] as const).filter((name) => !holds(set, name));
}

/** Looks at everything anew; cheap files only. */
export function privileges(): Privileges {
  const lockdown = text('/sys/kernel/security/lockdown');
  const unprivileged = text('/proc/sys/kernel/unprivileged_bpf_disabled');
  const seccomp = /^Seccomp:\s+(\d)/m.exec(text('/proc/self/status') ?? '')?.[1];
  const missing = missingCapabilities();
  const limit = olderThan('5.11') ? getLimit(Limit.lockedMemory).current : limitless;
  return {
    root: process.geteuid?.() === 0,
    missing: missing ?? [],
    unreadable: missing === undefined,
    initialUserNamespace: namespace(),
    lockdown: lockdown === undefined ? undefined : lockdownOf(lockdown),
    unprivilegedBpfDisabled: unprivileged === undefined ? undefined : Number(unprivileged),
    seccomp: seccomp === undefined ? undefined : seccomp === '2',
    memoryLock: limit === limitless ? undefined : limit,
  };
}

const capabilityNames: Readonly<Partial<Record<CapabilityName, string>>> = {
  bpf: 'CAP_BPF',
  perfmon: 'CAP_PERFMON',
  sysAdmin: 'CAP_SYS_ADMIN',
};

/**
 * A sentence for EPERM: what was found, and the one thing that helps if there is one. `found` defaults
 * to a fresh look at this process.
 */
export function whyNotPermitted(found: Privileges = privileges()): string {
  const { missing, lockdown } = found;
  if (found.unreadable === true) return 'it cannot be told which capabilities the process has';
  if (missing.length > 0) {
    const names = missing.map((name) => capabilityNames[name] ?? name).join(' and ');
    if (!found.root) return `the process lacks ${names}: run it as root (sudo)`;
    const where = found.seccomp === true ? 'container' : 'service or container';
    return `the process is root but lacks ${names}: give its ${where} these capabilities`;
  }
  if (found.initialUserNamespace === false) {
    return 'the process is in a user namespace, whose capabilities do not count for BPF: run it outside, or have a BPF token delegated to it';
  }
  if (found.memoryLock !== undefined) {
    return `BPF memory counts against RLIMIT_MEMLOCK before Linux 5.11, and the limit is ${found.memoryLock} bytes: raise it (ulimit -l unlimited)`;
  }
  const rest = 'the process has the capabilities for it';
  if (lockdown === 'confidentiality') {
    return `${rest}, but the kernel is locked down (confidentiality), which forbids programs to read kernel memory`;
  }
  const seccomp = found.seccomp === true ? ', a seccomp filter is active and may be what refuses' : '';
  const locked = lockdown === undefined ? 'unknown' : lockdown;
  return `${rest} (lockdown: ${locked}${seccomp}), so this kernel forbids or lacks this kind of program`;
}
