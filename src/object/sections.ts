/**
 * What SEC names mean: one row each, in the order in which they are tried.
 *
 * A pattern that ends in `+` matches its name alone or with `/...` behind it; one that ends in `/` needs something
 * behind it; any other is exact. Where no row matches, an exact name followed by `/...` counts as that
 * name (`socket/mine`), which objects for other loaders than libbpf use.
 */
import { AttachType, ProgramType } from '../kernel/spec.ts';
import { nearestNames } from '../text/nearest.ts';

/** How a program is put in its place; `none` for what is attached to something the object cannot know. */
export type AttachWay =
  | 'kprobe'
  | 'kretprobe'
  | 'ksyscall'
  | 'kretsyscall'
  | 'kprobeMulti'
  | 'kretprobeMulti'
  | 'kprobeSession'
  | 'uprobe'
  | 'uretprobe'
  | 'uprobeMulti'
  | 'uretprobeMulti'
  | 'uprobeSession'
  | 'usdt'
  | 'tracepoint'
  | 'rawTracepoint'
  | 'tracing'
  | 'tracingMulti'
  | 'extension'
  | 'lsm'
  | 'lsmCgroup'
  | 'iterator'
  | 'perfEvent'
  | 'xdp'
  | 'tcx'
  | 'tc'
  | 'tcAction'
  | 'netkit'
  | 'cgroup'
  | 'sockmap'
  | 'netns'
  | 'netfilter'
  | 'route'
  | 'lirc'
  | 'socket'
  | 'reuseport'
  | 'structOps'
  | 'none';

/** Which kernel type the target names: `AttachTarget['kind']` of kernel/. */
export type TargetKind = 'rawTracepoint' | 'function' | 'lsm' | 'iterator' | 'program';

export interface SectionRule {
  readonly pattern: string;
  readonly type: ProgramType;
  readonly attachType?: AttachType;
  readonly sleepable?: true;
  /** The program is loaded for one kernel type, named by what follows in SEC. */
  readonly target?: TargetKind;
  /** The attach type may be left out on kernels that do not know it. */
  readonly optional?: true;
  /** XDP for packets of several buffers. */
  readonly fragments?: true;
  readonly attach: AttachWay;
}

type More = Partial<Omit<SectionRule, 'pattern' | 'type' | 'attach'>>;

function row(pattern: string, type: ProgramType, attach: AttachWay, more: More = {}): SectionRule {
  return { pattern, type, attach, ...more };
}

/** The row, and the same with `.s` after the name for programs that may sleep. */
function both(name: string, type: ProgramType, attach: AttachWay, more: More = {}): SectionRule[] {
  return [row(`${name}+`, type, attach, more), row(`${name}.s+`, type, attach, { ...more, sleepable: true })];
}

const P = ProgramType;
const A = AttachType;

function tracing(name: string, attachType: AttachType, target: TargetKind = 'function'): SectionRule[] {
  return both(name, P.tracing, 'tracing', { attachType, target });
}

function cgroup(pattern: string, type: ProgramType, attachType: AttachType, more: More = {}): SectionRule {
  return row(pattern, type, 'cgroup', { attachType, ...more });
}

const optional = { optional: true } as const;

/** `cgroup/connect4` and the like: one row for each call and address family. */
const socketAddresses: readonly SectionRule[] = (
  [
    ['bind4', A.cgroupInet4Bind],
    ['bind6', A.cgroupInet6Bind],
    ['connect4', A.cgroupInet4Connect],
    ['connect6', A.cgroupInet6Connect],
    ['connect_unix', A.cgroupUnixConnect],
    ['sendmsg4', A.cgroupUdp4Sendmsg],
    ['sendmsg6', A.cgroupUdp6Sendmsg],
    ['sendmsg_unix', A.cgroupUnixSendmsg],
    ['recvmsg4', A.cgroupUdp4Recvmsg],
    ['recvmsg6', A.cgroupUdp6Recvmsg],
    ['recvmsg_unix', A.cgroupUnixRecvmsg],
    ['getpeername4', A.cgroupInet4Getpeername],
    ['getpeername6', A.cgroupInet6Getpeername],
    ['getpeername_unix', A.cgroupUnixGetpeername],
    ['getsockname4', A.cgroupInet4Getsockname],
    ['getsockname6', A.cgroupInet6Getsockname],
    ['getsockname_unix', A.cgroupUnixGetsockname],
  ] as const
).map(([name, attachType]) => cgroup(`cgroup/${name}`, P.cgroupSockAddr, attachType));

/** Every SEC name. Source: the tables of libbpf 1.8 and the kernel's attach types. */
export const sectionRules: readonly SectionRule[] = [
  row('socket', P.socketFilter, 'socket'),
  row('sk_reuseport/migrate', P.skReuseport, 'reuseport', { attachType: A.skReuseportSelectOrMigrate }),
  row('sk_reuseport', P.skReuseport, 'reuseport', { attachType: A.skReuseportSelect }),
  row('kprobe+', P.kprobe, 'kprobe'),
  ...both('uprobe', P.kprobe, 'uprobe'),
  row('kretprobe+', P.kprobe, 'kretprobe'),
  ...both('uretprobe', P.kprobe, 'uretprobe'),
  row('kprobe.multi+', P.kprobe, 'kprobeMulti', { attachType: A.traceKprobeMulti }),
  row('kretprobe.multi+', P.kprobe, 'kretprobeMulti', { attachType: A.traceKprobeMulti }),
  row('kprobe.session+', P.kprobe, 'kprobeSession', { attachType: A.traceKprobeSession }),
  ...both('uprobe.multi', P.kprobe, 'uprobeMulti', { attachType: A.traceUprobeMulti }),
  ...both('uretprobe.multi', P.kprobe, 'uretprobeMulti', { attachType: A.traceUprobeMulti }),
  ...both('uprobe.session', P.kprobe, 'uprobeSession', { attachType: A.traceUprobeSession }),
  row('ksyscall+', P.kprobe, 'ksyscall'),
  row('kretsyscall+', P.kprobe, 'kretsyscall'),
  ...both('usdt', P.kprobe, 'usdt'),
  row('tc/ingress', P.schedCls, 'tcx', { attachType: A.tcxIngress }),
  row('tc/egress', P.schedCls, 'tcx', { attachType: A.tcxEgress }),
  row('tcx/ingress', P.schedCls, 'tcx', { attachType: A.tcxIngress }),
  row('tcx/egress', P.schedCls, 'tcx', { attachType: A.tcxEgress }),
  row('tc', P.schedCls, 'tc'),
  row('classifier', P.schedCls, 'tc'),
  row('action', P.schedAct, 'tcAction'),
  row('netkit/primary', P.schedCls, 'netkit', { attachType: A.netkitPrimary }),
  row('netkit/peer', P.schedCls, 'netkit', { attachType: A.netkitPeer }),
  ...both('tracepoint', P.tracepoint, 'tracepoint'),
  ...both('tp', P.tracepoint, 'tracepoint'),
  ...both('raw_tracepoint', P.rawTracepoint, 'rawTracepoint'),
  ...both('raw_tp', P.rawTracepoint, 'rawTracepoint'),
  row('raw_tracepoint.w+', P.rawTracepointWritable, 'rawTracepoint'),
  row('raw_tp.w+', P.rawTracepointWritable, 'rawTracepoint'),
  ...tracing('tp_btf', A.traceRawTp, 'rawTracepoint'),
  ...tracing('fentry', A.traceFentry),
  ...tracing('fmod_ret', A.modifyReturn),
  ...tracing('fexit', A.traceFexit),
  ...tracing('fsession', A.traceFsession),
  ...both('fentry.multi', P.tracing, 'tracingMulti', { attachType: A.traceFentryMulti }),
  ...both('fexit.multi', P.tracing, 'tracingMulti', { attachType: A.traceFexitMulti }),
  ...both('fsession.multi', P.tracing, 'tracingMulti', { attachType: A.traceFsessionMulti }),
  row('freplace+', P.extension, 'extension', { target: 'program' }),
  ...both('lsm', P.lsm, 'lsm', { attachType: A.lsmMac, target: 'lsm' }),
  row('lsm_cgroup+', P.lsm, 'lsmCgroup', { attachType: A.lsmCgroup, target: 'lsm' }),
  ...both('iter', P.tracing, 'iterator', { attachType: A.traceIter, target: 'iterator' }),
  row('syscall', P.syscall, 'none', { sleepable: true }),
  row('xdp.frags/devmap', P.xdp, 'none', { attachType: A.xdpDevmap, fragments: true }),
  row('xdp/devmap', P.xdp, 'none', { attachType: A.xdpDevmap }),
  row('xdp.frags/cpumap', P.xdp, 'none', { attachType: A.xdpCpumap, fragments: true }),
  row('xdp/cpumap', P.xdp, 'none', { attachType: A.xdpCpumap }),
  row('xdp.frags', P.xdp, 'xdp', { attachType: A.xdp, fragments: true }),
  row('xdp', P.xdp, 'xdp', { attachType: A.xdp, ...optional }),
  row('perf_event', P.perfEvent, 'perfEvent'),
  row('lwt_in', P.lwtIn, 'route'),
  row('lwt_out', P.lwtOut, 'route'),
  row('lwt_xmit', P.lwtXmit, 'route'),
  row('lwt_seg6local', P.lwtSeg6local, 'route'),
  cgroup('sockops', P.sockOps, A.cgroupSockOps, optional),
  row('sk_skb/stream_parser', P.skSkb, 'sockmap', { attachType: A.skSkbStreamParser, ...optional }),
  row('sk_skb/stream_verdict', P.skSkb, 'sockmap', { attachType: A.skSkbStreamVerdict, ...optional }),
  row('sk_skb/verdict', P.skSkb, 'sockmap', { attachType: A.skSkbVerdict, ...optional }),
  row('sk_skb', P.skSkb, 'none'),
  row('sk_msg', P.skMsg, 'sockmap', { attachType: A.skMsgVerdict, ...optional }),
  row('lirc_mode2', P.lircMode2, 'lirc', { attachType: A.lircMode2, ...optional }),
  row('flow_dissector', P.flowDissector, 'netns', { attachType: A.flowDissector, ...optional }),
  cgroup('cgroup_skb/ingress', P.cgroupSkb, A.cgroupInetIngress, optional),
  cgroup('cgroup_skb/egress', P.cgroupSkb, A.cgroupInetEgress, optional),
  row('cgroup/skb', P.cgroupSkb, 'none'),
  cgroup('cgroup/sock_create', P.cgroupSock, A.cgroupInetSockCreate),
  cgroup('cgroup/sock_release', P.cgroupSock, A.cgroupInetSockRelease),
  cgroup('cgroup/sock', P.cgroupSock, A.cgroupInetSockCreate, optional),
  cgroup('cgroup/post_bind4', P.cgroupSock, A.cgroupInet4PostBind),
  cgroup('cgroup/post_bind6', P.cgroupSock, A.cgroupInet6PostBind),
  ...socketAddresses,
  cgroup('cgroup/sysctl', P.cgroupSysctl, A.cgroupSysctl),
  cgroup('cgroup/getsockopt', P.cgroupSockopt, A.cgroupGetsockopt),
  cgroup('cgroup/setsockopt', P.cgroupSockopt, A.cgroupSetsockopt),
  cgroup('cgroup/dev', P.cgroupDevice, A.cgroupDevice, optional),
  ...both('struct_ops', P.structOps, 'structOps'),
  row('sk_lookup', P.skLookup, 'netns', { attachType: A.skLookup }),
  row('netfilter', P.netfilter, 'netfilter', { attachType: A.netfilter }),
];

export interface SectionMatch {
  readonly rule: SectionRule;
  /** What follows the rule's name and the slash; empty without. */
  readonly target: string;
}

/** A pattern without the sign at its end. */
function nameOf({ pattern }: SectionRule): string {
  return pattern.replace(/[+/]$/, '');
}

/**
 * The row of a SEC name (without a leading `?`). `strict` leaves out what only other loaders accept: an exact
 * name with something behind it. Undefined where there is none.
 */
export function matchSection(
  section: string,
  options: { readonly strict?: boolean } = {},
): SectionMatch | undefined {
  for (const rule of sectionRules) {
    const name = nameOf(rule);
    const followed = section.startsWith(`${name}/`);
    const fits = rule.pattern.endsWith('+') ? followed || section === name : section === name;
    if (fits) return { rule, target: followed ? section.slice(name.length + 1) : '' };
  }
  if (options.strict === true) return undefined;
  let best: SectionMatch | undefined;
  for (const rule of sectionRules) {
    const name = nameOf(rule);
    if (!section.startsWith(`${name}/`) || (best !== undefined && nameOf(best.rule).length >= name.length))
      continue;
    best = { rule, target: section.slice(name.length + 1) };
  }
  return best;
}

/** SEC names near to one that no row has, with its own rest behind them: for error messages. */
export function nearSections(section: string): string[] {
  const slash = section.indexOf('/');
  const head = slash < 0 ? section : section.slice(0, slash);
  const names = new Set(sectionRules.map(nameOf));
  const whole = nearestNames(section, names);
  const rest = slash < 0 ? '' : section.slice(slash);
  return whole.length > 0 ? whole : nearestNames(head, names).map((name) => `${name}${rest}`);
}
