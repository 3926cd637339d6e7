import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TaskRecordError } from '../errors.ts';
import { LENGTH_CUT } from '../records.ts';
import { ValueState } from '../snapshot.ts';
import { FileTable, fileBytes, fileNumbers } from './model.ts';
import { encodeFile, fileRecordSize, fileSlots, type PlainFile, readFileRecords } from './record.ts';

test('the layout that the kernel program writes', () => {
  assert.deepEqual(
    fileSlots.map(({ name, type, offset }) => `${offset} ${type} ${name}`),
    [
      '16 s32 tid',
      '20 u32 fd',
      '24 u64 ino',
      '32 s64 position',
      '40 s64 size',
      '48 s32 mountId',
      '52 u32 layer',
      '56 u32 dev',
      '60 u32 rdev',
      '64 u32 mode',
      '68 u32 openFlags',
      '72 u32 filesystem',
      '76 u32 deleted',
      '80 u32 bpfId',
      '84 u32 family',
      '88 u32 socketType',
      '92 u32 protocol',
      '96 u32 socketState',
      '100 u32 localPort',
      '104 u32 remotePort',
      '112 u64 peer',
    ],
  );
  assert.equal(fileRecordSize, 120);
});

/** Any value of each column. */
const anyFile: fc.Arbitrary<PlainFile> = fc.record({
  ...Object.fromEntries(
    fileNumbers.map(({ name, type }) => [
      name,
      {
        s32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
        u32: fc.integer({ min: 0, max: 0xffff_ffff }),
        s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      }[type],
    ]),
  ),
  ...Object.fromEntries(
    fileBytes.map((name) => [name, fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined })]),
  ),
}) as fc.Arbitrary<PlainFile>;

test('what was written is read, in both byte orders', () => {
  fc.assert(
    fc.property(fc.array(anyFile, { maxLength: 5 }), fc.boolean(), (files, little) => {
      const columns = readFileRecords(Buffer.concat(files.map((file) => encodeFile(file, little))), little);
      assert.equal(columns.count, files.length);
      for (const [row, file] of files.entries()) {
        for (const { name } of fileNumbers) assert.equal(columns.numbers(name)[row], file[name]);
        for (const name of fileBytes) {
          const { data, start, length, state } = columns.bytes(name);
          const bytes = data.subarray(start[row], start[row]! + length[row]!);
          assert.deepEqual(Buffer.from(bytes), Buffer.from((file[name] as Uint8Array) ?? []));
          assert.equal(state[row], file[name] === undefined ? ValueState.absent : ValueState.whole);
        }
      }
    }),
  );
});

test('a path that was too long is marked, not empty', () => {
  const columns = readFileRecords(encodeFile({ path: LENGTH_CUT }));
  assert.equal(columns.bytes('path').state[0], ValueState.cut);
  assert.equal(columns.bytes('path').length[0], 0);
});

test('bytes that are not whole records are refused, wherever they are cut or changed', () => {
  const whole = Buffer.concat([
    encodeFile({ tid: 1, path: Buffer.from('/a') }),
    encodeFile({ tid: 2, path: Buffer.from('/b/c'), localAddress: Buffer.from([1, 2, 3, 4]) }),
  ]);
  const first = fileRecordSize + 2;
  for (let end = 1; end < whole.length; end++) {
    if (end === first) continue;
    assert.throws(() => readFileRecords(whole.subarray(0, end)), TaskRecordError, `cut at ${end}`);
  }
  for (const at of [0, 4, 8, 12]) {
    for (const word of [1, 0x7fff_fffe, 0xffff_fffe]) {
      const bad = Buffer.from(whole);
      bad.writeUInt32LE(word, at);
      assert.throws(() => readFileRecords(bad, true), TaskRecordError, `${word} at ${at}`);
    }
  }
});

test('rows are found by thread, in the order of descriptors', () => {
  const numbers = [
    [7, 10],
    [8, 0],
    [7, 2],
    [7, 1],
  ] as const;
  const table = new FileTable(
    readFileRecords(Buffer.concat(numbers.map(([tid, fd]) => encodeFile({ tid, fd })))),
  );
  assert.deepEqual(table.rowsOf(7), [3, 2, 0]);
  assert.deepEqual(table.rowsOf(8), [1]);
  assert.deepEqual(table.rowsOf(9), []);
});
