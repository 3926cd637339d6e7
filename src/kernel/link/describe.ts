/** What the kernel tells about a link, as data: `struct bpf_link_info` of every type (include/uapi/linux/bpf.h). */
import { linkInfoFields, objectInfo } from '../../sys/bpf-info.ts';
import type { Struct } from '../../sys/layout.ts';

/** `enum bpf_link_type`. */
export const LinkType = {
  rawTracepoint: 1,
  tracing: 2,
  cgroup: 3,
  iterator: 4,
  netns: 5,
  xdp: 6,
  perfEvent: 7,
  kprobeMulti: 8,
  structOps: 9,
  netfilter: 10,
  tcx: 11,
  uprobeMulti: 12,
  netkit: 13,
  sockmap: 14,
  tracingMulti: 15,
} as const;

/** Members are zero or empty where the kernel is older than they are. */
export type LinkDetails =
  | { readonly type: 'rawTracepoint'; readonly tracepoint: string; readonly cookie: bigint }
  | {
      readonly type: 'tracing';
      readonly attachType: number;
      /** Id of the BTF, or of the program, that the target lies in. */
      readonly targetObjectId: number;
      readonly targetTypeId: number;
      readonly cookie: bigint;
    }
  | {
      readonly type: 'tracingMulti';
      readonly attachType: number;
      readonly targetObjectId: number;
      readonly targetTypeIds: readonly number[];
      readonly cookies: readonly bigint[];
    }
  | { readonly type: 'cgroup'; readonly cgroupId: bigint; readonly attachType: number }
  | {
      readonly type: 'iterator';
      readonly target: string;
      readonly mapId?: number;
      readonly cgroupId?: bigint;
      readonly order?: number;
      readonly tid?: number;
      readonly pid?: number;
    }
  | { readonly type: 'netns'; readonly inode: number; readonly attachType: number }
  /** An interface of 0: it is gone. */
  | { readonly type: 'xdp'; readonly interface: number }
  | { readonly type: 'perfEvent'; readonly event: PerfEventDetails }
  | {
      readonly type: 'kprobeMulti';
      /** Empty where addresses may not be seen. */
      readonly addresses: readonly bigint[];
      readonly count: number;
      readonly return: boolean;
      readonly missed: bigint;
      readonly cookies: readonly bigint[];
    }
  | { readonly type: 'structOps'; readonly mapId: number }
  | {
      readonly type: 'netfilter';
      readonly family: number;
      readonly hook: number;
      readonly priority: number;
      readonly flags: number;
    }
  | { readonly type: 'tcx' | 'netkit'; readonly interface: number; readonly attachType: number }
  | {
      readonly type: 'uprobeMulti';
      readonly path: string;
      readonly offsets: readonly bigint[];
      readonly refCtrOffsets: readonly bigint[];
      readonly cookies: readonly bigint[];
      readonly count: number;
      readonly return: boolean;
      readonly pid: number;
    }
  | { readonly type: 'sockmap'; readonly mapId: number; readonly attachType: number }
  /** A type that bpfkit does not know. */
  | { readonly type: 'other'; readonly number: number };

/** `enum bpf_perf_event_type`. */
export type PerfEventDetails =
  | {
      readonly kind: 'uprobe' | 'uretprobe';
      readonly file: string;
      readonly offset: number;
      readonly cookie: bigint;
      readonly refCtrOffset: bigint;
    }
  | {
      readonly kind: 'kprobe' | 'kretprobe';
      readonly function: string;
      readonly offset: number;
      readonly address: bigint;
      readonly missed: bigint;
      readonly cookie: bigint;
    }
  | { readonly kind: 'tracepoint'; readonly name: string; readonly cookie: bigint }
  | { readonly kind: 'event'; readonly eventType: number; readonly config: bigint; readonly cookie: bigint }
  /** Linux before 6.6 says no more. */
  | { readonly kind: 'unknown' };

export type LinkDescription = LinkDetails & { readonly id: number; readonly programId: number };

/** Asks the kernel about the link behind a descriptor. Linux 5.8. Throws SysError. */
export function describeLink(fd: number): LinkDescription {
  const head = objectInfo(fd, linkInfoFields.head);
  const common = { id: head.number('id'), programId: head.number('programId') };
  return { ...details(fd, head.number('type')), ...common };
}

function details(fd: number, type: number): LinkDetails {
  const ask = <T extends keyof typeof linkInfoFields>(form: T): Struct =>
    objectInfo(fd, linkInfoFields[form]);
  switch (type) {
    case LinkType.rawTracepoint: {
      const { info, text } = withText(fd, 'rawTracepoint', 'tracepoint', 'nameLength');
      return { type: 'rawTracepoint', tracepoint: text, cookie: info.bigint('cookie') };
    }
    case LinkType.tracing: {
      const info = ask('tracing');
      return {
        type: 'tracing',
        attachType: info.number('attachType'),
        targetObjectId: info.number('targetObjectId'),
        targetTypeId: info.number('targetBtfId'),
        cookie: info.bigint('cookie'),
      };
    }
    case LinkType.cgroup: {
      const info = ask('cgroup');
      return { type: 'cgroup', cgroupId: info.bigint('cgroupId'), attachType: info.number('attachType') };
    }
    case LinkType.iterator:
      return iterator(fd);
    case LinkType.netns: {
      const info = ask('netns');
      return { type: 'netns', inode: info.number('inode'), attachType: info.number('attachType') };
    }
    case LinkType.xdp:
      return { type: 'xdp', interface: ask('xdp').number('ifindex') };
    case LinkType.perfEvent:
      return { type: 'perfEvent', event: perfEvent(fd) };
    case LinkType.kprobeMulti:
      return kprobes(fd);
    case LinkType.structOps:
      return { type: 'structOps', mapId: ask('structOps').number('mapId') };
    case LinkType.netfilter: {
      const info = ask('netfilter');
      return {
        type: 'netfilter',
        family: info.number('family'),
        hook: info.number('hook'),
        priority: info.number('priority'),
        flags: info.number('flags'),
      };
    }
    case LinkType.tcx:
    case LinkType.netkit: {
      const info = ask('tcx');
      const name = type === LinkType.tcx ? 'tcx' : 'netkit';
      return { type: name, interface: info.number('ifindex'), attachType: info.number('attachType') };
    }
    case LinkType.uprobeMulti:
      return uprobes(fd);
    case LinkType.tracingMulti:
      return tracingMulti(fd);
    case LinkType.sockmap: {
      const info = ask('sockmap');
      return { type: 'sockmap', mapId: info.number('mapId'), attachType: info.number('attachType') };
    }
    default:
      return { type: 'other', number: type };
  }
}

/** Names are short, except paths: those may be as long as a path can be. */
const textRoom = 4096;

/** Asks with room for a text; kernels that fill none in leave it empty. */
function withText(
  fd: number,
  form: keyof typeof linkInfoFields,
  pointer: string,
  length: string,
): { readonly info: Struct; readonly text: string } {
  const buffer = new Uint8Array(textRoom);
  const info = objectInfo(fd, linkInfoFields[form], { [pointer]: buffer, [length]: textRoom });
  return { info, text: Buffer.from(buffer.subarray(0, buffer.indexOf(0))).toString('latin1') };
}

/** The target decides which form the rest has: bpf_iter.c, *_fill_link_info. */
function iterator(fd: number): LinkDetails {
  const { info, text: target } = withText(fd, 'iterator', 'target', 'nameLength');
  if (/map|sk_storage/.test(target) && target !== 'bpf_map') {
    return { type: 'iterator', target, mapId: info.number('mapId') };
  }
  if (target === 'cgroup') {
    const { info: more } = withText(fd, 'iteratorCgroup', 'target', 'nameLength');
    return { type: 'iterator', target, cgroupId: more.bigint('cgroupId'), order: more.number('order') };
  }
  if (target.startsWith('task')) {
    const { info: more } = withText(fd, 'iteratorTask', 'target', 'nameLength');
    return { type: 'iterator', target, tid: more.number('tid'), pid: more.number('pid') };
  }
  return { type: 'iterator', target };
}

function perfEvent(fd: number): PerfEventDetails {
  const kind = objectInfo(fd, linkInfoFields.perfOther).number('eventType');
  switch (kind) {
    case 1:
    case 2: {
      const { info, text } = withText(fd, 'perfUprobe', 'text', 'nameLength');
      return {
        kind: kind === 1 ? 'uprobe' : 'uretprobe',
        file: text,
        offset: info.number('offset'),
        cookie: info.bigint('cookie'),
        refCtrOffset: info.bigint('refCtrOffset'),
      };
    }
    case 3:
    case 4: {
      const { info, text } = withText(fd, 'perfKprobe', 'text', 'nameLength');
      return {
        kind: kind === 3 ? 'kprobe' : 'kretprobe',
        function: text,
        offset: info.number('offset'),
        address: info.bigint('address'),
        missed: info.bigint('missed'),
        cookie: info.bigint('cookie'),
      };
    }
    case 5: {
      const { info, text } = withText(fd, 'perfTracepoint', 'text', 'nameLength');
      return { kind: 'tracepoint', name: text, cookie: info.bigint('cookie') };
    }
    case 6: {
      const info = objectInfo(fd, linkInfoFields.perfOther);
      const cookie = info.bigint('cookie');
      return { kind: 'event', eventType: info.number('type2'), config: info.bigint('config'), cookie };
    }
    default:
      return { kind: 'unknown' };
  }
}

/** BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN. */
const RETURN = 1;

function kprobes(fd: number): LinkDetails {
  const first = objectInfo(fd, linkInfoFields.kprobeMulti);
  const count = first.number('count');
  const [addresses, cookies] = [new BigUint64Array(count), new BigUint64Array(count)];
  const info =
    count === 0 ? first : objectInfo(fd, linkInfoFields.kprobeMulti, { addresses, cookies, count });
  return {
    type: 'kprobeMulti',
    // Zeroes: kptr_restrict hides them.
    addresses: addresses.every((address) => address === 0n) ? [] : [...addresses],
    count,
    return: (info.number('flags') & RETURN) !== 0,
    missed: info.bigint('missed'),
    cookies: [...cookies],
  };
}

function tracingMulti(fd: number): LinkDetails {
  const first = objectInfo(fd, linkInfoFields.tracingMulti);
  const count = first.number('count');
  const [ids, cookies] = [new Uint32Array(count), new BigUint64Array(count)];
  const addresses = new BigUint64Array(count);
  if (count > 0) objectInfo(fd, linkInfoFields.tracingMulti, { ids, addresses, cookies, count });
  return {
    type: 'tracingMulti',
    attachType: first.number('attachType'),
    targetObjectId: first.number('objectId'),
    targetTypeIds: [...ids],
    cookies: [...cookies],
  };
}

function uprobes(fd: number): LinkDetails {
  const first = objectInfo(fd, linkInfoFields.uprobeMulti);
  const count = first.number('count');
  const [offsets, refCtrOffsets, cookies] = [0, 1, 2].map(() => new BigUint64Array(count)) as [
    BigUint64Array,
    BigUint64Array,
    BigUint64Array,
  ];
  const path = new Uint8Array(textRoom);
  const info = objectInfo(fd, linkInfoFields.uprobeMulti, {
    path,
    pathSize: textRoom,
    ...(count === 0 ? {} : { offsets, refCtrOffsets, cookies, count }),
  });
  return {
    type: 'uprobeMulti',
    path: Buffer.from(path.subarray(0, path.indexOf(0))).toString('latin1'),
    offsets: [...offsets],
    refCtrOffsets: [...refCtrOffsets],
    cookies: [...cookies],
    count,
    return: (info.number('flags') & RETURN) !== 0,
    pid: info.number('pid'),
  };
}
