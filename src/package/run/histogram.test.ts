import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearHistogram, log2Histogram } from './histogram.ts';

test('rows go from 0 to the last slot that counted, the longest bar is 40 wide', () => {
  assert.deepEqual(log2Histogram([9, 6, 0, 80, 0, 0], '(unit)'), [
    '     (unit)              : count    distribution',
    '         0 -> 1          : 9        |****                                    |',
    '         2 -> 3          : 6        |***                                     |',
    '         4 -> 7          : 0        |                                        |',
    '         8 -> 15         : 80       |****************************************|',
  ]);
});

test('slots above 32 get wide numbers and bars of 20', () => {
  const slots = Array.from({ length: 40 }, (_, i) => (i === 35 ? 2 : 0));
  const lines = log2Histogram(slots, 'ns');
  assert.equal(lines[0], '               ns                            : count    distribution');
  assert.equal(
    lines.at(-1),
    '         34359738368 -> 68719476735          : 2        |********************|',
  );
});

test('a histogram without counts has no lines', () => {
  assert.deepEqual(log2Histogram([0, 0], 'x'), []);
  assert.deepEqual(linearHistogram([], 'x'), []);
});

test('a linear histogram has a row for each value from the first to the last that counted', () => {
  assert.deepEqual(linearHistogram([0, 0, 4, 0, 1], 'u'), [
    '     u          : count    distribution',
    '              2 : 4        |****************************************|',
    '              3 : 0        |                                        |',
    '              4 : 1        |**********                              |',
  ]);
});
