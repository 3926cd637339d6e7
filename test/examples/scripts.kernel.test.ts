/**
 * Each program of examples/*.ts that has a C program beside it, by what it prints. Starting Node takes seconds in a
 * guest, so there are only those that the host cannot run.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FeatureName } from '../../src/kernel/feature/features.ts';
import {
  bash,
  busyBash,
  diskRequests,
  echoServer,
  interrupt,
  lacks,
  pause,
  scriptShows,
  shortWait,
  talkTo,
  typeIntoBash,
  unlinkFile,
} from '../support/examples.ts';
import { projectRoot } from '../support/project.ts';

const inGuest = !existsSync(join(projectRoot, 'scripts'));

function example(
  name: string,
  what: string,
  body: (t: TestContext) => Promise<unknown>,
  needs?: FeatureName,
): void {
  if (inGuest && needs === undefined) return;
  test(`examples/${name}.ts ${what}`, async (t) => {
    if (!lacks(t, needs)) await body(t);
  });
}

const gone = '/tmp/bpfkit-gone';

example('minimal', 'says each write of one process', async (t) => {
  const { pid } = busyBash(t, `while :; do echo > /dev/null; ${shortWait}; done`);
  await scriptShows(
    'minimal',
    [`${pid}`],
    pause,
    new RegExp(`^BPF triggered sys_enter_write from PID ${pid}\\.$`, 'm'),
  );
});

example('opensnoop', 'shows the files that a process opens', async (t) => {
  const { pid } = busyBash(t, `while :; do : < /dev/null; ${shortWait}; done`);
  await scriptShows('opensnoop', [`${pid}`], pause, new RegExp(`^${pid}\tbash\t/dev/null$`, 'm'));
});

example('sigsnoop', 'says who sent which signal to whom', async () => {
  const line = /^PID (\d+) \(bash\) sent signal 0 to PID \1, ret = 0$/m;
  await scriptShows('sigsnoop', [], () => bash('kill -0 $$'), line);
});

example('bashreadline', 'shows what is typed into bash', async () => {
  const type = (): Promise<void> => typeIntoBash('echo was typed');
  await scriptShows('bashreadline', [], type, /^PID \d+ \(bash\) read: echo was typed$/m);
});

example('execsnoop', 'shows what a process asks to run, with its words', async () => {
  const line = new RegExp(`^\\d+\t${process.pid}\t0\t\\w+\t/bin/busybox\tbusybox true$`, 'm');
  await scriptShows('execsnoop', [], () => bash('exec -a busybox /bin/busybox true'), line);
});

example('exits', 'shows the code of a process that ends', async () => {
  const line = new RegExp(`^\\d+\t${process.pid}\t37\t[\\d.]+ ms\tbash$`, 'm');
  await scriptShows('exits', [], () => bash('exit 37'), line);
});

example('bootstrap', 'shows starts and ends', async () => {
  const lines = new RegExp(
    `^[\\d:]{8} EXEC  bash +(\\d+) +${process.pid} +\\S*/bash\n[\\s\\S]*^[\\d:]{8} EXIT  bash +\\1 +${process.pid} +\\[38\\] \\(\\d+ms\\)$`,
    'm',
  );
  await scriptShows('bootstrap', [], () => bash('exit 38'), lines);
});

example('top', 'shows the largest processes, then the ones that fail', async () => {
  const shown =
    /^PID +MEMORY {2}COMM\n(?:\d+ +[\d.]+ MB {2}.+\n){2,10}[\s\S]*^\d+: bash exited with 39 after [\d.]+ s$/m;
  await scriptShows('top', [], () => bash('exit 39'), shown);
});

example('runqlat', 'counts waits for a processor', async () => {
  await scriptShows('runqlat', ['1'], () => bash(':'), /^\[\d+, \d+\) +[1-9]\d* \|@+$/m);
});

example('irqs', 'counts handlers of interrupts', async () => {
  await scriptShows('irqs', ['1'], interrupt, /^softirq timer +[1-9]\d* +\d+$/m);
});

example('tcpstates', 'shows how a connection is made', async (t) => {
  const port = await echoServer(t);
  await scriptShows(
    'tcpstates',
    [],
    () => talkTo(port),
    new RegExp(
      `\\d+ bash 127\\.0\\.0\\.1:\\d+ 127\\.0\\.0\\.1:${port} SYN_SENT -> ESTABLISHED [\\d.]+ ms`,
      'm',
    ),
  );
});

example('tcpconnlat', 'shows how long a connection took', async (t) => {
  const port = await echoServer(t);
  await scriptShows(
    'tcpconnlat',
    [],
    () => talkTo(port),
    new RegExp(`^\\d+ +bash +127\\.0\\.0\\.1 +${port} +[\\d.]+$`, 'm'),
  );
});

example('biopattern', 'counts requests of a disk', async () => {
  await scriptShows('biopattern', ['1'], diskRequests(), /^\S+ +\d+ +\d+ +[1-9]\d* +\d+/m);
});

example('memleak', 'shows the stacks that took memory', async (t) => {
  const { pid } = busyBash(t, `while :; do x+=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; y=$x; ${shortWait}; done`);
  await scriptShows(
    'memleak',
    [`${pid}`, '1'],
    pause,
    /^[1-9]\d* bytes in [1-9]\d* allocations from stack\n\t0x/m,
  );
});

example('profile', 'counts stacks', async (t) => {
  busyBash(t, 'while :; do :; done');
  await scriptShows('profile', ['1'], pause, /^[1-9]\d* samples of bash/m);
});

for (const kind of ['kprobe', 'fentry'] as const) {
  example(
    'unlink',
    `shows by ${kind} which file is unlinked, and what came of it`,
    () =>
      scriptShows(
        'unlink',
        [kind],
        () => unlinkFile(gone),
        /^(pid = \d+), filename = \/tmp\/bpfkit-gone\n[\s\S]*\1, ret = 0$/m,
      ),
    kind,
  );
}

example(
  'tcprtt',
  'counts round trip times',
  async (t) => {
    const port = await echoServer(t);
    await scriptShows('tcprtt', ['2'], () => talkTo(port), /^\[\d+, \d+\)\t[1-9]\d*$/m);
  },
  'fentry',
);
