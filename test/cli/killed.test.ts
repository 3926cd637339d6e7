/**
 * Commands that are killed, or told to end, at any moment: nothing of theirs stays in the kernel, not even what it keeps
 * for others than the process that asked (filters of interfaces, instances and probes of tracefs).
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openProgram } from '../../src/kernel/program/program.ts';
import { SysError } from '../../src/sys/errors.ts';
import { findInterface, hasClsact } from '../../src/sys/route.ts';
import { Chance } from '../fuzz/mutate.ts';
import { type CommandResult, type RunningCommand, startBpfkit } from '../support/command.ts';
import { enterNewNetwork } from '../support/network.ts';
import { objectBytes, objectPath } from '../support/objects.ts';
import { waitUntil } from '../support/wait.ts';

const forRoot = { skip: process.getuid?.() === 0 ? false : 'needs root', timeout: 120_000 };
if (!forRoot.skip) enterNewNetwork();

/** Programs that a process holds. */
function programsOf(pid: number): Set<number> {
  const ids = new Set<number>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    try {
      const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
      for (const [, id] of info.matchAll(/^prog_id:\s*(\d+)$/gm)) ids.add(Number(id));
    } catch {
      // closed meanwhile
    }
  }
  return ids;
}

function isLoaded(id: number): boolean {
  try {
    openProgram(id).close();
    return true;
  } catch (error) {
    if (error instanceof SysError && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** What tracefs has of a process. */
function traces(pid: number): string[] {
  const folder = '/sys/kernel/tracing';
  const lines = ['kprobe_events', 'uprobe_events'].flatMap((file) => {
    try {
      return readFileSync(`${folder}/${file}`, 'utf8').split('\n');
    } catch {
      return []; // a kernel without such probes, or no tracefs
    }
  });
  return lines.filter((line) => line.includes(`bpfkit_${pid}/`));
}

const folder = mkdtempSync(join(tmpdir(), 'bpfkit-killed-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The fixture under a name of this test's own: the kernel has each name once. */
const congestion = join(folder, 'congestion.bpf.o');
const bytes = Buffer.from(objectBytes('congestion'));
bytes.write('bpfkit_ended', bytes.indexOf('bpfkit_quiet'));
writeFileSync(congestion, bytes);

const congestionControls = (): string =>
  readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8');

const script = `
tracepoint:raw_syscalls:sys_enter { @calls = count(); }
uprobe:libc:getgid { @gid = count(); }
profile:hz:49 { @samples[pid] = count(); }
interval:ms:100 { print(@calls); }`;

const commands: readonly (readonly string[])[] = [
  ['run', objectPath('attach')],
  ['run', objectPath('first')],
  ['run', '--interface', 'lo', '--direction', 'ingress', objectPath('allocated')],
  ['run', '--interface', 'lo', '--direction', 'egress', objectPath('filters')],
  ['trace', '-e', script],
  ['tree', 'pid', '1', '--watch'],
  ['run', congestion],
];

/** Ends it by a signal, and gives what it had in the kernel at that moment. */
async function end(
  running: RunningCommand,
  signal: NodeJS.Signals,
): Promise<{ readonly had: Set<number>; readonly result: CommandResult }> {
  // Stopped, it can load nothing between the look and the end.
  running.signal('SIGSTOP');
  await sleep(5);
  const had = programsOf(running.pid);
  running.signal(signal);
  running.signal('SIGCONT');
  return { had, result: await running.result() };
}

const chance = new Chance(7);

for (const words of commands) {
  const what = words
    .filter((word) => !word.includes('\n'))
    .join(' ')
    .replace(/\S*\//g, '');
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    test(`${what}: nothing stays after ${signal}, whenever it comes`, forRoot, async () => {
      let seen = 0;
      for (const delay of [chance.below(150), 150 + chance.below(350), undefined]) {
        const running = startBpfkit(words, { within: 60_000 });
        if (delay !== undefined) await sleep(delay);
        else {
          await waitUntil(`a program of ${what}`, () => programsOf(running.pid).size > 0, 30_000);
          await sleep(300);
        }
        const { had, result } = await end(running, signal);
        seen = Math.max(seen, had.size);
        if (signal === 'SIGINT')
          assert.ok(result.code === 0 || result.signal !== null, `${result.code} ${result.stderr}`);
        const lo = findInterface('lo')!.index;
        await waitUntil(
          `the kernel to let go of programs ${[...had]}, ${delay ?? 'late'}`,
          () => ![...had].some(isLoaded),
        );
        await waitUntil('the interface to be as it was', () => !hasClsact(lo));
        assert.deepEqual(traces(running.pid), []);
        await waitUntil(
          'the congestion control to be gone',
          () => !/bpfkit_ended/.test(congestionControls()),
        );
      }
      assert.ok(seen > 0, 'it never loaded a program');
    });
  }
}
