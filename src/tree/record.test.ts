import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TaskRecordError } from './errors.ts';
import type { BytesField, NumberField } from './fields.ts';
import { readRecords, recordLayout } from './record.ts';
import { LENGTH_ABSENT, LENGTH_CUT } from './records.ts';
import { ValueState } from './snapshot.ts';

type Values = Partial<Record<NumberField, number>> & Partial<Record<BytesField, Uint8Array | number>>;

/** Writes a record as the kernel program does; a number in place of bytes is the bare length word. */
function record(values: Values, little = true): Uint8Array {
  const lengths = recordLayout.slots.filter((slot) => slot.kind === 'length');
  const tails = lengths.map((slot) => values[slot.field as BytesField] ?? LENGTH_ABSENT);
  const tail = Buffer.concat(tails.map((one) => (typeof one === 'number' ? new Uint8Array() : one)));
  const out = new Uint8Array(recordLayout.fixedSize + tail.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, out.length, little);
  for (const { field, kind, offset } of recordLayout.slots) {
    if (kind === 's32') view.setInt32(offset, values[field as NumberField] ?? 0, little);
    if (kind === 's64') view.setBigInt64(offset, BigInt(values[field as NumberField] ?? 0), little);
  }
  for (const [i, slot] of lengths.entries()) {
    const part = tails[i]!;
    view.setUint32(slot.offset, typeof part === 'number' ? part : part.length, little);
  }
  out.set(tail, recordLayout.fixedSize);
  return out;
}

test('the layout that the kernel program writes', () => {
  const shown = recordLayout.slots.map(({ field, kind, offset }) => `${offset} ${kind} ${field}`);
  assert.deepEqual(shown, [
    '4 s32 tid',
    '8 s32 vtid',
    '12 s32 pid',
    '16 s32 pgid',
    '20 s32 sid',
    '24 s32 ptid',
    '28 s32 ppid',
    '32 s32 rptid',
    '36 s32 rppid',
    '40 s32 reaper',
    '44 s32 ns_level',
    '48 s64 loginuid',
    '56 s64 euid',
    '64 length comm',
    '68 length exepath',
    '72 length cmdline',
  ]);
  assert.equal(recordLayout.fixedSize, 80);
});

test('records are read back in both byte orders, 64-bit numbers too', () => {
  for (const little of [true, false]) {
    const data = Buffer.concat([
      record({ tid: 7, rptid: 1, euid: 4294967294, loginuid: -2, comm: Buffer.from('first') }, little),
      record({ tid: 8, euid: -1, comm: Buffer.from('second\0stale'), exepath: LENGTH_CUT }, little),
    ]);
    const columns = readRecords(data, little);
    assert.equal(columns.count, 2);
    assert.deepEqual([...columns.numbers('tid')], [7, 8]);
    assert.deepEqual([...columns.numbers('euid')], [4294967294, -1]);
    assert.deepEqual([...columns.numbers('loginuid')], [-2, 0]);
    const comm = columns.bytes('comm')!;
    assert.deepEqual([...comm.length], [5, 6], 'a name ends at its NUL')!;
    assert.deepEqual([...columns.bytes('exepath')!.state], [ValueState.absent, ValueState.cut]);
  }
});

test('arguments keep their NULs', () => {
  const cmdline = Buffer.from('sh\0-c\0\0');
  const columns = readRecords(record({ comm: Buffer.from('sh'), cmdline }), true);
  const { data, start, length } = columns.bytes('cmdline')!;
  assert.equal(Buffer.from(data.subarray(start[0], start[0]! + length[0]!)).toString(), 'sh\0-c\0\0');
});

test('no records are no tasks', () => {
  assert.equal(readRecords(new Uint8Array()).count, 0);
});

test('bytes that are not whole records are refused with their place', () => {
  const good = record({ tid: 1, comm: Buffer.from('x') });
  const change = (offset: number, word: number): Uint8Array => {
    const bad = Buffer.concat([good, good]);
    new DataView(bad.buffer, bad.byteOffset).setUint32(good.length + offset, word, true);
    return bad;
  };
  for (const bad of [
    change(0, 0),
    change(0, 79),
    change(0, 0xffffffff),
    change(64, 2),
    change(72, 0x7fffffff),
    good.subarray(0, good.length - 1),
    good.subarray(0, 3),
  ]) {
    assert.throws(() => readRecords(bad, true), TaskRecordError);
  }
});

test('any bytes are read or refused, never worse', () => {
  const good = record({ tid: 1, comm: Buffer.from('abc'), cmdline: Buffer.from('a\0b\0') });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length * 2 - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const data = Buffer.concat([good, good]);
      for (const [at, byte] of changes) data[at] = byte;
      try {
        const columns = readRecords(data, true);
        for (const { field, kind } of recordLayout.slots) {
          if (kind !== 'length') continue;
          const { start, length } = columns.bytes(field as BytesField)!;
          for (const [row, from] of start.entries()) assert.ok(from + length[row]! <= data.length);
        }
      } catch (error) {
        if (!(error instanceof TaskRecordError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});
