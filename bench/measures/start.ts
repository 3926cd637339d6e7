/** From the start of a process to attached: examples/exits.ts through the built package, beside bpftrace's one-liner. */
import { asModule, interrupt, peakMemory, startUntil } from '../children.ts';
import { below, noSlower, type Row } from '../report.ts';
import { type Measure, type Options, rounds } from './measure.ts';

/** The same probes with the same fields of an event; and without those that come from the task. */
const whole =
  'printf("%d %d %d %d %s\\n", pid, curtask->real_parent->tgid, (curtask->exit_code >> 8) & 0xff, ' +
  'nsecs - @started[pid], comm);';
const short = 'printf("%d %d %s\\n", pid, nsecs - @started[pid], comm);';

const oneLiner = (print: string): string =>
  'BEGIN { printf("ready\\n"); } ' +
  'tracepoint:sched:sched_process_exec { @started[pid] = nsecs; } ' +
  `tracepoint:sched:sched_process_exit /pid == tid/ { ${print} delete(@started[pid]); }`;

/** Probes that have been attached for a moment have touched the memory that they need. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

async function run(options: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const script = asModule('examples/exits.ts');
  const ours = { attached: [] as number[], memory: [] as number[] };
  const theirs = { attached: [] as number[], short: [] as number[], memory: [] as number[] };
  const nodeAlone: number[] = [];
  for (const _ of rounds(options, 11)) {
    const own = await startUntil(process.execPath, [script], 'Tracing exits');
    ours.attached.push(own.milliseconds);
    await settle();
    ours.memory.push(peakMemory(own.pid));
    await interrupt(own.child);
    const node = await startUntil(process.execPath, ['-e', 'console.log("up")'], 'up');
    nodeAlone.push(node.milliseconds);
    if (!found.has('bpftrace')) continue;
    const other = await startUntil('bpftrace', ['-B', 'none', '-e', oneLiner(whole)], 'ready');
    theirs.attached.push(other.milliseconds);
    await settle();
    theirs.memory.push(peakMemory(other.pid));
    await interrupt(other.child);
    const less = await startUntil('bpftrace', ['-B', 'none', '-e', oneLiner(short)], 'ready');
    theirs.short.push(less.milliseconds);
    await interrupt(less.child);
  }
  const none = !found.has('bpftrace');
  return [
    {
      what: 'process start to attached (examples/exits.ts)',
      unit: 'ms',
      ours: ours.attached,
      original: none ? undefined : theirs.attached,
      against: 'bpftrace, the same fields',
      goal: noSlower,
    },
    {
      what: 'the same, where bpftrace reads no task fields',
      unit: 'ms',
      ours: ours.attached,
      original: none ? undefined : theirs.short,
      against: 'bpftrace, pid, time, comm',
      goal: noSlower,
    },
    { what: 'of which Node alone', unit: 'ms', ours: nodeAlone },
    {
      what: 'its resident memory, most (VmHWM)',
      unit: 'MB',
      ours: ours.memory,
      original: none ? undefined : theirs.memory,
      against: 'bpftrace',
      goal: below(75, 'MB'),
    },
  ];
}

export const start: Measure = { name: 'start', compares: ['bpftrace'], run };
