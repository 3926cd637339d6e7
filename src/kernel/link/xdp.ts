/**
 * XDP (BPF_PROG_TYPE_XDP, Linux 4.8): a program for each packet as it arrives, before the network stack.
 *
 * `native` runs it in the driver; `generic` works on every interface, on packets that were received already.
 * A link (Linux 5.9) keeps the place until it is closed, and is deaf to others; before, and with `netlink`,
 * the program stays although its loader ends, and any other may replace it.
 */
import { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { findInterface, setXdp, XdpFlag } from '../../sys/route.ts';
import { olderThan } from '../feature/release.ts';
import { AttachType } from '../spec.ts';
import { tryLink } from './create.ts';
import { type Attachment, attachFailed, placeTaken } from './errors.ts';
import { holdersText } from './holder.ts';
import { interfaceFor } from './interface.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface XdpOptions {
  /** Default: native where the driver can, else generic. */
  readonly mode?: 'native' | 'generic' | 'hardware';
  /** Attach by netlink, without a link. Default: only where the kernel has no links. */
  readonly netlink?: boolean;
  /** By netlink: the program whose place it takes; `any`: whatever is there. Default: there must be none. */
  readonly replace?: AttachableProgram | 'any';
}

/** Attaches to an interface by its name or number. Throws AttachError. */
export function attachXdp(
  program: AttachableProgram,
  which: string | number,
  options: XdpOptions = {},
): AttachedLink {
  const what: Attachment = { kind: 'xdp', program: program.name, target: String(which) };
  const { index } = interfaceFor(what, which);
  const mode = options.mode === undefined ? 0 : XdpFlag[options.mode];
  if (options.netlink !== true && !olderThan('5.9')) {
    const attachType = AttachType.xdp;
    const values = { programFd: program.fd.number, targetFd: index, attachType, flags: mode };
    const made = tryLink(what, 'linkCreate', values);
    if (made instanceof Fd)
      return new AttachedLink({ ...what, descriptors: [made], isLink: true, slow: false });
    throw refused(what, index, made);
  }
  return attachByNetlink(program, what, index, mode, options.replace);
}

function attachByNetlink(
  program: AttachableProgram,
  what: Attachment,
  index: number,
  mode: number,
  replace: XdpOptions['replace'],
): AttachedLink {
  const subject = `interface ${what.target}`;
  try {
    if (replace === undefined) {
      setXdp(index, program.fd.number, { flags: mode | XdpFlag.ifNone, subject });
    } else if (replace === 'any') {
      setXdp(index, program.fd.number, { flags: mode, subject });
    } else {
      const expectedFd = replace.fd.number;
      setXdp(index, program.fd.number, { flags: mode | XdpFlag.replace, expectedFd, subject });
    }
  } catch (error) {
    if (error instanceof SysError) throw refused(what, index, error);
    throw error;
  }
  const own = program.fd.duplicate();
  return new AttachedLink({
    ...what,
    descriptors: [],
    isLink: false,
    slow: false,
    afterwards: () => {
      try {
        remove(index, mode, own);
      } finally {
        own.close();
      }
    },
  });
}

/** Takes off our program and no other: the kernel compares (Linux 5.7), or nobody does. */
function remove(index: number, mode: number, own: Fd): void {
  try {
    const flags = mode | (olderThan('5.7') ? 0 : XdpFlag.replace);
    setXdp(index, -1, { flags, ...(olderThan('5.7') ? {} : { expectedFd: own.number }) });
  } catch (error) {
    // Replaced by somebody, or the interface is gone: nothing of ours is left there.
    if (error instanceof SysError && /^(EEXIST|ENODEV|EINVAL|EBUSY)$/.test(error.code)) return;
    throw error;
  }
}

function refused(what: Attachment, index: number, error: SysError): Error {
  if (error.code !== 'EBUSY' && error.code !== 'EEXIST') return attachFailed(what, error);
  const { native, generic, hardware } = findInterface(index)?.xdp ?? {};
  return placeTaken(what, error, holdersText([native, generic, hardware]));
}
