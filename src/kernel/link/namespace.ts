/**
 * Programs of a network namespace: the flow dissector (BPF_PROG_TYPE_FLOW_DISSECTOR, link Linux 5.8), which
 * finds headers and ports for hashing, and socket look-up (BPF_PROG_TYPE_SK_LOOKUP, Linux 5.9), which chooses
 * the socket for a packet that arrives for nobody in particular.
 */
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { openPath } from '../../sys/file.ts';
import { networkNamespace } from '../../sys/namespace.ts';
import { AttachType } from '../spec.ts';
import { createLink } from './create.ts';
import { type Attachment, attachFailed, placeTaken } from './errors.ts';
import { holdersText } from './holder.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { namespacePrograms } from './query.ts';

export interface NamespaceOptions {
  /** Such as `/var/run/netns/NAME` or `/proc/PID/ns/net`. Default: the namespace of this thread. */
  readonly namespace?: string;
}

/** Attaches a flow dissector; a namespace has one at most. Throws AttachError. */
export function attachFlowDissector(
  program: AttachableProgram,
  options: NamespaceOptions = {},
): AttachedLink {
  return attach(program, 'flowDissector', options);
}

/** Attaches a program that looks sockets up. Throws AttachError. */
export function attachSkLookup(program: AttachableProgram, options: NamespaceOptions = {}): AttachedLink {
  return attach(program, 'skLookup', options);
}

function attach(
  program: AttachableProgram,
  kind: 'flowDissector' | 'skLookup',
  options: NamespaceOptions,
): AttachedLink {
  const path = options.namespace;
  const what: Attachment = { kind, program: program.name, target: path ?? 'this network namespace' };
  const attachType = AttachType[kind];
  const namespace = open(what, path);
  try {
    const values = { programFd: program.fd.number, targetFd: namespace.number, attachType };
    const fd = createLink(what, 'linkCreate', values, (error) => {
      if (error.code !== 'EEXIST' && error.code !== 'E2BIG') return undefined;
      return placeTaken(what, error, holders(namespace, attachType));
    });
    return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: false });
  } finally {
    namespace.close();
  }
}

function open(what: Attachment, path: string | undefined): Fd {
  try {
    return path === undefined ? networkNamespace() : openPath(path);
  } catch (error) {
    if (error instanceof SysError) throw attachFailed(what, error);
    throw error;
  }
}

function holders(namespace: Fd, attachType: AttachType): string {
  try {
    const { programs } = namespacePrograms(namespace, attachType);
    return holdersText(programs.map(({ programId }) => programId));
  } catch (error) {
    if (error instanceof SysError) return '';
    throw error;
  }
}
