/**
 * Programs on perf events: what tracepoints, kprobes, uprobes and profiles have in common.
 *
 * The event is opened disabled, the program is tied to it, and only then is it enabled, so that nothing is
 * counted before. From Linux 5.15 on the tie is a bpf_link (BPF_LINK_CREATE with BPF_PERF_EVENT), which can
 * carry a cookie and then owns the event; before that it is an ioctl on the event itself.
 */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { type PerfAttr, PerfFlag, PerfIoctl, perfEventOpen, perfIoctl } from '../../sys/perf.ts';
import { AttachType } from '../spec.ts';
import { type Attachment, attachFailed, noCookies, type Suggest } from './errors.ts';
import type { AttachableProgram } from './link.ts';

export interface PerfPlace {
  /** -1 for all processes. */
  readonly pid: number;
  /** -1 for all CPUs, only with a process. */
  readonly cpu: number;
  /** What `bpf_get_attach_cookie` answers. Linux 5.15. */
  readonly cookie?: bigint;
}

export interface PerfAttachment {
  readonly descriptor: Fd;
  readonly isLink: boolean;
}

/** Opens one event and ties the program to it. Throws AttachError. */
export function attachToPerfEvent(
  program: AttachableProgram,
  what: Attachment,
  attr: PerfAttr,
  place: PerfPlace,
  suggest?: Suggest,
): PerfAttachment {
  try {
    const flags = BigInt(attr.flags ?? 0n) | PerfFlag.disabled;
    const event = perfEventOpen({ ...attr, flags }, place.pid, place.cpu);
    try {
      const attachment = tie(program, what, event, place.cookie);
      perfIoctl(event.number, PerfIoctl.enable);
      if (attachment.isLink) event.close();
      return attachment;
    } catch (error) {
      event.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof SysError) throw attachFailed(what, error, suggest);
    throw error;
  }
}

function tie(
  program: AttachableProgram,
  what: Attachment,
  event: Fd,
  cookie: bigint | undefined,
): PerfAttachment {
  const answer = bpfTry('linkCreatePerfEvent', {
    programFd: program.fd.number,
    targetFd: event.number,
    attachType: AttachType.perfEvent,
    cookie,
  });
  if (answer.result >= 0) {
    return { descriptor: Fd.own(answer.result, `link of "${program.name}"`), isLink: true };
  }
  const error = bpfError('linkCreatePerfEvent', -answer.result);
  if (error.code !== 'EINVAL') throw error;
  // Before 5.15, or a program that does not fit: the ioctl tells which.
  if (cookie !== undefined) {
    perfIoctl(event.number, PerfIoctl.setBpf, program.fd.number);
    throw noCookies(what, '5.15');
  }
  perfIoctl(event.number, PerfIoctl.setBpf, program.fd.number);
  return { descriptor: event, isLink: false };
}
