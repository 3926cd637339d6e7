import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StreamError } from './errors.ts';
import type { Edges } from './pump.ts';
import type { RecordDecoder } from './record.ts';
import { RingCore } from './ring-core.ts';
import { type RecordSource, RecordStream, type StreamOptions } from './stream.ts';
import { SyntheticRing } from './synthetic.ts';

class SyntheticSource extends RingCore implements RecordSource {
  readonly what = 'ring buffer "synthetic"';
  released = 0;

  release(): void {
    this.released++;
  }
}

function setUp(options: StreamOptions = {}): {
  ring: SyntheticRing;
  source: SyntheticSource;
  stream: RecordStream;
} {
  const ring = new SyntheticRing(4096);
  const source = new SyntheticSource(ring.layout);
  const edges: Edges = {
    start: (onEdge) => {
      ring.onWakeup = () => setImmediate(onEdge);
    },
    hold: () => {},
    close: () => {
      ring.onWakeup = undefined;
    },
  };
  return { ring, source, stream: new RecordStream(source, edges, options) };
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

const byte: RecordDecoder<number> = (view, offset) => view.getUint8(offset);

function send(ring: SyntheticRing, ...values: number[]): void {
  for (const value of values) assert.ok(ring.output(Uint8Array.of(value)));
}

test('a loop gets records that were there, records that come, and ends when the stream is finished', async () => {
  const { ring, stream } = setUp();
  send(ring, 1, 2);
  const got: number[] = [];
  const loop = (async () => {
    for await (const value of stream.records(byte)) got.push(value);
  })();
  await sleep(5);
  send(ring, 3);
  await sleep(5);
  send(ring, 4, 5);
  stream.finish();
  await loop;
  assert.deepEqual(got, [1, 2, 3, 4, 5]);
  stream.close();
});

test('a function gets the last records of a stream that is finished at that moment, and then the end', async () => {
  const { ring, stream } = setUp();
  const got: number[] = [];
  const reading = stream.each((memory, offset) => got.push(byte(memory.view, offset, 1)));
  await sleep(5);
  send(ring, 1, 2);
  // The wake-up is on its way, and will not come again.
  stream.finish();
  const late = sleep(5000, 'it waits for more', { ref: false });
  assert.equal(await Promise.race([reading, late]), undefined);
  assert.deepEqual(got, [1, 2]);
  stream.close();
});

test('batches hold what there is, up to their size, and are never empty', async () => {
  const { ring, stream } = setUp();
  send(ring, 1, 2, 3, 4, 5);
  const sizes: number[] = [];
  stream.finish();
  for await (const batch of stream.batches(byte, { size: 2 })) sizes.push(batch.length);
  assert.deepEqual(sizes, [2, 2, 1]);
  stream.close();
});

test('without a decoder records are copies that outlive the ring', async () => {
  const { ring, stream } = setUp();
  ring.output(Uint8Array.of(1, 2, 3));
  stream.finish();
  const [first] = await all(stream.records());
  stream.close();
  ring.data.bytes.fill(255);
  assert.deepEqual(first, Uint8Array.of(1, 2, 3));
});

test('while a loop works, nothing is read', async () => {
  const { ring, source, stream } = setUp();
  send(ring, 1, 2, 3);
  for await (const _ of stream.records(byte, { size: 1 })) {
    await sleep(5);
    assert.equal(source.delivered, 1);
    break;
  }
  assert.equal(
    stream.consume(() => {}),
    2,
  );
  stream.close();
});

test('a loop that is left early drops the rest of its batch, and the ledger says so', async () => {
  const { ring, stream } = setUp();
  send(ring, 1, 2, 3, 4, 5);
  for await (const value of stream.records(byte)) if (value === 2) break;
  assert.deepEqual(stream.ledger.read(), {
    delivered: 2n,
    droppedInKernel: 0n,
    droppedInUser: 3n,
    produced: 5n,
  });
  send(ring, 6);
  for await (const value of stream.records(byte)) {
    assert.equal(value, 6);
    break;
  }
  stream.close();
});

test('what is unread at close counts as dropped', () => {
  const { ring, source, stream } = setUp({ lost: { read: () => 7n } });
  send(ring, 1, 2, 3);
  stream.consume(() => {}, 1);
  stream.close();
  stream.close();
  assert.equal(source.released, 1);
  assert.deepEqual(stream.ledger.read(), {
    delivered: 1n,
    droppedInKernel: 7n,
    droppedInUser: 2n,
    produced: 10n,
  });
});

test('a decoder that throws ends the loop with its error, and the batch counts as dropped', async () => {
  const { ring, stream } = setUp();
  send(ring, 1, 2, 3);
  const loop = async (): Promise<void> => {
    const failing: RecordDecoder<number> = (view, offset) => {
      if (view.getUint8(offset) === 2) throw new RangeError('two');
      return 0;
    };
    for await (const _ of stream.records(failing));
  };
  await assert.rejects(loop, RangeError);
  assert.equal(stream.ledger.read().droppedInUser, 2n);
  assert.equal(
    stream.consume(() => {}),
    1,
  );
  stream.close();
});

test('closing ends a loop that waits', async () => {
  const { stream } = setUp();
  const loop = all(stream.records(byte));
  await sleep(2);
  stream.close();
  assert.deepEqual(await loop, []);
  assert.throws(
    () => stream.consume(() => {}),
    (error: unknown) => error instanceof StreamError && error.code === 'closed',
  );
});

test('a stream has one reader at a time', async () => {
  const { stream } = setUp();
  const first = stream.each(() => {});
  await assert.rejects(
    stream.each(() => {}),
    { name: 'StreamError', code: 'busy' },
  );
  await assert.rejects(all(stream.records(byte)), { name: 'StreamError', code: 'busy' });
  stream.close();
  await first;
});

test('a signal ends the reading, within a record too, and leaves the others', async () => {
  const { ring, stream } = setUp();
  send(ring, 1, 2, 3);
  const abort = new AbortController();
  const seen: number[] = [];
  await stream.each(
    (memory, offset) => {
      seen.push(memory.bytes[offset]!);
      if (seen.length === 2) abort.abort();
    },
    { signal: abort.signal },
  );
  assert.deepEqual(seen, [1, 2]);
  assert.equal(
    stream.consume(() => {}),
    1,
  );
  stream.close();
});

test('a reader that throws ends the reading with its error', async () => {
  const { ring, stream } = setUp();
  send(ring, 1);
  await assert.rejects(
    stream.each(() => {
      throw new RangeError('no');
    }),
    RangeError,
  );
  stream.close();
});

test('a finished stream waits a moment for a record that is being written, not for ever', async () => {
  const { ring, stream } = setUp();
  const late = ring.reserve(1)!;
  ring.reserve(1);
  stream.finish();
  setTimeout(() => late.submit(), 10);
  const start = performance.now();
  const got = await all(stream.records(byte));
  const spent = performance.now() - start;
  assert.equal(got.length, 1);
  assert.ok(spent < 2000, `${spent} ms`);
  stream.close();
});

test('a full stream lets timers run', async () => {
  const { ring, stream } = setUp();
  send(ring, 1);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const until = performance.now() + 50;
  for await (const batch of stream.batches(byte, { size: 8 })) {
    while (ring.output(Uint8Array.of(1)));
    if (performance.now() > until) break;
    assert.ok(batch.length > 0);
  }
  clearInterval(timer);
  assert.ok(ticks >= 5, `${ticks} ticks`);
  stream.close();
});
