/** The built command on each guest: what it shows is what /proc says there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bpfkit } from '../support/command.ts';

async function json(...words: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await bpfkit([...words, '--json']);
  assert.equal(code, 0, stderr.toString());
  return stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('the tree, its fields, and any field of the kernel by its path', async () => {
  const child = spawn('sleep', ['61'], { stdio: 'ignore' });
  try {
    await new Promise((resolve) => child.once('spawn', resolve));
    const [task] = await json('info', 'pid', String(child.pid), '-f', 'pid,ppid,comm,cmdline,exepath,state');
    assert.deepEqual(task?.cmdline, ['sleep', '61']);
    assert.equal(task?.exepath, readlinkSync(`/proc/${child.pid}/exe`));
    assert.equal(task?.ppid, process.pid);
    assert.equal(task?.state, 'S');
    const tree = (await bpfkit(['tree', 'pid', String(process.pid), '-n'])).stdout.toString();
    assert.match(tree, new RegExp(`─ \\[sleep\\] tid: ${child.pid}, pid: ${child.pid}\\n`));
    const lineage = (await bpfkit(['lineage', 'pid', String(child.pid), '-n'])).stdout.toString();
    assert.match(
      lineage,
      new RegExp(`V \\[sleep\\] tid: ${child.pid}[^\\n]*\\nV \\[node\\] tid: ${process.pid},`),
    );
    const condition = `comm == "sleep" && task.real_parent.tgid == ${process.pid}`;
    const found = await json('info', '--where', condition, '-f', 'pid,task.prio,task.signal.nr_threads');
    assert.deepEqual(found, [{ ...found[0], pid: child.pid, 'task.prio': 120, 'task.signal.nr_threads': 1 }]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('open files, and a capture that says the same afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-'));
  const fd = openSync(join(folder, 'open'), 'w');
  try {
    const files = await json('files', 'pid', String(process.pid));
    assert.equal(files.find((file) => file.fd === fd)?.path, join(folder, 'open'));
    const capture = join(folder, 'capture');
    assert.equal((await bpfkit(['dump', capture])).code, 0);
    const [then] = await json('info', 'pid', String(process.pid), '-c', capture);
    assert.equal(then?.pid, process.pid);
    const fields = ['pid', 'ppid', 'comm', 'cmdline', 'exepath', 'start_time'];
    const [now] = await json('info', 'pid', String(process.pid), '-f', fields.join());
    const [saved] = await json('info', 'pid', String(process.pid), '-f', fields.join(), '-c', capture);
    assert.deepEqual(saved, now);
    assert.equal((await bpfkit(['diff', capture, capture])).code, 0);
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
});

test('one-liners of the tracing language count, look into structs and end', async () => {
  for (const [script, wanted, command] of [
    ['kprobe:vfs_read { @ = count() } interval:ms:100 { exit() }', /@: [1-9]\d*/],
    [
      'tracepoint:sched:sched_switch { @[args.next_pid == 0] = count() } interval:ms:300 { exit() }',
      /@\[(0|false)\]: \d+/,
    ],
    ['interval:ms:100 { printf("%d %s\\n", curtask.tgid == pid, comm); exit() }', /^1 \S+/m],
    [
      'fentry:vfs_read /pid == cpid/ { printf("%s\\n", str(args.file.f_path.dentry.d_name.name)) }',
      /^version$/m,
      'wc /proc/version',
    ],
  ] as const) {
    const under = command === undefined ? [] : ['-c', command];
    const { code, stdout, stderr } = await bpfkit(['trace', '-e', script, ...under]);
    assert.equal(code, 0, `${script}: ${stderr}`);
    assert.match(stdout.toString(), wanted, script);
  }
});

test('the doctor finds nothing that stands in the way', async () => {
  const { code, stdout } = await bpfkit(['doctor']);
  assert.equal(code, 0, stdout.toString());
  const release = readFileSync('/proc/sys/kernel/osrelease', 'latin1').trim();
  assert.ok(stdout.includes(release), stdout.toString());
});
