import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TreeError } from './errors.ts';
import { fields } from './fields.ts';
import { type PlainTask, snapshotOf } from './plain.ts';
import { planReport, type ReportKind, type ReportOptions, writeFields, writeReport } from './report.ts';
import { ValueState } from './snapshot.ts';
import { parsePasswd } from './users.ts';

const users = { nameOf: (uid: number) => ({ 0: 'root', 1000: 'ada' })[uid] };

const task = (tid: number, rptid: number, comm: string, more: PlainTask = {}): PlainTask => ({
  tid,
  pid: tid,
  vtid: tid,
  rptid,
  rppid: rptid,
  ptid: rptid,
  ppid: rptid,
  pgid: tid,
  sid: tid,
  comm,
  ...more,
});

const machine: PlainTask[] = [
  task(936, 1, 'containerd'),
  task(1, 0, 'systemd', { reaper: 1 }),
  task(300, 1, 'systemd-journal'),
  task(2000, 936, 'x'),
  task(957, 1, 'containerd', { pid: 936 }),
];

function run(
  tasks: readonly PlainTask[],
  kind: ReportKind,
  field: string,
  value: string,
  options: ReportOptions = {},
): { out: string[]; warnings: string[] } {
  const out: string[] = [];
  const warnings: string[] = [];
  const plan = planReport(kind, field, value, options);
  writeReport(plan, snapshotOf(tasks), users, {
    out: (line) => out.push(line),
    warn: (line) => warnings.push(line),
  });
  return { out, warnings };
}

test('a tree has connectors, children by number, threads as nodes, and ends with an empty line', () => {
  assert.deepEqual(run(machine, 'tree', 'tid', '1').out, [
    "🌴 Task Tree for 'tid=1'",
    '[systemd]💀 tid: 1, pid: 1',
    '├─ [systemd-journal] tid: 300, pid: 300',
    '├─ [containerd] tid: 936, pid: 936',
    '│  └─ [x] tid: 2000, pid: 2000',
    '└─ {containerd} tid: 957, pid: 936',
    '',
  ]);
});

test('a tree for each match, nested ones too', () => {
  assert.deepEqual(run(machine, 'tree', 'c', 'containerd', { pretty: false }).out, [
    "- Task Tree for 'comm=containerd'",
    '[containerd] tid: 936, pid: 936',
    '└─ [x] tid: 2000, pid: 2000',
    '',
    '{containerd} tid: 957, pid: 936',
    '',
  ]);
});

test('info has one line a match and no empty line', () => {
  assert.deepEqual(run(machine, 'info', 'tid', '1').out, [
    "ℹ️ Task Info for 'tid=1'",
    '🗞️ [systemd]💀 tid: 1, pid: 1, rptid: 0, rppid: 0',
  ]);
  assert.deepEqual(run(machine, 'info', 'p', '936', { pretty: false }).out, [
    "- Task Info for 'pid=936'",
    '* [containerd] tid: 936, pid: 936, rptid: 1, rppid: 1',
    '* {containerd} tid: 957, pid: 936, rptid: 1, rppid: 1',
  ]);
});

test('a lineage goes up to the task without a parent', () => {
  assert.deepEqual(run(machine, 'lineage', 'comm', 'x').out, [
    "📜 Task Lineage for 'comm=x'",
    '⬇️ [x] tid: 2000, pid: 2000, rptid: 936, rppid: 936',
    '⬇️ [containerd] tid: 936, pid: 936, rptid: 1, rppid: 1',
    '⬇️ [systemd]💀 tid: 1, pid: 1, rptid: 0, rppid: 0',
    '',
  ]);
  assert.deepEqual(run(machine, 'lineage', 'reaper', 'true', { pretty: false }).out, [
    "- Task Lineage for 'reaper=true'",
    'V [systemd](R) tid: 1, pid: 1, rptid: 0, rppid: 0',
    '',
  ]);
});

const everything: PlainTask = task(42, 7, 'nginx', {
  vtid: 3,
  pgid: 40,
  sid: 1,
  ns_level: 2,
  exepath: '/usr/sbin/nginx',
  loginuid: -1,
  euid: 1000,
  cmdline: 'nginx\0-g\0daemon off;\0',
});

test('all nineteen fields, in the order that was asked for', () => {
  const format =
    'tid,vtid,pid,vpid,pgid,vpgid,sid,vsid,ptid,ppid,rptid,rppid,comm,reaper,ns_level,exepath,loginuid,euid,cmdline';
  const { out } = run([everything, task(1, 0, 'init'), task(7, 1, 'up')], 'info', 'tid', '42', {
    format: [format],
  });
  assert.equal(
    out[1],
    '🗞️ [nginx] t: 42, vt: 3, p: 42, vp: 3, pg: 40, vpg: -1, s: 1, vs: 1, pt: 7, pp: 7, rpt: 7, rpp: 7, ' +
      'c: nginx, r: false, ns: 2, e: /usr/sbin/nginx, lu: -1(), eu: 1000(ada), cmd: nginx,-g,daemon off;',
  );
  const short = 't,vt,p,vp,pg,vpg,s,vs,pt,pp,rpt,rpp,c,r,ns,e,lu,eu,cmd';
  const again = run([everything, task(1, 0, 'init'), task(7, 1, 'up')], 'info', 'tid', '42', {
    format: [short],
  });
  assert.deepEqual(again.out, out);
});

test('formats accumulate, may be quoted, and are never trimmed', () => {
  const shown = (...format: string[]): string => run(machine, 'info', 'tid', '300', { format }).out[1]!;
  assert.equal(shown('tid', 'pid,"comm"'), '🗞️ [systemd-journal] t: 300, p: 300, c: systemd-journal');
  assert.equal(shown(''), shown());
  for (const [bad, name] of [
    ['pid, rpt', ' rpt'],
    [',', ''],
    ['Pid', 'Pid'],
    ['"a,b"', 'a,b'],
  ]) {
    assert.throws(
      () => shown(bad!),
      (error) =>
        error instanceof TreeError && error.message === `invalid field name in the format fields '${name}'`,
    );
  }
  assert.throws(
    () => shown('a"b'),
    (error) => error instanceof TreeError && error.code === 'format-syntax',
  );
});

test('an unknown field is refused before any task is read, and before the format', () => {
  assert.throws(
    () => planReport('info', 'pdi', '1', { format: ['nope'] }),
    (error) =>
      error instanceof TreeError &&
      error.message === "invalid field name 'pdi'" &&
      error.nearest[0] === 'pid',
  );
});

test('a value that nothing has is an error that names it', () => {
  for (const value of ['9999', '01', '1.0', '1e0', ' 1', '-0', '+1', '']) {
    assert.throws(
      () => run(machine, 'info', 't', value),
      (error) =>
        error instanceof TreeError &&
        error.message === `There are no tasks with 'tid=${value}' in the system`,
    );
  }
});

test('a number that only a pid namespace knows is explained, for every kind of number', () => {
  const inside = [
    task(1, 0, 'init', { pgid: 1, sid: 1 }),
    task(500, 1, 'inner', { vtid: 7, ns_level: 1, pgid: 500, sid: 500 }),
    task(501, 1, 'inner', { pid: 500, vtid: 8, ns_level: 1, pgid: 500, sid: 500 }),
  ];
  const advice = (field: string, value: string): string => {
    try {
      run(inside, 'info', field, value);
    } catch (error) {
      assert.ok(error instanceof TreeError && error.code === 'no-match');
      return error.message.split('\n')[1] ?? '';
    }
    return assert.fail('something matches');
  };
  const of = (long: string, tasks: string, own: string): string =>
    `'${long}' is the number on the whole machine; in a pid namespace of its own ${tasks} '${own}'`;
  assert.equal(advice('tid', '8'), of('tid', 'one task has', 'vtid 8'));
  assert.equal(advice('p', '7'), of('pid', '2 tasks have', 'vpid 7'));
  assert.equal(advice('pgid', '7'), of('pgid', '2 tasks have', 'vpgid 7'));
  assert.equal(advice('sid', '7'), of('sid', '2 tasks have', 'vsid 7'));
  assert.equal(advice('ppid', '7'), '', 'a parent may be in another namespace');
  assert.equal(advice('tid', '9'), '');
});

test('values are compared as they are shown', () => {
  const count = (field: string, value: string): number =>
    run([everything, task(7, 0, 'up')], 'info', field, value).out.length - 1;
  assert.equal(count('cmdline', 'nginx,-g,daemon off;'), 1);
  assert.equal(count('euid', '1000'), 1);
  assert.equal(count('lu', '-1'), 1);
  assert.equal(count('exepath', 'NA'), 1);
  assert.equal(count('vpgid', '-1'), 1);
  assert.equal(count('r', 'false'), 2);
  assert.throws(() => count('euid', 'ada'));
  assert.throws(() => count('reaper', '0'));
});

test('what was cut or is not there is never shown as a value', () => {
  const tasks = [
    task(1, 0, 'a', { exepath: { state: ValueState.cut } }),
    task(2, 1, 'b', { cmdline: { state: ValueState.cut, bytes: Buffer.from('long\0comm') } }),
    task(3, 1, 'c', { cmdline: '' }),
  ];
  const shown = (tid: string): string => run(tasks, 'info', 'tid', tid, { format: ['e,cmd'] }).out[1]!;
  assert.equal(shown('1'), '🗞️ [a] e: TL, cmd: NA');
  assert.equal(shown('2'), '🗞️ [b] e: NA, cmd: long,comm…');
  assert.equal(shown('3'), '🗞️ [c] e: NA, cmd: ');
});

test('empty arguments at the end are not shown, those inside are', () => {
  const tasks = [
    task(1, 0, 'a', { cmdline: 'sh\0-c\0\0x\0' }),
    task(2, 1, 'b', { cmdline: 'title\0\0\0\0' }),
  ];
  assert.equal(run(tasks, 'info', 'tid', '1', { format: ['cmd'] }).out[1], '🗞️ [a] cmd: sh,-c,,x');
  assert.equal(run(tasks, 'info', 'cmd', 'title', { format: ['cmd'] }).out[1], '🗞️ [b] cmd: title');
});

test('a missing parent is warned of, except for the first process of a container', () => {
  const tasks = [
    task(10, 5, 'orphan'),
    task(11, 5, 'container init', { vtid: 1 }),
    task(12, 5, 'its thread', { pid: 11, vtid: 2 }),
  ];
  const { out, warnings } = run(tasks, 'lineage', 'tid', '10');
  assert.deepEqual(warnings, [
    "⚠️ Parent with tid '5' not found in the table during children computation",
    "⚠️ cannot find the parent with tid '5' during lineage reconstruction",
  ]);
  assert.equal(out.length, 3);
  assert.equal(run(tasks, 'lineage', 'tid', '11').warnings.length, 1);
  assert.match(run(tasks, 'info', 'tid', '12', { pretty: false }).warnings[0]!, /^\/!\\ Parent/);
});

test('cycles and tasks that are their own parents end', () => {
  const tasks = [task(2, 3, 'a'), task(3, 4, 'b'), task(4, 2, 'c'), task(5, 5, 'self'), task(6, 5, 'child')];
  assert.deepEqual(run(tasks, 'tree', 'tid', '2').out.slice(1), [
    '[a] tid: 2, pid: 2',
    '└─ [c] tid: 4, pid: 4',
    '   └─ [b] tid: 3, pid: 3',
    '',
  ]);
  assert.deepEqual(run(tasks, 'tree', 'tid', '5').out.slice(1), [
    '[self] tid: 5, pid: 5',
    '└─ [child] tid: 6, pid: 6',
    '',
  ]);
  const { out, warnings } = run(tasks, 'lineage', 'tid', '2');
  assert.equal(out.length, 5);
  assert.deepEqual(warnings, ["⚠️ the parents of the task with tid '2' form a cycle: the lineage ends here"]);
  assert.equal(run(tasks, 'lineage', 'tid', '6').out.length, 4);
});

test('two tasks with one number do not lose or repeat any task', () => {
  const tasks = [task(1, 0, 'first'), task(1, 0, 'second'), task(2, 1, 'child')];
  assert.deepEqual(run(tasks, 'tree', 'tid', '1').out.slice(1), [
    '[first] tid: 1, pid: 1',
    '└─ [child] tid: 2, pid: 2',
    '',
    '[second] tid: 1, pid: 1',
    '',
  ]);
});

/** What a source that knows only bpftree's fields has of the others. */
const notKnown = Object.fromEntries(fields.slice(19).map(({ long }) => [long, null]));

test('JSON lines have stable names, exact values and the depth', () => {
  const { out } = run([everything, task(7, 0, 'up', { loginuid: -2 })], 'lineage', 'tid', '42', {
    json: true,
  });
  assert.deepEqual(
    out.map((line): unknown => JSON.parse(line)),
    [
      {
        depth: 0,
        ...{ tid: 42, vtid: 3, pid: 42, vpid: 3, pgid: 40, vpgid: -1, sid: 1, vsid: -1 },
        ...{ ptid: 7, ppid: 7, rptid: 7, rppid: 7, comm: 'nginx', reaper: false, ns_level: 2 },
        ...{ exepath: '/usr/sbin/nginx', loginuid: -1, euid: 1000, euid_name: 'ada' },
        cmdline: ['nginx', '-g', 'daemon off;'],
        ...notKnown,
      },
      {
        depth: 1,
        ...{ tid: 7, vtid: 7, pid: 7, vpid: 7, pgid: 7, vpgid: 7, sid: 7, vsid: 7 },
        ...{ ptid: 0, ppid: 0, rptid: 0, rppid: 0, comm: 'up', reaper: false, ns_level: 0 },
        ...{ exepath: null, loginuid: -2, euid: 0, euid_name: 'root', cmdline: null },
        ...notKnown,
      },
    ],
  );
  const some = run(machine, 'tree', 'pid', '936', { json: true, format: ['c', 'tid'] });
  assert.deepEqual(some.out, [
    '{"depth":0,"comm":"containerd","tid":936}',
    '{"depth":1,"comm":"x","tid":2000}',
    '{"depth":0,"comm":"containerd","tid":957}',
  ]);
});

test('JSON keeps each argument, empty ones too, and marks what was cut', () => {
  const cut = { state: ValueState.cut, bytes: Uint8Array.of(0x61, 0, 0xe5) };
  const tasks = [task(1, 0, 'a', { cmdline: 'sh\0\0\0' }), task(2, 1, 'b', { cmdline: cut })];
  const json = (tid: string): string =>
    run(tasks, 'info', 'tid', tid, { json: true, format: ['cmdline'] }).out[0]!;
  assert.equal(json('1'), '{"cmdline":["sh","",""]}');
  assert.equal(json('2'), '{"cmdline":["a","\\\\xe5"],"cmdline_base64":"YQDl","cmdline_truncated":true}');
});

test('the table of fields', () => {
  const out: string[] = [];
  writeFields((line) => out.push(line));
  assert.equal(out.length, fields.length + 2);
  assert.deepEqual(out.slice(0, 3), [
    '| Fields | Description |',
    '| ------ | ----------- |',
    '| tid,t | thread id (tid) of the current task (init namespace) |',
  ]);
  assert.equal(out[14], "| comm,c | human readeable process name ('task->comm') |");
  assert.equal(out[20], '| cmdline,cmd | Command line of the current task |');
});

test('user names are read as libc reads them', () => {
  const names = parsePasswd(
    Buffer.from('root:x:0:0::/:/bin/sh\ntoor:x:0:0\n#c\n\nbad:x:-1:0\n:x:5:5\nda\x1bemon:x:2:2\nlast:x:3:3'),
  );
  assert.deepEqual(
    [...names],
    [
      [0, 'root'],
      [2, 'da\\x1bemon'],
      [3, 'last'],
    ],
  );
});
