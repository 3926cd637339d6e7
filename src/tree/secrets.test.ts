import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCapture } from './capture/read.ts';
import { encodeCapture } from './capture/write.ts';
import { FileTable } from './files/model.ts';
import { readFileRecords } from './files/record.ts';
import { type PlainTask, snapshotOf } from './plain.ts';
import { planReport, type ReportOptions, writeReport } from './report.ts';
import { withoutSecrets } from './secrets.ts';
import { type Snapshot, ValueState } from './snapshot.ts';

const tasks: readonly PlainTask[] = [
  { tid: 1, pid: 1, vtid: 1, comm: 'init', cmdline: 'init\0' },
  { tid: 2, pid: 2, vtid: 2, rptid: 1, comm: 'app', cmdline: 'app\0--password=hunter2\0-v\0' },
  { tid: 3, pid: 3, vtid: 3, rptid: 1, comm: 'kthread' },
  { tid: 4, pid: 4, vtid: 4, rptid: 1, comm: 'env', cmdline: 'env\0TOKEN=hunter2\0app\0' },
  {
    ...{ tid: 5, pid: 5, vtid: 5, rptid: 1, comm: 'cut' },
    cmdline: { state: ValueState.cut, bytes: Buffer.from('x\0--secret=hunter2') },
  },
];
const users = { nameOf: () => undefined };

function lines(snapshot: Snapshot, field: string, value: string, options: ReportOptions = {}): string[] {
  const out: string[] = [];
  const plan = planReport('info', field, value, { pretty: false, ...options });
  writeReport(plan, snapshot, users, { out: (line) => out.push(line), warn: () => {} });
  return out;
}

test('text and JSON have the arguments without the secrets, and all else as it was', () => {
  const snapshot = withoutSecrets(snapshotOf(tasks));
  const where = { where: 'tid > 0', format: ['t,cmd'] };
  assert.deepEqual(lines(snapshot, '', '', where).slice(1), [
    '* [init] t: 1, cmd: init',
    '* [app] t: 2, cmd: app,--password=***,-v',
    '* [kthread] t: 3, cmd: NA',
    '* [env] t: 4, cmd: env,TOKEN=***,app',
    '* [cut] t: 5, cmd: x,--secret=***…',
  ]);
  const json = lines(snapshot, 'tid', '2', { json: true });
  assert.deepEqual((JSON.parse(json[0]!) as { cmdline: string[] }).cmdline, ['app', '--password=***', '-v']);
});

test('a snapshot without secrets shares its columns', () => {
  const snapshot = snapshotOf(tasks.slice(0, 1));
  const shown = withoutSecrets(snapshot);
  assert.equal(shown.bytesColumn('cmdline'), snapshot.bytesColumn('cmdline'));
  assert.equal(shown.numbers('tid'), snapshot.numbers('tid'));
});

test('a condition sees what is shown', () => {
  const snapshot = withoutSecrets(snapshotOf(tasks));
  assert.throws(() => lines(snapshot, '', '', { where: 'cmdline ~ "*hunter2*"' }), /There are no tasks/);
  assert.equal(lines(snapshot, 'cmdline', 'env,TOKEN=***,app').length, 2);
});

test('no byte of a secret is in a capture', () => {
  const files = new FileTable(readFileRecords(new Uint8Array()));
  const snapshot = snapshotOf(tasks);
  // Deflated only when that is smaller: what is stored is looked at after it is read too.
  for (const [shown, there] of [
    [withoutSecrets(snapshot), false],
    [snapshot, true],
  ] as const) {
    const { data } = readCapture(encodeCapture(shown, files)).snapshot.bytesColumn('cmdline');
    assert.equal(Buffer.from(data).includes('hunter2'), there);
  }
});
