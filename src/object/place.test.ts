import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelPlace, tracepointName, usdtPlace, userPlace } from './place.ts';

test('functions of the kernel, with and without an offset', () => {
  assert.deepEqual(kernelPlace('do_unlinkat'), { symbol: 'do_unlinkat', offset: 0 });
  assert.deepEqual(kernelPlace('a.isra.0+0x1f'), { symbol: 'a.isra.0', offset: 31 });
  assert.deepEqual(kernelPlace('f+12'), { symbol: 'f', offset: 12 });
  assert.equal(kernelPlace('f+'), undefined);
  assert.equal(kernelPlace('f;g'), undefined);
});

test('functions of files are split at the last colon', () => {
  assert.deepEqual(userPlace('/opt/a:b/bash:readline'), {
    binary: '/opt/a:b/bash',
    symbol: 'readline',
    offset: 0,
  });
  assert.deepEqual(userPlace('libc.so.6:malloc@GLIBC_2.2.5+0x4'), {
    binary: 'libc.so.6',
    symbol: 'malloc@GLIBC_2.2.5',
    offset: 4,
  });
  assert.deepEqual(userPlace('./x:0x1234'), { binary: './x', symbol: '', offset: 0x1234 });
  assert.equal(userPlace('bash'), undefined);
  assert.equal(userPlace('bash:'), undefined);
});

test('USDT probes and tracepoints', () => {
  assert.deepEqual(usdtPlace('/usr/lib/libc.so.6:libc:memory_sbrk_more'), {
    binary: '/usr/lib/libc.so.6',
    provider: 'libc',
    name: 'memory_sbrk_more',
  });
  assert.equal(usdtPlace('libc:one'), undefined);
  assert.equal(tracepointName('sched/sched_switch'), 'sched:sched_switch');
  assert.equal(tracepointName('sched'), undefined);
});
