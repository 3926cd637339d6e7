import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestNames } from './nearest.ts';

test('a swap of neighbours is one edit', () => {
  assert.equal(editDistance('pdi', 'pid', 3), 1);
  assert.equal(editDistance('lineage', 'linage', 3), 1);
  assert.equal(editDistance('abc', 'xyz', 2), 3, 'above the limit: limit + 1');
});

test('the nearest name comes first, and strangers do not come', () => {
  const known = ['tid', 'pid', 'ppid', 'comm', 'cmdline', 'euid'];
  assert.deepEqual(nearestNames('pdi', known)[0], 'pid');
  assert.deepEqual(nearestNames('COM', known)[0], 'comm');
  assert.deepEqual(nearestNames(' rpt', ['rpt', 'tid'])[0], 'rpt');
  assert.deepEqual(nearestNames('something', known), []);
  assert.deepEqual(nearestNames('', known), []);
});
