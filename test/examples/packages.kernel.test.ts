/** Each package of examples/c on each kernel that can run it, by what it prints when something happens. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FeatureName } from '../../src/kernel/feature/features.ts';
import {
  bash,
  busyBash,
  datagram,
  diskRequests,
  echoServer,
  interrupt,
  lacks,
  packageShows,
  pause,
  shortWait,
  talkTo,
  typeIntoBash,
  unlinkFile,
} from '../support/examples.ts';

interface Options {
  readonly needs?: FeatureName;
}

function example(
  name: string,
  what: string,
  body: (t: TestContext) => Promise<unknown>,
  { needs }: Options = {},
): void {
  test(`examples/c/${name}.bpf.c ${what}`, async (t) => {
    if (!lacks(t, needs)) await body(t);
  });
}

const gone = '/tmp/bpfkit-gone';
const histogram = / : count {4}distribution\n(?: +\d+ -> \d+ +: \d+ +\|[* ]+\|\n?)+/;

example('minimal', 'says each write of one process, and no other', async (t) => {
  const { pid } = busyBash(t, `while :; do echo > /dev/null; ${shortWait}; done`);
  const line = `\\d\\d:\\d\\d:\\d\\d bash-${pid}: BPF triggered sys_enter_write from PID ${pid}\\.`;
  const shown = await packageShows('minimal', { words: ['--pid_filter', `${pid}`] }, pause, new RegExp(line));
  for (const one of shown.split('\n')) assert.match(one, new RegExp(`^${line}$`));
});

example('opensnoop', 'says who opens files, as JSON too', async (t) => {
  const { pid } = busyBash(t, `while :; do : < /dev/null; ${shortWait}; done`);
  const shown = await packageShows(
    'opensnoop',
    { words: ['--pid_target', `${pid}`], options: { json: true } },
    pause,
    /enter sys openat/,
  );
  const first = JSON.parse(shown.split('\n')[0]!) as Record<string, unknown>;
  assert.deepEqual(Object.keys(first), ['printk', 'comm', 'tid', 'cpu', 'time']);
  assert.equal(first.printk, `Process ID: ${pid} enter sys openat`);
  assert.equal(first.tid, pid);
});

example('sigsnoop', 'says who sent which signal to whom', async () => {
  let pid = 0;
  const act = (): void => void ({ pid } = bash('kill -0 $$'));
  const shown = await packageShows('sigsnoop', {}, act, /sent signal 0 \n.*to PID \d+, ret = 0/);
  assert.match(shown, new RegExp(`PID ${pid} \\(bash\\) sent signal 0 \n.*to PID ${pid}, ret = 0`));
});

example('bashreadline', 'shows what is typed into bash', async () => {
  await packageShows(
    'bashreadline',
    {},
    () => typeIntoBash('echo was typed'),
    /PID \d+ \(bash\) read: echo was typed/,
  );
});

example('execsnoop', 'shows the file that a process asks to run', async () => {
  await packageShows(
    'execsnoop',
    {},
    () => bash('exec /bin/busybox true'),
    /^TIME {5}PID {4}PPID {3}UID {4}COMM {3}\n[\s\S]*^\d\d:\d\d:\d\d \d+ +\d+ +0 +\/bin\/busybox/m,
  );
});

example('exitsnoop', 'shows the code of a process that ends', async () => {
  await packageShows(
    'exitsnoop',
    {},
    () => bash('exit 37'),
    new RegExp(`^\\d\\d:\\d\\d:\\d\\d \\d+ +${process.pid} +37 +\\d+ +bash$`, 'm'),
  );
});

example('bootstrap', 'shows starts and ends, and leaves out short lives', async () => {
  const shown = await packageShows(
    'bootstrap',
    { options: { json: true } },
    () => bash('exit 38'),
    /"exit_code":38/,
  );
  const events = shown.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const end = events.find((event) => event.exit_code === 38)!;
  const start = events.find((event) => event.pid === end.pid && event.exit_event === false);
  assert.match(String(start?.filename), /\/bash$/);
  assert.equal(end.ppid, process.pid);
});

example('runqlat', 'counts waits for a processor', async () => {
  await packageShows('runqlat', {}, () => bash(':'), histogram);
});

example('softirqs', 'counts times of software interrupts', async () => {
  await packageShows(
    'softirqs',
    {},
    () => bash(':'),
    new RegExp(`key = {2}\\d+\ncount = \\d+[\\s\\S]*${histogram.source}`),
  );
});

example('hardirqs', 'counts times of interrupt handlers by their names', async () => {
  await packageShows(
    'hardirqs',
    {},
    interrupt,
    new RegExp(`name = \\S+\ncount = \\d+[\\s\\S]*${histogram.source}`),
  );
});

example('biopattern', 'counts requests of a disk', async () => {
  const row = /^\d\d:\d\d:\d\d \d+ \{"last_sector":\d+,"bytes":[1-9]\d*,.*"(?:random|sequential)":[1-9]/m;
  await packageShows('biopattern', {}, diskRequests(), row);
});

example('memleak', 'counts memory that a process takes', async (t) => {
  const { pid } = busyBash(t, `while :; do x+=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; y=$x; ${shortWait}; done`);
  await packageShows(
    'memleak',
    { words: ['--target_pid', `${pid}`], options: { json: true } },
    pause,
    /"total_size":[1-9]\d*,"number_of_allocs":[1-9]/,
  );
});

example('tcpstates', 'shows how a connection is made and ended', async (t) => {
  const port = await echoServer(t);
  const shown = await packageShows(
    'tcpstates',
    { options: { json: true } },
    () => bash(`exec 3<>/dev/tcp/127.0.0.1/${port}`),
    new RegExp(`"oldstate":2,"newstate":1,.*"dport":${port}\\b`),
  );
  assert.match(shown, /"task":"bash"/);
});

example('tc', 'says what arrives at the loopback interface', async () => {
  await packageShows('tc', {}, datagram, /Got IP packet: tot_len: 33, ttl: 64/);
});

example('xdp', 'says the size of what arrives at the loopback interface', async () => {
  // Ethernet, IP and UDP headers, and five bytes.
  await packageShows('xdp', {}, datagram, /packet size is 47/);
});

example('profile', 'shows where a process spends its time, with names', async (t) => {
  const { pid } = busyBash(t, 'while :; do :; done');
  const words = ['--targ_tgid', `${pid}`];
  const shown = await packageShows(
    'profile',
    { words },
    pause,
    /^Userspace:\n(?: {2}\d+ \[<[0-9a-f]{16}>\].*\n)* {2}\d+ \[<[0-9a-f]{16}>\] [\w.]+\+0x[0-9a-f]+\n/m,
  );
  assert.match(shown, new RegExp(`^COMM: bash \\(pid=${pid}\\) @ CPU \\d+\n(?:No Kernel Stack|Kernel:)\n`));
  const json = await packageShows('profile', { words, options: { json: true } }, pause, /"symbol":"\w+"/);
  const sample = JSON.parse(json.split('\n')[0]!) as Record<string, readonly unknown[]>;
  assert.equal(sample.pid, pid);
  assert.ok(sample.ustack.length > 0 || sample.kstack.length > 0);
});

example(
  'kprobe-link',
  'says which file is unlinked, and what came of it',
  () =>
    packageShows(
      'kprobe-link',
      {},
      () => unlinkFile(gone),
      /KPROBE ENTRY pid = (\d+), filename = \/tmp\/bpfkit-gone\n[\s\S]*KPROBE EXIT: pid = \1, ret = 0/,
    ),
  { needs: 'kprobe' },
);

example(
  'fentry-link',
  'says which file is unlinked, and what came of it',
  () =>
    packageShows(
      'fentry-link',
      {},
      () => unlinkFile(gone),
      /fentry: pid = (\d+), filename = \/tmp\/bpfkit-gone\n[\s\S]*fexit: pid = \1, filename = \/tmp\/bpfkit-gone, ret = 0/,
    ),
  { needs: 'fentry' },
);

example(
  'lsm-connect',
  'refuses connections to one address, and says so',
  async () => {
    let said = '';
    const connect = (): void => void (said += bash('exec 3<>/dev/tcp/1.1.1.1/80').stderr);
    await packageShows(
      'lsm-connect',
      {},
      connect,
      /lsm: found connect to 16843009\n.*lsm: blocking 16843009/,
    );
    assert.match(said, /Operation not permitted/);
    assert.doesNotMatch(bash('exec 3<>/dev/tcp/1.1.1.1/80').stderr, /not permitted/, 'gone with the package');
  },
  { needs: 'lsm' },
);

example(
  'tcpconnlat',
  'shows how long a connection took',
  async (t) => {
    const port = await echoServer(t);
    await packageShows(
      'tcpconnlat',
      { options: { json: true } },
      () => bash(`exec 3<>/dev/tcp/127.0.0.1/${port}`),
      new RegExp(`"comm":"bash".*"delta_us":\\d+.*"dport":${port}\\b`),
    );
  },
  { needs: 'fentry' },
);

example(
  'tcprtt',
  'counts round trip times of one port',
  async (t) => {
    const port = await echoServer(t);
    const shown = await packageShows(
      'tcprtt',
      { words: ['--targ_dport', `${port}`] },
      () => talkTo(port),
      histogram,
    );
    assert.match(shown, /^latency = \d+\ncnt = [1-9]/m);
  },
  { needs: 'fentry' },
);
