/** Links that exist: by id, by the path that they are pinned at, and all of them. */
import { constants } from 'node:os';
import { bpfError, bpfFd, bpfTry } from '../../sys/bpf.ts';
import { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { programInfo } from '../program/program.ts';
import { AttachType } from '../spec.ts';
import { describeLink, type LinkDescription } from './describe.ts';
import { IteratorLink } from './iterator.ts';
import { AttachedLink, type LinkKind } from './link.ts';
import { placeText } from './place.ts';

const { ENOENT } = constants.errno;

/** Opens any link of the machine by its id. Linux 5.8; asks for CAP_SYS_ADMIN. Throws SysError. */
export function openLink(id: number): AttachedLink {
  return opened(bpfFd('linkGetFdById', { id }, `link with id ${id}`));
}

/** Opens a link that is pinned at a path of a bpf file system. Linux 5.7. Throws SysError. */
export function openPinnedLink(path: string): AttachedLink {
  return opened(bpfFd('objGet', { pathname: cString(path) }, path));
}

/** Ids of all links of the machine, ascending. Linux 5.8; asks for CAP_SYS_ADMIN. Throws SysError. */
export function* linkIds(): Generator<number, void, undefined> {
  let id = 0;
  for (;;) {
    const { result, attr } = bpfTry('linkGetNextId', { id, nextId: 0 });
    if (result === -ENOENT) return;
    if (result < 0) throw bpfError('linkGetNextId', -result);
    id = attr.number('nextId');
    yield id;
  }
}

/** Descriptions of all links; those that go away meanwhile are left out. Throws SysError. */
export function* linkDescriptions(): Generator<LinkDescription, void, undefined> {
  for (const id of linkIds()) {
    const description = describeById(id);
    if (description !== undefined) yield description;
  }
}

function describeById(id: number): LinkDescription | undefined {
  const { result } = bpfTry('linkGetFdById', { id });
  if (result === -ENOENT || result === -constants.errno.EAGAIN) return undefined;
  if (result < 0) throw bpfError('linkGetFdById', -result, `link with id ${id}`);
  const fd = Fd.own(result, `link with id ${id}`);
  try {
    return describeLink(fd.number);
  } finally {
    fd.close();
  }
}

/** Closing what was opened gives the descriptor back; it detaches only if nothing else holds the link. */
function opened(fd: Fd): AttachedLink {
  try {
    const description = describeLink(fd.number);
    const kind = kindOf(description);
    const program = programName(description.programId);
    const parts = {
      kind,
      target: placeText(description),
      program,
      descriptors: [fd],
      isLink: true,
      slow: false,
    };
    return kind === 'iterator' ? new IteratorLink(parts) : new AttachedLink(parts);
  } catch (error) {
    fd.close();
    throw error;
  }
}

function programName(id: number): string {
  if (id === 0) return '';
  try {
    const fd = bpfFd('programGetFdById', { id });
    try {
      return programInfo(fd.number).name;
    } finally {
      fd.close();
    }
  } catch (error) {
    if (error instanceof SysError) return `program ${id}`;
    throw error;
  }
}

/** The kind of attachment that made a link of this description. */
export function kindOf(link: LinkDescription): LinkKind {
  switch (link.type) {
    case 'rawTracepoint':
    case 'iterator':
    case 'xdp':
    case 'kprobeMulti':
    case 'tracingMulti':
    case 'uprobeMulti':
    case 'structOps':
    case 'netfilter':
    case 'tcx':
    case 'netkit':
    case 'sockmap':
      return link.type;
    case 'tracing':
      if (link.attachType === AttachType.lsmMac) return 'lsm';
      return link.attachType === 0 ? 'extension' : 'tracing';
    case 'cgroup':
      return link.attachType === AttachType.lsmCgroup ? 'lsmCgroup' : 'cgroup';
    case 'netns':
      return link.attachType === AttachType.skLookup ? 'skLookup' : 'flowDissector';
    case 'perfEvent':
      return link.event.kind === 'event' || link.event.kind === 'unknown' ? 'perfEvent' : link.event.kind;
    case 'other':
      return 'tracing';
  }
}
