/** CPU time of a reader to whom nothing happens, in milliseconds a second. */
import { asModule, cpuTime, interrupt, startUntil } from '../children.ts';
import { below, type Row } from '../report.ts';
import type { Measure, Options } from './measure.ts';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The kernel counts CPU time in steps of 10 ms: the longer, the finer. */
async function idleTime(
  command: string,
  words: readonly string[],
  line: string,
  ms: number,
): Promise<number> {
  const { child, pid } = await startUntil(command, words, line);
  await wait(500);
  const before = cpuTime(pid);
  await wait(ms);
  const spent = cpuTime(pid) - before;
  await interrupt(child);
  return (spent * 1000) / ms;
}

async function run({ quick }: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const script = asModule('bench/children/idle.ts');
  const length = quick ? 500 : 6000;
  const probe = 'tracepoint:syscalls:sys_enter_acct { printf("%d\\n", pid); } BEGIN { printf("ready\\n"); }';
  const [ours, original] = await Promise.all([
    idleTime(process.execPath, [script], 'ready', length),
    found.has('bpftrace') ? idleTime('bpftrace', ['-B', 'none', '-e', probe], 'ready', length) : undefined,
  ]);
  return [
    {
      what: 'CPU of an idle reader of a ring buffer',
      unit: 'ms/s',
      ours: [ours],
      original: original === undefined ? undefined : [original],
      against: 'bpftrace',
      goal: below(10, 'ms/s'),
    },
  ];
}

export const idle: Measure = { name: 'idle', compares: ['bpftrace'], run };
