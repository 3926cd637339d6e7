/**
 * The releases that brought types of programs, ways to attach them and their flags since 5.5: for messages only, since
 * distributions carry features backwards. include/uapi/linux/bpf.h of each release.
 */
import { AttachType, ProgramFlag, ProgramType } from '../spec.ts';
import { olderThan, runningVersion } from './release.ts';

type Since = readonly [number: number, name: string, since: string];

const types: readonly Since[] = [
  [ProgramType.tracing, 'fentry, fexit, tp_btf and iterators', '5.5'],
  [ProgramType.structOps, 'struct_ops', '5.6'],
  [ProgramType.extension, 'freplace', '5.6'],
  [ProgramType.lsm, 'lsm', '5.7'],
  [ProgramType.skLookup, 'sk_lookup', '5.9'],
  [ProgramType.syscall, 'syscall', '5.14'],
  [ProgramType.netfilter, 'netfilter', '6.4'],
];

const attachTypes: readonly Since[] = [
  [AttachType.modifyReturn, 'fmod_ret', '5.7'],
  [AttachType.traceIter, 'iter', '5.8'],
  [AttachType.cgroupInet4Getpeername, 'cgroup/getpeername4', '5.8'],
  [AttachType.cgroupInet6Getpeername, 'cgroup/getpeername6', '5.8'],
  [AttachType.cgroupInet4Getsockname, 'cgroup/getsockname4', '5.8'],
  [AttachType.cgroupInet6Getsockname, 'cgroup/getsockname6', '5.8'],
  [AttachType.xdpDevmap, 'xdp/devmap', '5.8'],
  [AttachType.cgroupInetSockRelease, 'cgroup/sock_release', '5.9'],
  [AttachType.xdpCpumap, 'xdp/cpumap', '5.9'],
  [AttachType.skSkbVerdict, 'sk_skb/verdict', '5.13'],
  [AttachType.skReuseportSelectOrMigrate, 'sk_reuseport/migrate', '5.14'],
  [AttachType.traceKprobeMulti, 'kprobe.multi', '5.18'],
  [AttachType.lsmCgroup, 'lsm_cgroup', '6.0'],
  [AttachType.tcxIngress, 'tcx/ingress', '6.6'],
  [AttachType.tcxEgress, 'tcx/egress', '6.6'],
  [AttachType.traceUprobeMulti, 'uprobe.multi', '6.6'],
  [AttachType.cgroupUnixConnect, 'cgroup/connect_unix', '6.7'],
  [AttachType.cgroupUnixSendmsg, 'cgroup/sendmsg_unix', '6.7'],
  [AttachType.cgroupUnixRecvmsg, 'cgroup/recvmsg_unix', '6.7'],
  [AttachType.cgroupUnixGetpeername, 'cgroup/getpeername_unix', '6.7'],
  [AttachType.cgroupUnixGetsockname, 'cgroup/getsockname_unix', '6.7'],
  [AttachType.netkitPrimary, 'netkit/primary', '6.7'],
  [AttachType.netkitPeer, 'netkit/peer', '6.7'],
  [AttachType.traceKprobeSession, 'kprobe.session', '6.10'],
  [AttachType.traceUprobeSession, 'uprobe.session', '6.13'],
  [AttachType.traceFsession, 'fsession', '7.0'],
  [AttachType.traceFentryMulti, 'fentry.multi', '7.2'],
  [AttachType.traceFexitMulti, 'fexit.multi', '7.2'],
  [AttachType.traceFsessionMulti, 'fsession.multi', '7.2'],
];

const flags: readonly Since[] = [
  [ProgramFlag.sleepable, 'programs that may sleep', '5.10'],
  [ProgramFlag.xdpHasFrags, 'XDP programs for packets of several buffers (xdp.frags)', '5.18'],
  [ProgramFlag.xdpDeviceBoundOnly, 'XDP programs bound to a device', '6.3'],
];

/** What a kernel must have been built with, for types that distributions leave out. */
const options: Readonly<Partial<Record<ProgramType, string>>> = {
  [ProgramType.lircMode2]: 'CONFIG_BPF_LIRC_MODE2',
  [ProgramType.lwtSeg6local]: 'CONFIG_IPV6_SEG6_BPF',
  [ProgramType.lsm]: 'CONFIG_BPF_LSM',
  [ProgramType.netfilter]: 'CONFIG_NETFILTER_BPF_LINK',
  [ProgramType.structOps]: 'CONFIG_BPF_JIT',
};

/** What of a program can be newer than a kernel. */
export interface ProgramNeeds {
  readonly type: ProgramType;
  readonly attachType?: AttachType;
  readonly flags?: number;
}

/** What of a program the running kernel is too old for, or was built without, in a clause; undefined if nothing is known. */
export function tooNewFor(program: ProgramNeeds): string | undefined {
  const older = tooOldFor(program);
  if (older !== undefined) return older;
  const option = options[program.type];
  return option === undefined ? undefined : `this kernel was probably built without ${option}`;
}

/** What of a program the running kernel is too old for, in a clause; undefined if it is of none. */
export function tooOldFor({ type, attachType, flags: given = 0 }: ProgramNeeds): string | undefined {
  const used = [
    ...types.filter(([number]) => number === type),
    ...attachTypes.filter(([number]) => number === attachType),
    ...flags.filter(([flag]) => (given & flag) !== 0),
  ];
  const found = used.find(([, , since]) => olderThan(since));
  if (found === undefined) return undefined;
  const [, name, since] = found;
  return `this kernel (${runningVersion()}) has no ${name}: Linux ${since} brought that`;
}
