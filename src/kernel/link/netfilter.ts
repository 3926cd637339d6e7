/**
 * Netfilter hooks (BPF_PROG_TYPE_NETFILTER, Linux 6.4): a program beside the rules of nftables, in this
 * thread's network namespace. Its answer is NF_DROP (0) or NF_ACCEPT (1).
 */
import { AttachType } from '../spec.ts';
import { createLink } from './create.ts';
import { type Attachment, placeTaken } from './errors.ts';
import { linkHolders } from './holder.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface NetfilterOptions {
  readonly family: 'ipv4' | 'ipv6';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
  /** Hooks run from the lowest to the highest; each number is given once. Not the lowest or highest of 32 bits. */
  readonly priority: number;
  /** Put fragments together before; the priority must then be above -400. Linux 6.6. Default false. */
  readonly defragment?: boolean;
}

/** NFPROTO_*. */
const families = { ipv4: 2, ipv6: 10 } as const;
/** NF_INET_*. */
const hooks = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
const BPF_F_NETFILTER_IP_DEFRAG = 1;

/** Attaches to a hook of this network namespace. Throws AttachError. */
export function attachNetfilter(program: AttachableProgram, options: NetfilterOptions): AttachedLink {
  const { priority } = options;
  const target = `${options.family} ${options.hook} priority ${priority}`;
  const what: Attachment = { kind: 'netfilter', program: program.name, target };
  const [family, hook] = [families[options.family], hooks[options.hook]];
  const fd = createLink(
    what,
    'linkCreateNetfilter',
    {
      programFd: program.fd.number,
      attachType: AttachType.netfilter,
      protocolFamily: family,
      hook,
      priority,
      netfilterFlags: options.defragment === true ? BPF_F_NETFILTER_IP_DEFRAG : 0,
    },
    (error) =>
      error.code === 'EBUSY'
        ? placeTaken(
            what,
            error,
            linkHolders(
              (link) =>
                link.type === 'netfilter' &&
                link.family === family &&
                link.hook === hook &&
                link.priority === priority,
            ),
          )
        : undefined,
  );
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: false });
}
