/** Captures through the built command line: saved here, looked into everywhere. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bpfkit, type CommandResult } from '../support/command.ts';

const forRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'bpfkit-dump-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** A process that does nothing, alive until the test ends. */
async function idle(t: TestContext): Promise<number> {
  const code = `const fs = require('fs'); fs.openSync('/etc/passwd'); console.log('ready'); setInterval(() => {}, 1e6)`;
  const child: ChildProcess = spawn(process.execPath, ['-e', code, 'first', '', 'last'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve);
    child.once('exit', reject);
  });
  assert.ok(child.pid);
  return child.pid;
}

function text({ code, stdout, stderr }: CommandResult): { code: number | null; out: string; err: string } {
  return { code, out: stdout.toString(), err: stderr.toString() };
}

/** What may change between two looks at a process that sleeps: it was seen at another time. */
const restless = ['run_time', 'cpu_time', 'user_time', 'system_time', 'rss', 'state', 'vm_size'];

function withoutTime(line: string): Record<string, unknown> {
  const value = JSON.parse(line) as Record<string, unknown>;
  for (const name of restless) delete value[name];
  return value;
}

test('what a capture shows is what the machine showed', forRoot, async (t) => {
  const pid = String(await idle(t));
  const path = join(folder(t), 'a.cap');
  assert.deepEqual(text(await bpfkit(['dump', `${path}/../a.cap`])), {
    code: 0,
    out: `🗞️ Capture correctly dumped: ${path}\n`,
    err: '',
  });
  for (const words of [
    ['info', 'tid', pid],
    ['lineage', 'tid', pid],
    ['tree', 'tid', pid],
    [
      'tree',
      'pid',
      pid,
      '-f',
      'tid,vpid,pgid,comm,reaper,exepath,loginuid,euid,cmdline,start_time,cgroup,id',
    ],
    ['files', 'pid', pid],
    ['files', 'pid', pid, '--long', '-n'],
  ]) {
    const live = text(await bpfkit(words));
    const replayed = text(await bpfkit([...words, '-c', path]));
    assert.deepEqual(replayed.code, 0, replayed.err);
    assert.equal(replayed.out, live.out, words.join(' '));
  }
  const live = text(await bpfkit(['info', 'pid', pid, '--json']))
    .out.trimEnd()
    .split('\n');
  const replayed = text(await bpfkit(['-c', path, 'info', 'pid', pid, '--json']))
    .out.trimEnd()
    .split('\n');
  assert.deepEqual(replayed.map(withoutTime), live.map(withoutTime));
  const files = ['files', 'pid', pid, '--json'];
  assert.equal(text(await bpfkit([...files, '-c', path])).out, text(await bpfkit(files)).out);
});

test('fields of the kernel by path are saved when they are asked for', forRoot, async (t) => {
  const pid = String(await idle(t));
  const path = join(folder(t), 'a.cap');
  const names = 'signal.rlim[7].rlim_cur,task.prio,nsproxy.uts_ns.name.nodename,task.mm';
  assert.equal((await bpfkit(['dump', path, '-f', names, '-f', 'mm.total_vm,pid'])).code, 0);
  const words = ['info', 'pid', pid, '-f', `pid,mm.total_vm,${names}`];
  for (const more of [[], ['--json']]) {
    const replayed = text(await bpfkit([...words, ...more, '-c', path]));
    assert.deepEqual(replayed, text(await bpfkit([...words, ...more])));
    assert.equal(replayed.code, 0);
  }
  const found = await bpfkit(['info', '--where', `mm.total_vm > 100 && pid == ${pid}`, '-c', path]);
  assert.equal(found.code, 0, found.stderr.toString());
  assert.deepEqual(text(await bpfkit(['info', 'pid', pid, '-n', '-f', 'mm.totl_vm', '-c', path])), {
    code: 2,
    out: '',
    err:
      "X 'mm.totl_vm' is not in the capture: of the fields of the kernel it has " +
      'signal.rlim[7].rlim_cur, task.prio, nsproxy.uts_ns.name.nodename, task.mm, mm.total_vm\n' +
      "Did you mean 'mm.total_vm'?\n",
  });
  assert.match(text(await bpfkit(['dump', path, '-f', 'mm.totl_vm'])).err, /has no field 'totl_vm'/);
});

test(
  'a secret of a command line is in no output and no capture, unless it is asked for',
  forRoot,
  async (t) => {
    const secret = `hunter-${process.pid}-`.padEnd(20, 'x');
    const words = ['-e', "console.log('ready'); setInterval(() => {}, 1e6)", '--', `--password=${secret}`];
    const child: ChildProcess = spawn(process.execPath, [...words, '--api-key', secret, `TOKEN=${secret}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const pid = String(child.pid);
    const [path, whole] = ['a.cap', 'whole.cap'].map((name) => join(folder(t), name)) as [string, string];
    assert.equal((await bpfkit(['dump', path])).code, 0);
    assert.equal((await bpfkit(['dump', '--show-secrets', whole])).code, 0);
    for (const kind of ['info', 'tree', 'lineage']) {
      for (const source of [[], ['-c', path], ['-c', whole]]) {
        for (const form of [['-f', 'pid,cmdline'], ['--json']]) {
          const { code, out } = text(await bpfkit([kind, 'pid', pid, ...form, ...source]));
          assert.equal(code, 0);
          assert.ok(!out.includes(secret), out);
          assert.match(out, /--password=\*\*\*"?,"?--api-key"?,"?\*\*\*"?,"?TOKEN=\*\*\*/);
          const shown = text(await bpfkit([kind, 'pid', pid, ...form, ...source, '--show-secrets'])).out;
          assert.equal(
            shown.split(secret).length - 1,
            source[1] === path ? 0 : 3 * out.split('TOKEN').length - 3,
          );
        }
      }
    }
    const guess = ['--where', `cmdline ~ "*password=${secret}*" && pid == ${pid}`];
    assert.equal((await bpfkit(['info', ...guess, '-c', whole])).code, 1, 'nobody finds it out by guessing');
    assert.equal((await bpfkit(['info', ...guess, '-c', whole, '--show-secrets'])).code, 0);
    for (const more of [[], ['--json']]) {
      const before = await bpfkit(['diff', path, whole, ...more]);
      assert.ok(!before.stdout.includes(secret));
    }
  },
);

test('a capture through pipes, with its numbers on standard error', forRoot, async () => {
  const { code, stdout, stderr } = await bpfkit(['dump', '-', '--json']);
  assert.equal(code, 0, stderr.toString());
  const { capture, tasks, bytes } = JSON.parse(stderr.toString()) as Record<string, unknown>;
  assert.deepEqual([capture, bytes], ['-', stdout.length]);
  assert.ok(Number(tasks) > 1);
});

test('places where no capture can be are a sentence and exit code 1', forRoot, async (t) => {
  const root = folder(t);
  const link = join(root, 'link');
  symlinkSync('target', link);
  for (const [path, problem] of [
    [root, 'is a directory'],
    [link, 'is a symbolic link'],
    [join(root, 'none/x'), 'no such file or directory'],
    ['/dev/full', 'no space left on device'],
  ] as const) {
    const { code, out, err } = text(await bpfkit(['dump', path, '-n']));
    assert.deepEqual([code, out], [1, ''], path);
    assert.match(err, /^X cannot create dump file\. /);
    assert.ok(err.includes(problem), err);
  }
  assert.deepEqual(readdirSync(root), ['link']);
});

test('a capture that cannot be read is a sentence and exit code 1', async (t) => {
  const root = folder(t);
  const none = join(root, 'none');
  assert.deepEqual(text(await bpfkit(['tree', 'pid', '1', '-c', none, '-n'])), {
    code: 1,
    out: '',
    err: `X unable to open file '${none}'. open ${none}: no such file or directory\n`,
  });
  const other = join(root, 'other');
  writeFileSync(other, 'this is a text and nothing else, from the first to the last of its bytes');
  for (const command of ['tree', 'info', 'lineage', 'files']) {
    const { code, err } = text(await bpfkit([command, 'pid', '1', '-c', other, '-n']));
    assert.deepEqual([code, err], [1, "X the file is not a capture, neither bpfkit's nor bpftree's\n"]);
  }
});

/** A capture of bpftree 0.1.0 with one task and a file of another. */
function bpftreeCapture(): Buffer {
  const bytes = Buffer.alloc(40 + 1097 + 536);
  bytes.writeBigUInt64LE(1n, 8);
  bytes.writeBigUInt64LE(1n, 24);
  bytes.writeBigUInt64LE(1n, 32);
  for (const at of [0, 4, 8, 12, 16]) bytes.writeInt32LE(7, 40 + at);
  bytes.write('from-bpftree', 40 + 57);
  bytes.write('NA', 40 + 73);
  bytes.write('a\0b\0', 40 + 585);
  bytes.writeInt32LE(9, 40 + 1097);
  bytes.write('/dev/null', 40 + 1097 + 24);
  return bytes;
}

test('a capture of bpftree is read, and what it does not have is said', async (t) => {
  const path = join(folder(t), 'old.tree');
  writeFileSync(path, bpftreeCapture());
  const info = ['info', 'comm', 'from-bpftree', '-n', '-c', path];
  const { code, out, err } = text(await bpfkit([...info, '-f', 'tid,e,cmd,rss']));
  assert.deepEqual(
    { code, out },
    {
      code: 0,
      out: "- Task Info for 'comm=from-bpftree'\n* [from-bpftree] t: 7, e: NA, cmd: a,b, rss: NA\n",
    },
  );
  assert.match(err, /^\/!\\ the capture does not have rss: /);
  const files = text(await bpfkit(['files', 'tid', '7', '-n', '-c', path]));
  assert.equal(files.code, 0);
  assert.match(files.err, /Task with tid '9' not found in the table during file info population\.$/m);
  assert.match(files.out, /No files found for this task\./);
});

test('a capture that was cut or changed is refused with the place', forRoot, async (t) => {
  const root = folder(t);
  const path = join(root, 'a.cap');
  assert.equal((await bpfkit(['dump', path])).code, 0);
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.length - 1));
  const cut = text(await bpfkit(['tree', 'pid', '1', '-c', path, '-n']));
  assert.deepEqual([cut.code, cut.out], [1, '']);
  assert.match(cut.err, /^X the capture is cut short at byte \d+: /);
  whole[whole.length - 9]! ^= 4;
  writeFileSync(path, whole);
  const changed = text(await bpfkit(['files', 'pid', '1', '-c', path, '-n']));
  assert.match(changed.err, /^X the capture is damaged at byte \d+: the checksum of a section is wrong\n$/);
});

test('a live view of a capture is wrong usage', async () => {
  const { code, err } = text(await bpfkit(['tree', '--watch', '-c', 'x']));
  assert.equal(code, 2);
  assert.match(err, /'--watch' follows this machine: it does not take '-c'/);
});
