import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerOf } from './derived.ts';
import { cgroupPaths } from './lookup.ts';
import { snapshotOf } from './plain.ts';
import { ValueState } from './snapshot.ts';
import { dateText, durationText, sizeText, stateBits, stateLetter } from './units.ts';

const ID = '0123456789abcdef'.repeat(4);

for (const [path, container] of [
  [`/docker/${ID}`, ID],
  [`/system.slice/docker-${ID}.scope`, ID],
  [`/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`, ID],
  [`/machine.slice/libpod-${ID}.scope/container/nginx`, ID],
  [`/kubepods/besteffort/pod1/${ID}`, ID],
  [`/crio-${ID}`, ID],
  ['/lxc.payload.web', 'web'],
  ['/lxc.payload/web/init.scope', 'web'],
  ['/', undefined],
  ['/user.slice/user-0.slice/session-1.scope', undefined],
  [`/x/${ID}0`, undefined],
  [`/x/${ID.slice(1)}`, undefined],
  [`/x/${ID.toUpperCase()}`, undefined],
  ['/lxc.payload.', undefined],
] as const) {
  test(`the container of ${path.slice(0, 60)}`, () => assert.equal(containerOf(path), container));
}

test('run time, container and identity come from other fields', () => {
  const snapshot = snapshotOf(
    [{ tid: 7, start_time: 100n, cgroup: `/docker/${ID}` }, { tid: 8, start_time: 900n }, { tid: 9 }],
    { uptime: 500n, bootId: 'boot' },
  );
  const run = snapshot.longs('run_time');
  assert.deepEqual(
    [...run.values].slice(0, 2),
    [400n, 0n],
    'a task that is younger than the clock runs since now',
  );
  assert.deepEqual([...run.absent], [0, 0, 1]);
  const text = (field: string, row: number): string => Buffer.from(snapshot.bytes(field, row)).toString();
  assert.equal(text('container', 0), ID);
  assert.equal(text('id', 0), 'boot:7:100');
  assert.equal(text('id', 1), 'boot:8:900');
  assert.equal(snapshot.state('id', 2), ValueState.absent);
  assert.equal(snapshot.state('container', 1), ValueState.absent);
});

test('without the time of the snapshot, and without a boot id, there is no run time and no identity', () => {
  const snapshot = snapshotOf([{ tid: 7, start_time: 100n }]);
  assert.deepEqual([...snapshot.longs('run_time').absent], [1]);
  assert.equal(snapshot.state('id', 0), ValueState.absent);
});

test('one task is asked for each cgroup, the next one where it has ended', () => {
  const asked: number[] = [];
  const answers = new Map([
    [2, '12:cpu:/old\n0::/a\n'],
    [3, '0::/b\n'],
    [5, '1:name=systemd:/\n'],
  ]);
  const ids = { values: BigInt64Array.of(1n, 1n, 2n, 1n, 3n, 0n), absent: Uint8Array.of(0, 0, 0, 0, 0, 1) };
  const paths = cgroupPaths(Int32Array.of(1, 2, 3, 4, 5, 6), ids, (tid) => {
    asked.push(tid);
    const text = answers.get(tid);
    if (text === undefined) throw new Error('it ended');
    return Buffer.from(text);
  });
  assert.deepEqual(asked, [1, 2, 3, 5, 6]);
  const shown = [...paths.start].map((from, i) =>
    paths.state[i] === ValueState.absent
      ? null
      : Buffer.from(paths.data.subarray(from, from + paths.length[i]!)).toString(),
  );
  assert.deepEqual(shown, ['/a', '/a', '/b', '/a', null, null]);
});

test('states have the letters of /proc', () => {
  const cases: [bits: bigint, letter: string][] = [
    [0n, 'R'],
    [1n, 'S'],
    [2n, 'D'],
    [4n, 'T'],
    [8n, 't'],
    [0x10n, 'X'],
    [0x20n, 'Z'],
    [0x40n, 'P'],
    [0x402n, 'I'],
    [0x102n, 'D'],
    [0x8000n, 'D'],
    [0x1000n, 'D'],
    [0x80n | 0x20n, 'Z'],
  ];
  for (const [bits, letter] of cases) assert.equal(stateLetter(bits), letter, bits.toString(16));
  for (const letter of 'RSDTtXZPI') assert.equal(stateLetter(stateBits(letter)!), letter);
  assert.equal(stateBits('Q'), undefined);
});

test('times and sizes', () => {
  assert.equal(durationText(0n), '00:00:00.000');
  assert.equal(durationText(3_723_004_999_999n), '01:02:03.004');
  assert.equal(durationText(90_061_000_000_000n), '1d 01:01:01.000');
  assert.equal(durationText(-1_500_000_000n), '-00:00:01.500');
  assert.equal(dateText(1_795_212_000_999_999_999n), '2026-11-20T22:00:00Z');
  assert.equal(dateText(1n << 63n), '2262-04-11T23:47:16Z');
  assert.equal(dateText(-(1n << 70n)).length > 0, true);
  assert.equal(sizeText(4096n), '4K');
  assert.equal(sizeText(1025n), '1025');
});
