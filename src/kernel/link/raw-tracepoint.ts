/**
 * Raw tracepoints (BPF_PROG_TYPE_RAW_TRACEPOINT, Linux 4.17): the tracepoint's arguments as they are.
 *
 * The name has no category: `sched_switch`, `sys_enter`. A cookie needs Linux 6.10.
 */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { type Attachment, attachFailed, type Suggest } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface RawTracepointOptions {
  readonly cookie?: bigint;
  readonly suggest?: Suggest;
}

/** Attaches to a raw tracepoint by its name. Throws AttachError. */
export function attachRawTracepoint(
  program: AttachableProgram,
  name: string,
  options: RawTracepointOptions = {},
): AttachedLink {
  const what: Attachment = { kind: 'rawTracepoint', program: program.name, target: name };
  const { result } = bpfTry('rawTracepointOpen', {
    tracepoint: cString(name),
    programFd: program.fd.number,
    cookie: options.cookie,
  });
  if (result < 0) throw attachFailed(what, bpfError('rawTracepointOpen', -result), options.suggest);
  const fd = Fd.own(result, `link of "${program.name}"`);
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: false });
}
