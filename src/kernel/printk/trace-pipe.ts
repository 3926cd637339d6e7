/**
 * What BPF programs say by bpf_trace_printk, as it comes.
 *
 * /sys/kernel/tracing/trace_pipe has each record once, whoever reads it: two readers would take them from each other,
 * and what was said before somebody came is in it too. Since Linux 5.9 bpf_trace_printk is a trace event, and an
 * instance of tracefs is a buffer of one's own for such an event, with a trace_pipe of its own. So an instance is made
 * for as long as the reader lives; where that is refused, the common pipe has to do.
 *
 * An instance outlives its maker. It has the maker's number in its name, and those whose maker is gone are taken
 * away; one that is still in use (by a process of another PID namespace) refuses that.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { Open, openPath, readInto } from '../../sys/file.ts';
import { type Watch, watch } from '../../sys/poll.ts';
import { tracefs } from '../mounts.ts';
import { type ParsedTrace, type PrintkRecord, parseTrace } from './parse.ts';

/** Kilobytes for each CPU: some thousand records. */
const bufferSize = 256;
/** Reads without a break, so that a storm of records leaves time for everything else. */
const readsAtOnce = 64;
/** Pages of old records that are thrown away: more than a buffer has. */
const oldReads = 10_000;

export class TracePipe {
  /** Whether others who read the common pipe take records away from this one, and the other way round. */
  readonly shared: boolean;
  readonly #instance: string | undefined;
  readonly #fd: Fd;
  readonly #onRecord: (record: PrintkRecord) => void;
  readonly #buffer: Uint8Array = new Uint8Array(64 << 10);
  readonly #watch: Watch;
  #lost = 0;
  #closed = false;

  private constructor(fd: Fd, instance: string | undefined, onRecord: (record: PrintkRecord) => void) {
    this.#fd = fd;
    this.#instance = instance;
    this.#onRecord = onRecord;
    this.shared = instance === undefined;
    // What was said before, and what was lost of it, is nobody's here.
    if (this.shared) for (let i = 0; i < oldReads && this.#readOnce() !== undefined; i++);
    this.#watch = watch(fd.number, () => this.drain());
  }

  /**
   * Calls back from the event loop for each record from now on, until close().
   * Throws KernelError (notMounted), SysError.
   */
  static open(onRecord: (record: PrintkRecord) => void): TracePipe {
    const root = tracefs();
    const instance = makeInstance(root);
    const path = join(instance ?? root, 'trace_pipe');
    let fd: Fd | undefined;
    try {
      fd = openPath(path, Open.readOnly | Open.nonBlock);
      return new TracePipe(fd, instance, onRecord);
    } catch (error) {
      fd?.close();
      if (instance !== undefined) removeInstance(instance);
      throw error;
    }
  }

  /** Records that the kernel had no room for. */
  get lost(): number {
    return this.#lost;
  }

  /** Hands over what is in the pipe now. */
  drain(): void {
    for (let i = 0; i < readsAtOnce && !this.#closed; i++) {
      const parsed = this.#readOnce();
      if (parsed === undefined) return;
      this.#lost += parsed.lost;
      for (const record of parsed.records) this.#onRecord(record);
    }
  }

  /** A read gives whole records, as many as fit into a page; undefined when there are none. */
  #readOnce(): ParsedTrace | undefined {
    try {
      const length = readInto(this.#fd.number, this.#buffer);
      return length === 0 ? undefined : parseTrace(this.#buffer.subarray(0, length));
    } catch (error) {
      if (error instanceof SysError && error.code === 'EAGAIN') return undefined;
      throw error;
    }
  }

  /** Stops, and takes the instance away. Again without effect. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#fd.close();
    if (this.#instance !== undefined) removeInstance(this.#instance);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Undefined where the kernel makes none. */
function makeInstance(root: string): string | undefined {
  const instances = join(root, 'instances');
  removeForgotten(instances);
  for (let i = 0; i < 100; i++) {
    const folder = join(instances, `bpfkit-${process.pid}${i === 0 ? '' : `-${i}`}`);
    try {
      mkdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      return undefined;
    }
    try {
      writeFileSync(join(folder, 'events/bpf_trace/bpf_trace_printk/enable'), '1');
      writeFileSync(join(folder, 'buffer_size_kb'), String(bufferSize));
      return folder;
    } catch {
      removeInstance(folder);
      return undefined;
    }
  }
  return undefined;
}

function removeForgotten(instances: string): void {
  let names: string[];
  try {
    names = readdirSync(instances);
  } catch {
    return;
  }
  for (const name of names) {
    const maker = /^bpfkit-(\d+)(?:-\d+)?$/.exec(name)?.[1];
    if (maker !== undefined && !existsSync(`/proc/${maker}`)) removeInstance(join(instances, name));
  }
}

/** rmdir(2) takes an instance away with all that is in it, unless somebody has a file of it open. */
function removeInstance(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // In use, or gone: not ours any more.
  }
}
