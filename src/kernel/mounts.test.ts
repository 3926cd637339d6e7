import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMount, parseMounts } from './mounts.ts';

const table = [
  '22 27 0:21 / /proc rw,relatime - proc proc rw',
  '38 31 0:35 / /sys/fs/cgroup/unified rw,relatime shared:9 master:3 - cgroup2 cgroup2 rw',
  '40 23 0:12 / /sys/kernel/debug rw - debugfs debugfs rw',
  '41 40 0:13 / /sys/kernel/debug/tracing rw - tracefs tracefs rw',
  '42 23 0:13 / /sys/kernel/tracing ro,nosuid - tracefs tracefs rw',
  '43 27 0:14 /sub /mnt/a\\040b rw - bpf none rw',
  'not a line',
  '',
].join('\n');

test('a mount table is read with optional fields, blanks in paths, and lines that are none', () => {
  const mounts = parseMounts(table);
  assert.equal(mounts.length, 6);
  assert.deepEqual(mounts[1], { type: 'cgroup2', path: '/sys/fs/cgroup/unified', root: '/', writable: true });
  assert.deepEqual(mounts[5], { type: 'bpf', path: '/mnt/a b', root: '/sub', writable: true });
  assert.equal(mounts[4]?.writable, false);
});

test('the usual place wins, others are found, and what is nowhere is undefined', () => {
  const mounts = parseMounts(table);
  assert.equal(findMount('tracefs', mounts), '/sys/kernel/tracing');
  assert.equal(findMount('cgroup2', mounts), '/sys/fs/cgroup/unified');
  assert.equal(findMount('bpf', mounts), '/mnt/a b');
  assert.equal(findMount('securityfs', mounts), undefined);
});
