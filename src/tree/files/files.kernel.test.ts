/**
 * Open files from the kernel's walk against /proc/PID/fd and fdinfo. Races are excluded by a rule: of processes that this
 * test made, and that hold still, every descriptor and every value is compared; of all others each descriptor of which
 * /proc showed the same before and after the walk.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ValueState } from '../snapshot.ts';
import { readFields, readForReport } from '../source.ts';
import { walkFiles } from './kernel-program.ts';
import { fileType } from './kind.ts';
import { FileLayer, type FileNumber, FileTable } from './model.ts';
import { readFileRecords } from './record.ts';
import { planFiles, selectForFiles, writeFiles } from './report.ts';
import { Sockets } from './socket.ts';
import { readFiles } from './source.ts';

const forRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };

/** What the child runs: it opens files of many kinds, says so in one line of JSON, and waits. */
const opensFiles = `
const fs = require('fs'), net = require('net'), dgram = require('dgram');
const dir = process.argv[1], at = (name) => dir + '/' + name;
const fd = {}, lacks = [];
fd.written = fs.openSync(at('written'), 'w+');
fs.writeSync(fd.written, '0123456789');
fd.append = fs.openSync(at('append'), 'a');
fd.gone = fs.openSync(at('gone'), 'w+');
fs.unlinkSync(at('gone'));
fd.named = fs.openSync(at('named (deleted)'), 'w+');
fd.odd = fs.openSync(Buffer.concat([Buffer.from(at('odd\\n\\x1b[2J')), Buffer.from([0xff])]), 'w+');
fd.directory = fs.openSync(dir, fs.constants.O_DIRECTORY | fs.constants.O_NONBLOCK);
fd.device = fs.openSync('/dev/null', 'r+');
fd.namespace = fs.openSync('/proc/self/ns/mnt', 'r');
const home = process.cwd();
process.chdir(dir);
for (let i = 0; i < 24; i++) { const name = 'd'.repeat(200); fs.mkdirSync(name); process.chdir(name); }
fd.deep = fs.openSync('.', 'r');
process.chdir(home);
const listening = (server, options) => new Promise((resolve) => {
  server.once('error', (error) => { lacks.push(options.host + ': ' + error.code); resolve(undefined); });
  server.listen(options, () => resolve(server.address()));
});
const connected = (options) => new Promise((resolve) => { const s = net.connect(options, () => resolve(s)); });
const bound = (type, host) => new Promise((resolve) => {
  const socket = dgram.createSocket(type);
  socket.once('error', (error) => { lacks.push(type + ': ' + error.code); resolve(undefined); });
  socket.bind(0, host, () => resolve(socket.address()));
});
(async () => {
  const tcp4 = await listening(net.createServer(), { host: '127.0.0.1', port: 0 });
  const tcp6 = await listening(net.createServer(), { host: '::1', port: 0 });
  const ports = { tcp4: tcp4 && tcp4.port, tcp6: tcp6 && tcp6.port };
  if (tcp4) ports.client4 = (await connected({ host: '127.0.0.1', port: tcp4.port })).localPort;
  if (tcp6) ports.client6 = (await connected({ host: '::1', port: tcp6.port })).localPort;
  ports.udp4 = (await bound('udp4', '127.0.0.1'))?.port;
  ports.udp6 = (await bound('udp6', '::1'))?.port;
  await listening(net.createServer(), { path: at('socket') });
  await connected({ path: at('socket') });
  await listening(net.createServer(), { path: '\\0bpfkit' + dir });
  console.log(JSON.stringify({ fd, ports, lacks }));
  process.stdin.resume();
})();`;

interface Held {
  readonly pid: number;
  readonly dir: string;
  readonly fd: Record<string, number>;
  readonly ports: Record<string, number | undefined>;
  readonly lacks: string[];
}

async function held(t: TestContext): Promise<Held> {
  const dir = mkdtempSync(join(tmpdir(), 'bpfkit-files-'));
  const child: ChildProcess = spawn(process.execPath, ['-e', opensFiles, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
  });
  t.after(() => {
    child.kill('SIGKILL');
    // Too deep to be removed by its path: the lower half is moved up first.
    renameSync(join(dir, ...Array<string>(12).fill('d'.repeat(200))), join(dir, 'lower'));
    rmSync(dir, { recursive: true, force: true });
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data) => resolve(String(data)));
    child.once('exit', () => reject(new Error('the child ended')));
  });
  // The last connection is accepted a moment after the client has it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { pid: child.pid!, dir, ...(JSON.parse(line) as Omit<Held, 'pid' | 'dir'>) };
}

function filesOf(pid: number): FileTable {
  return new FileTable(readFileRecords(walkFiles([pid], true)));
}

/** st_dev as stat(2) has it (include/linux/kdev_t.h, new_encode_dev). */
function statDevice(dev: number): bigint {
  const [major, minor] = [BigInt(dev >>> 20), BigInt(dev & 0xfffff)];
  return (minor & 0xffn) | (major << 8n) | ((minor & ~0xffn) << 12n);
}

test('every descriptor is as /proc has it', forRoot, async (t) => {
  const { pid, fd } = await held(t);
  const table = filesOf(pid);
  const { columns } = table;
  const names = readdirSync(`/proc/${pid}/fd`).map(Number);
  const rows = table.rowsOf(pid);
  const number = columns.numbers('fd');
  assert.deepEqual(
    rows.map((row) => number[row]),
    names.sort((a, b) => a - b),
  );
  const path = columns.bytes('path');
  for (const row of rows) {
    const one = number[row]!;
    const info = readFileSync(`/proc/${pid}/fdinfo/${one}`, 'latin1');
    const value = (key: string): string => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(info)?.[1] ?? '';
    const stat = statSync(`/proc/${pid}/fd/${one}`, { bigint: true });
    const what = `descriptor ${one}: ${info}`;
    assert.equal(columns.numbers('openFlags')[row], Number.parseInt(value('flags'), 8), what);
    assert.equal(columns.numbers('position')[row], BigInt(value('pos')), what);
    assert.equal(columns.numbers('mountId')[row], Number(value('mnt_id')), what);
    // fdinfo has the inode since 5.14.
    assert.equal(columns.numbers('ino')[row], BigInt(value('ino') || stat.ino), what);
    assert.equal(columns.numbers('size')[row], stat.size, what);
    // Since 6.16 nameless inodes have a type inside the kernel that stat does not show.
    if (columns.numbers('filesystem')[row] !== 0x09041934) {
      assert.equal(columns.numbers('mode')[row], Number(stat.mode), what);
    }
    assert.equal(statDevice(columns.numbers('rdev')[row]!), stat.rdev, what);
    assert.equal(statDevice(columns.numbers('dev')[row]!), stat.dev, what);
    if (one === fd.deep) {
      assert.equal(path.state[row], ValueState.cut);
      assert.throws(() => readlinkSync(`/proc/${pid}/fd/${one}`), { code: 'ENAMETOOLONG' });
      continue;
    }
    const link = readlinkSync(`/proc/${pid}/fd/${one}`, 'buffer');
    const shown = path.data.subarray(path.start[row], path.start[row]! + path.length[row]!);
    assert.deepEqual(Buffer.from(shown), link, what);
  }
});

/** All descriptors of all processes: what /proc says of each, as one text. */
function readDescriptors(): Map<string, string> {
  const all = new Map<string, string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}`;
    try {
      for (const fd of readdirSync(`${folder}/fd`)) {
        try {
          const info = readFileSync(`${folder}/fdinfo/${fd}`, 'latin1');
          const value = (key: string): string => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(info)?.[1] ?? '';
          const { ino, size } = statSync(`${folder}/fd/${fd}`, { bigint: true });
          const link = readlinkSync(`${folder}/fd/${fd}`, 'buffer').toString('latin1');
          const flags = Number.parseInt(value('flags'), 8);
          all.set(`${pid} ${fd}`, [flags, value('pos'), value('mnt_id'), ino, size, link].join(' '));
        } catch {
          // It was closed, or its path is too long for /proc.
        }
      }
    } catch {
      // The process ended.
    }
  }
  return all;
}

test('every descriptor of every process that held still is as /proc has it', forRoot, async (t) => {
  const { pid } = await held(t);
  const before = readDescriptors();
  const snapshot = readFields([]);
  const { columns, hidden } = readFiles(snapshot);
  const after = readDescriptors();
  const ours = new Map<string, string>();
  const number = (name: FileNumber, row: number): number | bigint => columns.numbers(name)[row]!;
  const path = columns.bytes('path');
  for (let row = 0; row < columns.count; row++) {
    const from = path.start[row]!;
    const link = Buffer.from(path.data).toString('latin1', from, from + path.length[row]!);
    const names = ['openFlags', 'position', 'mountId', 'ino', 'size'] as const;
    const values = names.map((name) => number(name, row));
    ours.set(`${number('tid', row)} ${number('fd', row)}`, [...values, link].join(' '));
  }
  let [compared, mine] = [0, 0];
  for (const [key, value] of before) {
    const tid = Number(key.split(' ')[0]);
    if (after.get(key) !== value || hidden.has(tid)) continue;
    assert.equal(ours.get(key), value, `descriptor ${key}`);
    compared += 1;
    if (tid === pid) mine += 1;
  }
  t.diagnostic(`${compared} of ${before.size} descriptors were compared`);
  assert.ok(mine > 10 && compared >= mine);
});

test('types, and which names were removed', forRoot, async (t) => {
  const { pid, fd } = await held(t);
  const { columns, ...table } = filesOf(pid);
  const rows = new Map([...columns.numbers('fd')].map((number, row) => [number, row]));
  assert.equal(table.hidden.size, 0);
  const type = fileType(columns);
  const typeOf = (name: string): string => type(rows.get(fd[name]!)!);
  assert.equal(typeOf('written'), 'regular');
  assert.equal(typeOf('named'), 'regular');
  assert.equal(typeOf('directory'), 'directory');
  assert.equal(typeOf('device'), 'character-device');
  assert.equal(typeOf('namespace'), 'namespace');
  const types = new Set([...rows.values()].map(type));
  for (const name of ['eventpoll', 'eventfd', 'pipe', 'socket']) {
    assert.ok(types.has(name), `${name} in ${[...types]}`);
  }
  const deleted = Object.keys(fd).filter((name) => columns.numbers('deleted')[rows.get(fd[name]!)!] === 1);
  assert.deepEqual(deleted, ['gone']);
  const mountable = (name: string): number =>
    columns.numbers('layer')[rows.get(fd[name]!)!]! & FileLayer.mountable;
  assert.equal(mountable('written'), 1);
  assert.equal(columns.numbers('layer')[rows.get(0)!], 0, 'a pipe is on no file system that can be mounted');
});

test('sockets have both their ends', forRoot, async (t) => {
  const { pid, ports, lacks, dir } = await held(t);
  const table = filesOf(pid);
  const sockets = new Sockets(table.columns);
  const ino = table.columns.numbers('ino');
  const shown = table
    .rowsOf(pid)
    .filter((row) => sockets.isSocket(row))
    .map((row) => ({ ino: ino[row], ...Object.fromEntries(sockets.json(row)) }) as Record<string, unknown>);
  const has = (wanted: Record<string, unknown>): Record<string, unknown> => {
    const found = shown.filter((one) => Object.entries(wanted).every(([name, value]) => one[name] === value));
    assert.equal(found.length, 1, `${JSON.stringify(wanted)} in ${shown.map((one) => Object.values(one))}`);
    return found[0]!;
  };
  for (const [family, address, listener, client] of [
    ['inet', '127.0.0.1', ports.tcp4, ports.client4],
    ['inet6', '::1', ports.tcp6, ports.client6],
  ] as const) {
    if (listener === undefined) continue;
    const tcp = { family, type: 'stream', protocol: 'tcp', local_address: address };
    has({ ...tcp, state: 'listen', local_port: listener, remote_port: undefined });
    const far = { remote_address: address, state: 'established' };
    has({ ...tcp, ...far, local_port: listener, remote_port: client });
    has({ ...tcp, ...far, local_port: client, remote_port: listener });
  }
  for (const [family, address, port] of [
    ['inet', '127.0.0.1', ports.udp4],
    ['inet6', '::1', ports.udp6],
  ] as const) {
    if (port === undefined) continue;
    has({ family, type: 'dgram', protocol: 'udp', local_address: address, local_port: port });
  }
  const unix = { family: 'unix', type: 'stream' };
  const path = join(dir, 'socket');
  has({ ...unix, state: 'listen', local_address: path });
  // Node pads abstract names with zeros, as some of its versions do on purpose: all bytes count.
  const abstract = shown.find((one) => String(one.local_address).startsWith(`\0bpfkit${dir}`));
  assert.equal(abstract?.state, 'listen');
  assert.match(String(abstract.local_address).slice(7 + dir.length), /^\0*$/);
  const accepted = has({ ...unix, state: 'established', local_address: path });
  const client = has({ ...unix, state: 'established', remote_address: path });
  assert.equal(accepted.peer_ino, client.ino);
  assert.equal(client.peer_ino, accepted.ino);
  if (lacks.length > 0) t.diagnostic(`this machine lacks ${lacks.join(', ')}`);
});

test('a BPF object has the id that fdinfo says', forRoot, () => {
  // The walk's own program, map, link and iterator are open in this process while it walks.
  const table = filesOf(process.pid);
  const type = fileType(table.columns);
  const found = new Map(table.rowsOf(process.pid).map((row) => [type(row), row]));
  for (const kind of ['bpf-map', 'bpf-prog', 'bpf-link']) {
    const row = found.get(kind);
    assert.ok(row !== undefined, `${kind} in ${[...found.keys()]}`);
    // Links have an id since 5.8, and all ids start at 1.
    assert.ok(table.columns.numbers('bpfId')[row]! > 0, kind);
  }
});

test('the report has a line for every descriptor, and says where there are none', forRoot, async (t) => {
  const { pid, fd, dir } = await held(t);
  const lines: string[] = [];
  const sinks = { out: (line: string) => lines.push(line), warn: () => {} };
  const report = (field: string, value: string, options = {}): string[] => {
    lines.length = 0;
    const plan = planFiles(field, value, { pretty: false, ...options });
    const snapshot = readForReport(plan.tasks);
    const rows = selectForFiles(plan, snapshot);
    writeFiles(plan, snapshot, rows, readFiles(snapshot, rows), sinks);
    return [...lines];
  };
  const own = report('tid', String(pid));
  assert.equal(own[0], `* Task Files for 'tid=${pid}'`);
  assert.equal(own[1], `- Files for task [node](${pid}-${pid}):`);
  assert.equal(own.at(-1), '');
  assert.equal(own.length, 3 + readdirSync(`/proc/${pid}/fd`).length);
  assert.ok(own.some((line) => line.startsWith(`(${fd.deep}): path: TL, ino: `)));
  const odd = `(${fd.odd}): path: ${dir}/odd\\n\\x1b[2J\\xff, ino: `;
  assert.ok(
    own.some((line) => line.startsWith(odd)),
    own.join('\n'),
  );
  // kthreadd has no files.
  assert.deepEqual(report('tid', '2').slice(1), [
    '- Files for task [kthreadd](2-2):',
    'No files found for this task.',
    '',
  ]);
  // All threads of a process share its table.
  const threads = report('pid', String(pid));
  assert.ok(threads.filter((line) => line === 'No files found for this task.').length >= 4);
  const json = report('tid', String(pid), { json: true }).map((line) => JSON.parse(line));
  assert.equal(json.length, own.length - 3);
  const gone = json.find((one) => one.fd === fd.gone);
  assert.deepEqual(
    { ...gone, ino: 0, dev: '', filesystem: '', mount_id: 0, position: 0 },
    {
      ...{ tid: pid, pid, comm: 'node', fd: fd.gone, path: `${dir}/gone (deleted)`, deleted: true },
      ...{ type: 'regular', ino: 0, mode: gone.mode, size: 0, dev: '', filesystem: '', mount_id: 0 },
      ...{ mountable: true, position: 0, flags: gone.flags, flag_names: gone.flag_names },
      ...(gone.layer === undefined ? {} : { layer: 'upper' }),
    },
  );
  assert.equal(
    json.find((one) => one.fd === fd.odd).path_base64,
    Buffer.concat([Buffer.from(`${dir}/odd\n\x1b[2J`), Buffer.from([0xff])]).toString('base64'),
  );
});
