import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTrace } from './parse.ts';

const parsed = (text: string): (readonly [string, number, number, string, string])[] =>
  parseTrace(Buffer.from(text, 'latin1')).records.map(({ comm, tid, cpu, time, message }) => [
    comm.text,
    tid,
    cpu,
    time,
    message.text,
  ]);

test('thread, CPU, time and message are told apart', () => {
  assert.deepEqual(
    parsed(
      '            node-1409    [001] ...2.  3005.241316: bpf_trace_printk: z 1\n' +
        ' kworker/u8:2-ev-77      [000] d..31    12.000001: bpf_trace_printk: a: b [c]\n\n',
    ),
    [
      ['node', 1409, 1, '3005.241316', 'z 1'],
      ['kworker/u8:2-ev', 77, 0, '12.000001', 'a: b [c]'],
    ],
  );
});

test('names and messages may hold line feeds, blanks and what looks like columns', () => {
  const line = '    a\n-1 [0] b \xff-1409    [001] ...2.  3005.241316: bpf_trace_printk: one\n\ntwo\n';
  const [record] = parseTrace(Buffer.from(line, 'latin1')).records;
  assert.deepEqual(record!.comm.bytes, new Uint8Array(Buffer.from('a\n-1 [0] b \xff', 'latin1')));
  assert.equal(record!.tid, 1409);
  assert.equal(record!.message.text, 'one\n\ntwo');
});

test('the column of process numbers is skipped, other events are left out', () => {
  const column = '            node-1409    (    -1) [001] ...2.  3005.241316: bpf_trace_printk: x\n';
  assert.deepEqual(parsed(column), [['node', 1409, 1, '3005.241316', 'x']]);
  const other = '            node-1409    [001] ...2.  3005.241316: sys_enter: NR 1\n';
  assert.deepEqual(parsed(`${other}${column}`), [['node', 1409, 1, '3005.241316', 'x']]);
  assert.deepEqual(parsed(''), []);
});

test('records that the kernel lost are counted', () => {
  const line = '            node-1409    [001] ...2.  3005.241316: bpf_trace_printk: x\n';
  const { records, lost } = parseTrace(Buffer.from(`${line}CPU:1 [LOST 12 EVENTS]\n${line}`));
  assert.equal(lost, 12);
  assert.deepEqual(
    records.map(({ message }) => message.text),
    ['x', 'x'],
  );
});
