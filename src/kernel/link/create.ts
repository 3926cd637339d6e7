/** BPF_LINK_CREATE, with its refusals in words. */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import type { BpfValues } from '../../sys/bpf-attr.ts';
import type { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { type Attachment, attachFailed } from './errors.ts';

type LinkCommand = 'linkCreate' | 'linkCreateTcx' | 'linkCreateNetfilter' | 'linkCreateTracing';

/** Makes a link. `explain` may know better what a refusal means. Throws AttachError. */
export function createLink<C extends LinkCommand>(
  what: Attachment,
  command: C,
  values: BpfValues<C>,
  explain?: (error: SysError) => Error | undefined,
): Fd {
  const made = tryLink(what, command, values);
  if (made instanceof Fd) return made;
  throw explain?.(made) ?? attachFailed(what, made);
}

/** Makes a link, or gives the error: for kinds that have an older way to attach. */
export function tryLink<C extends LinkCommand>(
  what: Attachment,
  command: C,
  values: BpfValues<C>,
): Fd | SysError {
  const { result } = bpfTry(command, values);
  if (result < 0) return bpfError(command, -result);
  return Fd.own(result, `link of "${what.program}"`);
}
