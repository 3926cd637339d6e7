/** The table of kinds in docs/objects.md: `npm run docs` writes it, and a test finds it out of date. */
import { type AttachWay, sectionRules } from '../../src/object/sections.ts';
import { columns, kinds, namesOfKinds } from './kinds.ts';
import { sinceOf } from './kinds-since.ts';

const [begin, end] = ['<!-- kinds: written by `npm run docs` -->', '<!-- end of kinds -->'];

/** Of `bpfkit/kernel`; undefined for what is not attached. */
export const calls: Readonly<Record<AttachWay, string | undefined>> = {
  kprobe: 'attachKprobe',
  kretprobe: 'attachKretprobe',
  ksyscall: 'attachKprobe',
  kretsyscall: 'attachKretprobe',
  kprobeMulti: 'attachKprobes',
  kretprobeMulti: 'attachKprobes',
  kprobeSession: 'attachKprobes',
  uprobe: 'attachUprobe',
  uretprobe: 'attachUretprobe',
  uprobeMulti: 'attachUprobes',
  uretprobeMulti: 'attachUprobes',
  uprobeSession: 'attachUprobes',
  usdt: undefined,
  tracepoint: 'attachTracepoint',
  rawTracepoint: 'attachRawTracepoint',
  tracing: 'attachTracing',
  tracingMulti: 'attachTracingMulti',
  extension: 'attachExtension',
  lsm: 'attachLsm',
  lsmCgroup: 'attachLsmCgroup',
  iterator: 'attachIterator',
  perfEvent: 'attachPerfEvent',
  xdp: 'attachXdp',
  tcx: 'attachTcx',
  tc: 'attachTc',
  tcAction: 'attachTcAction',
  netkit: 'attachNetkit',
  cgroup: 'attachCgroup',
  sockmap: 'attachSockmap',
  netns: 'attachSkLookup',
  netfilter: 'attachNetfilter',
  route: 'attachLightweightTunnel',
  lirc: 'attachLirc',
  socket: 'attachSocketFilter',
  reuseport: 'attachReuseport',
  structOps: 'attachStructOps',
  none: undefined,
};

/** Where the way of attaching does not say it. */
const otherCalls: Readonly<Record<string, string>> = {
  flow_dissector: 'attachFlowDissector',
  'cgroup/skb': 'attachCgroup',
  sk_skb: 'attachSockmap',
};

function callOf(name: string): string {
  const rule = sectionRules.find(({ pattern }) => pattern.replace(/\+$/, '') === name)!;
  const call = otherCalls[name] ?? calls[rule.attach];
  return call === undefined ? '' : `\`${call}\``;
}

/** The manual with its table as the tests see it. */
export function withKinds(manual: string): string {
  const rows = namesOfKinds().map((names) => {
    const kind = kinds.find(({ name }) => name === names[0]);
    if (kind === undefined) throw new Error(`test/support/kinds.ts says nothing of ${names[0]}`);
    const cells = columns.map((column) => (kind.on.includes(column) ? 'fires' : ''));
    const since = sinceOf(names[0]);
    if (since === undefined) throw new Error(`test/support/kinds-since.ts says nothing of ${names[0]}`);
    return [
      names.map((name) => `\`${name}\``).join(', '),
      callOf(names[0]),
      since,
      ...cells,
      // The column before says it.
      (kind.lacks ?? '').replace(/^since Linux [\d.]+(; )?/, ''),
    ];
  });
  const head = ['SEC', 'typed call', 'since', ...columns, 'what is missing elsewhere'];
  const table = [head, head.map(() => '---'), ...rows];
  const text = table.map((cells) => `| ${cells.join(' | ')} |`.replaceAll(/ {2,}/g, ' '));
  const [from, to] = [manual.indexOf(begin), manual.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/objects.md: the marks of the table are missing');
  return `${manual.slice(0, from + begin.length)}\n${text.join('\n')}\n${manual.slice(to)}`;
}
