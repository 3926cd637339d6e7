/**
 * What this kernel and this user can do, why not, and the fix. Presentation is the caller's.
 *
 * Every check is independent: one that fails in a way nobody thought of is `unknown` with what it met, and the
 * others still run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { native } from '../sys/native.ts';
import { type FeatureName, feature, featureSince, lacking } from './feature/features.ts';
import { type Privileges, privileges, whyNotPermitted } from './feature/privilege.ts';
import { olderThan } from './feature/release.ts';
import { findMount, type VirtualFileSystem } from './mounts.ts';

export interface DoctorCheck {
  /** Stable: programs look for it. */
  readonly name: string;
  readonly status: 'yes' | 'no' | 'unknown';
  /** What was found. */
  readonly detail: string;
  /** What to do, exactly; only where something can be done. */
  readonly fix?: string;
}

type Finding = Omit<DoctorCheck, 'name'>;

/** Iterators, ring buffers and CAP_BPF came with it. */
const LEAST_KERNEL = '5.8';

function checkKernel(): Finding {
  const detail = `Linux ${release()} on ${arch()}`;
  if (!olderThan(LEAST_KERNEL)) return { status: 'yes', detail };
  return { status: 'no', detail, fix: `use Linux ${LEAST_KERNEL} or newer` };
}

function checkBridge(): Finding {
  native();
  return { status: 'yes', detail: 'system calls can be made' };
}

function checkPrivileges(found: Privileges): Finding {
  const who = found.root ? 'root' : `user ${process.geteuid?.()}`;
  if (found.missing.length === 0 && found.initialUserNamespace !== false) {
    return { status: 'yes', detail: `${who} with the capabilities that tracing needs` };
  }
  // The sentence is "what was found: what helps".
  const [why = '', fix] = whyNotPermitted(found).split(': ', 2);
  return { status: 'no', detail: `${who}: ${why}`, ...(fix === undefined ? {} : { fix }) };
}

function checkLockdown({ lockdown }: Privileges): Finding {
  if (lockdown === undefined) {
    const detail = '/sys/kernel/security/lockdown cannot be read';
    if (findMount('securityfs') !== undefined) return { status: 'unknown', detail };
    return { status: 'unknown', detail, fix: 'mount -t securityfs securityfs /sys/kernel/security' };
  }
  if (lockdown === 'none') return { status: 'yes', detail: 'the kernel is not locked down' };
  if (lockdown === 'integrity') {
    return {
      status: 'yes',
      detail: 'integrity: programs may read kernel memory, but not write to processes',
    };
  }
  return {
    status: 'no',
    detail: 'confidentiality: programs may not read kernel memory',
    fix: 'boot with lockdown=integrity',
  };
}

function checkJit(): Finding {
  let setting: string;
  try {
    setting = readFileSync('/proc/sys/net/core/bpf_jit_enable', 'latin1').trim();
  } catch {
    return { status: 'unknown', detail: '/proc/sys/net/core/bpf_jit_enable cannot be read' };
  }
  if (setting !== '0') return { status: 'yes', detail: 'programs run as machine code' };
  return { status: 'no', detail: 'programs are interpreted', fix: 'sysctl net.core.bpf_jit_enable=1' };
}

/** Where version 1 is in use, its folder is taken, and version 2 stands below it. */
function cgroup2Fix(): string {
  const path = '/sys/fs/cgroup';
  if (readdirSync(path).length === 0) return `mount -t cgroup2 cgroup2 ${path}`;
  return `mkdir -p ${path}/unified && mount -t cgroup2 cgroup2 ${path}/unified`;
}

const MOUNT_FIXES = {
  tracefs: () => 'mount -t tracefs tracefs /sys/kernel/tracing',
  bpf: () => 'mount -t bpf bpf /sys/fs/bpf',
  cgroup2: cgroup2Fix,
} as const satisfies Partial<Record<VirtualFileSystem, () => string>>;

function checkMount(type: keyof typeof MOUNT_FIXES): Finding {
  const path = findMount(type);
  if (path !== undefined) return { status: 'yes', detail: `mounted at ${path}` };
  // bpfkit mounts the other two itself when it needs them and may.
  const detail = type === 'cgroup2' ? 'not mounted' : 'not mounted; bpfkit mounts it when it needs it';
  return { status: 'no', detail, fix: MOUNT_FIXES[type]() };
}

/** What brings a feature back that a kernel is new enough for. */
const SWITCHED_OFF: Partial<Record<FeatureName, string>> = {
  kernelTypes: 'use a kernel built with CONFIG_DEBUG_INFO_BTF=y',
  tracepoint: 'use a kernel built with CONFIG_BPF_EVENTS=y',
  rawTracepoint: 'use a kernel built with CONFIG_BPF_EVENTS=y',
  kprobe: 'use a kernel built with CONFIG_KPROBES=y, or tracepoints instead',
  uprobe: 'use a kernel built with CONFIG_UPROBES=y',
  kprobeMulti: 'use a kernel built with CONFIG_FPROBE=y',
  fentry: 'use a kernel built with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y, or tp_btf instead',
  lsm: "boot with 'bpf' in the list of lsm=, on a kernel built with CONFIG_BPF_LSM=y",
};

function checkFeature(name: FeatureName): Finding {
  const { answer, because } = feature(name);
  const since = featureSince(name);
  if (answer === 'yes') return { status: 'yes', detail: `in Linux since ${since}` };
  const detail = lacking(name);
  if (answer === 'unknown') return { status: 'unknown', detail };
  // A kernel that refuses for a reason of its own may well be built with everything: then no fix is known.
  const switchedOff = because === undefined ? SWITCHED_OFF[name] : undefined;
  const fix = olderThan(since) ? `use Linux ${since} or newer` : switchedOff;
  return fix === undefined ? { status: 'no', detail } : { status: 'no', detail, fix };
}

/** Names of the checks of features, in the order in which they are listed. */
const FEATURE_CHECKS: readonly (readonly [name: string, feature: FeatureName])[] = [
  ['kernel types (BTF)', 'kernelTypes'],
  ['iterators', 'iterator'],
  ['sleepable iterators', 'sleepableIterator'],
  ['ring buffer', 'ringBuffer'],
  ['mapped arrays', 'mmapableArray'],
  ['map batches', 'batches'],
  ['tracepoints', 'tracepoint'],
  ['raw tracepoints', 'rawTracepoint'],
  ['typed tracepoints (tp_btf)', 'typedTracepoint'],
  ['kprobes', 'kprobe'],
  ['kprobes on many functions', 'kprobeMulti'],
  ['uprobes', 'uprobe'],
  ['uprobes on many places', 'uprobeMulti'],
  ['fentry and fexit', 'fentry'],
  ['LSM programs', 'lsm'],
  ['performance event links', 'perfLink'],
  ['loops', 'boundedLoops'],
  ['bpf_loop', 'loopHelper'],
  ['atomic fetch', 'atomics'],
  ['instruction set 4', 'instructionSet4'],
  ['memory by control group', 'memoryAccounting'],
];

function guarded(name: string, check: () => Finding): DoctorCheck {
  try {
    return { name, ...check() };
  } catch (error) {
    return { name, status: 'unknown', detail: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Runs all checks, in the order in which they are to be shown. Loads and attaches small programs for a moment and
 * leaves nothing behind; mounts nothing. Never throws.
 */
export function diagnose(): DoctorCheck[] {
  const bridge = guarded('native bridge', checkBridge);
  const first = [guarded('kernel', checkKernel), bridge];
  if (bridge.status !== 'yes') return first; // Nothing else can be asked.
  return [
    ...first,
    guarded('privileges', () => checkPrivileges(privileges())),
    guarded('lockdown', () => checkLockdown(privileges())),
    guarded('JIT compiler', checkJit),
    guarded('tracefs', () => checkMount('tracefs')),
    guarded('bpffs', () => checkMount('bpf')),
    guarded('cgroup2', () => checkMount('cgroup2')),
    ...FEATURE_CHECKS.map(([name, key]) => guarded(name, () => checkFeature(key))),
  ];
}
