import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../test/support/project.ts';
import { KernelString } from '../text/kernel-string.ts';
import { readCapture } from './capture/read.ts';
import { encodeCapture } from './capture/write.ts';
import { diffSnapshots } from './diff/diff.ts';
import { writeDiff } from './diff/report.ts';
import { FileTable } from './files/model.ts';
import { encodeFile, readFileRecords } from './files/record.ts';
import { requireField } from './format.ts';
import { type PlainTask, snapshotOf } from './plain.ts';
import { planReport, type ReportKind, type ReportOptions, writeReport } from './report.ts';
import { withoutSecrets } from './secrets.ts';
import { Snapshot } from './snapshot.ts';
import { plainSymbols } from './symbols.ts';
import { parsePasswd } from './users.ts';
import { initialView } from './watch/keys.ts';
import { eventLine } from './watch/lines.ts';
import { LiveTree } from './watch/model.ts';
import { picture } from './watch/picture.ts';

const users = { nameOf: () => undefined };

function run(
  tasks: readonly PlainTask[] | Snapshot,
  kind: ReportKind,
  value: string,
  options: ReportOptions,
): string[] {
  const out: string[] = [];
  const plan = planReport(kind, 'tid', value, options);
  writeReport(plan, tasks instanceof Snapshot ? tasks : snapshotOf(tasks), users, {
    out: (line) => out.push(line),
    warn: () => {},
  });
  return out;
}

/** Names that other processes can give themselves, by their number in the list of hazards, and what text must show. */
const names: [number: number, what: string, bytes: string | Uint8Array, shown: string][] = [
  [1, 'cursor up and erase', '\x1b[1A\x1b[2K', '\\x1b[1A\\x1b[2K'],
  [2, 'clipboard', '\x1b]52;c;aGk=\x07', '\\x1b]52;c;aGk=\\x07'],
  [3, 'hyperlink', '\x1b]8;;http://a\x1b\\', '\\x1b]8;;http://a\\x1b\\\\'],
  [4, 'title', '\x1b]0;x\x07\x1b]2;y\x07', '\\x1b]0;x\\x07\\x1b]2;y\\x07'],
  [5, 'DCS, APC, PM', '\x1bPq\x1b_a\x1b^p', '\\x1bPq\\x1b_a\\x1b^p'],
  [6, 'lone ESC at the end', 'truncated\x1b', 'truncated\\x1b'],
  [7, 'C1, raw', Uint8Array.of(0x9b, 0x32, 0x4a), '\\x9b2J'],
  [7, 'C1, as characters', '\u009b2J\u0090', '\\u009b2J\\u0090'],
  [8, 'DEL', 'a\x7f', 'a\\x7f'],
  [9, 'BEL flood', '\x07'.repeat(16), '\\x07'.repeat(16)],
  [10, 'carriage return', 'real\rfake', 'real\\rfake'],
  [11, 'line feed', 'a\nb)R 1', 'a\\nb)R 1'],
  [12, 'bidirectional override', 'a\u202egpj\u2066', 'a\\u202egpj\\u2066'],
  [13, 'zero width', 'a\u200bb\u2060', 'a\\u200bb\\u2060'],
  [13, 'combining flood', `a${'\u0301'.repeat(7)}`, `a${'\u0301'.repeat(4)}${'\\u0301'.repeat(3)}`],
  [14, 'wide characters', '同歩🙂', '同歩🙂'],
  [15, 'line separators', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  [16, 'cut in a character', Uint8Array.of(...Buffer.from('job-同'), 0xe6, 0xad), 'job-同\\xe6\\xad'],
  [17, 'no UTF-8', Uint8Array.of(0x61, 0xff, 0xfe, 0xc0, 0x80), 'a\\xff\\xfe\\xc0\\x80'],
  [18, 'equal once replaced, one', Uint8Array.of(0x61, 0xe5, 0x90), 'a\\xe5\\x90'],
  [18, 'equal once replaced, other', Uint8Array.of(0x61, 0xe6, 0xad), 'a\\xe6\\xad'],
  [19, 'empty', '', ''],
  [20, 'spaces', '   ', '   '],
  [21, 'fake stat', ') R 1 (x', ') R 1 (x'],
  [22, 'prototype', '__proto__', '__proto__'],
  [22, 'constructor', 'constructor', 'constructor'],
  [24, 'toString', 'toString', 'toString'],
  [30, 'percent and equals', '%s%n=', '%s%n='],
  [31, 'backslash', 'a\\x2db', 'a\\\\x2db'],
  [32, 'markup', '<img onerror=x>', '<img onerror=x>'],
  [33, 'formula', '=1+1\t', '=1+1\\t'],
  [34, 'quotes', `"'{}=\\`, `"'{}=\\\\`],
  [22, 'hasOwnProperty', 'hasOwnProperty', 'hasOwnProperty'],
  [30, 'deleted', 'x (deleted)', 'x (deleted)'],
  [31, 'unit', 'dev-disk-by\\x2duuid', 'dev-disk-by\\\\x2duuid'],
  [33, 'formulas', '+1-1@x', '+1-1@x'],
  [34, 'quotes and lines', '"a"\n"b"', '"a"\\n"b"'],
  [21, 'brackets', ']} tid: 9, pid: 9', ']} tid: 9, pid: 9'],
];

const tasks: PlainTask[] = [
  { tid: 1, pid: 1, vtid: 1, comm: 'init' },
  ...names.map(([, , comm], i) => ({
    ...{ tid: 10 + i, pid: 10 + i, vtid: 10 + i, rptid: 1, rppid: 1 },
    ...{ comm, exepath: comm, cmdline: Buffer.concat([Buffer.from(comm), Buffer.from('\0end\0')]) },
  })),
];

test('no name removes, adds or changes a line of a tree', () => {
  const lines = run(tasks, 'tree', '1', { format: ['tid'] });
  assert.equal(lines.length, names.length + 3);
  for (const [i, [, what, , shown]] of names.entries()) {
    assert.equal(lines[i + 2], `${i + 1 === names.length ? '└' : '├'}─ [${shown}] t: ${10 + i}`, what);
  }
  for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}]/u);
});

test('paths and arguments are escaped as names are', () => {
  for (const [i, [, what, , shown]] of names.entries()) {
    const [, line] = run(tasks, 'info', String(10 + i), { format: ['e,cmd'], pretty: false });
    const expected = what === 'empty' ? 'e: , cmd: ,end' : `e: ${shown}, cmd: ${shown},end`;
    assert.equal(line, `* [${shown}] ${expected}`, what);
  }
});

test('JSON gives every name back exactly, in one line that is safe to print', () => {
  for (const [i, [, what, bytes]] of names.entries()) {
    const lines = run(tasks, 'info', String(10 + i), { json: true });
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0]!, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, what);
    const value = JSON.parse(lines[0]!) as Record<string, unknown>;
    const exact = Buffer.from(bytes as string);
    for (const name of ['comm', 'exepath']) {
      const base64 = value[`${name}_base64`];
      const back =
        typeof base64 === 'string' ? Buffer.from(base64, 'base64') : Buffer.from(String(value[name]));
      assert.deepEqual(back, exact, `${what}: ${name}`);
    }
    assert.equal((value.cmdline as string[])[1], 'end', what);
  }
});

test('a capture gives every name back: the same text, the same JSON', () => {
  const files = names.map(([, , bytes], i) => ({ tid: 10 + i, fd: 0, path: Buffer.from(bytes as string) }));
  const table = new FileTable(readFileRecords(Buffer.concat(files.map((file) => encodeFile(file)))));
  const snapshot = snapshotOf(tasks);
  const { snapshot: read, files: readBack } = readCapture(encodeCapture(snapshot, table));
  const options = { format: ['tid,e,cmd'] };
  assert.deepEqual(run(read, 'tree', '1', options), run(snapshot, 'tree', '1', options));
  assert.deepEqual(run(read, 'tree', '1', { json: true }), run(snapshot, 'tree', '1', { json: true }));
  const { data, start, length } = readBack().columns.bytes('path');
  for (const [row, { path }] of files.entries()) {
    assert.deepEqual(Buffer.from(data.subarray(start[row]!, start[row]! + length[row]!)), path);
  }
});

test('the live view has one line for every name, with the same text', () => {
  const live = new LiveTree();
  const facts = tasks.map(({ tid, pid, rptid = 0, rppid = 0, comm }) => ({
    ...{ tid: tid!, pid: pid!, vtid: tid!, nsLevel: 0, rptid, rppid, euid: 0, reaper: false, zombie: false },
    ...{ start: BigInt(tid!), comm: KernelString.from(Buffer.from(comm as string)) },
  }));
  live.reconcile({ began: 1n, tasks: facts }, 0, false);
  const view = { tree: live, details: undefined, view: initialView, lost: 0n };
  const same = (text: string): string => text;
  const colors = { bold: same, dim: same, red: same, green: same, yellow: same };
  const size = { columns: 200, rows: names.length + 3 };
  const options = { format: [], symbols: plainSymbols, users, colors };
  const { lines } = picture({ ...view, size }, options);
  for (const [i, [, what, , shown]] of names.entries()) {
    const branch = i + 1 === names.length ? '└' : '├';
    assert.equal(lines[i + 2], `${branch}─ [${shown}] tid: ${10 + i}, pid: ${10 + i}`, what);
  }
});

test('events of every name are one line, as text and as JSON', () => {
  const options = { condition: undefined, format: [], users, threads: false, clockOffset: 0n };
  for (const [, what, bytes, shown] of names) {
    const comm = KernelString.from(Buffer.from(bytes as string));
    const fork = {
      ...({ kind: 'fork', time: 0n } as const),
      ...{ start: 1n, tid: 7, pid: 7, vtid: 7, nsLevel: 0, rptid: 1, rppid: 1 },
      ...{ euid: 0, reaper: false, comm },
    } as const;
    const tree = new LiveTree();
    const task = tree.apply(fork, 0);
    assert.equal(
      eventLine(fork, task, tree, { ...options, json: false }),
      `00:00:00.000000 fork [${shown}] tid: 7, pid: 7, rppid: 1`,
      what,
    );
    const line = eventLine(fork, task, tree, { ...options, json: true })!;
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, what);
    const { comm: text, comm_base64: base64 } = JSON.parse(line) as Record<string, string>;
    assert.deepEqual(
      base64 === undefined ? Buffer.from(text!) : Buffer.from(base64, 'base64'),
      Buffer.from(comm.bytes),
      what,
    );
  }
});

test('a difference has one line for every name', () => {
  const before = snapshotOf(tasks.slice(0, 1));
  const after = snapshotOf(tasks.map((task) => ({ ...task, start_time: BigInt(task.tid!) })));
  const out: string[] = [];
  const difference = diffSnapshots(before, after);
  writeDiff({ before, after, difference, users, json: false }, (line) => out.push(line));
  const came = out.filter((line) => line.startsWith('+ '));
  for (const [, what, , shown] of names) {
    assert.ok(
      came.some((line) => line.startsWith(`+ [${shown}] pid: `)),
      what,
    );
  }
  for (const line of out) assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}]/u);
});

test('secrets are hidden in the live view too', () => {
  const cmdline = 'app\0--password=hunter2\0';
  const details = { tid: 1, pid: 1, vtid: 1, comm: 'app', start_time: 1n, cmdline };
  const live = new LiveTree();
  const facts = {
    tid: 1,
    pid: 1,
    vtid: 1,
    nsLevel: 0,
    rptid: 0,
    rppid: 0,
    euid: 0,
    reaper: false,
    start: 1n,
  };
  live.reconcile(
    { began: 1n, tasks: [{ ...facts, comm: KernelString.from(Buffer.from('app')), zombie: false }] },
    0,
    false,
  );
  const same = (text: string): string => text;
  const colors = { bold: same, dim: same, red: same, green: same, yellow: same };
  const format = [requireField('cmdline')];
  const shown = (snapshot: Snapshot): string =>
    picture(
      {
        ...{ tree: live, details: { snapshot, execs: new Map<number, number>() }, view: initialView },
        ...{ lost: 0n, size: { columns: 80, rows: 4 } },
      },
      { format, symbols: plainSymbols, users, colors },
    ).lines[1]!;
  assert.equal(shown(withoutSecrets(snapshotOf([details]))), '[app] cmd: app,--password=***');
  assert.equal(shown(snapshotOf([details])), '[app] cmd: app,--password=hunter2');
});

/** Numbers of the list that are not names: the test, by file and title; or why there is none. */
const elsewhere: readonly (
  | readonly [number: number, file: string, title: string]
  | readonly [number, string]
)[] = [
  [23, 'no command reads the environment of a process'],
  [25, 'hazards.test.ts', 'an argument of 2 MiB and 100,000 arguments are shown whole'],
  [25, 'life.kernel.test.ts', 'a command line of 2 MiB is whole'],
  [26, 'life.kernel.test.ts', '20,000 arguments are as many, empty ones too'],
  [27, 'life.kernel.test.ts', 'a process without arguments'],
  [
    28,
    'life.kernel.test.ts',
    'a title that goes on into what was the environment, as setproctitle writes it',
  ],
  [29, 'life.kernel.test.ts', 'arguments that their process has written over, shorter and up to their end'],
  [30, 'files/report.test.ts', 'paths of any bytes are safe in text and exact in JSON'],
  [30, 'capture/capture.test.ts', 'open files come back as they were, in every column'],
  [35, 'there are no metrics of the tree'],
  [36, 'secrets.test.ts', 'text and JSON have the arguments without the secrets, and all else as it was'],
  [36, 'secrets.test.ts', 'no byte of a secret is in a capture'],
  [36, 'hazards.test.ts', 'secrets are hidden in the live view too'],
];

test('every hazard from 1 to 36 has a test that is there, or a reason', () => {
  const covered = new Set([...names.map(([number]) => number), ...elsewhere.map(([number]) => number)]);
  for (let number = 1; number <= 36; number++) assert.ok(covered.has(number), `hazard ${number}`);
  for (const [number, file, title] of elsewhere) {
    if (title === undefined) continue;
    const text = readFileSync(join(projectRoot, 'src/tree', file), 'utf8');
    assert.ok(text.includes(`'${title}'`), `hazard ${number}: ${file} has no test '${title}'`);
  }
});

test('a name that was printed can be typed back', () => {
  for (const [i, [, what, , shown]] of names.entries()) {
    for (const field of ['comm', 'exepath']) {
      const out: string[] = [];
      const plan = planReport('info', field, shown, { json: true, format: ['tid'] });
      writeReport(plan, snapshotOf(tasks), users, { out: (line) => out.push(line), warn: () => {} });
      assert.ok(out.includes(`{"tid":${10 + i}}`), `${what}: ${field}`);
    }
  }
});

test('what the user typed cannot drive the terminal either', () => {
  assert.throws(
    () => run(tasks, 'info', '\x1b[2J', {}),
    /There are no tasks with 'tid=\\x1b\[2J' in the system/,
  );
  assert.throws(() => planReport('info', '\x1b]0;x\x07', '1'), /invalid field name '\\x1b\]0;x\\x07'/);
});

test('an argument of 2 MiB and 100,000 arguments are shown whole', () => {
  const long = Buffer.concat([Buffer.alloc(2 * 1024 * 1024, 0x61), Buffer.from('\0')]);
  const many = Buffer.from('x\0'.repeat(100_000));
  const big = [
    { tid: 1, pid: 1, comm: 'long', cmdline: long },
    { tid: 2, pid: 2, comm: 'many', cmdline: many },
  ];
  const options = { format: ['cmd'], pretty: false };
  assert.equal(run(big, 'info', '1', options)[1]!.length, '* [long] cmd: '.length + 2 * 1024 * 1024);
  assert.equal(run(big, 'info', '2', options)[1]!.length, '* [many] cmd: '.length + 199_999);
  const json = JSON.parse(run(big, 'info', '2', { json: true })[0]!) as { cmdline: string[] };
  assert.equal(json.cmdline.length, 100_000);
});

test('a chain of 20,000 parents does not overflow the stack', () => {
  const chain = Array.from({ length: 20_000 }, (_, i) => ({ tid: i + 1, pid: i + 1, rptid: i, comm: 'c' }));
  const options = { json: true, format: ['tid'] };
  assert.equal(run(chain, 'tree', '1', options).length, 20_000);
  assert.equal(run(chain, 'lineage', '20000', options).length, 20_000);
});

function timed(count: number): number {
  const many: PlainTask[] = Array.from({ length: count }, (_, i) => ({
    ...{ tid: i + 1, pid: i + 1, vtid: i + 1, rptid: i === 0 ? 0 : (i >> 3) + 1, comm: `task-${i}` },
    cmdline: `task\0${i}\0`,
  }));
  many[0] = { ...many[0], rptid: 0 };
  many.reverse();
  const start = performance.now();
  const lines = run(many, 'tree', '1', { format: ['tid,vpid,cmd'] });
  // The header, the empty line, and every task once.
  assert.equal(lines.length, count + 2);
  return performance.now() - start;
}

test('100,000 tasks cost about ten times what 10,000 cost', () => {
  timed(10_000);
  const small = timed(10_000);
  const large = timed(100_000);
  // Linear is 10; anything quadratic would be near 100. The slack is for a busy machine.
  assert.ok(large < 35 * small, `${small.toFixed(1)} ms for 10,000, ${large.toFixed(1)} ms for 100,000`);
});

test('a table of users cannot hold names that are not lines', () => {
  assert.deepEqual([...parsePasswd(Buffer.from('\0\0:::\n'.repeat(10)))], []);
});
