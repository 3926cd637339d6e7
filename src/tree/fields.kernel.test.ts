/**
 * All fields of all tasks of this machine, compared with what /proc shows.
 *
 * Tasks change while they are read. A value is compared when /proc showed the same before and after the walk, for a
 * task whose start time was the same too; what only grows must lie between both readings. The state is compared for a
 * task that was on no CPU and left none in between (its counts of context switches are the same): to change its state
 * and to have the old one again it would have had to run.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { type TestContext, test } from 'node:test';
import { possibleCpus } from '../kernel/cpus.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import { pageSize } from '../sys/memory.ts';
import { type Field, fields, type NumberField, storageOf } from './fields.ts';
import { kernelField } from './path.ts';
import { type Row, type Snapshot, ValueState } from './snapshot.ts';
import { readFields } from './source.ts';
import { stateLetter } from './units.ts';
import { checkCondition, testFields } from './where/check.ts';
import { rowTest } from './where/evaluate.ts';

const needsRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };

/** What /proc says of one task; undefined for what it does not say. */
interface ProcTask {
  readonly start: bigint;
  readonly cpu: bigint | undefined;
  readonly rss: bigint | undefined;
  /** The state's letter, and how often the task has left a CPU. */
  readonly state: string;
  readonly switches: string;
  readonly values: ReadonlyMap<string, string>;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function readTask(pid: string, tid: string): ProcTask {
  const folder = `/proc/${pid}/task/${tid}`;
  const stat = readFileSync(`${folder}/stat`);
  const end = stat.lastIndexOf(0x29);
  const part = stat
    .subarray(end + 2)
    .toString('latin1')
    .trimEnd()
    .split(' ');
  const status = readFileSync(`${folder}/status`, 'latin1');
  const line = (name: string): string[] =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
  const values = new Map<string, string>([
    ...([
      ['tid', tid],
      ['pid', pid],
      ['comm', hex(stat.subarray(stat.indexOf(0x28) + 1, end))],
      ['ppid', part[1]!],
      ['pgid', part[2]!],
      ['sid', part[3]!],
      ['priority', part[15]!],
      ['nice', part[16]!],
      ['exit_code', part[49]!],
      ['threads', line('Threads')[0]!],
      ['uid', line('Uid')[0]!],
      ['euid', line('Uid')[1]!],
      ['gid', line('Gid')[0]!],
      ['ns_level', String(line('NSpid').length - 1)],
      ['vtid', line('NSpid').at(-1)!],
    ] as const),
  ]);
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined) values.set(name, value);
  };
  const memory = line('VmSize')[0];
  put('vm_size', memory === undefined ? 'NA' : String(BigInt(memory) * 1024n));
  put(
    'loginuid',
    attempt(() => readFileSync(`${folder}/loginuid`, 'latin1').replace(/^4294967295$/, '-1')),
  );
  for (const space of ['pid', 'mnt']) {
    put(
      `${space}_ns`,
      attempt(() => String(statSync(`${folder}/ns/${space}`).ino)),
    );
  }
  const cgroup = /^0::(.*)$/m.exec(readFileSync(`${folder}/cgroup`, 'latin1'))?.[1];
  put('cgroup', cgroup === undefined ? 'NA' : hex(Buffer.from(cgroup, 'latin1')));
  const exe = attempt(() => hex(readlinkSync(`${folder}/exe`, 'buffer')));
  put('exepath', exe ?? 'NA');
  const cmdline = attempt(() => readFileSync(`${folder}/cmdline`));
  if (cmdline !== undefined) put('cmdline', cmdline.length === 0 ? 'NA' : hex(cmdline));
  const schedule = attempt(() => readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]!);
  const rss = attempt(() => BigInt(readFileSync(`${folder}/statm`, 'latin1').split(' ')[1]!));
  return {
    start: BigInt(part[19]!),
    cpu: schedule === undefined ? undefined : BigInt(schedule),
    rss,
    state: part[0]!,
    switches: `${line('voluntary_ctxt_switches')} ${line('nonvoluntary_ctxt_switches')}`,
    values,
  };
}

function readProc(): Map<number, ProcTask> {
  const all = new Map<number, ProcTask>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const tid of attempt(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
      const task = attempt(() => readTask(pid, tid));
      if (task !== undefined) all.set(Number(tid), task);
    }
  }
  return all;
}

/** Our value in the form of `ProcTask.values`. */
function ours(snapshot: Snapshot, field: Field, row: Row): string {
  switch (storageOf(field)) {
    case 'number':
      return String(snapshot.number(field.long as NumberField, row));
    case 'long': {
      const { values, absent } = snapshot.longs(field.long);
      return absent[row] === 1 ? 'NA' : String(values[row]);
    }
    case 'bytes':
      if (snapshot.state(field.long, row) === ValueState.absent) return 'NA';
      return hex(snapshot.bytes(field.long, row));
  }
}

/**
 * The arguments that /proc shows follow rules of their own once a process has written over them: then the last
 * byte is no NUL, or the text goes on in the environment. One of both is the beginning of the other all the same.
 */
function sameArguments(mine: string, theirs: string, cut: boolean): boolean {
  if (mine === 'NA' || theirs === 'NA') return /^(00)*$/.test(mine.replace('NA', '')) && theirs === 'NA';
  if (!cut && mine.endsWith('00')) return mine === theirs || theirs.startsWith(mine.replace(/(00)+$/, ''));
  return theirs.startsWith(mine) || mine.startsWith(theirs);
}

test('every task of /proc is there, and every field is what /proc shows', needsRoot, () => {
  const before = readProc();
  const snapshot = readFields(fields);
  const after = readProc();
  const hidden = (row: Row): boolean => snapshot.longs('cgroup_id').absent[row] === 1;
  // A counter of each CPU may hold this many pages that the sum does not (lib/percpu_counter.c); there are three.
  const cpus = possibleCpus();
  const unseen = BigInt(3 * cpus * Math.max(32, 2 * cpus)) * BigInt(pageSize());
  let [compared, states] = [0, 0];
  for (const [tid, first] of before) {
    const second = after.get(tid);
    if (second === undefined || second.start !== first.start) continue;
    const row = snapshot.rowOf(tid);
    assert.ok(row !== undefined, `task ${tid} is not in the snapshot`);
    for (const field of fields) {
      const expected = first.values.get(field.long);
      if (expected === undefined || second.values.get(field.long) !== expected) continue;
      const mine = ours(snapshot, field, row);
      // What the walk leaves out is read from /proc, which has less.
      if (hidden(row) && mine === 'NA') continue;
      // /proc shows more of a kernel thread's name than there is room for in the task itself.
      const longName = field.long === 'comm' && first.values.get('vm_size') === 'NA';
      const same = longName
        ? expected.startsWith(mine)
        : field.type === 'arguments'
          ? sameArguments(mine, expected, snapshot.state('cmdline', row) === ValueState.cut)
          : mine === expected;
      assert.ok(same, `task ${tid}, ${field.long}: ${mine} here, ${expected} in /proc`);
      compared += 1;
    }
    if (hidden(row)) continue;
    const started = snapshot.longs('start_time').values[row]!;
    assert.equal(started / 10_000_000n, first.start, `task ${tid}, start_time`);
    const cpu = snapshot.longs('cpu_time').values[row]!;
    if (first.cpu !== undefined && second.cpu !== undefined) {
      assert.ok(
        cpu >= first.cpu && cpu <= second.cpu,
        `task ${tid}: ${first.cpu} <= ${cpu} <= ${second.cpu}`,
      );
    }
    if (first.state === second.state && first.switches === second.switches) {
      const state = stateLetter(snapshot.longs('state').values[row]!);
      assert.equal(state, first.state, `task ${tid} has another state in /proc`);
      states += 1;
    }
    const memory = snapshot.longs('rss');
    if (first.rss === second.rss && first.rss !== undefined && memory.absent[row] === 0) {
      const away = BigInt.asIntN(64, BigInt(memory.values[row]!) - first.rss * BigInt(pageSize()));
      assert.ok(away <= unseen && away >= -unseen, `task ${tid}, rss is ${away} away`);
    }
  }
  assert.ok(states * 2 > before.size, `${states} states of ${before.size} tasks were compared`);
  assert.ok(compared > before.size * 10, `${compared} values of ${before.size} tasks were compared`);
});

async function stopped(t: TestContext): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6); console.log(1)'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGSTOP');
  for (;;) {
    if (/^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, 'latin1'))) return child.pid!;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a stopped process has the state T, times that stand still, and an identity', needsRoot, async (t) => {
  const pid = await stopped(t);
  const [one, two] = [readFields(fields), readFields(fields)];
  const [a, b] = [one.rowOf(pid)!, two.rowOf(pid)!];
  assert.equal(stateLetter(one.longs('state').values[a]!), 'T');
  for (const name of ['cpu_time', 'start_time', 'user_time', 'system_time']) {
    assert.equal(one.longs(name).values[a], two.longs(name).values[b], name);
  }
  const id = Buffer.from(one.bytes('id', a)).toString();
  assert.equal(id, Buffer.from(two.bytes('id', b)).toString());
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  assert.equal(id, `${boot}:${pid}:${one.longs('start_time').values[a]}`);
  assert.ok(two.longs('run_time').values[b]! >= one.longs('run_time').values[a]!);
});

test('kernel fields by path have the values of the table and of /proc', needsRoot, () => {
  const paths = [
    ...['signal.nr_threads', 'real_cred.uid.val', 'task.comm', 'mm.total_vm', 'signal.rlim[7].rlim_cur'],
    ...['nsproxy.uts_ns.name.nodename', 'mm', 'thread_pid.numbers[0].nr', 'signal.is_child_subreaper'],
  ].map((path) => kernelField(vmlinux(), path === 'mm' ? 'task.mm' : path));
  const named = (name: string): Field => fields.find(({ long }) => long === name)!;
  const snapshot = readFields([...paths, named('threads'), named('uid'), named('vm_size')]);
  const row = snapshot.rowOf(process.pid)!;
  const value = (index: number): string => ours(snapshot, paths[index]!, row);
  assert.equal(value(0), ours(snapshot, named('threads'), row));
  assert.equal(value(1), ours(snapshot, named('uid'), row));
  assert.equal(Buffer.from(value(2), 'hex').toString(), readFileSync('/proc/self/comm', 'utf8').trim());
  assert.equal(BigInt(value(3)) * BigInt(pageSize()), BigInt(ours(snapshot, named('vm_size'), row)));
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  assert.equal(value(4), limit);
  assert.equal(Buffer.from(value(5), 'hex').toString(), hostname());
  assert.ok(BigInt(value(6)) > 1n << 63n, 'an address in the kernel');
  assert.equal(value(7), String(process.pid));
  assert.equal(value(8), String(snapshot.number('reaper', row)));
  const kernelThread = snapshot.rowOf(2);
  if (kernelThread !== undefined && process.pid !== 2) {
    assert.equal(ours(snapshot, paths[3]!, kernelThread), 'NA', 'a kernel thread has no memory');
  }
});

test('what the kernel leaves out by a condition is what does not match', needsRoot, () => {
  const conditions = [
    `pid == ${process.pid}`,
    'nice < 0 || uid != 0',
    'threads > 1 && comm ~ "n*"',
    '!(threads > 1 && uid == 0)',
    'vm_size > 100M && priority >= 0',
    '!(vm_size > 1M)',
    'cgroup_id == 1 && mnt_ns > 0xf0000000',
    'loginuid == -1 && euid == 0',
    'reaper || !reaper && ns_level >= 0',
    `uid == euid && ppid in (2, ${process.ppid}, ${process.pid})`,
    'comm == "node" || threads > 5',
    'signal.rlim[7].rlim_cur > 18446744073709551614',
    'real_cred.uid.val <= 4294967295',
    'exit_code == 0 && start_time > 1ns',
  ];
  for (const text of conditions) {
    const check = checkCondition(text, { kernelField: (path) => kernelField(vmlinux(), path) });
    const wanted = testFields(check);
    const always = { filterFrom: 0 };
    const [first, found, last] = [readFields(wanted), readFields(wanted, check, always), readFields(wanted)];
    const matching = (snapshot: Snapshot): Set<number> => {
      const holds = rowTest(check, snapshot);
      const tid = snapshot.numbers('tid');
      return new Set([...snapshot.order].filter(holds).map((row) => tid[row]!));
    };
    const [before, kept, after] = [first, found, last].map(matching);
    for (const tid of before!) if (after!.has(tid)) assert.ok(kept!.has(tid), `${text}: ${tid} is missing`);
    for (const tid of kept!) {
      const known = first.rowOf(tid) !== undefined && last.rowOf(tid) !== undefined;
      assert.ok(!known || before!.has(tid) || after!.has(tid), `${text}: ${tid} does not match`);
    }
    if (found.partial) assert.ok(found.count <= Math.max(first.count, last.count));
  }
});
