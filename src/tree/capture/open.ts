/** Captures from files. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { cannotOpen, cannotRead, fileTooLarge } from './errors.ts';
import { type Capture, readCapture } from './read.ts';

/** A million tasks of bpftree's, which wastes most. */
const MOST_BYTES = 1024 * 1024 * 1024;
const STDIN = 0;
const CHUNK = 1024 * 1024;
const EMPTY_SLEEP_MS = 2;

/** To the end, whatever it is: a pipe does not say how long it is. */
function readToEnd(fd: number, path: string): Buffer {
  const stats = fstatSync(fd);
  if (stats.size > MOST_BYTES) throw fileTooLarge(path, MOST_BYTES);
  const parts: Buffer[] = [];
  let total = 0;
  // One byte more than the size, so that the end is met in the second read.
  let want = stats.isFile() ? stats.size + 1 : CHUNK;
  for (;;) {
    const part = Buffer.allocUnsafe(want);
    let length: number;
    try {
      length = readSync(fd, part, 0, want, null);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'EAGAIN' && code !== 'EINTR') throw cannotRead(path, error);
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EMPTY_SLEEP_MS);
      continue;
    }
    if (length === 0) return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    parts.push(part.subarray(0, length));
    total += length;
    if (total > MOST_BYTES) throw fileTooLarge(path, MOST_BYTES);
    want = CHUNK;
  }
}

/**
 * Reads a capture from a file; `-` is standard input. Needs neither privilege nor BPF. Throws CaptureError.
 */
export function openCapture(path: string): Capture {
  if (path === '-') return readCapture(readToEnd(STDIN, 'standard input'));
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw cannotOpen(path, error);
  }
  try {
    return readCapture(readToEnd(fd, path));
  } finally {
    closeSync(fd);
  }
}
