import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldObjects } from './bpf-objects.ts';
import { RunningCommand, run } from './command.ts';
import { waitUntil } from './wait.ts';

test('a command gives its exit code and both outputs', async () => {
  const result = await run('sh', ['-c', 'cat; echo err >&2; exit 3'], { input: 'in' });
  assert.equal(result.code, 3);
  assert.equal(result.stdout.toString(), 'in');
  assert.equal(result.stderr.toString(), 'err\n');
});

test('a command that does not end is killed and named', async () => {
  await assert.rejects(run('sleep', ['60'], { within: 50 }), /sleep 60: not done within 50 ms/);
});

test('a running command can be watched and stopped', async () => {
  const command = new RunningCommand('sh', [
    '-c',
    'trap "echo bye; exit 0" INT; echo ready; while :; do sleep 0.02; done',
  ]);
  await command.saw(/ready/);
  command.signal('SIGINT');
  const { code, stdout } = await command.result();
  assert.deepEqual([code, stdout.toString()], [0, 'ready\nbye\n']);
});

test('waiting for output of a command that ended fails at once', async () => {
  await assert.rejects(new RunningCommand('true', []).saw(/never/), /ended without/);
});

test('a condition that never holds is named', async () => {
  await assert.rejects(
    waitUntil('the moon', () => false, 20),
    /waited 20 ms for the moon/,
  );
});

test('a process without BPF holds no BPF objects', () => {
  assert.deepEqual(heldObjects(), []);
});
