import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Field, fields, type NumberField, storageOf } from '../fields.ts';
import { fileBytes, fileNumbers } from '../files/model.ts';
import { readFiles } from '../files/source.ts';
import { type BytesColumn, type Snapshot, ValueState } from '../snapshot.ts';
import { readFields } from '../source.ts';
import { dumpHost } from './host.ts';
import { readCapture } from './read.ts';
import { encodeCapture } from './write.ts';

function bytesAt({ data, start, length, state }: BytesColumn, row: number): string {
  const from = start[row]!;
  return state[row] === ValueState.absent
    ? 'absent'
    : `${state[row]} ${Buffer.from(data.subarray(from, from + length[row]!)).toString('hex')}`;
}

function shown(snapshot: Snapshot, field: Field, row: number): unknown {
  switch (storageOf(field)) {
    case 'number':
      return snapshot.number(field.long as NumberField, row);
    case 'long': {
      const { values, absent } = snapshot.longs(field.long);
      return absent[row] === 1 ? 'absent' : BigInt.asUintN(64, values[row]!);
    }
    case 'bytes':
      return bytesAt(snapshot.bytesColumn(field.long), row);
  }
}

test('every task and every open file of the machine comes back from a capture as it was', (t) => {
  const live = readFields(fields);
  const files = readFiles(live);
  const host = dumpHost(live.host);
  const bytes = encodeCapture(live, files, host);
  const capture = readCapture(bytes);
  assert.deepEqual(capture.host, host);
  assert.deepEqual(capture.warnings, []);
  const replayed = capture.snapshot;
  assert.equal(replayed.count, live.count);
  for (const field of fields) {
    for (let i = 0; i < live.count; i++) {
      const [before, after] = [live.order[i]!, replayed.order[i]!];
      assert.deepEqual(
        shown(replayed, field, after),
        shown(live, field, before),
        `${field.long} of task ${live.number('tid', before)}`,
      );
    }
  }
  const again = capture.files();
  assert.deepEqual([...again.hidden], [...files.hidden]);
  assert.equal(again.columns.count, files.columns.count);
  for (const { name } of fileNumbers) {
    assert.deepEqual(again.columns.numbers(name), files.columns.numbers(name), name);
  }
  for (const name of fileBytes) {
    const [before, after] = [files.columns.bytes(name), again.columns.bytes(name)];
    for (let row = 0; row < files.columns.count; row++)
      assert.equal(bytesAt(after, row), bytesAt(before, row));
  }
  const theirs = 40 + 1097 * live.count + 536 * files.columns.count;
  t.diagnostic(
    `${live.count} tasks, ${files.columns.count} files: ${bytes.length} bytes, bpftree's ${theirs}`,
  );
  assert.ok(bytes.length < theirs / 10, `${bytes.length} bytes, ${theirs} in bpftree's format`);
});
