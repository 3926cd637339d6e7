/** What is attached at a hook: BPF_PROG_QUERY, and for XDP netlink. */
import { bpf } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { Open, openPath } from '../../sys/file.ts';
import { findInterface, listFilters, type TcFilter, TcParent, type XdpPrograms } from '../../sys/route.ts';
import { AttachType } from '../spec.ts';

export interface AttachedProgram {
  readonly programId: number;
  /** 0 where it was attached without a link, or the kernel does not say (before 6.6). */
  readonly linkId: number;
  /** BPF_F_*: of control groups. */
  readonly flags: number;
}

export interface Attached {
  /** In the order in which they run. */
  readonly programs: readonly AttachedProgram[];
  /** Of the hook: BPF_F_ALLOW_*. */
  readonly flags: number;
  /** Changes with every change; 0 where the kernel counts none. */
  readonly revision: bigint;
}

const BPF_F_QUERY_EFFECTIVE = 1;

interface Query {
  readonly targetFd: number;
  readonly attachType: number;
  readonly queryFlags?: number;
  readonly subject: string;
  /** Whether this hook tells ids of links: others refuse to be asked. */
  readonly links: boolean;
}

/** Asks with room for as many as the hook holds at most. Throws SysError. */
function query({ targetFd, attachType, queryFlags = 0, subject, links }: Query): Attached {
  const room = 64;
  const programIds = new Uint32Array(room);
  const linkIds = new Uint32Array(room);
  const { attr } = bpf(
    'programQuery',
    {
      targetFd,
      attachType,
      queryFlags,
      programIds,
      count: room,
      ...(links ? { linkIds, revision: 0 } : {}),
    },
    subject,
  );
  const count = Math.min(room, attr.number('count'));
  const programs = Array.from({ length: count }, (_, i) => ({
    programId: programIds[i]!,
    linkId: linkIds[i]!,
    flags: 0,
  }));
  return { programs, flags: attr.number('attachFlags'), revision: attr.bigint('revision') };
}

/**
 * Programs of a control group; with `effective` also those that it has from the groups above. Linux 4.15.
 * Throws SysError.
 */
export function cgroupPrograms(
  cgroup: string,
  attachType: AttachType,
  options: { readonly effective?: boolean } = {},
): Attached {
  const group = openPath(cgroup, Open.readOnly | Open.directory);
  try {
    const queryFlags = options.effective === true ? BPF_F_QUERY_EFFECTIVE : 0;
    return query({ targetFd: group.number, attachType, queryFlags, subject: cgroup, links: false });
  } finally {
    group.close();
  }
}

/** Programs of an interface's tcx hook. Linux 6.6. Throws SysError. */
export function tcxPrograms(ifindex: number, direction: 'ingress' | 'egress'): Attached {
  const attachType = direction === 'ingress' ? AttachType.tcxIngress : AttachType.tcxEgress;
  return query({ targetFd: ifindex, attachType, subject: `interface ${ifindex}`, links: true });
}

/** Programs of a netkit device. Linux 6.7. Throws SysError. */
export function netkitPrograms(ifindex: number, side: 'primary' | 'peer'): Attached {
  const attachType = side === 'primary' ? AttachType.netkitPrimary : AttachType.netkitPeer;
  return query({ targetFd: ifindex, attachType, subject: `interface ${ifindex}`, links: true });
}

/** The flow dissector or the socket look-ups of a network namespace. Linux 4.20, 5.9. Throws SysError. */
export function namespacePrograms(namespace: Fd, attachType: AttachType): Attached {
  return query({ targetFd: namespace.number, attachType, subject: 'network namespace', links: false });
}

/** The program of a map of sockets. Linux 5.15. Throws SysError. */
export function sockmapPrograms(map: { readonly fd: Fd }, attachType: AttachType): Attached {
  return query({ targetFd: map.fd.number, attachType, subject: 'map of sockets', links: false });
}

/** XDP programs of an interface by how they run, or undefined if there is no such interface. Throws SysError. */
export function xdpPrograms(which: string | number): XdpPrograms | undefined {
  return findInterface(which)?.xdp;
}

/** Filters with programs on an interface's clsact. Throws SysError. */
export function tcFilters(ifindex: number, direction: 'ingress' | 'egress'): TcFilter[] {
  return listFilters(ifindex, TcParent[direction]);
}
