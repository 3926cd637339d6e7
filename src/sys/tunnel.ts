/** Routes with BPF programs: include/uapi/linux/{rtnetlink,lwtunnel}.h. */
import { ask, attribute, NetlinkFlag, nested, word16 } from './netlink.ts';
import { addressBytes, Family } from './socket.ts';

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTA = { destination: 1, interface: 4, encapType: 21, encap: 22 } as const;
const LWTUNNEL_ENCAP_BPF = 6;
const LWTUNNEL_ENCAP_SEG6_LOCAL = 7;
const LwtBpf = { in: 1, out: 2, xmit: 3, headroom: 4 } as const;
const LwtProgram = { fd: 1, name: 2 } as const;
/** include/uapi/linux/seg6_local.h; the program's own attributes have the numbers of LwtProgram. */
const Seg6Local = { action: 1, program: 8 } as const;
const SEG6_LOCAL_ACTION_END_BPF = 15;

export interface Route {
  readonly address: string;
  /** Of the network's mask. */
  readonly bits: number;
  readonly ifindex: number;
}

/** `struct rtmsg`: the main table, by hand, this link only. */
function routeMessage({ address, bits }: Route): Uint8Array {
  const bytes = new Uint8Array(12);
  const six = address.includes(':');
  if (bits > (six ? 128 : 32)) throw new RangeError(`${address}/${bits} has too many bits`);
  const [table, protocol, scope, unicast] = [254, 4, six ? 0 : 253, 1];
  bytes.set([six ? Family.ipv6 : Family.ipv4, bits, 0, 0, table, protocol, scope, unicast]);
  return bytes;
}

function routeParts(route: Route): Uint8Array[] {
  return [
    routeMessage(route),
    attribute(RTA.destination, addressBytes(route.address)),
    attribute(RTA.interface, route.ifindex),
  ];
}

/** Makes a route whose packets go through a program. Linux 4.10. Throws SysError, RangeError. */
export function addProgramRoute(
  route: Route,
  program: {
    readonly direction: 'in' | 'out' | 'xmit' | 'seg6local';
    readonly programFd: number;
    readonly name: string;
    readonly headroom: number;
  },
): void {
  const { direction } = program;
  const one = nested(
    direction === 'seg6local' ? Seg6Local.program : LwtBpf[direction],
    attribute(LwtProgram.fd, program.programFd),
    attribute(LwtProgram.name, program.name),
  );
  const headroom = program.headroom === 0 ? [] : [attribute(LwtBpf.headroom, program.headroom)];
  const [type, parts] =
    direction === 'seg6local'
      ? [LWTUNNEL_ENCAP_SEG6_LOCAL, [attribute(Seg6Local.action, SEG6_LOCAL_ACTION_END_BPF), one]]
      : [LWTUNNEL_ENCAP_BPF, [one, ...headroom]];
  ask({
    name: 'RTM_NEWROUTE',
    type: RTM_NEWROUTE,
    flags: NetlinkFlag.create | NetlinkFlag.exclusive,
    parts: [...routeParts(route), attribute(RTA.encapType, word16(type)), nested(RTA.encap, ...parts)],
    subject: `${route.address}/${route.bits}`,
  });
}

/** Removes the route. Throws SysError. */
export function removeRoute(route: Route): void {
  ask({ name: 'RTM_DELROUTE', type: RTM_DELROUTE, parts: routeParts(route) });
}
