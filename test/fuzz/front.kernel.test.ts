/** A few of the broken inputs of front.ts, of each kind; the long runs are by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frontKinds, fuzzFront } from './front.ts';

/** Milliseconds for one kind: a machine that is slow tries fewer. */
const ENOUGH = 2500;

for (const kind of frontKinds) {
  test(`broken ${kind} are answered by the command line`, async () => {
    const { inputs, codes, findings } = await fuzzFront(kind, 200, 5, ENOUGH);
    assert.deepEqual(findings, []);
    if (inputs > 50) assert.ok((codes[1] ?? 0) + (codes[2] ?? 0) > 0, 'nothing was refused');
  });
}
