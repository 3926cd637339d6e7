/**
 * Iterators (BPF_TRACE_ITER, Linux 5.8): a program that the kernel runs once for each object of a kind, and
 * whose output (`bpf_seq_write`) is read like a file.
 *
 * The link only ties the program to what it walks over. Each walk is a descriptor of its own
 * (BPF_ITER_CREATE); reading it to the end runs the program over everything that exists then.
 */
import { bpfError, bpfFd, bpfTry } from '../../sys/bpf.ts';
import { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { readInto } from '../../sys/file.ts';
import { readOnThread } from '../../sys/whole-read.ts';
import { AttachType } from '../spec.ts';
import { type Attachment, attachFailed, IteratorError } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

/** What to walk over, for iterators that take it: `union bpf_iter_link_info`. Default: everything. */
export type IteratorScope =
  | { readonly kind: 'map'; readonly fd: number }
  | {
      readonly kind: 'cgroup';
      readonly fd: number;
      readonly order: 'self' | 'parentsFirst' | 'childrenFirst' | 'upwards';
    }
  /** One thread, or all threads of one process. Linux 6.1. */
  | { readonly kind: 'thread'; readonly tid: number }
  | { readonly kind: 'process'; readonly pid: number }
  /** All threads of the process behind a descriptor (`openProcess`), whatever becomes of its number. Linux 6.1. */
  | { readonly kind: 'processFd'; readonly fd: number };

/** `enum bpf_cgroup_iter_order`. */
const orders = { self: 1, parentsFirst: 2, childrenFirst: 3, upwards: 4 } as const;

/** The kernel hands out at most that much with one read(2): its buffer of 8 pages (bpf_iter.c). */
const chunk = 32 * 1024;
/** A read that produced nothing may be repeated: the kernel gives up the CPU after a million objects. */
const maxRetries = 1000;

export interface IteratorOptions {
  /** What it walks over, as text: `task`. */
  readonly target: string;
  readonly scope?: IteratorScope;
}

/** An attached iterator, to be read as often as one likes. */
export class IteratorLink extends AttachedLink {
  /** Bytes of the last walk: the next one is probably as long. */
  #expected = 8 * chunk;

  #pinnedAt: string | undefined;

  /** Where it can be read as a file, once it is pinned. */
  get pinnedAt(): string | undefined {
    return this.#pinnedAt;
  }

  override pin(path: string): void {
    super.pin(path);
    this.#pinnedAt = path;
  }

  /** Starts a walk; the caller reads and closes it. Throws SysError. */
  open(): Fd {
    return bpfFd('iterCreate', { linkFd: this.fd.number }, `iterator ${this.target}`);
  }

  /** One whole walk: everything that the program wrote. Throws IteratorError. */
  read(): Uint8Array {
    const walk = this.open();
    try {
      return this.#readAll(walk);
    } finally {
      walk.close();
    }
  }

  /**
   * As `read`, on another thread: this one is free until the promise is awaited.
   *
   * @param expected bytes that the walk will probably give; what is more is read by this thread in the end.
   */
  async readLater(expected: number): Promise<Uint8Array> {
    const walk = this.open();
    try {
      const buffer = new Uint8Array(Math.ceil(expected / chunk) * chunk + chunk);
      return this.#readAll(walk, buffer, await readOnThread(walk, buffer));
    } finally {
      walk.close();
    }
  }

  /** `length` bytes of `start` are there already. */
  #readAll(walk: Fd, start = new Uint8Array(this.#expected), begun = 0): Uint8Array {
    let buffer = start;
    let length = begun;
    let retries = 0;
    for (;;) {
      if (buffer.length - length < chunk) {
        const larger = new Uint8Array(buffer.length * 2);
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      let count: number;
      try {
        count = readInto(walk.number, buffer.subarray(length));
      } catch (error) {
        if (!(error instanceof SysError)) throw error;
        if (error.code === 'EAGAIN' && retries++ < maxRetries) continue;
        throw new IteratorError(this.target, error);
      }
      if (count === 0) break;
      length += count;
    }
    this.#expected = Math.max(2 * chunk, Math.ceil((length * 1.25) / chunk) * chunk + chunk);
    return buffer.subarray(0, length);
  }
}

/** Ties an iterator program to what it walks over. Throws AttachError. */
export function attachIterator(program: AttachableProgram, options: IteratorOptions): IteratorLink {
  const what: Attachment = { kind: 'iterator', program: program.name, target: options.target };
  const info = options.scope === undefined ? undefined : scopeBytes(options.scope);
  const { result } = bpfTry('linkCreateIterator', {
    programFd: program.fd.number,
    attachType: AttachType.traceIter,
    iterInfo: info,
    iterInfoLen: info?.byteLength,
  });
  if (result < 0) throw attachFailed(what, bpfError('linkCreateIterator', -result));
  const fd = Fd.own(result, `link of "${program.name}"`);
  return new IteratorLink({ ...what, descriptors: [fd], isLink: true, slow: false });
}

/** The form of the union that the iterator takes, and no longer: kernels refuse what they do not know. */
function scopeBytes(scope: IteratorScope): Uint32Array {
  switch (scope.kind) {
    case 'map':
      return Uint32Array.of(scope.fd);
    case 'cgroup':
      // order, cgroup_fd, cgroup_id (64 bits)
      return Uint32Array.of(orders[scope.order], scope.fd, 0, 0);
    case 'thread':
      // tid, pid, pid_fd
      return Uint32Array.of(scope.tid, 0, 0);
    case 'process':
      return Uint32Array.of(0, scope.pid, 0);
    case 'processFd':
      return Uint32Array.of(0, 0, scope.fd);
  }
}
