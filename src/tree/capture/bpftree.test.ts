import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NumberField } from '../fields.ts';
import { planFiles, selectForFiles, writeFiles } from '../files/report.ts';
import { planReport, type ReportKind, writeReport } from '../report.ts';
import { type Snapshot, ValueState } from '../snapshot.ts';
import { CaptureError } from './errors.ts';
import { readCapture } from './read.ts';

/** Packed records, field by field, as the original's C structs have them. */
class Packed {
  readonly #parts: Buffer[] = [];
  readonly #little: boolean;

  constructor(little: boolean) {
    this.#little = little;
  }

  #number(size: number, write: (part: Buffer) => void): this {
    const part = Buffer.alloc(size);
    write(part);
    this.#parts.push(part);
    return this;
  }

  u8(value: number): this {
    return this.#number(1, (part) => part.writeUInt8(value));
  }
  u16(value: number): this {
    return this.#number(2, (part) => (this.#little ? part.writeUInt16LE(value) : part.writeUInt16BE(value)));
  }
  s32(...values: number[]): this {
    for (const value of values) {
      this.#number(4, (part) => (this.#little ? part.writeInt32LE(value | 0) : part.writeInt32BE(value | 0)));
    }
    return this;
  }
  s64(...values: (number | bigint)[]): this {
    for (const value of values) {
      const big = BigInt.asIntN(64, BigInt(value));
      this.#number(8, (part) => (this.#little ? part.writeBigInt64LE(big) : part.writeBigInt64BE(big)));
    }
    return this;
  }
  text(size: number, text: string, filler = ''): this {
    const part = Buffer.alloc(size);
    part.write(text + filler, 'latin1');
    this.#parts.push(part);
    return this;
  }
  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

interface Task010 {
  readonly ids: readonly number[];
  readonly reaper?: number;
  readonly level?: number;
  readonly users?: readonly number[];
  readonly comm: string;
  readonly exe?: string;
  readonly cmdline?: string;
}

interface File010 {
  readonly tid: number;
  readonly fd: number;
  readonly ino: bigint;
  readonly mount: number;
  readonly flags: number;
  readonly path: string;
}

function capture010(little: boolean, tasks: readonly Task010[], files: readonly File010[]): Buffer {
  const out = new Packed(little).s64(0, 1, 0, tasks.length, files.length);
  for (const { ids, reaper = 0, level = 0, users = [-1, 0], comm, exe = 'NA', cmdline = 'NA' } of tasks) {
    out
      .s32(...ids)
      .u8(reaper)
      .s32(level)
      .s64(...users)
      .text(16, comm)
      .text(512, exe)
      .text(512, cmdline);
  }
  for (const { tid, fd, ino, mount, flags, path } of files) {
    out.s32(tid, fd).s64(ino).s32(mount, flags).text(512, path);
  }
  return out.done();
}

const tasks: Task010[] = [
  // tid, pid, pgid, sid, vtid, ptid, ppid, rptid, rppid; the last first: readers sort.
  {
    ids: [812, 812, 812, 1, 5, 1, 1, 1, 1],
    ...{ level: 1, users: [1000, 4294967294], comm: 'sleep', exe: '/usr/bin/sleep' },
    cmdline: 'sleep\x00100\0\0tail of another\0',
  },
  { ids: [1, 1, 1, 1, 1, 0, 0, 0, 0], reaper: 1, comm: 'systemd', exe: 'TL', cmdline: '/sbin/init\0' },
];
const files: File010[] = [
  { tid: 1, fd: 3, ino: 18446744073709551615n, mount: 77, flags: 3, path: '/merged/x' },
  { tid: 1, fd: 0, ino: 4n, mount: 25, flags: 1, path: '/dev/null' },
  { tid: 812, fd: 1, ino: 123n, mount: 9, flags: 0, path: 'socket:[123]' },
  { tid: 99, fd: 1, ino: 1n, mount: 9, flags: 0, path: 'NA' },
];

function lines(snapshot: Snapshot, kind: ReportKind, value: string, format: string[] = []): string[] {
  const out: string[] = [];
  writeReport(
    planReport(kind, 'tid', value, { format, pretty: false }),
    snapshot,
    { nameOf: () => undefined },
    {
      out: (line) => out.push(line),
      warn: (line) => out.push(`warning ${line}`),
    },
  );
  return out;
}

for (const little of [true, false]) {
  const order = little ? 'little' : 'big';

  test(`a capture of bpftree 0.1.0 in ${order} endian has all fields`, () => {
    const bytes = capture010(little, tasks, files);
    assert.equal(bytes.length, 40 + 2 * 1097 + 4 * 536);
    const { snapshot, has } = readCapture(bytes);
    assert.deepEqual(lines(snapshot, 'tree', '1'), [
      "- Task Tree for 'tid=1'",
      '[systemd](R) tid: 1, pid: 1',
      '└─ [sleep] tid: 812, pid: 812',
      '',
    ]);
    const row = snapshot.rowOf(812)!;
    const names: NumberField[] = ['pgid', 'sid', 'vtid', 'vpid', 'vsid', 'ptid', 'ppid', 'rptid', 'rppid'];
    assert.deepEqual(
      names.map((name) => snapshot.number(name, row)),
      [812, 1, 5, 5, 1, 1, 1, 1, 1],
    );
    assert.deepEqual(
      lines(snapshot, 'info', '812', ['ns,lu,eu,e,cmd']).at(-1),
      ['* [sleep] ns: 1, lu: 1000(), eu: 4294967294(), e: /usr/bin/sleep, cmd: sleep,100'][0],
    );
    assert.deepEqual(
      lines(snapshot, 'info', '1', ['r,lu,eu,e,cmd']).at(-1),
      '* [systemd](R) r: true, lu: -1(), eu: 0(), e: TL, cmd: /sbin/init',
    );
    assert.equal(has('cmdline') && has('vpid') && !has('rss'), true);
  });

  test(`the files of a capture of bpftree 0.1.0 in ${order} endian are shown as bpftree shows them`, () => {
    const capture = readCapture(capture010(little, tasks, files));
    const out: string[] = [];
    const plan = planFiles('tid', '1', { pretty: false });
    const rows = selectForFiles(plan, capture.snapshot);
    writeFiles(plan, capture.snapshot, rows, capture.files(), {
      out: (line) => out.push(line),
      warn: () => {},
    });
    assert.deepEqual(out.slice(1), [
      '- Files for task [systemd](R)(1-1):',
      '(0): path: /dev/null, ino: 4, flags: (MOUNTABLE), mount_id: 25',
      '(3): path: /merged/x, ino: 18446744073709551615, flags: (MOUNTABLE, UPPER_LAYER), mount_id: 77',
      '',
    ]);
    assert.equal(capture.files().columns.bytes('path').state[3], ValueState.absent);
  });

  test(`captures of bpftree 0.0.1 in ${order} endian are read, short and long records`, () => {
    const header = (size: number): Packed => new Packed(little).u16(0xeb9f).s32(8, 0, size);
    const short = header(44).s32(1, 1, 0, 0, 0, 0).text(16, 'init').s32(1);
    short.s32(9, 8, 1, 1, 1, 1).text(16, 'thread').s32(0);
    assert.equal(short.done().length, 14 + 2 * 44);
    const first = readCapture(short.done());
    assert.deepEqual(lines(first.snapshot, 'tree', '1'), [
      "- Task Tree for 'tid=1'",
      '[init](R) tid: 1, pid: 1',
      '└─ {thread} tid: 9, pid: 8',
      '',
    ]);
    assert.deepEqual([first.hasFiles, first.has('vtid'), first.has('reaper')], [false, false, true]);
    assert.equal(first.snapshot.number('pgid', 0), -1);

    const long = header(1096)
      .s32(7, 7, 1, 1, 1, 1)
      .text(16, 'x')
      .s32(0, 2, 3, 3, 7, 3, 1, -1)
      .text(1024, '/bin/x');
    assert.equal(long.done().length, 14 + 1096);
    const second = readCapture(long.done());
    const names: NumberField[] = ['tid', 'vtid', 'vpid', 'pgid', 'vpgid', 'sid', 'ns_level'];
    assert.deepEqual(
      names.map((name) => second.snapshot.number(name, 0)),
      [7, 3, 3, 7, 3, 1, 2],
    );
    assert.equal(Buffer.from(second.snapshot.bytes('exepath', 0)).toString(), '/bin/x');
    assert.equal(second.has('cmdline'), false);
  });
}

test('arguments that fill the 511 bytes of bpftree are shown as cut, and rewritten titles end at two NULs', () => {
  const cmdlines = [`${'a'.repeat(511)}`, 'sshd: user\0\0\0ENV=1', '\0\0', `x\0${'b'.repeat(508)}\0`];
  const list = cmdlines.map((cmdline, i) => ({
    ids: [i + 1, 1, 1, 1, 1, 0, 0, 0, 0],
    ...{ comm: 'x', cmdline },
  }));
  const { snapshot } = readCapture(capture010(true, list, []));
  const shown = cmdlines.map((_, i) =>
    lines(snapshot, 'info', String(i + 1), ['cmd'])
      .at(-1)!
      .slice(11),
  );
  assert.deepEqual(shown, [`${'a'.repeat(511)}…`, 'sshd: user', '', `x,${'b'.repeat(508)}`]);
});

function refusal(bytes: Uint8Array): string {
  try {
    readCapture(bytes);
  } catch (error) {
    assert.ok(error instanceof CaptureError, String(error));
    return error.message;
  }
  return 'accepted';
}

test("errors of bpftree's captures are in bpftree's words where it has some", () => {
  const whole = capture010(true, tasks, files);
  assert.match(
    refusal(whole.subarray(0, 3)),
    /^cannot read the version of the capture file\. unexpected EOF$/,
  );
  assert.match(refusal(whole.subarray(0, 30)), /^cannot read the number of task info\. unexpected EOF$/);
  assert.match(refusal(whole.subarray(0, 38)), /^cannot read the number of file info\. unexpected EOF$/);
  assert.equal(
    refusal(new Packed(true).s64(0, 2, 0, 0, 0).done()),
    'the capture file is not compatible with the current version of the tool. ' +
      'Tool version: 0.1.0, Capture version: 0.2.0',
  );
  assert.match(refusal(new Packed(true).s64(0, 1, 1, 0, 0).done()), /Capture version: 0\.1\.1$/);
  assert.match(refusal(Buffer.from('some text that is not a capture at all, is it')), /is not a capture/);
});

test("bpftree's captures that are cut short anywhere, or count too much, are refused", () => {
  const whole = capture010(true, tasks.slice(0, 1), files.slice(0, 1));
  for (let length = 0; length < whole.length; length++) {
    assert.notEqual(refusal(whole.subarray(0, length)), 'accepted', String(length));
  }
  assert.equal(refusal(whole), 'accepted');
  for (const count of [2n, 1n << 40n, (1n << 64n) - 1n]) {
    for (const at of [24, 32]) {
      const bytes = Buffer.from(whole);
      bytes.writeBigUInt64LE(count, at);
      assert.match(refusal(bytes), /cut short at byte \d+: (task|file) info 2 of/);
    }
  }
  const oldest = (size: number, bytes: number): Buffer =>
    Buffer.concat([new Packed(true).u16(0xeb9f).s32(8, 0, size).done(), new Uint8Array(bytes)]);
  assert.match(refusal(oldest(44, 50)), /cut short at byte 58: a task record needs 44 bytes, 6 are there/);
  for (const size of [0, 43, 0x10001, -1]) assert.match(refusal(oldest(size, 88)), /task record cannot have/);
  assert.match(refusal(oldest(44, 88).subarray(0, 10)), /unexpected EOF/);
});
