import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeArguments } from './arguments.ts';
import { type PlainBytes, snapshotOf } from './plain.ts';
import { ValueState } from './snapshot.ts';

/** The column after looking, as text with its state; `proc` is what /proc has of each task. */
function after(lines: readonly PlainBytes[], proc: readonly (string | Uint8Array | undefined)[]): unknown[] {
  const snapshot = snapshotOf(lines.map((cmdline, i) => ({ tid: i, cmdline })));
  const column = wholeArguments(snapshot.numbers('tid'), snapshot.bytesColumn('cmdline'), (tid) => {
    const bytes = proc[tid];
    if (bytes === undefined) throw new Error('ESRCH');
    return Buffer.from(bytes as string);
  });
  return lines.map((_, row) => {
    const from = column.start[row]!;
    const text = Buffer.from(column.data).toString('latin1', from, from + column.length[row]!);
    return [column.state[row] === ValueState.cut ? 'cut' : 'whole', text];
  });
}
const cut = (text: string): PlainBytes => ({ state: ValueState.cut, bytes: Buffer.from(text) });

test('a cut command line is completed by one that begins in the same way', () => {
  assert.deepEqual(after([cut('ab')], ['abc\0d\0']), [['whole', 'abc\0d\0']]);
});

test('another process, one that has ended, and one that shows nothing leave it cut', () => {
  assert.deepEqual(after([cut('ab'), cut('ab'), cut('ab')], ['axc\0', undefined, '']), [
    ['cut', 'ab'],
    ['cut', 'ab'],
    ['cut', 'ab'],
  ]);
});

test('a title that was written beyond the arguments goes on in what was the environment', () => {
  assert.deepEqual(after(['title go', 'short\0rest'], ['title goes on\0', 'short\0']), [
    ['whole', 'title goes on\0'],
    ['whole', 'short\0'],
  ]);
});

test('whole command lines are not asked for', () => {
  assert.deepEqual(after(['a\0', ''], [undefined, 'x']), [
    ['whole', 'a\0'],
    ['whole', ''],
  ]);
});

test('what is longer than can be kept stays cut', () => {
  const huge = Buffer.alloc(4 * 1024 * 1024, 0x61);
  assert.deepEqual(after([cut('aa')], [huge]), [['cut', 'aa']]);
});
