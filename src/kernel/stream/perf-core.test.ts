import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StreamError } from './errors.ts';
import { PerfCore } from './perf-core.ts';
import { copyRecord, type RecordReader, recordMemory } from './record.ts';

/** Writes records as the kernel does: little-endian machines only, like all that run the tests. */
class SyntheticPerf {
  readonly positions: BigUint64Array = new BigUint64Array(2);
  readonly data: ReturnType<typeof recordMemory>;
  readonly size: number;

  constructor(size: number, start = 0n) {
    this.size = size;
    this.data = recordMemory(new ArrayBuffer(size));
    this.data.bytes.fill(0xaa);
    this.positions.fill(start);
  }

  core(recordSize?: number): PerfCore {
    return new PerfCore({
      what: 'perf buffer "synthetic"',
      positions: this.positions,
      data: this.data,
      size: this.size,
      ...(recordSize === undefined ? {} : { recordSize }),
    });
  }

  record(type: number, payload: Uint8Array): boolean {
    const size = 8 + payload.length;
    const used = BigInt.asUintN(64, this.positions[0]! - this.positions[1]!);
    if (used + BigInt(size) > BigInt(this.size)) return false;
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, true);
    view.setUint16(6, size, true);
    bytes.set(payload, 8);
    const start = Number(this.positions[0]! & BigInt(this.size - 1));
    bytes.forEach((byte, i) => {
      this.data.bytes[(start + i) % this.size] = byte;
    });
    this.positions[0] = BigInt.asUintN(64, this.positions[0]! + BigInt(size));
    return true;
  }

  sample(bytes: Uint8Array): boolean {
    const padded = Math.ceil((bytes.length + 4) / 8) * 8 - 4;
    const payload = new Uint8Array(4 + padded).fill(0xee);
    new DataView(payload.buffer).setUint32(0, padded, true);
    payload.set(bytes, 4);
    return this.record(9, payload);
  }
}

const ignore: RecordReader = () => {};

test('samples come with the kernel padding, or without where the length is known', () => {
  const perf = new SyntheticPerf(4096);
  const sent = Uint8Array.from({ length: 24 }, (_, i) => i);
  for (const recordSize of [undefined, 24]) {
    const core = perf.core(recordSize);
    perf.sample(sent);
    const got: Uint8Array[] = [];
    core.drain((m, at, length) => got.push(copyRecord(m.view, at, length)));
    assert.equal(got[0]!.length, recordSize ?? 28);
    assert.deepEqual(got[0]!.subarray(0, 24), sent);
  }
});

test('lost records are counted, and unknown ones skipped', () => {
  const perf = new SyntheticPerf(4096);
  const lost = new Uint8Array(16);
  new DataView(lost.buffer).setBigUint64(8, 2n ** 33n + 5n, true);
  perf.record(2, lost);
  perf.record(77, new Uint8Array(8));
  perf.sample(Uint8Array.of(1));
  const core = perf.core();
  assert.equal(core.drain(ignore), 1);
  assert.equal(core.lost, 2n ** 33n + 5n);
  assert.equal(core.ready(), false);
});

test('records that cross the end are put together, at any position', () => {
  for (const start of [0n, 2n ** 32n - 64n, 2n ** 53n - 64n, 2n ** 64n - 256n]) {
    const perf = new SyntheticPerf(256, start);
    const core = perf.core();
    const got: number[] = [];
    for (let i = 0; i < 60; i++) {
      assert.ok(perf.sample(new Uint8Array(40 + (i % 3) * 8).fill(i)));
      core.drain((m, at, length) => {
        const bytes = copyRecord(m.view, at, length);
        assert.ok(bytes.subarray(0, 40).every((byte) => byte === bytes[0]));
        got.push(bytes[0]!);
      });
    }
    assert.deepEqual(
      got,
      Array.from({ length: 60 }, (_, i) => i),
    );
  }
});

test('limit, stop and a throwing reader leave the rest', () => {
  const perf = new SyntheticPerf(4096);
  for (let i = 0; i < 6; i++) perf.sample(Uint8Array.of(i));
  const core = perf.core();
  assert.equal(core.drain(ignore, 2), 2);
  assert.equal(
    core.drain(() => core.stop()),
    1,
  );
  assert.throws(
    () =>
      core.drain(() => {
        throw new RangeError('no');
      }),
    RangeError,
  );
  assert.equal(core.drain(ignore), 2);
  assert.equal(core.delivered, 6);
  assert.equal(perf.positions[0], perf.positions[1]);
});

test('sizes that cannot be are typed errors', () => {
  for (const [field, value] of [
    ['size', 0],
    ['size', 7],
    ['size', 12],
    ['size', 0xfff8],
    ['length', 0xffff_ffff],
    ['length', 13],
  ] as const) {
    const perf = new SyntheticPerf(4096);
    perf.sample(new Uint8Array(12));
    if (field === 'size') perf.data.view.setUint16(6, value, true);
    else perf.data.view.setUint32(8, value, true);
    const core = perf.core();
    assert.throws(
      () => core.drain(ignore),
      (error: unknown) => error instanceof StreamError && error.code === 'corrupt',
      `${field} ${value}`,
    );
  }
});

test('random bytes never lead out of the buffer', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 128, maxLength: 128 }),
      fc.nat(16),
      fc.nat(15),
      (bytes, filled, from) => {
        const perf = new SyntheticPerf(128, BigInt(from * 8));
        perf.data.bytes.set(bytes);
        // Small sizes make longer walks.
        for (let at = 6; at < 128; at += 8) perf.data.bytes[at + 1] = 0;
        perf.positions[0] = BigInt((from + filled) * 8);
        try {
          perf.core().drain((m, at, length) => assert.ok(at + length <= m.bytes.length && length < 128));
        } catch (error) {
          assert.ok(error instanceof StreamError && error.code === 'corrupt');
        }
      },
    ),
    { numRuns: 2000 },
  );
});
