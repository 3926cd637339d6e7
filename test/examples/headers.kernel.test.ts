/** Programs that are written for bpfkit's own BPF headers read their arguments right. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { bash, lacks, packageShows } from '../support/examples.ts';
import { Observed, testPrograms } from '../support/programs.ts';

test('BPF_USDT gives the arguments of a marker, of every size and sign', async (t) => {
  if (lacks(t, undefined)) return;
  const { probed } = testPrograms();
  using program = new Observed(probed);
  const shown = await packageShows(
    'markers',
    { options: { json: true, attach: { target: `${probed}:probed:plain`, pid: program.pid } } },
    () => program.ask('usdt 3'),
    /"number":-2,/,
  );
  const event = shown.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const { wide, ...others } = event.find(({ number }) => number === -2)!;
  assert.equal(wide, 2 * 2 ** 33);
  assert.deepEqual(others, {
    number: -2,
    constant: -7,
    count: 4,
    sizes: [4, 8],
    beyond: -2,
    text: 'some text',
  });
});

test('BPF_KSYSCALL gives the arguments of a system call, BPF_PROG2 those that are structs', async (t) => {
  if (lacks(t, 'kprobe') || lacks(t, 'fentry')) return;
  const uid = 12_345;
  const act = (): void => {
    bash('kill -0 $$');
    spawnSync('busybox', ['id', '-u'], { uid });
  };
  const shown = await packageShows('calls', { words: ['--user', `${uid}`] }, act, /by fexit/);
  assert.match(shown, / bash-(\d+): kill of \1 by 0\n.* bash-\1: kill gave 0$/m);
  assert.match(
    shown,
    /: from_kuid_munged of 12345, level 0\n.*: from_kuid_munged of 12345 gave 12345, level 0, by fexit/m,
  );
});
