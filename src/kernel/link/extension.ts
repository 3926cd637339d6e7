/**
 * Extensions (BPF_PROG_TYPE_EXT, freplace; Linux 5.6): a program in the place of a global function of another
 * program. The one that it was loaded for needs no naming; another with a function of the same signature can
 * be named since 5.10.
 */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { programInfo } from '../program/program.ts';
import { readTypes } from '../types.ts';
import { createLink } from './create.ts';
import { type Attachment, attachFailed, wrongArgument } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface ExtensionOptions {
  /** The function, for messages, and to be found in `program`. */
  readonly function: string;
  /** Another program than the one that it was loaded for. */
  readonly program?: { readonly fd: Fd };
}

/** Puts the program in the place of the function. Closing the link puts the function back. Throws AttachError. */
export function attachExtension(program: AttachableProgram, options: ExtensionOptions): AttachedLink {
  const what: Attachment = { kind: 'extension', program: program.name, target: options.function };
  const target = options.program;
  const fd = target === undefined ? whereLoadedFor(program, what) : elsewhere(program, what, target);
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: false });
}

function whereLoadedFor(program: AttachableProgram, what: Attachment): Fd {
  const { result } = bpfTry('rawTracepointOpen', { programFd: program.fd.number });
  if (result < 0) throw attachFailed(what, bpfError('rawTracepointOpen', -result));
  return Fd.own(result, `link of "${program.name}"`);
}

function elsewhere(program: AttachableProgram, what: Attachment, target: { readonly fd: Fd }): Fd {
  const { btfId } = programInfo(target.fd.number);
  const id = btfId === 0 ? undefined : readTypes(btfId).find(what.target, 'function');
  if (id === undefined)
    throw wrongArgument(what, 'the program has no function of this name, or no types (BTF)');
  return createLink(what, 'linkCreateTracing', {
    programFd: program.fd.number,
    targetFd: target.fd.number,
    targetBtfId: id,
  });
}
