/** What errnos mean for programs on interfaces, namespaces, control groups and sockets. */
import type { AttachErrorCode, Sentences } from './errors.ts';
import type { LinkKind } from './link.ts';

const gone: readonly [AttachErrorCode, string] = ['notFound', 'the interface is gone'];

const mprog = {
  ENODEV: gone,
  EEXIST: ['inUse', 'the program is attached there already'],
  ENOENT: ['notFound', 'the program that it should stand before or after is not attached there'],
  ESTALE: ['inUse', 'somebody attached or detached meanwhile: the revision is another'],
  ERANGE: ['inUse', 'as many programs are attached there as the kernel allows (64)'],
} as const;

export const networkSentences: Sentences = {
  cgroup: {
    EBADF: ['notFound', 'that is no control group of version 2'],
    EPERM: [
      'notPermitted',
      'the process may not; CAP_BPF and CAP_NET_ADMIN are needed, and no program that keeps the group for itself',
    ],
    E2BIG: ['inUse', 'the group has as many programs as the kernel allows (64)'],
    ESTALE: mprog.ESTALE,
    ENOENT: mprog.ENOENT,
  },
  lsmCgroup: {
    EBADF: ['notFound', 'that is no control group of version 2'],
    ENOTSUPP: ['unsupported', 'the kernel has no trampolines for this hook (524)'],
    E2BIG: ['inUse', 'the kernel keeps only ten hooks for control groups'],
  },
  flowDissector: {
    EEXIST: ['inUse', 'the network namespace, or the initial one for all, has a flow dissector'],
    E2BIG: ['inUse', 'a network namespace has only one flow dissector'],
    EINVAL: ['invalid', 'that is no network namespace, or the program is no flow dissector'],
  },
  skLookup: {
    E2BIG: ['inUse', 'the network namespace has as many programs as the kernel allows (64)'],
    EINVAL: ['invalid', 'that is no network namespace, or the program does not look sockets up'],
  },
  xdp: {
    ENODEV: gone,
    EBUSY: ['inUse', 'the interface has an XDP program'],
    EEXIST: ['inUse', 'the interface has an XDP program, or one of another mode'],
    EOPNOTSUPP: ['unsupported', 'its driver cannot do this; generic mode runs on every interface'],
    EINVAL: [
      'invalid',
      'the kernel refuses the program there: a mode that does not fit, or packets too large for one page (ask for frags)',
    ],
    ERANGE: ['invalid', 'packets of this interface do not fit one page: load the program with frags'],
  },
  tc: {
    ENODEV: gone,
    ENOENT: ['unsupported', 'this kernel has no clsact, or no filters with programs (sch_ingress, cls_bpf)'],
    EEXIST: ['inUse', 'a filter of this priority and handle is there'],
    EINVAL: [
      'invalid',
      'the kernel refuses: the program is no classifier, or a filter of another kind has this priority',
    ],
  },
  tcAction: {
    ENODEV: gone,
    ENOENT: [
      'unsupported',
      'this kernel has no clsact, or no filters and actions with programs (sch_ingress, cls_bpf, act_bpf)',
    ],
    EOPNOTSUPP: ['unsupported', 'this kernel has no actions of traffic control (CONFIG_NET_CLS_ACT)'],
    EEXIST: ['inUse', 'a filter of this priority and handle is there'],
    EINVAL: [
      'invalid',
      'the kernel refuses: the program is no action, or a filter of another kind has this priority',
    ],
  },
  tcx: mprog,
  netkit: {
    ...mprog,
    ENXIO: ['invalid', 'the interface is no netkit device'],
    EACCES: ['notPermitted', 'programs of the peer are attached through the primary device'],
    EINVAL: ['invalid', 'the interface is no netkit device'],
  },
  netfilter: {
    EBUSY: ['inUse', 'another program has this priority there: give another'],
    EPROTONOSUPPORT: ['unsupported', 'this kernel defragments no packets of this family'],
    EAFNOSUPPORT: ['unsupported', 'only IPv4 and IPv6 have such hooks'],
    EOPNOTSUPP: ['unsupported', 'this kernel was built without CONFIG_NETFILTER_BPF_LINK'],
    EINVAL: ['invalid', 'the kernel refuses this hook or priority'],
  },
  sockmap: {
    EBUSY: ['inUse', 'the map has such a program'],
    EEXIST: ['inUse', 'the map has such a program'],
    EINVAL: ['invalid', 'that is no map of sockets, or the program is of another kind'],
    EOPNOTSUPP: ['unsupported', 'this kernel has no such programs on maps of sockets'],
  },
  socketFilter: {
    EINVAL: ['invalid', 'the program is no socket filter'],
    ENOTSOCK: ['invalid', 'the descriptor is no socket'],
    EPERM: ['notPermitted', 'the filter of this socket is locked'],
  },
  reuseport: {
    EINVAL: [
      'invalid',
      'the socket does not share its port (SO_REUSEPORT), or the program is of another kind',
    ],
    ENOTSOCK: ['invalid', 'the descriptor is no socket'],
  },
  extension: {
    EBUSY: ['inUse', 'the function has an extension already'],
    EINVAL: ['invalid', 'the function has another signature, or the program was loaded for another one'],
    ENOENT: ['notFound', 'there is no such function in the program'],
  },
  structOps: {
    EEXIST: ['inUse', 'something of this name is registered already'],
    EBUSY: ['inUse', 'it is registered already'],
    EINVAL: [
      'invalid',
      'the kernel refuses the structure: a member that must be there is missing, or a value is out of range',
    ],
    EOPNOTSUPP: ['unsupported', 'this kernel cannot replace what is registered'],
    ENOTSUPP: ['unsupported', 'this kernel cannot register that (524)'],
  },
  lirc: {
    EINVAL: ['invalid', 'the file is no infrared receiver'],
    ENODEV: ['notFound', 'the receiver is gone'],
    E2BIG: ['inUse', 'the receiver has as many programs as the kernel allows (64)'],
  },
  lightweightTunnel: {
    EEXIST: ['inUse', 'there is a route to this network'],
    EOPNOTSUPP: ['unsupported', 'this kernel was built without CONFIG_LWTUNNEL_BPF'],
    ENODEV: gone,
  },
};

/** The release that brought each kind of link, for kernels that know nothing of it. */
export const linkSince: Readonly<Partial<Record<LinkKind, readonly [string, string]>>> = {
  iterator: ['iterators', '5.8'],
  cgroup: ['links on control groups', '5.7'],
  lsmCgroup: ['LSM programs on control groups', '6.0'],
  flowDissector: ['links on network namespaces', '5.8'],
  skLookup: ['programs that look sockets up', '5.9'],
  xdp: ['links on XDP', '5.9'],
  tcx: ['tcx links', '6.6'],
  netkit: ['netkit devices', '6.7'],
  netfilter: ['netfilter links', '6.4'],
  tracingMulti: ['tracing of many functions at once (fentry.multi)', '7.2'],
  kprobeMulti: ['probes on many functions at once (kprobe.multi)', '5.18'],
  uprobeMulti: ['probes on many places at once (uprobe.multi)', '6.6'],
  extension: ['extensions (freplace)', '5.6'],
  structOps: ['links on struct_ops', '6.4'],
};

/** kinds for which CAP_NET_ADMIN counts, not CAP_PERFMON. */
export const networkKinds: ReadonlySet<LinkKind> = new Set<LinkKind>([
  'flowDissector',
  'skLookup',
  'xdp',
  'tc',
  'tcx',
  'netkit',
  'netfilter',
  'sockmap',
  'tcAction',
  'lightweightTunnel',
  'lirc',
]);
