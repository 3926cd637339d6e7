/** Ctrl-C to the end of the process, with many probes attached, beside bpftrace with the same probes. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import * as asm from '../../src/asm/build.ts';
import { attachTracepoint } from '../../src/kernel/link/tracepoint.ts';
import { tracefs } from '../../src/kernel/mounts.ts';
import { ProgramType } from '../../src/kernel/spec.ts';
import { makeProgram } from '../../src/kernel/stream/bare.ts';
import { asModule, interrupt, startUntil } from '../children.ts';
import { median, noSlower, type Row } from '../report.ts';
import { type Measure, type Options, rounds } from './measure.ts';

/** Twenty calls that hardly anybody makes, so that only leaving is measured. */
const calls = [
  'acct add_key adjtimex afs_syscall chroot delete_module fanotify_init fanotify_mark finit_module flistxattr',
  'fsconfig fsmount fsopen fspick get_mempolicy init_module ioprio_get ioprio_set kcmp kexec_load keyctl mbind',
  'migrate_pages mount move_mount move_pages mq_getsetattr mq_open name_to_handle_at open_by_handle_at',
]
  .join(' ')
  .split(' ');

const scheduling = [
  'sched_migrate_task sched_pi_setprio sched_process_exec sched_process_exit sched_process_free',
  'sched_process_wait sched_wait_task sched_wakeup sched_wakeup_new sched_waking',
]
  .join(' ')
  .split(' ');

/** Closing one tracepoint that is attached through perf: the grace period of this kernel. */
function gracePeriod(): number {
  const program = makeProgram(ProgramType.tracepoint, [asm.mov64Imm(0, 0), asm.exit()]);
  try {
    const link = attachTracepoint(program, 'syscalls:sys_enter_getppid');
    const began = performance.now();
    link.close();
    return performance.now() - began;
  } finally {
    program.close();
  }
}

interface Sample {
  readonly closing: number;
  readonly whole: number;
}

async function leaveOurs(words: readonly string[]): Promise<Sample> {
  const { child } = await startUntil(process.execPath, words, 'ready');
  let text = '';
  child.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  const closed = once(child, 'close');
  const whole = await interrupt(child);
  await closed;
  return { whole, closing: Number(/closed in ([\d.]+)/.exec(text)?.[1]) };
}

async function leaveBpftrace(probes: readonly string[], body: string): Promise<number> {
  const source = `BEGIN { printf("ready\\n"); } ${probes.map((probe) => `tracepoint:${probe}`).join(',')} ${body}`;
  const { child } = await startUntil('bpftrace', ['-B', 'none', '-e', source], 'ready');
  return interrupt(child);
}

function oneGracePeriod(milliseconds: number): NonNullable<Row['goal']> {
  return { text: 'at most the closing of one', reached: (closing) => closing <= milliseconds };
}

async function run(options: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const script = asModule('bench/children/leave.ts');
  const known = (category: string): Set<string> => new Set(readdirSync(`${tracefs()}/events/${category}`));
  const ofKernel = known('syscalls');
  const twenty = calls
    .map((call) => `sys_enter_${call}`)
    .filter((event) => ofKernel.has(event))
    .slice(0, 20)
    .map((event) => `syscalls:${event}`);
  const scheduled = scheduling.filter((event) => known('sched').has(event)).map((event) => `sched:${event}`);
  const compare = found.has('bpftrace');
  const rows: Row[] = [];
  const grace = rounds(options, 5).map(() => gracePeriod());
  rows.push({ what: 'closing one tracepoint attached through perf', unit: 'ms', ours: grace });
  for (const [kind, events, title, body] of [
    ['call', twenty, 'system-call tracepoints', '{ @ = count(); }'],
    ['record', scheduled, 'tracepoints that read args', '{ @ = sum(args->pid); }'],
  ] as const) {
    const samples: Sample[] = [];
    const theirs: number[] = [];
    for (const _ of rounds(options, 3)) {
      samples.push(await leaveOurs([script, kind, ...events]));
      if (compare) theirs.push(await leaveBpftrace(events, body));
    }
    rows.push(
      {
        what: `closing ${events.length} ${title}`,
        unit: 'ms',
        ours: samples.map(({ closing }) => closing),
        // Tracepoints that go through perf are removed in turn by the kernel (src/kernel/link/link.ts).
        ...(kind === 'call' ? { goal: oneGracePeriod(median(grace)) } : {}),
      },
      {
        what: 'the same, Ctrl-C to the end of the process',
        unit: 'ms',
        ours: samples.map(({ whole }) => whole),
        original: compare ? theirs : undefined,
        against: 'bpftrace',
        goal: noSlower,
      },
    );
  }
  return rows;
}

export const leave: Measure = { name: 'leave', compares: ['bpftrace'], run };
