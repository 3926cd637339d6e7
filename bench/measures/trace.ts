/**
 * `bpfkit trace` beside bpftrace, the same scripts: time to the first output and of the whole command, memory,
 * instructions of the loaded programs, what a traced system call costs, and whether all of its events arrive.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openProgram } from '../../src/kernel/program/program.ts';
import {
  compileC,
  environment,
  heldPrograms,
  interrupt,
  peakMemory,
  root,
  startUntil,
  wholeRun,
} from '../children.ts';
import { below, type Row } from '../report.ts';
import { type Measure, type Options, rounds } from './measure.ts';

const node = process.execPath;
const command = join(root, 'dist/bpfkit.cjs');
const words = (script: string, ...more: string[]): string[] => ['-B', 'none', ...more, '-e', script];
const ours = (script: string, ...more: string[]): string[] => [command, 'trace', ...words(script, ...more)];

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

const atMost = (ratio: number): NonNullable<Row['goal']> => ({
  text: `at most ${ratio} times`,
  reached: (mine, theirs) => theirs !== undefined && mine <= ratio * theirs,
});

const opens = 'tracepoint:syscalls:sys_enter_openat { printf("ready %s\\n", comm); }';
const twenty = [
  'openat close read write mmap munmap mprotect brk ioctl access pipe2 dup2 socket connect',
  'clone execve exit_group wait4 fcntl lseek',
]
  .join(' ')
  .split(' ')
  .map((name) => `tracepoint:syscalls:sys_enter_${name} { @[probe] = count(); }`)
  .join(' ');

/** Opens files until the tracer has said something. */
async function firstOutput(tracer: string, list: readonly string[]): Promise<{ ms: number; memory: number }> {
  const opening = setInterval(() => execFileSync('true'), 5);
  try {
    const { child, pid, milliseconds } = await startUntil(tracer, list, 'ready');
    clearInterval(opening);
    await settle();
    const memory = peakMemory(pid);
    await interrupt(child);
    return { ms: milliseconds, memory };
  } finally {
    clearInterval(opening);
  }
}

async function starting(options: Options, compared: boolean): Promise<Row[]> {
  const first = { ours: [] as number[], theirs: [] as number[] };
  const memory = { ours: [] as number[], theirs: [] as number[] };
  for (const _ of rounds(options, 9)) {
    const mine = await firstOutput(node, ours(opens));
    first.ours.push(mine.ms);
    memory.ours.push(mine.memory);
    if (!compared) continue;
    const original = await firstOutput('bpftrace', words(opens));
    first.theirs.push(original.ms);
    memory.theirs.push(original.memory);
  }
  const against = 'bpftrace';
  return [
    {
      what: 'trace: first output of a tracepoint one-liner',
      unit: 'ms',
      ours: first.ours,
      original: compared ? first.theirs : undefined,
      against,
      goal: atMost(0.8),
    },
    {
      what: 'trace: its resident memory, most (VmHWM)',
      unit: 'MB',
      ours: memory.ours,
      original: compared ? memory.theirs : undefined,
      against,
      goal: below(75, 'MB'),
    },
  ];
}

async function whole(options: Options, compared: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [what, script, ratio] of [
    ['trace: BEGIN { exit() }, the whole command', 'BEGIN { exit() }', 0.4],
    ['trace: 20 tracepoints and exit(), the whole command', `${twenty} interval:ms:1 { exit(); }`, 0.15],
  ] as const) {
    const mine: number[] = [];
    const theirs: number[] = [];
    for (const _ of rounds(options, 7)) {
      mine.push(wholeRun(node, ours(script)));
      if (compared) theirs.push(wholeRun('bpftrace', words(script)));
    }
    rows.push({
      what,
      unit: 'ms',
      ours: mine,
      original: compared ? theirs : undefined,
      against: 'bpftrace',
      goal: atMost(ratio),
    });
  }
  const list = "-l 'tracepoint:*'";
  const listing = rounds(options, 7).map(() => wholeRun(node, [command, 'trace', '-l', 'tracepoint:*']));
  const original = compared
    ? rounds(options, 7).map(() => wholeRun('bpftrace', ['-l', 'tracepoint:*']))
    : undefined;
  rows.push({
    what: `trace: ${list}`,
    unit: 'ms',
    ours: listing,
    original,
    against: 'bpftrace',
    goal: below(100, 'ms'),
  });
  return rows;
}

/** The seven programs of the comparison, and what ply makes of them where it can say them (2.4, measured once). */
const programs: readonly { readonly what: string; readonly script: string; readonly ply?: number }[] = [
  {
    what: 'openat by comm',
    script: 'tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }',
    ply: 35,
  },
  {
    what: 'openat printed',
    script: 'tracepoint:syscalls:sys_enter_openat { printf("%d %s %s\\n", pid, comm, str(args->filename)); }',
  },
  { what: 'read by size', script: 'tracepoint:syscalls:sys_exit_read { @ = hist(args->ret); }', ply: 110 },
  {
    what: 'system calls by number',
    script: 'tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }',
    ply: 35,
  },
  {
    what: 'switches by kernel stack',
    script: 'tracepoint:sched:sched_switch { @[kstack] = count(); }',
    ply: 35,
  },
  {
    what: 'latency by two probes',
    script:
      'tracepoint:syscalls:sys_enter_read { @s[tid] = nsecs; } ' +
      'tracepoint:syscalls:sys_exit_read /@s[tid]/ { @us[comm] = hist((nsecs - @s[tid]) / 1000); delete(@s[tid]); }',
  },
  { what: 'getppid counted', script: 'tracepoint:syscalls:sys_enter_getppid { @ = count(); }', ply: 30 },
];

function instructionsOf(pid: number): number {
  let sum = 0;
  for (const id of heldPrograms(pid)) {
    const program = openProgram(id);
    try {
      const { name, translatedSize } = program.info();
      if (!/^begin/i.test(name)) sum += translatedSize / 8;
    } finally {
      program.close();
    }
  }
  return sum;
}

async function loadedInstructions(tracer: string, list: readonly string[]): Promise<number> {
  const { child, pid } = await startUntil(tracer, list, 'ready');
  await settle();
  try {
    return instructionsOf(pid);
  } finally {
    await interrupt(child);
  }
}

async function instructions(compared: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { what, script, ply } of programs) {
    const spoken = `BEGIN { printf("ready\\n"); } ${script}`;
    const own = await loadedInstructions(node, ours(spoken));
    const theirs = compared ? await loadedInstructions('bpftrace', words(spoken)) : undefined;
    const least = Math.min(theirs ?? Number.POSITIVE_INFINITY, ply ?? Number.POSITIVE_INFINITY);
    rows.push({
      what: `trace: instructions, ${what}`,
      unit: 'instructions',
      ours: [own],
      original: theirs === undefined ? undefined : [theirs],
      against: ply === undefined ? 'bpftrace' : `bpftrace (ply ${ply})`,
      goal: { text: 'no more than the least', reached: (mine) => mine <= least },
    });
  }
  return rows;
}

/** Nanoseconds of a traced call, and the lines that came out. */
async function flood(
  tracer: string,
  list: readonly string[],
  program: string,
  calls: number,
): Promise<{ ns: number; lines: number }> {
  const child = spawn(tracer, list, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let lines = 0;
  let ready: () => void;
  const attached = new Promise<void>((resolve) => (ready = resolve));
  child.stdout.on('data', (bytes: Buffer) => {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
    if (bytes.includes('ready')) ready();
  });
  child.stderr.resume();
  await attached;
  await settle();
  lines = 0;
  const worker = spawn(program, [String(calls)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  worker.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(worker, 'exit');
  await settle();
  const gone = once(child.stdout, 'end');
  await interrupt(child);
  await gone;
  return { ns: Number(text), lines };
}

async function floods(options: Options, compared: boolean): Promise<Row[]> {
  const program = compileC('getppid', []);
  const calls = options.quick ? 100_000 : 5_000_000;
  const title = `trace: ${calls / 1e6} million getppid()`;
  const untraced = Number(execFileSync(program, [String(calls)], { encoding: 'utf8' }));
  const count = 'BEGIN { printf("ready\\n"); } tracepoint:syscalls:sys_enter_getppid { @ = count(); }';
  const print =
    'BEGIN { printf("ready\\n"); } tracepoint:syscalls:sys_enter_getppid { printf("%d %s\\n", pid, comm); }';
  const counted = await flood(node, ours(count), program, calls);
  const theirs = compared ? await flood('bpftrace', words(count), program, calls) : undefined;
  const printed = await flood(node, [command, 'trace', '-e', print], program, calls);
  return [
    { what: `${title}, not traced`, unit: 'ns', ours: [untraced] },
    {
      what: `${title}, @ = count(): added to a call`,
      unit: 'ns',
      ours: [counted.ns - untraced],
      original: theirs === undefined ? undefined : [theirs.ns - untraced],
      against: 'bpftrace',
      goal: atMost(0.36),
    },
    {
      what: `${title}, a printf each: time of a call`,
      unit: 'ns',
      ours: [printed.ns],
      goal: { text: 'at most 300', reached: (mine) => mine <= 300 },
    },
    {
      what: `${title}, a printf each: not delivered`,
      unit: 'lost',
      // The last lines are the empty ones of the end.
      ours: [Math.max(0, calls - printed.lines)],
      goal: { text: '0', reached: (mine) => mine === 0 },
    },
  ];
}

async function run(options: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const compared = found.has('bpftrace');
  return [
    ...(await starting(options, compared)),
    ...(await whole(options, compared)),
    ...(await instructions(compared)),
    ...(found.has('gcc') ? await floods(options, compared) : []),
  ];
}

export const trace: Measure = { name: 'trace', compares: ['bpftrace', 'gcc'], run };
