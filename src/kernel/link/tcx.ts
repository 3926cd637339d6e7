/**
 * Classifiers on an interface by link: tcx (BPF_TCX_INGRESS, BPF_TCX_EGRESS; Linux 6.6). Programs of several
 * owners stand in an order that each may choose; a program that answers TCX_NEXT (-1) passes on to the next.
 */
import { AttachType } from '../spec.ts';
import { createLink } from './create.ts';
import type { Attachment } from './errors.ts';
import { interfaceFor } from './interface.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { type Order, orderValues } from './order.ts';

export interface TcxOptions {
  readonly direction: 'ingress' | 'egress';
  /** Default: last. */
  readonly order?: Order;
  /** Attach only while the hook has this revision (`tcxPrograms`). Default: whatever it has. */
  readonly expectedRevision?: bigint;
}

/** Attaches to an interface by its name or number. Throws AttachError. */
export function attachTcx(
  program: AttachableProgram,
  which: string | number,
  options: TcxOptions,
): AttachedLink {
  const { direction, order, expectedRevision } = options;
  const what: Attachment = { kind: 'tcx', program: program.name, target: `${which} ${direction}` };
  const { index } = interfaceFor(what, which);
  const fd = createLink(what, 'linkCreateTcx', {
    programFd: program.fd.number,
    targetFd: index,
    attachType: direction === 'ingress' ? AttachType.tcxIngress : AttachType.tcxEgress,
    ...orderValues(order),
    ...(expectedRevision === undefined ? {} : { expectedRevision }),
  });
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: false });
}
