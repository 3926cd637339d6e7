import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PlainTask, snapshotOf } from './plain.ts';
import { planReport, type ReportKind, type ReportOptions, writeReport } from './report.ts';
import { parsePasswd } from './users.ts';

const users = { nameOf: () => undefined };

function run(tasks: readonly PlainTask[], kind: ReportKind, value: string, options: ReportOptions): string[] {
  const out: string[] = [];
  const plan = planReport(kind, 'tid', value, options);
  writeReport(plan, snapshotOf(tasks), users, { out: (line) => out.push(line), warn: () => {} });
  return out;
}

/** Names that other processes can give themselves, with what the text must show. */
const names: [what: string, bytes: string | Uint8Array, shown: string][] = [
  ['cursor up and erase', '\x1b[1A\x1b[2K', '\\x1b[1A\\x1b[2K'],
  ['clipboard', '\x1b]52;c;aGk=\x07', '\\x1b]52;c;aGk=\\x07'],
  ['hyperlink', '\x1b]8;;http://a\x1b\\', '\\x1b]8;;http://a\\x1b\\\\'],
  ['title', '\x1b]0;x\x07\x1b]2;y\x07', '\\x1b]0;x\\x07\\x1b]2;y\\x07'],
  ['DCS, APC, PM', '\x1bPq\x1b_a\x1b^p', '\\x1bPq\\x1b_a\\x1b^p'],
  ['lone ESC at the end', 'truncated\x1b', 'truncated\\x1b'],
  ['C1, raw', Uint8Array.of(0x9b, 0x32, 0x4a), '\\x9b2J'],
  ['C1, as characters', '\u009b2J\u0090', '\\u009b2J\\u0090'],
  ['DEL', 'a\x7f', 'a\\x7f'],
  ['BEL flood', '\x07'.repeat(16), '\\x07'.repeat(16)],
  ['carriage return', 'real\rfake', 'real\\rfake'],
  ['line feed', 'a\nb)R 1', 'a\\nb)R 1'],
  ['bidirectional override', 'a\u202egpj\u2066', 'a\\u202egpj\\u2066'],
  ['zero width', 'a\u200bb\u2060', 'a\\u200bb\\u2060'],
  ['combining flood', `a${'\u0301'.repeat(7)}`, `a${'\u0301'.repeat(4)}${'\\u0301'.repeat(3)}`],
  ['wide characters', '同歩🙂', '同歩🙂'],
  ['line separators', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['cut in a character', Uint8Array.of(...Buffer.from('job-同'), 0xe6, 0xad), 'job-同\\xe6\\xad'],
  ['empty', '', ''],
  ['spaces', '   ', '   '],
  ['fake stat', ') R 1 (x', ') R 1 (x'],
  ['prototype', '__proto__', '__proto__'],
  ['constructor', 'constructor', 'constructor'],
  ['toString', 'toString', 'toString'],
  ['percent and equals', '%s%n=', '%s%n='],
  ['backslash', 'a\\x2db', 'a\\\\x2db'],
  ['markup', '<img onerror=x>', '<img onerror=x>'],
  ['formula', '=1+1\t', '=1+1\\t'],
  ['quotes', `"'{}=\\`, `"'{}=\\\\`],
  ['brackets', ']} tid: 9, pid: 9', ']} tid: 9, pid: 9'],
];

const tasks: PlainTask[] = [
  { tid: 1, pid: 1, vtid: 1, comm: 'init' },
  ...names.map(([, comm], i) => ({
    ...{ tid: 10 + i, pid: 10 + i, vtid: 10 + i, rptid: 1, rppid: 1 },
    ...{ comm, exepath: comm, cmdline: Buffer.concat([Buffer.from(comm), Buffer.from('\0end\0')]) },
  })),
];

test('no name removes, adds or changes a line of a tree', () => {
  const lines = run(tasks, 'tree', '1', { format: ['tid'] });
  assert.equal(lines.length, names.length + 3);
  for (const [i, [what, , shown]] of names.entries()) {
    assert.equal(lines[i + 2], `${i + 1 === names.length ? '└' : '├'}─ [${shown}] t: ${10 + i}`, what);
  }
  for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}]/u);
});

test('paths and arguments are escaped as names are', () => {
  for (const [i, [what, , shown]] of names.entries()) {
    const [, line] = run(tasks, 'info', String(10 + i), { format: ['e,cmd'], pretty: false });
    const expected = what === 'empty' ? 'e: , cmd: ,end' : `e: ${shown}, cmd: ${shown},end`;
    assert.equal(line, `* [${shown}] ${expected}`, what);
  }
});

test('JSON gives every name back exactly, in one line that is safe to print', () => {
  for (const [i, [what, bytes]] of names.entries()) {
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

test('a name that was printed can be typed back', () => {
  for (const [i, [what, , shown]] of names.entries()) {
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
