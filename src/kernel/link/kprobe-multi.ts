/**
 * Many kernel functions by one link (BPF_TRACE_KPROBE_MULTI, Linux 5.18), at entry, at return, or at both with
 * one program (BPF_TRACE_KPROBE_SESSION, Linux 6.10).
 *
 * Attaching to thousands takes one call and milliseconds, where single probes take that each. It goes through
 * ftrace, so only functions that ftrace knows can be named, and only their entries. The program must have been
 * loaded with the attach type, which older kernels refuse: ask `feature('kprobeMulti')` first.
 */
import { constants } from 'node:os';
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { addressOf } from '../../sys/syscall.ts';
import { olderThan } from '../feature/release.ts';
import { AttachType } from '../spec.ts';
import { type Attachment, attachFailed, type Suggest, tooOld, wrongArgument } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface KprobesTarget {
  /** Names of functions, each once; the kernel refuses all when it lacks one. Or addresses of functions. */
  readonly symbols?: readonly string[];
  readonly addresses?: readonly bigint[];
  /** What `bpf_get_attach_cookie` answers at each, in the same order. */
  readonly cookies?: readonly bigint[];
  /** At return instead of at entry. */
  readonly atReturn?: boolean;
  /** At entry and at return: the program was loaded with `traceKprobeSession`, and asks bpf_session_is_return. */
  readonly session?: boolean;
  readonly suggest?: Suggest;
}

const { EINVAL } = constants.errno;

/** BPF_F_KPROBE_MULTI_RETURN. */
const atReturnFlag = 1;

/** Attaches to all functions, or to none. Throws AttachError. */
export function attachKprobes(program: AttachableProgram, target: KprobesTarget): AttachedLink {
  const { symbols = [], addresses = [], cookies } = target;
  const count = symbols.length + addresses.length;
  const first = symbols[0] ?? (addresses[0] === undefined ? '' : `0x${addresses[0].toString(16)}`);
  const what: Attachment = {
    kind: 'kprobeMulti',
    program: program.name,
    target: count > 1 ? `${first} and ${count - 1} more` : first,
  };
  if (count === 0) throw wrongArgument(what, 'there is no function to attach to');
  if (symbols.length > 0 && addresses.length > 0) {
    throw wrongArgument(what, 'functions are given by name or by address, not by both');
  }
  if (cookies !== undefined && cookies.length !== count) {
    throw wrongArgument(what, `there are ${cookies.length} cookies for ${count} functions`);
  }
  if (target.session && target.atReturn) {
    throw wrongArgument(what, 'a session is at entry and at return');
  }
  if (new Set(symbols).size < symbols.length) throw wrongArgument(what, 'a function is named twice');
  const names = symbols.length === 0 ? undefined : nameList(what, symbols);
  const { result } = bpfTry('linkCreateKprobeMulti', {
    programFd: program.fd.number,
    attachType: target.session ? AttachType.traceKprobeSession : AttachType.traceKprobeMulti,
    ...(names === undefined ? { addresses: BigUint64Array.from(addresses) } : { symbols: names.pointers }),
    cookies: cookies && BigUint64Array.from(cookies),
    count,
    multiFlags: target.atReturn ? atReturnFlag : 0,
  });
  // The kernel has read the names now; until here something had to hold them.
  if (names !== undefined && names.text.length === 0) throw wrongArgument(what, 'the names are empty');
  if (result === -EINVAL && target.session && olderThan('6.10')) {
    throw tooOld(
      what,
      'sessions of kprobes (kprobe.session)',
      '6.10',
      bpfError('linkCreateKprobeMulti', EINVAL),
    );
  }
  if (result < 0) throw attachFailed(what, bpfError('linkCreateKprobeMulti', -result), target.suggest);
  const fd = Fd.own(result, `link of "${program.name}"`);
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: true });
}

/** An array of pointers to C strings that lie in one block. */
function nameList(
  what: Attachment,
  names: readonly string[],
): { readonly pointers: BigUint64Array; readonly text: Uint8Array } {
  for (const name of names) {
    if (name === '' || /[^!-~]/.test(name)) {
      throw wrongArgument(what, `${JSON.stringify(name)} is not the name of a function`);
    }
  }
  const text = new TextEncoder().encode(`${names.join('\0')}\0`);
  const pointers = new BigUint64Array(names.length);
  let at = BigInt(addressOf(text));
  for (const [i, name] of names.entries()) {
    pointers[i] = at;
    at += BigInt(name.length + 1);
  }
  return { pointers, text };
}
