/**
 * Lines to a descriptor, in batches.
 *
 * A write per line costs about a microsecond each; joined to 64 KiB they cost a twentieth. Writing is
 * synchronous, so that a reader that is slower than us (a pager, a pipe) slows us down instead of filling memory.
 * The descriptor may be non-blocking, because a pipe's flags belong to everybody who has it open: then the write
 * answers EAGAIN and is tried again a moment later.
 */
import { writeSync } from 'node:fs';

const BATCH = 64 * 1024;
/** How long to sleep when a non-blocking descriptor is full: short for a person, long for a processor. */
const FULL_SLEEP_MS = 2;

/** The reader went away (EPIPE): `bpfkit tree pid 1 | head` has what it wanted. Not a failure. */
export class OutputClosedError extends Error {
  override readonly name: string = 'OutputClosedError';
}

/** Writing failed otherwise: ENOSPC on a full disk, EIO. */
export class OutputError extends Error {
  override readonly name: string = 'OutputError';
  readonly code: string;
  constructor(target: string, code: string, cause: unknown) {
    super(`writing to ${target} failed: ${code}`, { cause });
    this.code = code;
  }
}

export type WriteBytes = (fd: number, bytes: Uint8Array, offset: number, length: number) => number;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

export class Output {
  readonly #fd: number;
  readonly #target: string;
  readonly #write: WriteBytes;
  #pending = '';
  #closed = false;

  /**
   * @param fd descriptor, which stays its owner's.
   * @param target how errors name it: `standard output`.
   * @param write replaces the system call in tests.
   */
  constructor(fd: number, target: string, write: WriteBytes = writeSync) {
    this.#fd = fd;
    this.#target = target;
    this.#write = write;
  }

  get fd(): number {
    return this.#fd;
  }

  /** One line, without its end. Throws OutputClosedError or OutputError when a full batch cannot be written. */
  line(text: string): void {
    this.#pending += `${text}\n`;
    // Characters, not bytes: only a threshold.
    if (this.#pending.length >= BATCH) this.flush();
  }

  /** Writes what is pending. After a failure the output drops everything, so that leaving does not fail again. */
  flush(): void {
    const text = this.#pending;
    this.#pending = '';
    if (text === '' || this.#closed) return;
    this.#writeAll(Buffer.from(text, 'utf8'));
  }

  /** Writes bytes at once, behind the lines before them; they may be reused afterwards. Throws as `flush` does. */
  bytes(bytes: Uint8Array): void {
    this.flush();
    if (!this.#closed) this.#writeAll(bytes);
  }

  #writeAll(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length; ) {
      try {
        offset += this.#write(this.#fd, bytes, offset, bytes.length - offset);
      } catch (error) {
        const code = codeOf(error);
        if (code === 'EAGAIN') {
          sleep(FULL_SLEEP_MS);
          continue;
        }
        if (code === 'EINTR') continue;
        this.#closed = true;
        if (code === 'EPIPE') throw new OutputClosedError('the reader closed the pipe', { cause: error });
        throw new OutputError(this.#target, code, error);
      }
    }
  }
}
