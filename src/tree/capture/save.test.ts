import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileTable } from '../files/model.ts';
import { readFileRecords } from '../files/record.ts';
import { snapshotOf } from '../plain.ts';
import { CaptureError } from './errors.ts';
import { openCapture } from './open.ts';
import { saveCapture } from './save.ts';
import { encodeCapture } from './write.ts';

const capture = encodeCapture(
  snapshotOf([{ tid: 1, pid: 1, comm: 'init' }]),
  new FileTable(readFileRecords(new Uint8Array())),
);

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'bpfkit-capture-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof CaptureError, String(error));
    return error.message;
  }
  return 'done';
}

test('a capture is saved, replaced and read; nobody else may read it', (t) => {
  const path = join(folder(t), 'a.cap');
  saveCapture(path, Buffer.from('old'));
  saveCapture(path, capture);
  assert.deepEqual(readFileSync(path), Buffer.from(capture));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(openCapture(path).snapshot.count, 1);
  assert.deepEqual(readdirSync(join(path, '..')), ['a.cap']);
});

test('directories, links and sockets are refused with a sentence, and stay what they are', async (t) => {
  const root = folder(t);
  const [target, link, dangling, socket] = ['target', 'link', 'dangling', 'socket'].map((one) =>
    join(root, one),
  );
  mkdirSync(join(root, 'directory'));
  writeFileSync(target!, 'mine');
  symlinkSync('target', link!);
  symlinkSync('nowhere', dangling!);
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const sentence = (path: string): string => refusal(() => saveCapture(path, capture)).replace(root, '');
  assert.equal(
    sentence(join(root, 'directory')),
    "cannot create dump file. '/directory' is a directory: name a file in it",
  );
  for (const [path, name] of [
    [link!, 'link'],
    [dangling!, 'dangling'],
  ] as const) {
    assert.equal(
      sentence(path),
      `cannot create dump file. '/${name}' is a symbolic link, which is not followed: name the file itself`,
    );
    assert.ok(lstatSync(path).isSymbolicLink());
  }
  assert.equal(
    sentence(socket!),
    "cannot create dump file. '/socket' is not a file: name one that is, or a new one",
  );
  assert.equal(readFileSync(target!, 'utf8'), 'mine');
  assert.equal(
    sentence(join(root, 'no/folder')),
    "cannot create dump file. '/no/folder': no such file or directory",
  );
  assert.equal(sentence(join(target!, 'x')), "cannot create dump file. '/target/x': not a directory");
  assert.deepEqual(readdirSync(root).sort(), ['dangling', 'directory', 'link', 'socket', 'target']);
});

test('a full device is an error, and a device is not replaced by a file', () => {
  assert.equal(
    refusal(() => saveCapture('/dev/full', capture)),
    "cannot create dump file. '/dev/full': no space left on device",
  );
  saveCapture('/dev/null', capture);
  assert.ok(lstatSync('/dev/full').isCharacterDevice());
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
});

test('a file system that is full leaves the old file, and nothing beside it', (t) => {
  const root = folder(t);
  if (process.geteuid?.() !== 0) return t.skip('needs root: to mount a file system');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', root]);
  } catch {
    return t.skip('needs mount: refused here');
  }
  try {
    const path = join(root, 'a.cap');
    saveCapture(path, capture);
    const message = refusal(() => saveCapture(path, new Uint8Array(1024 * 1024)));
    assert.equal(message.replace(root, ''), "cannot create dump file. '/a.cap': no space left on device");
    assert.deepEqual(readFileSync(path), Buffer.from(capture));
    assert.deepEqual(readdirSync(root), ['a.cap']);
  } finally {
    execFileSync('umount', [root]);
  }
});

const SIZE = 16e6;

/** Sends the signal in the middle of a write; on a busy machine a write may be over before anybody has looked. */
async function interrupted(root: string, signal: NodeJS.Signals): Promise<{ signal: string | null }> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const by = await interruptedOnce(root, signal);
    if (by !== undefined) return { signal: by };
  }
  return assert.fail('the new file was never seen');
}

/** Whether a process has a file without a name in a folder. */
function isWriting(pid: number, root: string): boolean {
  try {
    const fds = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return fds.some((path) => path.startsWith(`${root}/`) && path.endsWith(' (deleted)'));
  } catch {
    return false;
  }
}

/** Sends the signal as soon as the new file is there; undefined if it was never seen. */
async function interruptedOnce(root: string, signal: NodeJS.Signals): Promise<string | null | undefined> {
  const save = new URL(`./save${extname(import.meta.url)}`, import.meta.url).href;
  const body = `import { saveCapture } from ${JSON.stringify(save)};
    saveCapture(${JSON.stringify(join(root, 'a.cap'))}, new Uint8Array(${SIZE}));`;
  const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', body]);
  const ended = new Promise<string | null>((resolve) => child.once('exit', (_, by) => resolve(by)));
  let running = true;
  void ended.then(() => {
    running = false;
  });
  let sent = false;
  while (running) {
    if (!sent && child.pid !== undefined && isWriting(child.pid, root)) {
      sent = true;
      child.kill(signal);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const by = await ended;
  return sent ? by : undefined;
}

test('Ctrl-C in the middle of a write leaves the whole file, and nothing beside it', async (t) => {
  const root = folder(t);
  saveCapture(join(root, 'a.cap'), capture);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    await interrupted(root, signal);
    assert.deepEqual(readdirSync(root), ['a.cap']);
    assert.equal(statSync(join(root, 'a.cap')).size, SIZE);
  }
});

test('kill -9 in the middle of a write leaves a whole file, and nothing beside it', async (t) => {
  const root = folder(t);
  const path = join(root, 'a.cap');
  saveCapture(path, capture);
  const { signal } = await interrupted(root, 'SIGKILL');
  assert.equal(signal, 'SIGKILL');
  assert.deepEqual(readdirSync(root), ['a.cap']);
  // Or it has the new content, when the process was too quick.
  if (statSync(path).size !== SIZE) assert.deepEqual(readFileSync(path), Buffer.from(capture));
});

test('what cannot be opened is said in the words of bpftree', (t) => {
  const root = folder(t);
  const path = join(root, 'none');
  assert.equal(
    refusal(() => openCapture(path)),
    `unable to open file '${path}'. open ${path}: no such file or directory`,
  );
  assert.match(
    refusal(() => openCapture(root)),
    /failed: is a directory$/,
  );
  assert.ok(!existsSync(path));
});

test('a capture can come through a pipe', () => {
  // A command's redirection is a pipe: it has no size.
  const code = `import { openCapture } from ${JSON.stringify(new URL(`./open${extname(import.meta.url)}`, import.meta.url).href)};
    console.log(openCapture('-').snapshot.count)`;
  const { stdout } = spawnSync(process.execPath, [...process.execArgv, '--input-type=module', '-e', code], {
    input: capture,
  });
  assert.equal(stdout.toString(), '1\n');
});
