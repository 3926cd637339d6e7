import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TreeError } from '../errors.ts';
import { type Field, fields, findField, type NumberField, storageOf } from '../fields.ts';
import { type FileNumber, FileTable, fileBytes, fileNumbers } from '../files/model.ts';
import { encodeFile, readFileRecords } from '../files/record.ts';
import { type PlainTask, snapshotOf } from '../plain.ts';
import { type LongColumn, Snapshot, ValueState } from '../snapshot.ts';
import { valueText } from '../value.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { encodeBytes, encodeNumbers } from './column.ts';
import { encodeContainer, readContainer } from './container.ts';
import { crc32c } from './crc32c.ts';
import { readCapture } from './read.ts';
import { encodeTable } from './table.ts';
import { encodeCapture } from './write.ts';

const noFiles = new FileTable(readFileRecords(new Uint8Array()));
const stored = fields.filter(({ source }) => source.kind === 'kernel' || source.kind === 'lookup');

/** What a snapshot says of a row in a field, with what tells absent from cut from whole. */
function shownValue(snapshot: Snapshot, { long, ...field }: Field, row: number): unknown {
  switch (storageOf({ long, ...field })) {
    case 'number':
      return snapshot.number(long as NumberField, row);
    case 'long': {
      const { values, absent } = snapshot.longs(long);
      return absent[row] === 1 ? 'absent' : BigInt.asUintN(64, values[row]!);
    }
    case 'bytes':
      return [snapshot.state(long, row), Buffer.from(snapshot.bytes(long, row)).toString('hex')];
  }
}

/** All values of all fields, by tid. */
function contents(snapshot: Snapshot): unknown[] {
  return Array.from(snapshot.order, (row) =>
    Object.fromEntries(fields.map((field) => [field.long, shownValue(snapshot, field, row)])),
  );
}

const bytesValue = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom('', 'NA', 'TL', 'sh', '__proto__'),
  fc.constant({ state: ValueState.absent }),
  fc.record({ state: fc.constant(ValueState.cut), bytes: fc.uint8Array({ maxLength: 9 }) }),
);

function valueOfType(field: Field): fc.Arbitrary<unknown> {
  switch (storageOf(field)) {
    case 'number':
      return field.type === 'user'
        ? fc.integer({ min: -2, max: 0xffffffff })
        : fc.oneof(fc.integer(), fc.integer({ min: 0, max: 3 }));
    case 'long':
      return fc.option(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), { nil: undefined });
    case 'bytes':
      return fc.option(bytesValue, { nil: undefined });
  }
}

const tasks = fc.array(
  fc.record(Object.fromEntries(stored.map((field) => [field.long, valueOfType(field)])), {
    requiredKeys: ['tid'],
  }) as fc.Arbitrary<PlainTask>,
  { maxLength: 12 },
);

test('a snapshot comes back as it was, in every field', () => {
  fc.assert(
    fc.property(tasks, (plain) => {
      const host = { bootId: 'b', hostname: 'h', kernel: '6.1', time: 5n, uptime: 3n };
      const before = snapshotOf(plain, host);
      const { snapshot } = readCapture(encodeCapture(before, noFiles));
      assert.deepEqual(contents(snapshot), contents(before));
      assert.deepEqual(snapshot.host, host);
    }),
    { numRuns: 150 },
  );
});

test('open files come back as they were, in every column', () => {
  const number = (type: string): fc.Arbitrary<bigint> => {
    const bits = BigInt(type.slice(1));
    return type.startsWith('s')
      ? fc.bigInt({ min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n })
      : fc.bigInt({ min: 0n, max: (1n << bits) - 1n });
  };
  const file = fc.record({
    ...Object.fromEntries(fileNumbers.map(({ name, type }) => [name, number(type)])),
    ...Object.fromEntries(fileBytes.map((name) => [name, fc.option(fc.uint8Array(), { nil: undefined })])),
  });
  fc.assert(
    fc.property(fc.array(file, { maxLength: 10 }), fc.uniqueArray(fc.nat()), (files, hidden) => {
      const before = readFileRecords(Buffer.concat(files.map((one) => encodeFile(one))));
      const capture = encodeCapture(snapshotOf([]), new FileTable(before, new Set(hidden)));
      const after = readCapture(capture).files();
      for (const { name } of fileNumbers) {
        assert.deepEqual(after.columns.numbers(name), before.numbers(name), name);
      }
      for (const name of fileBytes) {
        for (let row = 0; row < before.count; row++) {
          assert.deepEqual(bytesOf(after, name, row), bytesOf(new FileTable(before), name, row), name);
        }
      }
      assert.deepEqual([...after.hidden], hidden);
    }),
    { numRuns: 100 },
  );
});

function bytesOf(files: FileTable, name: (typeof fileBytes)[number], row: number): unknown {
  const { data, start, length, state } = files.columns.bytes(name);
  return [state[row], Buffer.from(data.subarray(start[row], start[row]! + length[row]!)).toString('hex')];
}

test('numbers of 64 bits are exact, in both directions', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })), (values) => {
      const out = new ByteWriter();
      for (const value of values) out.varint64(Number(value & 0xffffffffn), Number(value >> 32n));
      const reader = new ByteReader(out.done(), 0);
      for (const value of values) {
        reader.varint64();
        assert.equal((BigInt(reader.high) << 32n) | BigInt(reader.low), value);
      }
      assert.equal(reader.left, 0);
    }),
  );
});

test('the checksum is CRC-32C', () => {
  // RFC 3720, B.4: 32 zeros; and the check value of the polynomial.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('columns are the bytes that the manual shows', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  assert.equal(hex(encodeNumbers(Int32Array.of(1, 1, 300))), '0200d604');
  assert.equal(hex(encodeNumbers(BigInt64Array.of(1n, 1n, 300n))), '0200d604');
  const names = snapshotOf([{ comm: 'sh' }, {}, { comm: 'sh' }]).bytesColumn('comm');
  assert.equal(hex(encodeBytes(names)), '01047368010002');
});

test('what is computed from stored fields is the same as before', () => {
  const plain = [
    { tid: 1, pid: 1, vtid: 1, start_time: 5n, comm: 'init' },
    { tid: 7, pid: 7, vtid: 3, pgid: 7, sid: 1, rptid: 1, start_time: 9n, comm: 'x' },
  ];
  const before = snapshotOf(plain, { bootId: 'boot', time: 100n, uptime: 50n });
  const { snapshot, has } = readCapture(encodeCapture(before, noFiles));
  assert.equal(snapshot.number('vpid', 1), 3);
  assert.equal(snapshot.number('vsid', 1), 1);
  assert.equal(snapshot.longs('run_time').values[1], 41n);
  assert.equal(Buffer.from(snapshot.bytes('id', 1)).toString(), 'boot:7:9');
  assert.equal(has('run_time'), true);
  assert.equal(has('mm.total_vm'), false);
});

/** A field of the kernel as path.ts makes it. */
const byPath = (path: string, type: Field['type'], more: Partial<Field> = {}): Field => ({
  ...{ long: path, short: path, description: path, type, source: { kind: 'kernel', path } },
  ...more,
});

test('fields of the kernel by path come back with their type, sign and gaps', () => {
  const values: Readonly<Record<string, LongColumn>> = {
    'mm.total_vm': { values: BigUint64Array.of(2n ** 64n - 1n, 5n), absent: Uint8Array.of(0, 1) },
    'task.prio': { values: BigInt64Array.of(-100n, 20n), absent: Uint8Array.of(0, 0) },
    'task.mm': { values: BigUint64Array.of(0xffff_8881_0000_0000n, 0n), absent: Uint8Array.of(0, 0) },
    'mm.none': { values: BigInt64Array.of(0n, 0n), absent: Uint8Array.of(1, 1) },
  };
  const plain = snapshotOf([
    { tid: 1, pid: 1 },
    { tid: 2, pid: 2 },
  ]);
  const names = snapshotOf([{ comm: 'vm' }, {}]).bytesColumn('comm');
  const snapshot = new Snapshot({
    count: 2,
    numbers: (field) => plain.numbers(field),
    longs: (field) => values[field],
    bytes: (field) => (field === 'nsproxy.uts_ns.name.nodename' ? names : plain.bytesColumn(field)),
  });
  const paths = [
    byPath('mm.total_vm', 'long', { signed: false }),
    byPath('task.prio', 'long', { signed: true }),
    byPath('task.mm', 'address', { signed: false }),
    byPath('mm.none', 'long', { signed: true }),
    byPath('nsproxy.uts_ns.name.nodename', 'bytes', { length: 65 }),
  ];
  const capture = readCapture(encodeCapture(snapshot, noFiles, {}, paths));
  const text = (path: string): string[] => {
    const show = valueText(capture.snapshot, capture.kernelField(path), { nameOf: () => undefined });
    return [show(0), show(1)];
  };
  assert.deepEqual(text('mm.total_vm'), ['18446744073709551615', 'NA']);
  assert.deepEqual(text('task.prio'), ['-100', '20']);
  assert.deepEqual(text('task.mm'), ['0xffff888100000000', '0x0']);
  assert.deepEqual(text('mm.none'), ['NA', 'NA'], 'that no task had it is known too');
  assert.deepEqual(text('nsproxy.uts_ns.name.nodename'), ['vm', 'NA']);
  for (const { long } of paths) assert.ok(capture.has(long));
  assert.throws(() => capture.kernelField('mm.totl_vm'), {
    code: 'path',
    nearest: ['mm.total_vm'],
    message: /^'mm\.totl_vm' is not in the capture: of the fields of the kernel it has mm\.total_vm, /,
  });
});

test('a column of a hostile capture cannot be named in a message, nor asked for', () => {
  const tid = { name: 'tid', kind: 0, bytes: Uint8Array.of(2) };
  const evil = { name: 'mm.\x1b[2J', kind: 0, bytes: Uint8Array.of(2) };
  const capture = readCapture(encodeContainer([['TASK', encodeTable(1, [tid, evil])]]));
  for (const path of ['mm.x', evil.name]) {
    assert.throws(
      () => capture.kernelField(path),
      (error) =>
        error instanceof TreeError &&
        error.nearest.length === 0 &&
        error.message.endsWith("fields of the kernel that 'bpfkit dump -f' was asked for, this one none") &&
        !error.message.includes('\x1b'),
    );
  }
});

test('a capture without a column is read: what it held is not available', () => {
  const tid = { name: 'tid', kind: 0, bytes: Uint8Array.of(2, 4) };
  const rows = encodeTable(2, [tid, { name: 'later', kind: 7, bytes: Uint8Array.of(1) }]);
  const { snapshot, has, hasFiles, files } = readCapture(encodeContainer([['TASK', rows]]));
  assert.deepEqual([...snapshot.numbers('tid')], [1, 3]);
  assert.equal(snapshot.number('pid', 0), -1);
  assert.equal(snapshot.number('euid', 0), -2);
  assert.equal(snapshot.state('comm', 1), ValueState.absent);
  assert.equal(snapshot.longs('rss').absent[1], 1);
  assert.deepEqual([has('tid'), has('pid'), has('vpid'), has('rss')], [true, false, false, false]);
  assert.equal(hasFiles, false);
  assert.equal(files().columns.count, 0);
});

test('an unknown section is passed over, and said', () => {
  const rows = encodeTable(1, [{ name: 'tid', kind: 0, bytes: Uint8Array.of(2) }]);
  const { snapshot, warnings } = readCapture(
    encodeContainer([
      ['\x1b[2J', Buffer.from('later')],
      ['TASK', rows],
    ]),
  );
  assert.equal(snapshot.count, 1);
  assert.deepEqual(warnings, [
    "section '\\x1b[2J' of 5 bytes at byte 32 of the capture is not known to this bpfkit and is passed over",
  ]);
});

/** A machine like many: eight threads a process, a few programs, arguments that differ. */
function crowd(count: number): PlainTask[] {
  return Array.from({ length: count }, (_, i) => {
    const tid = 300 + i;
    const pid = 300 + (i >> 3) * 8;
    return {
      ...{ tid, vtid: tid, pid, pgid: pid, sid: pid, ptid: 1, ppid: 1, rptid: 1, rppid: 1 },
      ...{ comm: `worker-${i % 40}`, exepath: `/usr/lib/app-${i % 30}/bin/server`, ns_level: 1 },
      cmdline: `/usr/lib/app-${i % 30}/bin/server\0--listen\0[::1]:${8000 + i}\0--verbose\0`,
      start_time: BigInt(i) * 12_345_678n,
      cpu_time: BigInt((i * 7919) % 100_003) * 1_000_003n,
      rss: BigInt((i * 31) % 977) * 4096n,
      cgroup_id: BigInt(1000 + (i >> 5)),
      cgroup: `/system.slice/app-${i >> 5}.service`,
      ...{ state: 1n, uid: 1000n, gid: 1000n, nice: 0n, threads: 8n },
    };
  });
}

test('a task and a descriptor take less than a tenth of what they take in bpftree', () => {
  const files = Array.from({ length: 20_000 }, (_, i) =>
    encodeFile({
      ...{ tid: 300 + (i >> 4) * 8, fd: i & 15, ino: BigInt((i * 7919) % 1_000_003), mountId: 30, layer: 1 },
      ...{ position: BigInt((i * 31) % 4099), size: BigInt((i * 17) % 65_537), mode: 0o100644 },
      path: Buffer.from(i % 3 === 0 ? `socket:[${i * 7}]` : `/var/lib/app-${i % 50}/data/file-${i}.db`),
    }),
  );
  const table = new FileTable(readFileRecords(Buffer.concat(files)));
  const capture = encodeCapture(snapshotOf(crowd(5000)), table);
  const [, taskSection, fileSection] = readContainer(capture).sections;
  const [perTask, perFile] = [taskSection!.size / 5000, fileSection!.size / 20_000];
  assert.ok(perTask < 109, `${perTask.toFixed(1)} bytes a task`);
  assert.ok(perFile < 53, `${perFile.toFixed(1)} bytes a descriptor`);
});

test('writing and reading 100,000 tasks costs about ten times what 10,000 cost', () => {
  const cost = (count: number): number => {
    const before = snapshotOf(crowd(count));
    for (const { long } of stored) if (findField(long)!.type === 'bytes') before.bytesColumn(long);
    const start = performance.now();
    const { snapshot } = readCapture(encodeCapture(before, noFiles));
    assert.equal(snapshot.order.length, count);
    for (const field of stored) shownValue(snapshot, field, count - 1);
    return performance.now() - start;
  };
  cost(10_000);
  const small = cost(10_000);
  const large = cost(100_000);
  // Anything quadratic would be near 100. The slack is for a busy machine.
  assert.ok(large < 40 * small, `${small.toFixed(0)} ms for 10,000, ${large.toFixed(0)} ms for 100,000`);
});

test('the names of columns are those of the tables; those of which nothing is known are left out', () => {
  const content = (file: Uint8Array): string => {
    const capture = encodeCapture(snapshotOf([]), new FileTable(readFileRecords(file)));
    return Buffer.from(readContainer(capture).sections[2]!.content()).toString('latin1');
  };
  const names: FileNumber[] = fileNumbers.map(({ name }) => name);
  const all = content(encodeFile(Object.fromEntries(names.map((name) => [name, 1]))));
  for (const name of names) assert.ok(all.includes(name), name);
  const few = content(encodeFile({ tid: 0, fd: 2 }));
  assert.deepEqual(
    names.filter((name) => few.includes(name)),
    ['tid', 'fd'],
  );
});
