/**
 * Programs of a map of sockets: verdicts on what is sent (BPF_PROG_TYPE_SK_MSG, Linux 4.17), and parsers of and
 * verdicts on what is received (BPF_PROG_TYPE_SK_SKB, Linux 4.14; verdicts without a parser 5.10). They hold for
 * the sockets that are put in afterwards. A link needs Linux 6.10; before, the map keeps the program until it is
 * detached.
 */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { olderThan } from '../feature/release.ts';
import { AttachType } from '../spec.ts';
import { tryLink } from './create.ts';
import { type Attachment, attachFailed, placeTaken } from './errors.ts';
import { holdersText } from './holder.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { sockmapPrograms } from './query.ts';

export type SockmapRole = 'message' | 'parser' | 'streamVerdict' | 'verdict';

const attachTypes = {
  message: AttachType.skMsgVerdict,
  parser: AttachType.skSkbStreamParser,
  streamVerdict: AttachType.skSkbStreamVerdict,
  verdict: AttachType.skSkbVerdict,
} as const satisfies Record<SockmapRole, AttachType>;

export interface SockmapOptions {
  /** `verdict` needs no parser, and works for datagrams too; `streamVerdict` stands behind a parser. */
  readonly role: SockmapRole;
  /** Without a link, as kernels before 6.10 do. Default: only there. */
  readonly legacy?: boolean;
}

interface SocketMap {
  readonly fd: Fd;
  readonly name: string;
}

/** Attaches to a sockmap or sockhash. Throws AttachError. */
export function attachSockmap(
  program: AttachableProgram,
  map: SocketMap,
  options: SockmapOptions,
): AttachedLink {
  const attachType = attachTypes[options.role];
  const what: Attachment = {
    kind: 'sockmap',
    program: program.name,
    target: `map "${map.name}" ${options.role}`,
  };
  if (options.legacy !== true) {
    const values = { programFd: program.fd.number, targetFd: map.fd.number, attachType };
    const made = tryLink(what, 'linkCreate', values);
    if (made instanceof Fd)
      return new AttachedLink({ ...what, descriptors: [made], isLink: true, slow: false });
    if (made.code !== 'EINVAL' || !olderThan('6.10')) throw refused(what, map, attachType, made);
  }
  const { result } = bpfTry('programAttach', {
    targetFd: map.fd.number,
    attachBpfFd: program.fd.number,
    attachType,
  });
  if (result < 0) throw refused(what, map, attachType, bpfError('programAttach', -result));
  const [own, owner] = [program.fd.duplicate(), map.fd.duplicate()];
  return new AttachedLink({
    ...what,
    descriptors: [],
    isLink: false,
    slow: false,
    afterwards: () => {
      // Replaced by somebody meanwhile: then it is theirs, and the kernel says ENOENT.
      bpfTry('programDetach', { targetFd: owner.number, attachBpfFd: own.number, attachType });
      own.close();
      owner.close();
    },
  });
}

function refused(what: Attachment, map: SocketMap, attachType: AttachType, error: SysError): Error {
  if (error.code !== 'EBUSY' && error.code !== 'EEXIST') return attachFailed(what, error);
  let holders = '';
  try {
    holders = holdersText(sockmapPrograms(map, attachType).programs.map(({ programId }) => programId));
  } catch (failure) {
    if (!(failure instanceof SysError)) throw failure;
  }
  return placeTaken(what, error, holders);
}
