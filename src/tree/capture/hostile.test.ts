import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { fields, storageOf } from '../fields.ts';
import { FileTable, fileBytes, fileNumbers } from '../files/model.ts';
import { encodeFile, readFileRecords } from '../files/record.ts';
import { type PlainTask, snapshotOf } from '../plain.ts';
import { planReport, type ReportKind, writeReport } from '../report.ts';
import type { Snapshot } from '../snapshot.ts';
import { ByteWriter } from './bytes.ts';
import { encodeContainer, MAGIC } from './container.ts';
import { crc32c } from './crc32c.ts';
import { CaptureError, type CaptureProblem } from './errors.ts';
import { readCapture } from './read.ts';
import { encodeTable } from './table.ts';
import { encodeCapture } from './write.ts';

const tasks: PlainTask[] = Array.from({ length: 5 }, (_, i) => ({
  ...{ tid: i + 1, pid: i + 1, vtid: i + 1, rptid: i === 0 ? 0 : 1, comm: `task-${i}` },
  ...{ exepath: '/usr/bin/x', cmdline: `x\0${i}\0`, start_time: BigInt(i), rss: 4096n },
}));
const file = encodeFile({ tid: 1, fd: 0, ino: 7n, path: Buffer.from('/dev/null') });
const whole = encodeCapture(snapshotOf(tasks), new FileTable(readFileRecords(file)));

/** Decodes everything that is in a capture. */
function readAll(bytes: Uint8Array): void {
  const { snapshot, files } = readCapture(bytes);
  for (const field of fields) {
    const kind = storageOf(field);
    if (kind === 'number') snapshot.numbers(field.long as 'tid');
    else if (kind === 'long') snapshot.longs(field.long);
    else snapshot.bytesColumn(field.long);
  }
  const { columns } = files();
  for (const { name } of fileNumbers) columns.numbers(name);
  for (const name of fileBytes) columns.bytes(name);
}

function refused(bytes: Uint8Array, code?: CaptureProblem, message?: RegExp): CaptureError {
  let found: CaptureError | undefined;
  assert.throws(
    () => readAll(bytes),
    (error) => {
      assert.ok(error instanceof CaptureError, String(error));
      found = error;
      return true;
    },
  );
  if (code !== undefined) assert.equal(found!.code, code, found!.message);
  if (message !== undefined) assert.match(found!.message, message);
  return found!;
}

/** A capture whose tasks are this content: its checksums are right, whatever it says. */
const withTasks = (content: Uint8Array): Uint8Array => encodeContainer([['TASK', content]]);

function varints(...values: number[]): Uint8Array {
  const out = new ByteWriter();
  for (const value of values) out.varint(value);
  return out.done();
}

test('a capture that is cut short at any byte is refused, with the place', () => {
  readAll(whole);
  for (let length = 0; length < whole.length; length++) {
    const { offset, code } = refused(whole.subarray(0, length));
    assert.ok(offset !== undefined && offset <= length, `${length}: ${offset}`);
    assert.ok(code === 'truncated' || length < MAGIC.length, `${length}: ${code}`);
  }
});

test('a capture with one bit changed anywhere is refused', () => {
  for (let at = 0; at < whole.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bytes = Uint8Array.from(whole);
      bytes[at]! ^= 1 << bit;
      refused(bytes);
    }
  }
});

test('bytes behind the end are refused', () => {
  refused(Buffer.concat([whole, Uint8Array.of(0)]), 'damaged', /1 bytes follow the end/);
});

test('a future major version is refused with a sentence, a minor one is read', () => {
  const future = Buffer.from(whole);
  future.writeUInt16LE(2, 8);
  refused(
    future,
    'future-version',
    /^the capture has format version 2\.0, but this bpfkit reads up to version 1: use a newer bpfkit$/,
  );
  const minor = Buffer.from(whole);
  minor.writeUInt16LE(9, 10);
  minor.writeUInt32LE(crc32c(minor.subarray(0, 28)), 28);
  readAll(minor);
});

test('text and other files are not captures', () => {
  for (const text of ['#!/bin/sh\necho hello to everyone\n', '\x7fELF\x02\x01\x01'.padEnd(64, '\0')]) {
    refused(Buffer.from(text, 'latin1'), 'not-a-capture', /neither bpfkit's nor bpftree's/);
  }
});

test('counts beyond the bytes that are there take no memory', () => {
  const before = process.memoryUsage().arrayBuffers;
  for (const rows of [100, 0x7fffffff, 0xffffffff]) {
    refused(withTasks(varints(rows, 0)), 'damaged', /a table of \d+ rows cannot have/);
  }
  refused(withTasks(varints(2 ** 40, 0)), 'damaged', /beyond all that a capture can hold/);
  refused(withTasks(Buffer.from(varints(0, 0xffffffff))), 'damaged', /cannot have 4294967295 columns/);
  const column = (kind: number, bytes: Uint8Array, rows = 1): Uint8Array =>
    withTasks(encodeTable(rows, [{ name: kind === 1 ? 'comm' : 'tid', kind, bytes }]));
  refused(column(1, varints(0xffffffff, 0)), 'damaged', /different values cannot be in/);
  refused(column(1, varints(1, 0xfffffffe, 1)), 'truncated');
  refused(
    column(1, varints(1, 0xfffffffe, 1, 1, 1, 1)),
    'truncated',
    /the values of a column needs 2147483647/,
  );
  refused(column(0, varints(), 1), 'damaged');
  assert.ok(process.memoryUsage().arrayBuffers - before < 64e6);
});

test('values that are named before they are there, or never, are refused', () => {
  const comm = (rows: number, ...numbers: number[]): Uint8Array =>
    withTasks(
      encodeTable(rows, [
        { name: 'tid', kind: 0, bytes: new Uint8Array(rows) },
        { name: 'comm', kind: 1, bytes: varints(...numbers) },
      ]),
    );
  readAll(comm(2, 1, 2, 0x41, 1, 2));
  refused(comm(2, 1, 2, 0x41, 2, 1), 'damaged', /named before it is there/);
  refused(comm(2, 1, 2, 0x41, 1, 1), 'damaged', /named before it is there/);
  refused(comm(2, 1, 2, 0x41, 0, 0), 'damaged', /1 values of a column have no row/);
  refused(comm(2, 0, 9, 0), 'damaged', /named before it is there/);
  refused(comm(1, 0, 0, 0), 'damaged', /goes on after its last row/);
});

test('a number with more than 64 bits is refused', () => {
  const tid = (...bytes: number[]): Uint8Array =>
    withTasks(encodeTable(1, [{ name: 'tid', kind: 0, bytes: Uint8Array.from(bytes) }]));
  const full = new Array<number>(9).fill(0xff);
  readAll(tid(...full, 1));
  refused(tid(...full, 2), 'damaged', /more than 64 bits/);
  refused(tid(...full, 0x81, 0), 'damaged', /more than 64 bits/);
  refused(tid(...full), 'truncated');
});

test('two columns of one name, two sections of one type and a capture without tasks are refused', () => {
  const tid = { name: 'tid', kind: 0, bytes: Uint8Array.of(2) };
  refused(withTasks(encodeTable(1, [tid, tid])), 'damaged', /two columns have the same name/);
  const rows = encodeTable(1, [tid]);
  refused(
    encodeContainer([
      ['TASK', rows],
      ['TASK', rows],
    ]),
    'damaged',
    /there are two sections 'TASK'/,
  );
  refused(encodeContainer([]), 'damaged', /no section with tasks/);
});

test('what the machine is said to be is checked', () => {
  const tid = encodeTable(1, [{ name: 'tid', kind: 0, bytes: Uint8Array.of(2) }]);
  const host = (text: string): Uint8Array =>
    encodeContainer([
      ['HOST', Buffer.from(text)],
      ['TASK', tid],
    ]);
  refused(host('{'), 'damaged', /is not JSON/);
  for (const text of ['[]', 'null', '7']) refused(host(text), 'damaged', /is not an object/);
  const odd = `{"__proto__":{"kernel":"x"},"hostname":7,"time":"1e9","uptime":-1,"bootId":"${'x'.repeat(300)}"}`;
  assert.deepEqual(readCapture(host(odd)).host, {});
});

/** A container of one section, with a head that says what it likes and right checksums. */
function crafted(stored: Uint8Array, contentSize: number, method = 1): Uint8Array {
  const head = Buffer.alloc(24);
  head.write('TASK', 'latin1');
  head.writeUInt32LE(method, 4);
  head.writeUInt32LE(stored.length, 8);
  head.writeUInt32LE(contentSize, 12);
  head.writeUInt32LE(crc32c(stored), 16);
  head.writeUInt32LE(crc32c(head.subarray(0, 20)), 20);
  const header = Buffer.alloc(32);
  header.set(MAGIC);
  header.writeUInt16LE(1, 8);
  header.writeUInt32LE(1, 12);
  header.writeUInt32LE(32 + 24 + stored.length, 16);
  header.writeUInt32LE(crc32c(header.subarray(0, 28)), 28);
  return Buffer.concat([header, head, stored]);
}

test('a decompression bomb is refused before it is opened', () => {
  const bomb = deflateRawSync(new Uint8Array(96 * 1024 * 1024), { level: 9 });
  const before = process.memoryUsage().arrayBuffers;
  refused(crafted(bomb, 96 * 1024 * 1024), 'too-large', /the content of a section would be 100663296 bytes/);
  refused(crafted(bomb, 0xffffffff), 'too-large');
  // It says that it is small: it is not unpacked further than that.
  refused(crafted(bomb, 1000), 'damaged', /cannot be made 1000 bytes again/);
  refused(crafted(bomb, 0), 'damaged');
  assert.ok(process.memoryUsage().arrayBuffers - before < 32e6);
});

test('more tasks than a kernel can have are refused, however few bytes say so', () => {
  const rows = 4 * 1024 * 1024 + 1;
  const content = encodeTable(rows, [{ name: 'tid', kind: 0, bytes: new Uint8Array(rows) }]);
  const bytes = withTasks(content);
  assert.ok(bytes.length < 20_000 + content.length / 200);
  refused(bytes, 'too-large', /it has 4194305 rows, at most 4194304 are read/);
});

test('what is deflated must be whole, of the said size, and of a known kind', () => {
  const rows = encodeTable(1, [{ name: 'tid', kind: 0, bytes: Uint8Array.of(2) }]);
  const deflated = deflateRawSync(rows);
  readAll(crafted(deflated, rows.length));
  refused(crafted(deflated, rows.length + 1), 'damaged', /bytes are deflated there, not/);
  refused(crafted(deflated.subarray(0, 3), rows.length), 'damaged');
  refused(crafted(Buffer.from('not deflated at all'), rows.length), 'damaged');
  refused(crafted(rows, rows.length, 2), 'damaged', /stored in an unknown way, 2/);
  refused(crafted(rows, rows.length + 1, 0), 'damaged');
});

function report(snapshot: Snapshot, kind: ReportKind, tid: number): { lines: string[]; warnings: string[] } {
  const [lines, warnings]: [string[], string[]] = [[], []];
  const plan = planReport(kind, 'tid', String(tid), { json: true, format: ['tid'] });
  writeReport(
    plan,
    snapshot,
    { nameOf: () => undefined },
    {
      out: (line) => lines.push(line),
      warn: (line) => warnings.push(line),
    },
  );
  return { lines, warnings };
}

test('self-parents, cycles and double tasks of a capture end every report', () => {
  const odd: PlainTask[] = [
    { tid: 1, pid: 1, rptid: 1, comm: 'self' },
    { tid: 2, pid: 2, rptid: 4, comm: 'a' },
    { tid: 3, pid: 3, rptid: 2, comm: 'b' },
    { tid: 4, pid: 4, rptid: 3, comm: 'c' },
    { tid: 4, pid: 4, rptid: 3, comm: 'again' },
    { tid: 2147483647, pid: 1, rptid: -5, comm: 'orphan' },
  ];
  const bytes = encodeCapture(snapshotOf(odd), new FileTable(readFileRecords(new Uint8Array())));
  const { snapshot } = readCapture(bytes);
  assert.equal(report(snapshot, 'tree', 1).lines.length, 1);
  assert.ok(report(snapshot, 'tree', 2).lines.length <= 5);
  const { lines, warnings } = report(snapshot, 'lineage', 4);
  assert.ok(lines.length >= 3);
  assert.ok(warnings.some((line) => /form a cycle/.test(line)));
  assert.ok(report(snapshot, 'info', 2147483647).warnings.some((line) => /'-5' not found/.test(line)));
});
