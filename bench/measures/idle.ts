/** CPU time of a reader, and of the live tree, to whom little happens, in milliseconds a second. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asModule, cpuTime, findCommand, interrupt, root, startUntil } from '../children.ts';
import { below, type Row } from '../report.ts';
import type { Measure, Options } from './measure.ts';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The kernel counts CPU time in steps of 10 ms: the longer, the finer. */
async function idleTime(
  command: string,
  words: readonly string[],
  line: string,
  ms: number,
  processOf: (pid: number) => number = (pid) => pid,
): Promise<number> {
  const { child, pid: started } = await startUntil(command, words, line);
  const pid = processOf(started);
  await wait(500);
  const before = cpuTime(pid);
  await wait(ms);
  const spent = cpuTime(pid) - before;
  await interrupt(child);
  return (spent * 1000) / ms;
}

const bpfkit = join(root, 'dist', 'bpfkit.cjs');

/** `script` gives what it starts a terminal, and is its parent. */
const onTerminal = ['-qefc', `exec ${process.execPath} ${bpfkit} tree --watch`, '/dev/null'];

function onlyChild(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim());
}

async function run({ quick }: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const script = asModule('bench/children/idle.ts');
  const length = quick ? 500 : 6000;
  const probe = 'tracepoint:syscalls:sys_enter_acct { printf("%d\\n", pid); } BEGIN { printf("ready\\n"); }';
  const [ours, original] = await Promise.all([
    idleTime(process.execPath, [script], 'ready', length),
    found.has('bpftrace') ? idleTime('bpftrace', ['-B', 'none', '-e', probe], 'ready', length) : undefined,
  ]);
  const watching = [bpfkit, 'tree', '--watch', '--json'];
  const lines = await idleTime(process.execPath, watching, 'watching', length);
  const live = findCommand('script')
    ? await idleTime('script', onTerminal, 'since start', length, onlyChild)
    : undefined;
  const tenth = below(100, 'ms/s');
  return [
    { what: 'CPU of bpfkit tree --watch --json, quiet machine', unit: 'ms/s', ours: [lines], goal: tenth },
    ...(live === undefined
      ? []
      : [
          {
            what: 'CPU of bpfkit tree --watch on a terminal',
            unit: 'ms/s',
            ours: [live],
            goal: tenth,
          } as const,
        ]),
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
