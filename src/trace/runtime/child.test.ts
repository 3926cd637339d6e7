import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Child, splitCommand } from './child.ts';
import { ScriptFailure } from './errors.ts';

test('words of a command, as a shell splits them without its other powers', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['ls -l /tmp', ['ls', '-l', '/tmp']],
    ['  a   b ', ['a', 'b']],
    [`echo "a b" 'c d'`, ['echo', 'a b', 'c d']],
    [`echo "a 'b' c"`, ['echo', "a 'b' c"]],
    ['echo a\\ b', ['echo', 'a b']],
    [`echo 'a\\b'`, ['echo', 'a\\b']],
    [`echo ""`, ['echo', '']],
    [`a"b"c`, ['abc']],
    ['$(reboot) ; `x` > y', ['$(reboot)', ';', '`x`', '>', 'y']],
    ['', []],
  ];
  for (const [text, words] of cases) assert.deepEqual(splitCommand(text), words, text);
});

test('a child waits stopped until it is released, and tells its end', async () => {
  const child = await Child.start('/bin/true');
  assert.match(readFileSync(`/proc/${child.pid}/stat`, 'latin1'), /\) T /);
  const ended = new Promise<void>((resolve) => child.onEnd(resolve));
  child.release();
  await ended;
  assert.equal(child.running, false);
  child.close();
});

test('a child that was never released does not run', async () => {
  const child = await Child.start('/bin/sleep 60');
  const ended = new Promise<void>((resolve) => child.onEnd(resolve));
  child.close();
  await ended;
});

test('a command that is not there fails before anything is started', async () => {
  await assert.rejects(Child.start('/no/such/program x'), ScriptFailure);
  await assert.rejects(Child.start('no-such-program'), ScriptFailure);
  await assert.rejects(Child.start('/etc/passwd'), ScriptFailure);
  await assert.rejects(Child.start('/tmp'), ScriptFailure);
  await assert.rejects(Child.start('  '), ScriptFailure);
});
