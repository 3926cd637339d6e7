/** Open files of this machine, through the built command line. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { bpfkit } from '../support/command.ts';

const forRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };

/** A process that prints a line when it is ready; killed when the test ends. */
async function started(t: TestContext, file: string, words: readonly string[]): Promise<number> {
  const child: ChildProcess = spawn(file, [...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
  });
  assert.ok(child.pid);
  return child.pid;
}

/** bpftree's lines, made from /proc. */
function expectedLines(pid: number): string[] {
  const numbers = readdirSync(`/proc/${pid}/fd`).map(Number);
  return numbers
    .sort((a, b) => a - b)
    .map((fd) => {
      const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
      const value = (key: string): string => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(info)?.[1] ?? '';
      const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
      const flags = path.startsWith('/') ? 'MOUNTABLE' : 'NOT_MOUNTABLE';
      return `(${fd}): path: ${path}, ino: ${value('ino')}, flags: (${flags}), mount_id: ${value('mnt_id')}`;
    });
}

test('the files of a process are those of /proc, in the lines of bpftree', forRoot, async (t) => {
  const pid = await started(t, 'sh', ['-c', 'exec 7>/dev/null 9</etc; echo ready; exec sleep 1000']);
  const { code, stdout, stderr } = await bpfkit(['files', 'tid', String(pid), '-n']);
  assert.equal(stderr.toString(), '');
  assert.equal(code, 0);
  const lines = stdout.toString().split('\n');
  // The shell prints before it becomes the other program; its name is the only thing that changes.
  assert.match(lines[1]!, new RegExp(`^- Files for task \\[(sh|sleep)\\]\\(${pid}-${pid}\\):$`));
  assert.deepEqual(lines, [`* Task Files for 'tid=${pid}'`, lines[1], ...expectedLines(pid), '', '']);
  const pretty = await bpfkit(['fds', 't', String(pid)]);
  assert.ok(pretty.stdout.toString().startsWith(`📁 Task Files for 'tid=${pid}'\n🗒️ Files for task [`));
});

test('a file of the image and a changed one are told apart on overlayfs', forRoot, async (t) => {
  // In a mount namespace of its own: it goes away with the process.
  const script = `mount -t tmpfs none /mnt && mkdir /mnt/low /mnt/up /mnt/work /mnt/all &&
    echo one > /mnt/low/image && echo two > /mnt/low/changed && mkdir /mnt/low/folder &&
    mount -t overlay none -o lowerdir=/mnt/low,upperdir=/mnt/up,workdir=/mnt/work /mnt/all || { echo no; exec sleep 1000; }
    exec 5</mnt/all/image 6>>/mnt/all/changed 7>/mnt/all/new 8</mnt/all/folder; echo ready; exec sleep 1000`;
  const pid = await started(t, 'unshare', ['-m', 'sh', '-c', script]);
  const { stdout } = await bpfkit(['files', 'tid', String(pid), '--json']);
  const files = stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const layers = new Map(files.map((file) => [file.fd, `${file.filesystem} ${file.layer}`]));
  if (!layers.has(5)) {
    t.skip('needs overlayfs: it could not be mounted');
    return;
  }
  assert.deepEqual(
    [5, 6, 7, 8].map((fd) => layers.get(fd)),
    ['overlay lower', 'overlay upper', 'overlay upper', 'overlay lower'],
  );
  const text = (await bpfkit(['files', 'tid', String(pid)])).stdout.toString();
  assert.match(text, /^\(5\): path: .*image, ino: \d+, flags: \(MOUNTABLE, LOWER_LAYER\), mount_id: \d+$/m);
  assert.match(text, /^\(7\): path: .*new, ino: \d+, flags: \(MOUNTABLE, UPPER_LAYER\), mount_id: \d+$/m);
});

test('a long line has the type, the flags and the position', forRoot, async (t) => {
  const fd = openSync('/etc/passwd', 'r');
  t.after(() => closeSync(fd));
  const { stdout } = await bpfkit(['files', 'tid', String(process.pid), '-l']);
  const line = stdout
    .toString()
    .split('\n')
    .find((one) => one.startsWith(`(${fd}): path: /etc/passwd, `));
  assert.match(
    line ?? '',
    /type: regular, open: \(O_RDONLY, (O_LARGEFILE, )?O_CLOEXEC\), pos: 0, size: \d+, dev: \d+:\d+/,
  );
});

test('what cannot be asked for is refused in one sentence', forRoot, async () => {
  const format = await bpfkit(['files', 'tid', '1', '-n', '-f', 'tid']);
  assert.equal(format.code, 2);
  assert.equal(format.stderr.toString(), "X format fields are not yet supported for 'files,fds' command\n");
  const field = await bpfkit(['files', 'tidd', '1', '-n', '-f', 'x']);
  assert.equal(field.code, 2);
  assert.match(field.stderr.toString(), /^X invalid field name 'tidd'\n/);
  const nobody = await bpfkit(['files', 'tid', '0', '-n']);
  assert.equal(nobody.code, 1);
  assert.equal(nobody.stderr.toString(), "X There are no tasks with 'tid=0' in the system\n");
  assert.equal(nobody.stdout.toString(), '');
  assert.equal((await bpfkit(['files', 'tid'])).code, 2);
});
