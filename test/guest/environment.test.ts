/** What every other test in a guest takes for granted. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

test('a guest has every file system that tracing needs', () => {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[2]);
  for (const type of [
    'proc',
    'sysfs',
    'devtmpfs',
    'devpts',
    'tmpfs',
    'tracefs',
    'debugfs',
    'bpf',
    'cgroup2',
    'securityfs',
  ]) {
    assert.ok(mounts.includes(type), `${type} is not mounted`);
  }
});

test('the kernel of a guest has BTF, and the modules that the job asked for are in', () => {
  assert.ok(existsSync('/sys/kernel/btf/vmlinux'));
  assert.ok(existsSync('/sys/kernel/btf/veth'));
});

test('a guest has the kernel facilities that this machine lacks', () => {
  assert.match(readFileSync('/sys/kernel/security/lsm', 'latin1'), /\bbpf\b/);
  assert.ok(existsSync('/sys/kernel/tracing/kprobe_events'));
  assert.ok(existsSync('/sys/kernel/tracing/available_filter_functions'));
});
