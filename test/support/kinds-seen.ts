/**
 * What the tests of C objects see to run, by SEC name, and on which kernels: `docs/objects.md` has it as a table.
 *
 * It cannot say too much or too little: a test that sees a program run calls `saw`, and the last test of its file
 * compares what was seen on the running kernel with what is said here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feature } from '../../src/kernel/feature/features.ts';
import { runningVersion } from '../../src/kernel/feature/release.ts';
import { type Column, columns, kindName, kinds, type SeeingFile } from './kinds.ts';

/** The column of the running kernel; undefined on one that the table does not speak of. */
export function columnHere(): Column | undefined {
  const name = runningVersion();
  if (Number(name.split('.')[0]) >= 7) return '7.x';
  // Distributions build 6.18 with everything.
  if (name === '6.18' && feature('kprobe').answer === 'yes') return undefined;
  return columns.find((column) => column === name);
}

const seen = new Set<string>();

/** To be called where a program of this SEC name has run after it was attached by it. */
export function saw(section: string): void {
  seen.add(kindName(section));
}

/** The last test of a file: what it saw on this kernel is what the table says that it sees there. */
export function testOfTable(file: SeeingFile): void {
  const here = columnHere();
  if (here === undefined) return;
  test('the table of kinds says what was seen to run here', () => {
    const said = kinds.filter((kind) => kind.seenBy?.includes(file) && kind.on.includes(here));
    assert.deepEqual(
      [...seen].sort(),
      said.map(({ name }) => name).sort(),
      `test/support/kinds.ts, kernel ${here}`,
    );
  });
}
