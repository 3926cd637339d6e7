/**
 * Programs of a route (BPF_PROG_TYPE_LWT_IN, LWT_OUT, LWT_XMIT; Linux 4.10): they see the packets that take it,
 * as they arrive for this machine, leave it, or are about to be sent. A program of a segment (LWT_SEG6LOCAL, Linux
 * 4.18) sees IPv6 packets whose list of segments (SRv6) has come to an address of the route: action End.BPF. The route belongs to the link: closing it
 * removes the route.
 */
import { SysError } from '../../sys/errors.ts';
import { addProgramRoute, removeRoute } from '../../sys/tunnel.ts';
import { type Attachment, attachFailed, wrongArgument } from './errors.ts';
import { interfaceFor } from './interface.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface LightweightTunnelOptions {
  /** The network, `10.9.0.0/24` or `fd09::/64`. */
  readonly destination: string;
  /** Where its packets leave, by name or number. */
  readonly interface: string | number;
  readonly direction: 'in' | 'out' | 'xmit' | 'seg6local';
  /** `xmit`: bytes that the program may put before a packet. Default 0. */
  readonly headroom?: number;
}

/** Makes a route with the program. Throws AttachError. */
export function attachLightweightTunnel(
  program: AttachableProgram,
  options: LightweightTunnelOptions,
): AttachedLink {
  const { destination, direction, headroom = 0 } = options;
  const target = `route to ${destination} by ${options.interface} ${direction}`;
  const what: Attachment = { kind: 'lightweightTunnel', program: program.name, target };
  const match = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(destination);
  if (match === null) throw wrongArgument(what, 'a network is ADDRESS/BITS, such as 10.9.0.0/24');
  const { index } = interfaceFor(what, options.interface);
  const route = { address: match[1]!, bits: Number(match[2]), ifindex: index };
  try {
    addProgramRoute(route, { direction, programFd: program.fd.number, name: program.name, headroom });
  } catch (error) {
    if (error instanceof RangeError) throw wrongArgument(what, error.message);
    if (error instanceof SysError) throw attachFailed(what, error);
    throw error;
  }
  return new AttachedLink({
    ...what,
    descriptors: [],
    isLink: false,
    slow: false,
    afterwards: () => {
      try {
        removeRoute(route);
      } catch (error) {
        // Gone with its interface, or removed by somebody.
        if (!(error instanceof SysError) || !/^(ESRCH|ENODEV)$/.test(error.code)) throw error;
      }
    },
  });
}
