import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCpuList } from './cpus.ts';

test('lists of CPUs are read as the kernel writes them', () => {
  assert.deepEqual(parseCpuList('0\n'), [0]);
  assert.deepEqual(parseCpuList('0-3,8,10-11\n'), [0, 1, 2, 3, 8, 10, 11]);
  assert.deepEqual(parseCpuList('\n'), []);
});
