/**
 * Programs whose place was fixed when they were loaded: BTF tracepoints, fentry, fexit, fmod_ret
 * (BPF_PROG_TYPE_TRACING, Linux 5.5), and LSM hooks (BPF_PROG_TYPE_LSM, Linux 5.7).
 *
 * They are named by BTF at load time (`ProgramSpec.attachTarget`), so attaching takes the program alone.
 */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import type { AttachType } from '../spec.ts';
import { type Attachment, attachFailed, noCookies } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface TracingOptions {
  /** The place as text, for messages. */
  readonly target: string;
  /** What `bpf_get_attach_cookie` answers, with the type that the program was loaded for. Linux 5.19, BTF tracepoints 6.10. */
  readonly cookie?: { readonly value: bigint; readonly attachType: AttachType };
}

/** Attaches a tracing program where it was loaded for. Throws AttachError. */
export function attachTracing(program: AttachableProgram, options: TracingOptions): AttachedLink {
  return attachLoadedFor(
    program,
    { kind: 'tracing', program: program.name, target: options.target },
    options,
  );
}

/** Attaches an LSM program to its hook. Throws AttachError. */
export function attachLsm(program: AttachableProgram, options: TracingOptions): AttachedLink {
  return attachLoadedFor(program, { kind: 'lsm', program: program.name, target: options.target }, options);
}

function attachLoadedFor(
  program: AttachableProgram,
  what: Attachment,
  options: TracingOptions,
): AttachedLink {
  const programFd = program.fd.number;
  const { cookie } = options;
  // Without a cookie the older command does the same on all kernels; its name is NULL for these types.
  const { result } =
    cookie === undefined
      ? bpfTry('rawTracepointOpen', { programFd })
      : bpfTry('linkCreateTracing', { programFd, attachType: cookie.attachType, cookie: cookie.value });
  if (result < 0) {
    const error = bpfError(cookie === undefined ? 'rawTracepointOpen' : 'linkCreateTracing', -result);
    if (cookie !== undefined && error.code === 'EINVAL')
      throw noCookies(what, '5.19 (6.10 for BTF tracepoints)');
    throw attachFailed(what, error);
  }
  const fd = Fd.own(result, `link of "${program.name}"`);
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: false });
}
