import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StreamError } from './errors.ts';
import { copyRecord, type RecordReader } from './record.ts';
import { RingCore } from './ring-core.ts';
import { SyntheticRing } from './synthetic.ts';

function pair(size: number, start = 0n): { ring: SyntheticRing; core: RingCore } {
  const ring = new SyntheticRing(size, start);
  return { ring, core: new RingCore(ring.layout) };
}

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7) & 255);
}

const ignore: RecordReader = () => {};

test('an empty ring gives nothing', () => {
  const { core } = pair(4096);
  assert.equal(core.drain(ignore), 0);
  assert.equal(core.settle(), 'empty');
});

test('records come in order with their exact bytes, whatever their length', () => {
  const { ring, core } = pair(4096);
  const sent = [0, 1, 7, 8, 9, 64, 100].map((length, i) => bytesOf(length, i));
  for (const bytes of sent) assert.ok(ring.output(bytes));
  const got: Uint8Array[] = [];
  assert.equal(
    core.drain((m, at, length) => got.push(copyRecord(m.view, at, length))),
    7,
  );
  assert.deepEqual(got, sent);
  assert.equal(core.delivered, 7);
});

test('a record at the end of the ring is read in one piece', () => {
  const { ring, core } = pair(64);
  ring.output(bytesOf(24, 1));
  core.drain(ignore);
  core.settle();
  const long = bytesOf(48, 2);
  assert.ok(ring.output(long));
  const got: Uint8Array[] = [];
  core.drain((m, at, length) => got.push(copyRecord(m.view, at, length)));
  assert.deepEqual(got, [long]);
});

test('reading stops at a record that is still being written, and goes on after it', () => {
  const { ring, core } = pair(4096);
  ring.output(bytesOf(8, 1));
  const open = ring.reserve(8)!;
  ring.output(bytesOf(8, 3));
  assert.equal(core.drain(ignore), 1);
  assert.equal(core.settle(), 'writing');
  assert.equal(core.drain(ignore), 0);
  open.submit();
  assert.equal(core.settle(), 'ready');
  assert.equal(core.drain(ignore), 2);
});

test('discarded records are skipped, counted apart, and give their room back', () => {
  const { ring, core } = pair(4096);
  ring.reserve(16)!.discard();
  ring.output(bytesOf(8, 1));
  ring.reserve(2000)!.discard();
  assert.equal(core.drain(ignore), 1);
  assert.equal(core.discarded, 2);
  assert.equal(core.settle(), 'empty');
  assert.equal(ring.consumer[0], ring.producer[0]);
});

test('the position stays one record behind until settled, so that no submission wakes', () => {
  const { ring, core } = pair(4096);
  for (let i = 0; i < 3; i++) ring.output(bytesOf(8, i));
  assert.equal(ring.wakeups, 1);
  core.drain(ignore);
  assert.equal(ring.consumer[0], 32n);
  for (let i = 0; i < 100; i++) {
    ring.output(bytesOf(8, i));
    core.drain(ignore);
  }
  assert.equal(ring.wakeups, 1);
  assert.equal(core.settle(), 'empty');
  ring.output(bytesOf(8, 0));
  assert.equal(ring.wakeups, 2);
});

test('the limit ends a look early and loses nothing', () => {
  const { ring, core } = pair(4096);
  for (let i = 0; i < 10; i++) ring.output(Uint8Array.of(i));
  const got: number[] = [];
  const read: RecordReader = (m, at) => got.push(m.bytes[at]!);
  assert.equal(core.drain(read, 4), 4);
  assert.equal(core.drain(read, 4), 4);
  assert.equal(core.drain(read, 4), 2);
  assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a reader that throws has had its record; the others stay', () => {
  const { ring, core } = pair(4096);
  for (let i = 0; i < 3; i++) ring.output(Uint8Array.of(i));
  assert.throws(
    () =>
      core.drain((m, at) => {
        if (m.bytes[at] === 1) throw new RangeError('no');
      }),
    RangeError,
  );
  assert.equal(core.delivered, 2);
  const rest: number[] = [];
  core.drain((m, at) => rest.push(m.bytes[at]!));
  assert.deepEqual(rest, [2]);
});

test('a reader that asks for records inside its own call is refused', () => {
  const { ring, core } = pair(4096);
  ring.output(bytesOf(8, 1));
  assert.throws(
    () => core.drain(() => core.drain(ignore)),
    (e: unknown) => e instanceof StreamError && e.code === 'busy',
  );
});

test('a long drain gives room back as it goes', () => {
  const size = 1 << 20;
  const { ring, core } = pair(size);
  while (ring.output(new Uint8Array(56)));
  let refilled = 0;
  core.drain(() => {
    while (ring.output(new Uint8Array(56))) refilled++;
  });
  assert.ok(refilled > 10_000, `${refilled} records fitted while the first ones were read`);
});

for (const [name, start] of [
  ['4 GiB', 2n ** 32n],
  ['2^53', 2n ** 53n],
  ['2^64', 2n ** 64n],
] as const) {
  test(`positions cross ${name}`, () => {
    const { ring, core } = pair(256, start - 64n);
    const got: number[] = [];
    for (let i = 0; i < 40; i++) {
      assert.ok(ring.output(Uint8Array.of(i, 0, 0, 0, 0, 0, 0, 0, 1)));
      core.drain((m, at) => got.push(m.bytes[at]!));
    }
    assert.deepEqual(
      got,
      Array.from({ length: 40 }, (_, i) => i),
    );
    assert.equal(core.settle(), 'empty');
    assert.equal(ring.consumer[0], BigInt.asUintN(64, start - 64n + 40n * 24n));
  });
}

test('headers loaded by Atomics give the same as plain loads', () => {
  const ring = new SyntheticRing(4096);
  const core = new RingCore({ ...ring.layout, loadsStayInOrder: false });
  for (let i = 0; i < 20; i++) ring.output(bytesOf(i, i));
  ring.reserve(8);
  let bytes = 0;
  assert.equal(
    core.drain((_, __, length) => (bytes += length)),
    20,
  );
  assert.equal(bytes, 190);
  assert.equal(core.settle(), 'writing');
});

test('a length past the producer is a typed error, and nothing past it is read', () => {
  const lengths = [9, 4096 - 8, 4096, 0x3fff_ffff, 0x3fff_fff8];
  for (const length of lengths) {
    const { ring, core } = pair(4096);
    ring.output(Uint8Array.of(1));
    ring.output(bytesOf(8, 1));
    ring.corrupt(16n, length);
    let seen = 0;
    for (let round = 0; round < 2; round++) {
      assert.throws(
        () => core.drain(() => seen++),
        (e: unknown) =>
          e instanceof StreamError && e.code === 'corrupt' && e.position === 16n && e.length === length,
      );
    }
    assert.equal(seen, 1);
  }
});

test('all bits set read as a record that is never finished, not as a length', () => {
  const { ring, core } = pair(4096);
  ring.output(bytesOf(8, 1));
  ring.corrupt(0n, 0xffff_ffff);
  assert.equal(core.drain(ignore), 0);
  assert.equal(core.settle(), 'writing');
});

test('positions that contradict each other are a typed error', () => {
  for (const producer of [4096n + 8n, 4n, 2n ** 64n - 8n, 2n ** 40n]) {
    const { ring, core } = pair(4096);
    ring.producer[0] = producer;
    assert.throws(
      () => core.drain(ignore),
      (e: unknown) => e instanceof StreamError && e.code === 'corrupt',
      `producer ${producer}`,
    );
  }
});

test('any sequence of reserve, submit, discard and drain delivers each record once and in order', () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant('output' as const), length: fc.nat(90) }),
    fc.record({ op: fc.constant('discard' as const), length: fc.nat(90) }),
    fc.record({ op: fc.constant('reserve' as const), length: fc.nat(90) }),
    fc.record({ op: fc.constant('submit' as const), length: fc.nat(3) }),
    fc.record({ op: fc.constant('drain' as const), length: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ op: fc.constant('settle' as const), length: fc.constant(0) }),
  );
  const start = fc.constantFrom(0n, 2n ** 32n - 64n, 2n ** 53n - 128n, 2n ** 64n - 512n);
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 200 }), fc.boolean(), (from, steps, plain) => {
      const ring = new SyntheticRing(512, from);
      const core = new RingCore({ ...ring.layout, loadsStayInOrder: plain });
      const sent: number[] = [];
      const got: number[] = [];
      const open: (() => void)[] = [];
      let next = 0;
      const read: RecordReader = (m, at, length) => {
        const id = m.view.getUint32(at, true);
        assert.equal(length, 4 + (id % 91));
        for (let i = 4; i < length; i++) assert.equal(m.bytes[at + i], (id + i) & 255);
        got.push(id);
      };
      const write = (length: number): { submit(): void; discard(): void } | undefined => {
        // The length is told by the number, so that the reader can check it.
        const id = Math.ceil(next / 91) * 91 + length;
        const record = ring.reserve(4 + length);
        if (record === undefined) return undefined;
        next = id + 1;
        for (let i = 4; i < 4 + length; i++) record.bytes[i] = (id + i) & 255;
        new DataView(record.bytes.buffer).setUint32(0, id, true);
        return {
          submit: () => record.submit(),
          discard: () => record.discard(),
        };
      };
      for (const { op, length } of steps) {
        const id = Math.ceil(next / 91) * 91 + length;
        if (op === 'output') {
          const record = write(length);
          if (record) sent.push(id);
          record?.submit();
        } else if (op === 'discard') {
          write(length)?.discard();
        } else if (op === 'reserve') {
          const record = write(length);
          if (record) {
            sent.push(id);
            open.push(record.submit);
          }
        } else if (op === 'submit') {
          open.splice(length % Math.max(open.length, 1), 1)[0]?.();
        } else if (op === 'drain') {
          core.drain(read, length);
        } else {
          core.settle();
        }
      }
      for (const submit of open) submit();
      core.drain(read);
      assert.deepEqual(got, sent);
      assert.equal(core.settle(), 'empty');
      assert.equal(ring.consumer[0], ring.producer[0]);
    }),
    { numRuns: 300 },
  );
});

test('random bytes in the ring never lead out of it', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 256, maxLength: 256 }),
      fc.nat(32),
      fc.nat(31),
      (bytes, filled, from) => {
        const ring = new SyntheticRing(256, BigInt(from * 8));
        ring.data.bytes.set(bytes);
        ring.data.bytes.set(bytes, 256);
        ring.producer[0] = BigInt((from + filled) * 8);
        const core = new RingCore(ring.layout);
        try {
          core.drain((m, at, length) => {
            assert.ok(at >= 8 && at + length <= m.bytes.length && length <= filled * 8 - 8);
          });
        } catch (error) {
          assert.ok(error instanceof StreamError && error.code === 'corrupt');
        }
      },
    ),
    { numRuns: 2000 },
  );
});
