import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { onlineCpus, possibleCpus } from '../cpus.ts';
import { attachRawTracepoint } from '../link/raw-tracepoint.ts';
import { Flood, getppidLoop } from './bare.ts';
import { PerfBuffer } from './perf.ts';

async function getppids(count: number): Promise<void> {
  await once(new Worker(getppidLoop(count), { eval: true }), 'exit');
}

test('records of a perf buffer arrive whole, in order on each CPU, with the padding cut off', async () => {
  const flood = new Flood('perf', 0, 24);
  const perf = new PerfBuffer(flood.events.number, { recordSize: 24 });
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  try {
    const seen = new Set<bigint>();
    const reading = (async () => {
      for await (const record of perf.records()) {
        assert.equal(record.length, 24);
        const view = new DataView(record.buffer);
        assert.equal(view.getBigUint64(16, true), 0n);
        seen.add(view.getBigUint64(0, true));
      }
    })();
    await getppids(2000);
    link.close();
    perf.finish();
    await reading;
    assert.equal(BigInt(seen.size), flood.produced);
    assert.ok(seen.size >= 2000);
  } finally {
    link.close();
    perf.close();
    flood.close();
  }
});

test('a flood into one page: delivered + lost = produced, by the kernel and by the program', async () => {
  const flood = new Flood('perf', 0, 64);
  const perf = new PerfBuffer(flood.events.number, { pages: 1, recordSize: 64 });
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  try {
    // Nothing is read before the flood is over, then the rest.
    await getppids(5000);
    link.close();
    let count = 0;
    perf.consume((_, __, length) => {
      assert.equal(length, 64);
      count++;
    });
    const { delivered, droppedInKernel, produced } = perf.ledger.read();
    assert.equal(Number(delivered), count);
    assert.equal(flood.lost.total(0), flood.produced - delivered, 'what the program counted');
    assert.ok(droppedInKernel > 0n);
    assert.equal(produced, flood.produced, 'what the kernel counted');
    assert.ok(delivered < 200n);
  } finally {
    link.close();
    perf.close();
    flood.close();
  }
});

test('the buffer of a CPU lies in the slot of its number', async () => {
  if (possibleCpus() < 2) return;
  const flood = new Flood('perf', 0, 24);
  const last = onlineCpus().at(-1)!;
  const perf = new PerfBuffer(flood.events.number, { cpus: [last] });
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  try {
    await getppids(50);
    // Events of other CPUs find no buffer, which the program counts.
    link.close();
    perf.consume(() => {});
    assert.equal(perf.ledger.read().delivered + flood.lost.total(0), flood.produced);
  } finally {
    link.close();
    perf.close();
    flood.close();
  }
});
