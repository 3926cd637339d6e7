import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Output, OutputClosedError, OutputError } from './output.ts';

function failing(code: string): () => number {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

test('lines are joined into few writes', () => {
  const sizes: number[] = [];
  const output = new Output(9, 'test', (_fd, _bytes, _offset, length) => {
    sizes.push(length);
    return length;
  });
  for (let i = 0; i < 20_000; i++) output.line('0123456789');
  output.flush();
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    220_000,
  );
  assert.ok(sizes.length <= 4, `${sizes.length} writes`);
});

test('short writes and full pipes lose nothing', () => {
  let calls = 0;
  const written: number[] = [];
  const output = new Output(9, 'test', (_fd, bytes, offset, length) => {
    calls += 1;
    if (calls % 2 === 0) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
    const some = Math.min(length, 3);
    written.push(...bytes.subarray(offset, offset + some));
    return some;
  });
  output.line('größer als drei');
  output.flush();
  assert.equal(Buffer.from(written).toString(), 'größer als drei\n');
});

test('a reader that went away is its own error, once', () => {
  const output = new Output(9, 'standard output', failing('EPIPE'));
  output.line('x');
  assert.throws(() => output.flush(), OutputClosedError);
  output.line('y');
  output.flush();
});

test('a full disk is named', () => {
  const output = new Output(9, 'standard output', failing('ENOSPC'));
  output.line('x');
  assert.throws(
    () => output.flush(),
    (error) => error instanceof OutputError && error.code === 'ENOSPC',
  );
});
