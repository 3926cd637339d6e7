/**
 * Programs on control groups of version 2: packets, sockets, addresses, options, devices, sysctls, TCP events
 * (BPF_PROG_TYPE_CGROUP_SKB, CGROUP_SOCK, CGROUP_SOCK_ADDR, CGROUP_SOCKOPT, CGROUP_DEVICE, CGROUP_SYSCTL,
 * SOCK_OPS; Linux 4.10 and later by kind), and LSM hooks for one group (BPF_LSM_CGROUP, Linux 6.0).
 *
 * A program sees what happens in its group and those below it. Links (Linux 5.7) let programs of several
 * owners stand beside each other; older kernels attach without a link, which is what `legacy` asks for.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { FileSystem, fileSystemType, Open, openPath } from '../../sys/file.ts';
import { nearestNames } from '../../text/nearest.ts';
import { olderThan } from '../feature/release.ts';
import { AttachType } from '../spec.ts';
import { createLink } from './create.ts';
import { type Attachment, attachFailed, noSuchGroup, placeTaken, wrongArgument } from './errors.ts';
import { holdersText } from './holder.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { type Order, orderValues } from './order.ts';
import { attachTypeName } from './place.ts';
import { cgroupPrograms } from './query.ts';

export interface CgroupOptions {
  /** What of the group: `AttachType.cgroupInetEgress`, `cgroupSockOps`, ... */
  readonly attachType: AttachType;
  /** Where among the group's programs. Linux 6.17. Default: last. */
  readonly order?: Order;
  /**
   * Without a link, as kernels before 5.7 do. `exclusive`: no other program in this group and below it;
   * `override`: groups below may replace it; `multi`: beside others. Default: a link where the kernel has them.
   */
  readonly legacy?: 'exclusive' | 'override' | 'multi';
  /** With `multi`: the program of the group whose place it takes. Linux 5.5. */
  readonly replace?: AttachableProgram;
}

/** BPF_F_ALLOW_OVERRIDE, BPF_F_ALLOW_MULTI, BPF_F_REPLACE. */
const modes = { exclusive: 0, override: 1, multi: 2 } as const;
const REPLACE = 4;

/** Attaches to the group at a path. Throws AttachError. */
export function attachCgroup(
  program: AttachableProgram,
  cgroup: string,
  options: CgroupOptions,
): AttachedLink {
  const { attachType } = options;
  const what: Attachment = {
    kind: attachType === AttachType.lsmCgroup ? 'lsmCgroup' : 'cgroup',
    program: program.name,
    target: `${cgroup} ${attachTypeName(attachType)}`,
  };
  const group = openCgroup(what, cgroup);
  try {
    const legacy = options.legacy ?? (olderThan('5.7') ? 'multi' : undefined);
    if (legacy !== undefined) {
      return attachWithoutLink(program, { path: cgroup, fd: group.duplicate() }, what, legacy, options);
    }
    const { flags, relativeFd } = orderValues(options.order);
    const values = { programFd: program.fd.number, targetFd: group.number, attachType };
    const explain = (error: SysError): Error | undefined => taken(what, cgroup, attachType, error);
    const fd =
      options.order === undefined
        ? createLink(what, 'linkCreate', values, explain)
        : createLink(what, 'linkCreateTcx', { ...values, flags, relativeFd }, explain);
    return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: false });
  } finally {
    group.close();
  }
}

/** Attaches an LSM program to its hook for the tasks and sockets of one group. Throws AttachError. */
export function attachLsmCgroup(program: AttachableProgram, cgroup: string): AttachedLink {
  return attachCgroup(program, cgroup, { attachType: AttachType.lsmCgroup });
}

function openCgroup(what: Attachment, path: string): Fd {
  try {
    if (fileSystemType(path) !== FileSystem.cgroup2) {
      throw wrongArgument(what, `${path} is no directory of a cgroup2 file system`);
    }
    return openPath(path, Open.readOnly | Open.directory);
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (error.code === 'ENOENT') throw noSuchGroup(what, siblings(path));
    throw attachFailed(what, error);
  }
}

/** Groups with names like it beside where it would be. */
function siblings(path: string): string[] {
  try {
    const there = readdirSync(dirname(path), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const names = there.map(({ name }) => name);
    return nearestNames(basename(path), names).map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}

function attachWithoutLink(
  program: AttachableProgram,
  { path, fd: group }: { readonly path: string; readonly fd: Fd },
  what: Attachment,
  mode: 'exclusive' | 'override' | 'multi',
  { attachType, replace }: CgroupOptions,
): AttachedLink {
  const { result } = bpfTry('programAttach', {
    targetFd: group.number,
    attachBpfFd: program.fd.number,
    attachType,
    attachFlags: modes[mode] | (replace === undefined ? 0 : REPLACE),
    ...(replace === undefined ? {} : { replaceBpfFd: replace.fd.number }),
  });
  if (result < 0) {
    group.close();
    const error = bpfError('programAttach', -result);
    throw taken(what, path, attachType, error) ?? attachFailed(what, error);
  }
  const own = program.fd.duplicate();
  return new AttachedLink({
    ...what,
    descriptors: [],
    isLink: false,
    slow: false,
    afterwards: () => {
      bpfTry('programDetach', { targetFd: group.number, attachBpfFd: own.number, attachType });
      own.close();
      group.close();
    },
  });
}

/** EPERM comes from the group when it, or one above it, has a program that stands no other. */
function taken(what: Attachment, cgroup: string, attachType: AttachType, error: SysError): Error | undefined {
  if (error.code !== 'EPERM') return undefined;
  try {
    const { programs } = cgroupPrograms(cgroup, attachType, { effective: true });
    if (programs.length === 0) return undefined;
    const holders = holdersText(programs.map(({ programId }) => programId));
    return placeTaken(what, error, holders, 'a program of this group, or of one above it, stands no other');
  } catch {
    return undefined;
  }
}
