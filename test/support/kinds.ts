/** Which kinds of programs the tests of C objects see to run, and on which kernels. Checked by kinds-seen.ts. */

import { matchSection, type SectionRule, sectionRules } from '../../src/object/sections.ts';

/** Debian's 6.1, 6.12 and newest kernels, and a 6.18 that was built without kprobes, function tracing and LSM. */
export const columns = ['6.1', '6.12', '6.18', '7.x'] as const;
export type Column = (typeof columns)[number];

/** `src/object/FILE.kernel.test.ts` */
export type SeeingFile = 'attach' | 'network' | 'cgroup' | 'object' | 'struct-ops';

export interface Kind {
  /** The first of the SEC names that mean the same. */
  readonly name: string;
  /** Undefined: no test sees it run. */
  readonly seenBy?: readonly SeeingFile[];
  readonly on: readonly Column[];
  /** Why not on the other kernels. */
  readonly lacks?: string;
}

const nameOf = ({ pattern }: SectionRule): string => pattern.replace(/\+$/, '');

/** Rows that differ in nothing but their name. */
function alike(one: SectionRule, other: SectionRule): boolean {
  return (
    one.attach === other.attach &&
    one.type === other.type &&
    one.attachType === other.attachType &&
    one.sleepable === other.sleepable &&
    one.target === other.target &&
    one.fragments === other.fragments &&
    one.optional === other.optional
  );
}

/** The first of the names that mean the same as this SEC name. */
export function kindName(section: string): string {
  const match = matchSection(section.replace(/^\?/, ''));
  if (match === undefined) throw new Error(`SEC("${section}") is of no kind`);
  return nameOf(sectionRules.find((rule) => alike(rule, match.rule))!);
}

/** All kinds, in the order of the rules. */
export function namesOfKinds(): readonly (readonly [string, ...string[]])[] {
  const groups = new Map<string, [string, ...string[]]>();
  for (const rule of sectionRules) {
    const name = nameOf(rule);
    const first = kindName(name);
    const group = groups.get(first);
    if (group === undefined) groups.set(first, [name]);
    else group.push(name);
  }
  return [...groups.values()];
}

function seenBy(
  file: SeeingFile | readonly SeeingFile[],
  on: readonly Column[],
  names: readonly string[],
  lacks?: string,
): Kind[] {
  return names.map((name) => ({
    name,
    seenBy: [file].flat(),
    on,
    ...(lacks === undefined ? {} : { lacks }),
  }));
}

function unseen(names: readonly string[], lacks: string): Kind[] {
  return names.map((name) => ({ name, on: [], lacks }));
}

const debian: readonly Column[] = ['6.1', '6.12', '7.x'];
const since66: readonly Column[] = ['6.12', '6.18', '7.x'];
const cgroupFamilies = ['bind', 'connect', 'sendmsg', 'recvmsg', 'getpeername', 'getsockname'];
const addresses = cgroupFamilies.flatMap((call) => [`cgroup/${call}4`, `cgroup/${call}6`]);
const unixAddresses = cgroupFamilies.slice(1).map((call) => `cgroup/${call}_unix`);

export const kinds: readonly Kind[] = [
  ...seenBy('attach', columns, [
    'tracepoint',
    'raw_tracepoint',
    'raw_tracepoint.w',
    'tp_btf',
    'perf_event',
    'iter',
    'iter.s',
  ]),
  ...seenBy('attach', ['7.x'], ['tracepoint.s', 'raw_tracepoint.s', 'tp_btf.s'], 'since Linux 7.1'),
  ...seenBy('attach', columns, ['uprobe', 'uretprobe', 'uprobe.s', 'uretprobe.s', 'usdt', 'usdt.s']),
  ...seenBy(
    'attach',
    since66,
    ['uprobe.multi', 'uretprobe.multi', 'uprobe.multi.s', 'uretprobe.multi.s'],
    'since Linux 6.6',
  ),
  ...seenBy('attach', ['6.18', '7.x'], ['uprobe.session', 'uprobe.session.s'], 'since Linux 6.13'),
  ...seenBy('attach', debian, ['kprobe', 'kretprobe', 'ksyscall', 'kretsyscall'], 'no kprobes'),
  ...seenBy(
    'attach',
    ['6.12', '7.x'],
    ['kprobe.multi', 'kretprobe.multi'],
    'Debian’s 6.1 is built without fprobe; no kprobes in that 6.18',
  ),
  ...seenBy('attach', ['6.12', '7.x'], ['kprobe.session'], 'since Linux 6.10; no kprobes in that 6.18'),
  ...seenBy('attach', debian, ['fentry', 'fexit', 'fmod_ret'], 'no function tracing'),
  ...seenBy(
    'attach',
    ['6.12', '7.x'],
    ['fentry.s', 'fexit.s', 'fmod_ret.s'],
    'before 6.3 only where errors may be injected, which Debian’s 6.1 is built without; no function tracing in that 6.18',
  ),
  ...seenBy('attach', ['7.x'], ['fsession', 'fsession.s'], 'since Linux 7.0'),
  ...seenBy(
    'attach',
    ['7.x'],
    ['fentry.multi', 'fexit.multi', 'fsession.multi', 'fentry.multi.s', 'fexit.multi.s', 'fsession.multi.s'],
    'since Linux 7.2',
  ),
  ...seenBy('attach', debian, ['lsm', 'lsm.s'], 'no BPF LSM'),
  ...seenBy('object', debian, ['freplace'], 'no function tracing'),
  ...seenBy('struct-ops', columns, ['struct_ops']),
  ...seenBy(
    'struct-ops',
    ['7.x'],
    ['struct_ops.s'],
    'where a structure lets its function sleep; the tests’ own is of sched_ext, which the others are built without',
  ),
  ...seenBy('network', columns, ['xdp.frags', 'sk_lookup', 'socket', 'flow_dissector']),
  ...seenBy(['attach', 'network'], columns, ['xdp', 'tc']),
  ...seenBy('network', columns, ['xdp/devmap', 'xdp/cpumap', 'xdp.frags/devmap', 'xdp.frags/cpumap']),
  ...seenBy('network', columns, ['sk_reuseport', 'sk_reuseport/migrate']),
  ...seenBy('network', columns, ['lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local']),
  ...seenBy('network', columns, [
    'sk_skb/stream_parser',
    'sk_skb/stream_verdict',
    'sk_skb/verdict',
    'sk_msg',
  ]),
  ...seenBy('network', since66, ['tc/ingress', 'tc/egress'], 'since Linux 6.6'),
  ...seenBy('network', since66, ['netfilter'], 'since Linux 6.4'),
  ...seenBy(
    'network',
    ['6.12', '7.x'],
    ['netkit/primary', 'netkit/peer'],
    'since Linux 6.7; no netkit in that 6.18',
  ),
  ...seenBy('network', debian, ['action'], 'no act_bpf'),
  ...seenBy('cgroup', columns, ['sockops', 'cgroup_skb/ingress', 'cgroup_skb/egress']),
  ...seenBy('cgroup', columns, ['cgroup/sock_create', 'cgroup/sock_release', 'cgroup/sock']),
  ...seenBy('cgroup', columns, ['cgroup/post_bind4', 'cgroup/post_bind6', ...addresses]),
  ...seenBy('cgroup', since66, unixAddresses, 'since Linux 6.7'),
  ...seenBy('cgroup', columns, ['cgroup/sysctl', 'cgroup/getsockopt', 'cgroup/setsockopt', 'cgroup/dev']),
  ...seenBy('cgroup', debian, ['lsm_cgroup'], 'no BPF LSM'),
  ...unseen(
    ['lirc_mode2'],
    'Debian’s kernels have infrared receivers in a module, and CONFIG_BPF_LIRC_MODE2 only goes without: the calls are tested against a kernel that is not there',
  ),
  ...seenBy('cgroup', columns, ['cgroup/skb'], 'names no direction: the typed call is told one'),
  ...seenBy('network', columns, ['sk_skb'], 'names no direction: the typed call is told one'),
  ...seenBy('attach', columns, ['syscall'], 'run by `testRun`, not attached'),
];
