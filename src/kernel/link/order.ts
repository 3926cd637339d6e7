/**
 * The place of a program among others at one hook (tcx, netkit, and control groups since Linux 6.17):
 * kernel/bpf/mprog.c.
 */
import type { Fd } from '../../sys/fd.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

/** A program or link that is attached there already. */
export type Neighbour =
  | AttachableProgram
  | AttachedLink
  | { readonly programId: number }
  | { readonly linkId: number };

/** Default: last. */
export type Order = 'first' | 'last' | { readonly before: Neighbour } | { readonly after: Neighbour };

const Flag = { before: 8, after: 16, id: 32, link: 8192 } as const;

/** What BPF_LINK_CREATE and BPF_PROG_ATTACH take. */
export function orderValues(order: Order | undefined): {
  readonly flags: number;
  readonly relativeFd?: number;
} {
  if (order === undefined) return { flags: 0 };
  if (order === 'first') return { flags: Flag.before };
  if (order === 'last') return { flags: Flag.after };
  const [side, neighbour] =
    'before' in order ? ([Flag.before, order.before] as const) : ([Flag.after, order.after] as const);
  if ('programId' in neighbour) return { flags: side | Flag.id, relativeFd: neighbour.programId };
  if ('linkId' in neighbour) return { flags: side | Flag.id | Flag.link, relativeFd: neighbour.linkId };
  const fd: Fd = neighbour.fd;
  return { flags: side | (neighbour instanceof AttachedLink ? Flag.link : 0), relativeFd: fd.number };
}
