/** The built command line as people run it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bpfkit } from '../support/command.ts';
import { projectRoot } from '../support/project.ts';

const launcher = join(projectRoot, 'dist/bpfkit.cjs');

test('version, help and fields need no kernel', async () => {
  const version = await bpfkit(['--version']);
  assert.match(version.stdout.toString(), /^bpfkit \d+\.\d+\.\d+\n$/);
  assert.match((await bpfkit([])).stdout.toString(), /^Usage: bpfkit <command>/);
  const json = (await bpfkit(['fields', '--json'])).stdout.toString().split('\n').length;
  assert.ok(json > 19, 'bpftree has 19 fields');
  // The table has two lines of heading.
  assert.equal((await bpfkit(['fields'])).stdout.toString().split('\n').length, json + 2);
});

test('wrong usage is exit code 2 and says so on standard error only', async () => {
  const { code, stdout, stderr } = await bpfkit(['tre', 'pid', '1']);
  assert.equal(code, 2);
  assert.equal(stdout.length, 0);
  assert.equal(
    stderr.toString(),
    "bpfkit: unknown command 'tre': did you mean tree?\nTry 'bpfkit --help'.\n",
  );
});

test('a reader that goes away at once is not an error', async () => {
  const child = spawn(process.execPath, [launcher, 'fields'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.deepEqual({ code, err }, { code: 0, err: '' });
});

test('a full disk is an error', () => {
  const fd = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [launcher, 'fields'], {
    stdio: ['ignore', fd, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(fd);
  assert.equal(status, 1);
  assert.equal(stderr, 'bpfkit: writing to standard output failed: ENOSPC\n');
});

test('bash completes through the script', (t) => {
  if (spawnSync('bash', ['-c', 'true']).status !== 0) return t.skip('needs bash');
  const script = `
    bpfkit() { ${process.execPath} ${launcher} "$@"; }
    source <(bpfkit completion bash)
    COMP_WORDS=(bpfkit tree "$1"); COMP_CWORD=2
    _bpfkit
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', 'rp'], { encoding: 'utf8' });
  assert.equal(stdout, 'rptid\nrppid\n');
});
