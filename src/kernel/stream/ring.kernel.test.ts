import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { closeAll } from '../link/link.ts';
import { attachRawTracepoint } from '../link/raw-tracepoint.ts';
import { MapType } from '../spec.ts';
import { Flood, getppidLoop, makeMap } from './bare.ts';
import { StreamError } from './errors.ts';
import { RingBuffer } from './ring.ts';

async function getppids(count: number): Promise<void> {
  const worker = new Worker(getppidLoop(count), { eval: true });
  await once(worker, 'exit');
}

/** Low and high half: sequence numbers of tests stay far below 2^53. */
function sequence(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}

test('a flood into a small ring: delivered + dropped = produced, to the last record', async () => {
  const flood = new Flood('ring', 4096);
  const ring = new RingBuffer(flood.events.number, 4096, { lost: flood.lost.since(0) });
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  try {
    let last = -1;
    let disorder = 0;
    const reading = ring.each((memory, offset, length) => {
      const number = sequence(memory.view, offset);
      if (number <= last || length !== 64) disorder++;
      last = number;
    });
    await getppids(100_000);
    link.close();
    ring.finish();
    await reading;
    const { delivered, droppedInKernel, produced } = ring.ledger.read();
    assert.equal(disorder, 0);
    assert.ok(produced >= 100_000n);
    assert.equal(produced, flood.produced);
    assert.equal(delivered + droppedInKernel, produced);
    assert.ok(droppedInKernel > 0n, 'a ring of 4 KiB cannot hold this flood');
  } finally {
    await closeAll([link]);
    ring.close();
    flood.close();
  }
});

test('a flood into a large ring is delivered whole, without a wake-up per record', async () => {
  const flood = new Flood('ring', 1 << 24);
  const ring = new RingBuffer(flood.events.number, 1 << 24, { lost: flood.lost.since(0) });
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  try {
    let expected = 0;
    let gaps = 0;
    const reading = (async () => {
      for await (const batch of ring.batches((view, offset) => sequence(view, offset))) {
        for (const number of batch) if (number !== expected++) gaps++;
      }
    })();
    await getppids(200_000);
    link.close();
    ring.finish();
    await reading;
    assert.equal(gaps, 0);
    assert.equal(BigInt(expected), flood.produced);
    assert.equal(ring.ledger.read().droppedInKernel, 0n);
    assert.ok(ring.wakeups.edges < 2000, `${ring.wakeups.edges} wake-ups by the kernel`);
  } finally {
    link.close();
    ring.close();
    flood.close();
  }
});

test('no record is lost between two sleeps, at any pace', async () => {
  const flood = new Flood('ring', 1 << 20);
  const ring = new RingBuffer(flood.events.number, 1 << 20);
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  try {
    // Pauses from nothing to several milliseconds hit the moments before, while and after falling asleep.
    const worker = new Worker(
      `const wait = new Int32Array(new SharedArrayBuffer(4));
       for (let i = 0; i < 300; i++) {
         for (let j = 0; j <= i % 7; j++) process.ppid;
         const pause = (i * 37) % 23;
         if (pause < 10) { const until = performance.now() + pause / 10; while (performance.now() < until); }
         else Atomics.wait(wait, 0, 0, (pause - 10) / 4);
       }`,
      { eval: true },
    );
    const done = once(worker, 'exit').then(async () => {
      // Everything must come by itself: no nudge, only the kernel's wake-ups.
      const until = performance.now() + 1000;
      while (ring.ledger.read().delivered < flood.produced && performance.now() < until) await sleep(5);
      const { delivered } = ring.ledger.read();
      ring.close();
      return delivered;
    });
    await ring.each(() => {});
    assert.equal(await done, flood.produced);
  } finally {
    link.close();
    ring.close();
    flood.close();
  }
});

test('a slow loop leaves records in the ring, and what does not fit is counted', async () => {
  const flood = new Flood('ring', 4096);
  const ring = new RingBuffer(flood.events.number, 4096, { lost: flood.lost.since(0) });
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  try {
    await getppids(100);
    let taken = 0;
    for await (const record of ring.records(undefined, { size: 1 })) {
      assert.equal(record.length, 64);
      if (++taken === 10) break;
    }
    link.close();
    assert.equal(ring.ledger.read().delivered, 10n);
    ring.consume(() => {});
    const { delivered, droppedInKernel, droppedInUser } = ring.ledger.read();
    assert.equal(droppedInUser, 0n);
    assert.equal(delivered + droppedInKernel, flood.produced);
  } finally {
    link.close();
    ring.close();
    flood.close();
  }
});

test('an idle ring costs no CPU time and sets no timer', async () => {
  const flood = new Flood('ring', 1 << 16);
  const ring = new RingBuffer(flood.events.number, 1 << 16);
  try {
    const reading = ring.each(() => {});
    await sleep(20);
    const { ticks, edges } = ring.wakeups;
    const before = process.cpuUsage();
    await sleep(500);
    const { user, system } = process.cpuUsage(before);
    // Spinning would take all of it. Emulated machines need a few milliseconds for the timer of this test.
    assert.ok(user + system < 100_000, `${user + system} microseconds of CPU in half a second`);
    assert.deepEqual(ring.wakeups, { ticks, edges });
    ring.close();
    await reading;
  } finally {
    ring.close();
    flood.close();
  }
});

test('closing inside a reader function ends the reading, and the memory is not touched again', async () => {
  const flood = new Flood('ring', 1 << 16);
  const ring = new RingBuffer(flood.events.number, 1 << 16);
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  try {
    await getppids(10);
    let seen = 0;
    await ring.each(() => {
      seen++;
      ring.close();
    });
    assert.equal(seen, 1);
    assert.deepEqual(ring.ledger.read(), {
      delivered: 1n,
      droppedInKernel: 0n,
      droppedInUser: flood.produced - 1n,
      produced: flood.produced,
    });
    assert.throws(
      () => ring.consume(() => {}),
      (error: unknown) => error instanceof StreamError && error.code === 'closed',
    );
  } finally {
    link.close();
    ring.close();
    flood.close();
  }
});

test('a map that is no ring buffer, and a wrong size, are refused with what the kernel says', () => {
  const array = makeMap(MapType.array, { keySize: 4, valueSize: 4, maxEntries: 1 });
  const ring = makeMap(MapType.ringBuffer, { maxEntries: 4096 });
  try {
    assert.throws(() => new RingBuffer(array.number, 4096), { name: 'SysError' });
    assert.throws(() => new RingBuffer(ring.number, 8192), { name: 'SysError', code: 'EINVAL' });
    assert.throws(() => new RingBuffer(ring.number, 5000), { name: 'StreamError', code: 'invalid' });
  } finally {
    array.close();
    ring.close();
  }
});
