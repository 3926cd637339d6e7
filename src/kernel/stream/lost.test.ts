import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LostCounters, lostCounterOffset, lostLayout } from './lost.ts';

test('each stream and CPU has a cache line of its own, CPUs rounded up to a power of two', () => {
  const layout = lostLayout(3, 6);
  assert.deepEqual(layout, { streams: 3, cpus: 8, valueSize: 1536 });
  const offsets = new Set<number>();
  for (let stream = 0; stream < 3; stream++) {
    for (let cpu = 0; cpu < 8; cpu++) offsets.add(lostCounterOffset(layout, stream, cpu));
  }
  assert.equal(offsets.size, 24);
  assert.ok([...offsets].every((offset) => offset % 64 === 0 && offset + 64 <= layout.valueSize));
  assert.equal(lostLayout(1, 1).valueSize, 64);
  assert.equal(lostLayout(1, 128).cpus, 128);
});

test('counts are sums over all CPUs, and readers take differences', () => {
  const layout = lostLayout(2, 4);
  const value = new ArrayBuffer(4096);
  const words = new BigUint64Array(value);
  const counters = new LostCounters(layout, value);
  const add = (stream: number, cpu: number, count: bigint): void => {
    words[lostCounterOffset(layout, stream, cpu) / 8]! += count;
  };
  add(0, 0, 5n);
  add(0, 3, 2n ** 53n + 1n);
  add(1, 1, 9n);
  assert.equal(counters.total(0), 2n ** 53n + 6n);
  const since = counters.since(1);
  add(1, 2, 3n);
  assert.equal(counters.total(1), 12n);
  assert.equal(since.read(), 3n);
});

test('a counter that wraps still gives the right difference', () => {
  const value = new ArrayBuffer(64);
  const words = new BigUint64Array(value);
  words[0] = 2n ** 64n - 2n;
  const since = new LostCounters(lostLayout(1, 1), value).since(0);
  words[0] = 3n;
  assert.equal(since.read(), 5n);
});

test('impossible layouts are typed errors', () => {
  assert.throws(() => lostLayout(0, 4), { name: 'StreamError', code: 'invalid' });
  assert.throws(() => lostLayout(1, 0), { name: 'StreamError', code: 'invalid' });
  assert.throws(() => new LostCounters(lostLayout(1, 4), new ArrayBuffer(64)), { code: 'invalid' });
  assert.throws(() => new LostCounters(lostLayout(1, 1), new ArrayBuffer(64)).total(1), { code: 'invalid' });
});
