/**
 * Many offsets of one file by one link (BPF_TRACE_UPROBE_MULTI, Linux 6.6).
 *
 * One link whatever the number of places, so detaching waits once. The program must have been loaded with
 * `attachType: AttachType.traceUprobeMulti`, which older kernels refuse: ask `uprobeMultiWorks` first.
 */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { AttachType } from '../spec.ts';
import { type Attachment, attachFailed, wrongArgument } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { checkOffset, uprobeName } from './uprobe.ts';

export interface UprobePlace {
  /** In the file, in bytes. */
  readonly offset: number;
  readonly symbol?: string;
  /** Offset in the file of the counter that the kernel raises while attached (USDT semaphore). */
  readonly semaphoreOffset?: number;
  /** What `bpf_get_attach_cookie` answers at this place. */
  readonly cookie?: bigint;
}

export interface UprobesTarget {
  readonly path: string | Uint8Array;
  readonly places: readonly UprobePlace[];
  /** At return instead of at entry. */
  readonly atReturn?: boolean;
  /** At entry and at return: the program was loaded with `traceUprobeSession`. Linux 6.13. */
  readonly session?: boolean;
  /** Only this process. Default: all. */
  readonly pid?: number;
}

const atReturnFlag = 1;

/** Attaches to all places at once, or to none. Throws AttachError. */
export function attachUprobes(program: AttachableProgram, target: UprobesTarget): AttachedLink {
  const { places, pid } = target;
  const first = places[0];
  const name = uprobeName(target.path, first?.symbol, first?.offset ?? 0);
  const what: Attachment = {
    kind: 'uprobeMulti',
    program: program.name,
    target: places.length > 1 ? `${name} and ${places.length - 1} more` : name,
  };
  if (first === undefined) throw wrongArgument(what, 'there is no place to attach to');
  for (const place of places) {
    checkOffset(what, 'offset', place.offset);
    checkOffset(what, 'offset of the semaphore', place.semaphoreOffset ?? 0);
  }
  const { result } = bpfTry('linkCreateUprobeMulti', {
    programFd: program.fd.number,
    attachType: target.session ? AttachType.traceUprobeSession : AttachType.traceUprobeMulti,
    path: cString(target.path),
    offsets: BigUint64Array.from(places, (place) => BigInt(place.offset)),
    refCtrOffsets: places.some((place) => place.semaphoreOffset)
      ? BigUint64Array.from(places, (place) => BigInt(place.semaphoreOffset ?? 0))
      : undefined,
    cookies: places.some((place) => place.cookie !== undefined)
      ? BigUint64Array.from(places, (place) => place.cookie ?? 0n)
      : undefined,
    count: places.length,
    multiFlags: target.atReturn ? atReturnFlag : 0,
    pid: pid ?? 0,
  });
  if (result < 0) throw attachFailed(what, bpfError('linkCreateUprobeMulti', -result));
  const fd = Fd.own(result, `link of "${program.name}"`);
  return new AttachedLink({ ...what, descriptors: [fd], isLink: true, slow: true });
}

/**
 * Whether the kernel knows such links, asked with a program that was loaded for them: it is offered a
 * directory, which a kernel that knows the command refuses as such (EBADF), and any other by EINVAL.
 */
export function uprobeMultiWorks(program: AttachableProgram): boolean {
  const { result } = bpfTry('linkCreateUprobeMulti', {
    programFd: program.fd.number,
    attachType: AttachType.traceUprobeMulti,
    path: cString('/'),
    offsets: new BigUint64Array(1),
    count: 1,
  });
  if (result >= 0) {
    Fd.own(result, 'probe of uprobe links').close();
    return true;
  }
  return bpfError('linkCreateUprobeMulti', -result).code === 'EBADF';
}
