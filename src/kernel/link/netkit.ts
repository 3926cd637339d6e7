/**
 * Programs of a netkit device (BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER; Linux 6.7): a pair of interfaces, as veth,
 * whose packets are what the programs make of them. Both sides are attached through the primary device.
 */
import { AttachType } from '../spec.ts';
import { createLink } from './create.ts';
import type { Attachment } from './errors.ts';
import { interfaceFor } from './interface.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { type Order, orderValues } from './order.ts';

export interface NetkitOptions {
  /** Whose outgoing packets. */
  readonly side: 'primary' | 'peer';
  /** Default: last. */
  readonly order?: Order;
  /** Attach only while the hook has this revision (`netkitPrograms`). Default: whatever it has. */
  readonly expectedRevision?: bigint;
}

/** Attaches to the primary device by its name or number. Throws AttachError. */
export function attachNetkit(
  program: AttachableProgram,
  which: string | number,
  options: NetkitOptions,
): AttachedLink {
  const { side, order, expectedRevision } = options;
  const what: Attachment = { kind: 'netkit', program: program.name, target: `${which} ${side}` };
  const { index } = interfaceFor(what, which);
  const fd = createLink(what, 'linkCreateTcx', {
    programFd: program.fd.number,
    targetFd: index,
    attachType: side === 'primary' ? AttachType.netkitPrimary : AttachType.netkitPeer,
    ...orderValues(order),
    ...(expectedRevision === undefined ? {} : { expectedRevision }),
  });
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: false });
}
