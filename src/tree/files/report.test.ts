import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCapture } from '../capture/read.ts';
import { encodeCapture } from '../capture/write.ts';
import { TreeError } from '../errors.ts';
import { type PlainTask, snapshotOf } from '../plain.ts';
import { LENGTH_CUT } from '../records.ts';
import { FileLayer, FileTable } from './model.ts';
import { encodeFile, type PlainFile, readFileRecords } from './record.ts';
import { type FilesOptions, planFiles, selectForFiles, writeFiles } from './report.ts';

const tasks: readonly PlainTask[] = [
  { tid: 1, vtid: 1, pid: 1, comm: 'systemd' },
  { tid: 40, vtid: 40, pid: 40, rptid: 1, rppid: 1, comm: 'web\x1b[2J' },
  { tid: 41, vtid: 41, pid: 40, rptid: 1, rppid: 1, comm: 'worker' },
];

const open: readonly PlainFile[] = [
  { tid: 1, fd: 3, ino: 9n, layer: 3, mountId: 77, path: Buffer.from('/merged/x') },
  { tid: 1, fd: 0, ino: 4n, layer: 1, mountId: 25, path: Buffer.from('/dev/null') },
  { tid: 1, fd: 1, ino: 123n, layer: 0, mountId: 9, path: Buffer.from('socket:[123]') },
];

function linesOf(
  [name, value]: readonly [string, string],
  options: FilesOptions = {},
  files: readonly PlainFile[] = open,
  hidden: readonly number[] = [],
): { readonly out: string[]; readonly warnings: string[] } {
  const [out, warnings]: [string[], string[]] = [[], []];
  const plan = planFiles(name, value, options);
  const snapshot = snapshotOf(tasks);
  const columns = readFileRecords(Buffer.concat(files.map((file) => encodeFile(file))));
  writeFiles(plan, snapshot, selectForFiles(plan, snapshot), new FileTable(columns, new Set(hidden)), {
    out: (line) => out.push(line),
    warn: (line) => warnings.push(line),
  });
  return { out, warnings };
}

test('the lines are those of bpftree, sorted by descriptor', () => {
  assert.deepEqual(linesOf(['t', '1']), {
    out: [
      "📁 Task Files for 'tid=1'",
      '🗒️ Files for task [systemd](1-1):',
      '(0): path: /dev/null, ino: 4, flags: (MOUNTABLE), mount_id: 25',
      '(1): path: socket:[123], ino: 123, flags: (NOT_MOUNTABLE), mount_id: 9',
      '(3): path: /merged/x, ino: 9, flags: (MOUNTABLE, UPPER_LAYER), mount_id: 77',
      '',
    ],
    warnings: [],
  });
});

test('each match has a block, by tid, and threads are shown as threads', () => {
  assert.deepEqual(linesOf(['pid', '40'], { pretty: false }).out, [
    "* Task Files for 'pid=40'",
    '- Files for task [web\\x1b[2J](40-40):',
    'No files found for this task.',
    '',
    '- Files for task {worker}(41-40):',
    'No files found for this task.',
    '',
  ]);
});

test('a format is refused after the field, unless it is empty', () => {
  const code = (wanted: TreeError['code']) => (error: unknown) =>
    error instanceof TreeError && error.code === wanted;
  assert.throws(() => planFiles('tid', '1', { format: ['tid'] }), {
    name: 'TreeError',
    message: "format fields are not yet supported for 'files,fds' command",
  });
  assert.throws(() => planFiles('tidd', '1', { format: ['tid'] }), code('unknown-field'));
  assert.equal(linesOf(['tid', '1'], { format: [''] }).out.length, 6);
  assert.throws(() => linesOf(['tid', '2']), code('no-match'));
});

test('files that the kernel does not show are not said to be none', () => {
  const { out, warnings } = linesOf(['tid', '40'], { pretty: false }, [], [40]);
  assert.equal(out[2], 'The files of this task are not shown by the kernel.');
  assert.deepEqual(warnings, [
    "/!\\ the kernel does not show the open files of the task with tid '40', although it has some",
  ]);
  assert.deepEqual(linesOf(['tid', '40'], { json: true }, [], [40]).out, []);
});

test('a long line says all that is known of a file', () => {
  const file: PlainFile = {
    ...{ tid: 1, fd: 5, ino: 11n, layer: FileLayer.mountable, mountId: 3, position: 10n, size: 20n },
    ...{ dev: (254 << 20) | 1, mode: 0o100644, openFlags: 0o2002, filesystem: 0xef53, deleted: 1 },
    path: Buffer.from('/tmp/gone (deleted)'),
  };
  assert.deepEqual(linesOf(['tid', '1'], { long: true }, [file]).out.slice(2), [
    '(5): path: /tmp/gone (deleted), ino: 11, flags: (MOUNTABLE), mount_id: 3, type: regular, ' +
      'open: (O_RDWR, O_APPEND), pos: 10, size: 20, dev: 254:1, fs: ext4, deleted: true',
    '',
  ]);
});

test('open flags have the names of the machine that a capture was made on', () => {
  const file: PlainFile = {
    tid: 1,
    fd: 5,
    ino: 1n,
    layer: 1,
    mountId: 3,
    openFlags: 0o200000,
    path: Buffer.from('/x'),
  };
  for (const [architecture, name] of [
    ['x64', 'O_DIRECTORY'],
    ['arm64', 'O_DIRECT'],
    ['ppc64', 'O_LARGEFILE'],
  ] as const) {
    const snapshot = snapshotOf(tasks, { architecture });
    const table = new FileTable(readFileRecords(encodeFile(file)));
    const { snapshot: replayed, files } = readCapture(encodeCapture(snapshot, table));
    for (const json of [false, true]) {
      const out: string[] = [];
      const plan = planFiles('tid', '1', { long: true, json });
      writeFiles(plan, replayed, selectForFiles(plan, replayed), files(), {
        out: (line) => out.push(line),
        warn: (line) => assert.fail(line),
      });
      assert.ok(out.join('\n').includes(name), `${architecture}: ${out.join(' ')}`);
    }
  }
});

test('a long line of a socket has its ends, of a device its number, of a BPF object its id', () => {
  const socket: PlainFile = {
    ...{ tid: 1, fd: 1, filesystem: 0x534f434b, family: 2, socketType: 1, protocol: 6, socketState: 10 },
    ...{ localPort: 22, localAddress: new Uint8Array(4), mode: 0o140777, path: Buffer.from('socket:[7]') },
  };
  const device: PlainFile = {
    ...{ tid: 1, fd: 2, mode: 0o020666, rdev: (1 << 20) | 3, filesystem: 0x01021994 },
    path: Buffer.from('/dev/null'),
  };
  const object: PlainFile = {
    ...{ tid: 1, fd: 3, filesystem: 0x09041934, bpfId: 812, path: Buffer.from('anon_inode:bpf-map') },
  };
  const [, , first, second, third] = linesOf(['tid', '1'], { long: true }, [socket, device, object]).out;
  assert.match(first!, /, fs: sockfs, socket: tcp 0\.0\.0\.0:22 LISTEN$/);
  assert.match(second!, /type: character-device, .*, device: 1:3$/);
  assert.match(third!, /type: bpf-map, .*, bpf_id: 812$/);
});

test('paths of any bytes are safe in text and exact in JSON', () => {
  const path = Buffer.from([0x2f, 0x1b, 0x5b, 0x32, 0x4a, 0x0a, 0xff]);
  const files: PlainFile[] = [
    { tid: 1, fd: 0, path },
    { tid: 1, fd: 1, path: LENGTH_CUT },
    { tid: 1, fd: 2 },
    { tid: 1, fd: 3, path: Buffer.from('/a "b" \\ \u202e %s') },
  ];
  assert.deepEqual(
    linesOf(['tid', '1'], {}, files)
      .out.slice(2, -1)
      .map((line) => /path: (.*), ino/.exec(line)?.[1]),
    ['/\\x1b[2J\\n\\xff', 'TL', 'NA', '/a "b" \\\\ \\u202e %s'],
  );
  const { out } = linesOf(['tid', '1'], { json: true }, files);
  for (const line of out) assert.match(line, /^[\x20-\x7e]*$/);
  const [odd, long, none, quoted] = out.map((line) => JSON.parse(line));
  assert.equal(odd.path, '/\x1b[2J\n\\xff');
  assert.deepEqual(Buffer.from(odd.path_base64, 'base64'), path);
  assert.deepEqual([long.path, long.path_truncated], [null, true]);
  assert.deepEqual([none.path, none.path_truncated], [null, undefined]);
  assert.equal(quoted.path, '/a "b" \\ \u202e %s');
});

test('64-bit numbers keep all their digits in JSON', () => {
  const file = { tid: 1, fd: 0, ino: 2n ** 64n - 1n, position: -(2n ** 63n), size: 2n ** 63n - 1n };
  const { out } = linesOf(['tid', '1'], { json: true }, [file]);
  assert.match(out[0]!, /"ino":18446744073709551615,.*"size":9223372036854775807,/);
  assert.match(out[0]!, /"position":-9223372036854775808,/);
});

test('JSON has the task on every line, and layers by name', () => {
  const { out } = linesOf(['tid', '1'], { json: true });
  const [null0, socket, merged] = out.map((line) => JSON.parse(line));
  assert.deepEqual([null0.tid, null0.pid, null0.comm, null0.fd], [1, 1, 'systemd', 0]);
  assert.deepEqual([socket.mountable, socket.layer, socket.mount_id], [false, undefined, 9]);
  assert.deepEqual([merged.mountable, merged.layer], [true, 'upper']);
});
