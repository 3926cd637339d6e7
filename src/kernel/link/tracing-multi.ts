/**
 * Many kernel functions by one link, at entry (BPF_TRACE_FENTRY_MULTI), at return, or at both with one program
 * (Linux 7.2). Where kprobe.multi hands over registers, these hand over arguments by trampolines, without a
 * breakpoint's cost; the functions are named by their types (BTF), and must be ones that ftrace can trace.
 *
 * The program is loaded for no function in particular, with the attach type.
 */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import type { AttachType } from '../spec.ts';
import { vmlinux } from '../vmlinux.ts';
import { type Attachment, attachFailed, noSuchFunction, wrongArgument } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface TracingMultiTarget {
  /** Names of functions of the kernel proper, each once; the kernel refuses all when it refuses one. */
  readonly functions: readonly string[];
  /** What the program was loaded with: `traceFentryMulti`, `traceFexitMulti`, `traceFsessionMulti`. */
  readonly attachType: AttachType;
  /** What `bpf_get_attach_cookie` answers at each, in the same order. */
  readonly cookies?: readonly bigint[];
}

/** Attaches to all functions, or to none. Throws AttachError. */
export function attachTracingMulti(program: AttachableProgram, target: TracingMultiTarget): AttachedLink {
  const { functions, attachType, cookies } = target;
  const [first = ''] = functions;
  const what: Attachment = {
    kind: 'tracingMulti',
    program: program.name,
    target: functions.length > 1 ? `${first} and ${functions.length - 1} more` : first,
  };
  if (functions.length === 0) throw wrongArgument(what, 'there is no function to attach to');
  if (cookies !== undefined && cookies.length !== functions.length) {
    throw wrongArgument(what, `there are ${cookies.length} cookies for ${functions.length} functions`);
  }
  const types = vmlinux();
  const found = functions.map((name, i) => {
    const [id, another] = types.findAll(name, 'function');
    if (id === undefined) {
      const near = types.suggest(name, 'function').slice(0, 3);
      const missing = functions.length > 1 ? `function ${name}` : 'such function';
      throw noSuchFunction(what, `this kernel has no ${missing}, or no type of it`, near);
    }
    if (another !== undefined) throw wrongArgument(what, `the kernel has several functions ${name}`);
    return { id, cookie: cookies?.[i] ?? 0n };
  });
  // The kernel wants them ascending, each once.
  found.sort((a, b) => a.id - b.id);
  const twice = found.find(({ id }, i) => found[i + 1]?.id === id);
  if (twice !== undefined) throw wrongArgument(what, 'a function is named twice');
  const { result } = bpfTry('linkCreateTracingMulti', {
    programFd: program.fd.number,
    attachType,
    ids: Uint32Array.from(found, ({ id }) => id),
    ...(cookies === undefined ? {} : { cookies: BigUint64Array.from(found, ({ cookie }) => cookie) }),
    count: found.length,
  });
  if (result < 0) throw attachFailed(what, bpfError('linkCreateTracingMulti', -result));
  const fd = Fd.own(result, `link of "${program.name}"`);
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: true });
}
