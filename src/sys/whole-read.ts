/**
 * Reading a descriptor to its end on another thread, while this one goes on.
 *
 * A chain of asynchronous reads needs this thread between any two of them. libc's fread goes on by itself: on an
 * unbuffered stream it is read(2) into the caller's memory, again and again until the memory is full, nothing
 * is left, or a read fails.
 */
import type { Fd } from './fd.ts';
import { type NativeFunction, native } from './native.ts';
import { addressOf } from './syscall.ts';

interface Streams {
  readonly fdopen: NativeFunction;
  readonly setvbuf: NativeFunction;
  readonly fread: NativeFunction;
  readonly fclose: NativeFunction;
}

/** _IONBF of <stdio.h>, the same in glibc and musl. */
const UNBUFFERED = 2;

let found: Streams | null | undefined;

/** Null where the C library does not show its streams. */
function streams(): Streams | null {
  if (found !== undefined) return found;
  try {
    const library = native().load(null);
    found = {
      fdopen: library.func('int64_t fdopen(int, int64_t)'),
      setvbuf: library.func('int setvbuf(int64_t, int64_t, int, int64_t)'),
      fread: library.func('int64_t fread(int64_t, int64_t, int64_t, int64_t)'),
      fclose: library.func('int fclose(int64_t)'),
    };
  } catch {
    found = null;
  }
  return found;
}

/**
 * Begins to read; the count of bytes that were read when the end came, `into` was full, or a read failed. The caller
 * reads on from there as if this had not been: it learns what was the matter.
 */
export function readOnThread(fd: Fd, into: Uint8Array): Promise<number> {
  const library = streams();
  if (library === null) return Promise.resolve(0);
  const copy = fd.duplicate();
  const mode = Uint8Array.of('r'.charCodeAt(0), 0);
  const stream = library.fdopen(copy.number, addressOf(mode));
  if (Number(stream) === 0) {
    copy.close();
    return Promise.resolve(0);
  }
  copy.release(); // The stream's now.
  library.setvbuf(stream, 0, UNBUFFERED, 0);
  return new Promise((resolve, reject) => {
    library.fread.async(
      addressOf(into),
      1,
      into.length,
      stream,
      (error: Error | null, count: number | bigint) => {
        library.fclose(stream);
        // `into` is named here, so that it lives until the thread is done with it.
        if (error !== null) reject(error);
        else resolve(Math.min(Number(count), into.length));
      },
    );
  });
}
