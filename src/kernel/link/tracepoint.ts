/**
 * Tracepoints with their formatted record (BPF_PROG_TYPE_TRACEPOINT, Linux 4.7): `sched:sched_switch`.
 *
 * The program sees the record that tracefs describes in `events/CATEGORY/NAME/format`. Where it needs only
 * the arguments, a raw tracepoint costs less per event, and detaches in microseconds instead of tens of
 * milliseconds.
 */
import { PerfSample, PerfType } from '../../sys/perf.ts';
import { onlineCpus } from '../cpus.ts';
import { tracefs } from '../mounts.ts';
import { suggestTracepoints, tracepointId } from '../tracepoint/list.ts';
import { type Attachment, badTracepointName, noSuchTracepoint, type Suggest } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { attachToPerfEvent } from './perf-link.ts';

export interface TracepointOptions {
  /** Where tracefs is mounted. Default: looked up, and mounted if it is nowhere. */
  readonly tracefs?: string;
  /** What `bpf_get_attach_cookie` answers. Linux 5.15. */
  readonly cookie?: bigint;
  /** Default: names from tracefs. */
  readonly suggest?: Suggest;
}

/**
 * Attaches to `CATEGORY:NAME`, in all processes and on all CPUs. Throws AttachError; KernelError (notMounted)
 * where there is no tracefs.
 */
export function attachTracepoint(
  program: AttachableProgram,
  name: string,
  options: TracepointOptions = {},
): AttachedLink {
  const what: Attachment = { kind: 'tracepoint', program: program.name, target: name };
  const match = /^([\w.-]+):([\w.-]+)$/.exec(name);
  if (match === null) throw badTracepointName(what);
  const at = options.tracefs ?? tracefs();
  const id = tracepointId(at, match[1]!, match[2]!);
  if (id === undefined) throw noSuchTracepoint(what, options.suggest ?? suggestTracepoints(at));
  const { descriptor, isLink } = attachTracepointId(program, what, id, options.cookie);
  return new AttachedLink({ ...what, descriptors: [descriptor], isLink, slow: true });
}

/** The part that kprobes made through tracefs share: they are tracepoints with an id of their own. */
export function attachTracepointId(
  program: AttachableProgram,
  what: Attachment,
  id: number,
  cookie: bigint | undefined,
): ReturnType<typeof attachToPerfEvent> {
  // The event lies on one CPU, but the program runs on all: it is called before the kernel looks at whose
  // event it is (perf_trace_run_bpf_submit).
  const cpu = onlineCpus()[0] ?? 0;
  return attachToPerfEvent(
    program,
    what,
    {
      type: PerfType.tracepoint,
      config: id,
      samplePeriod: 1,
      sampleType: PerfSample.raw,
      wakeupEvents: 1,
    },
    { pid: -1, cpu, ...(cookie === undefined ? {} : { cookie }) },
  );
}
