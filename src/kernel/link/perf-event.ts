/**
 * Sampling (BPF_PROG_TYPE_PERF_EVENT, Linux 4.9): a program that runs at a frequency, or each so many events.
 *
 * One event is opened on each CPU that is online. Software clocks work everywhere; hardware counters need
 * a machine that has them, which virtual machines mostly do not.
 */
import { type PerfAttr, PerfFlag, PerfSoftware, PerfType } from '../../sys/perf.ts';
import { onlineCpus } from '../cpus.ts';
import { type Attachment, wrongArgument } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { attachToPerfEvent, type PerfAttachment } from './perf-link.ts';
import { attachToThreads } from './threads.ts';

export interface PerfEventOptions {
  /** Samples a second on each CPU. Exactly one of `frequency` and `period` is given. */
  readonly frequency?: number;
  /** Events from one sample to the next; nanoseconds for the clocks. */
  readonly period?: bigint;
  /** `enum perf_type_id`. Default: software. */
  readonly type?: number;
  /** The event of that type. Default: cpu-clock, which ticks while the CPU is busy. */
  readonly event?: number;
  /** CPUs to sample. Default: all that are online. Not with a process. */
  readonly cpus?: readonly number[];
  /** Only this process, with all of its threads, wherever they run. Default: everything. */
  readonly pid?: number;
  /** With a process: those that it starts, too. Default false. */
  readonly descendants?: boolean;
  readonly cookie?: bigint;
}

/** Attaches to a perf event on each CPU. Throws AttachError; nothing stays attached then. */
export function attachPerfEvent(program: AttachableProgram, options: PerfEventOptions): AttachedLink {
  const type = options.type ?? PerfType.software;
  const event = options.event ?? PerfSoftware.cpuClock;
  const rate = options.frequency === undefined ? `every ${options.period}` : `at ${options.frequency} Hz`;
  const what: Attachment = {
    kind: 'perfEvent',
    program: program.name,
    target: `${eventName(type, event)} ${rate}`,
  };
  const { frequency, period } = options;
  if ((frequency === undefined) === (period === undefined)) {
    throw wrongArgument(what, 'give either a frequency or a period');
  }
  if (frequency !== undefined && !(Number.isInteger(frequency) && frequency > 0)) {
    throw wrongArgument(what, `a frequency is a whole number above 0, not ${frequency}`);
  }
  if (period !== undefined && period <= 0n) {
    throw wrongArgument(what, `a period is above 0, not ${period}`);
  }
  const attr = {
    type,
    config: event,
    samplePeriod: frequency ?? period!,
    flags: frequency === undefined ? 0n : PerfFlag.freq,
  };
  const attachments =
    options.pid === undefined
      ? onEachCpu(program, what, attr, options)
      : attachToThreads(program, what, attr, options.pid, options);
  return new AttachedLink({
    ...what,
    descriptors: attachments.map((attachment) => attachment.descriptor),
    isLink: attachments[0]?.isLink ?? false,
    slow: false,
  });
}

/** Attaches to an event on each CPU, for all processes. Throws AttachError; nothing stays attached then. */
export function onEachCpu(
  program: AttachableProgram,
  what: Attachment,
  attr: PerfAttr,
  { cpus, cookie }: Pick<PerfEventOptions, 'cpus' | 'cookie'> = {},
): PerfAttachment[] {
  const made: PerfAttachment[] = [];
  try {
    for (const cpu of cpus ?? onlineCpus()) {
      const place = { pid: -1, cpu, ...(cookie === undefined ? {} : { cookie }) };
      made.push(attachToPerfEvent(program, what, attr, place));
    }
  } catch (error) {
    for (const { descriptor } of made) descriptor.close();
    throw error;
  }
  return made;
}

/** `cpuClock` for the events that have a name here, numbers for others. */
function eventName(type: number, event: number): string {
  const known = Object.entries(PerfSoftware).find(([, number]) => number === event);
  return type === PerfType.software && known !== undefined ? known[0] : `event ${type}:${event}`;
}
