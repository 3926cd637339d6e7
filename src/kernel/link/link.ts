/**
 * An attached program. The kernel detaches when the last descriptor of the attachment is closed, so an
 * attachment lives as long as its link object is open, and never longer than the process.
 *
 * How long closing takes depends on the kind, because the kernel waits until no CPU can still be in the
 * program. Links on perf events of tracepoints and probes wait several grace periods each, in the thread
 * that closes. `closeAll` lets such waits overlap.
 */
import { linkInfoFields, objectInfo } from '../../sys/bpf-info.ts';
import type { Fd } from '../../sys/fd.ts';
import { sysAsync } from '../../sys/syscall.ts';

/** A file of this folder each, or a place for one. */
export type LinkKind =
  | 'tracepoint'
  | 'rawTracepoint'
  | 'tracing'
  | 'lsm'
  | 'perfEvent'
  | 'kprobe'
  | 'kretprobe'
  | 'kprobeMulti'
  | 'uprobe'
  | 'uretprobe'
  | 'uprobeMulti'
  | 'usdt'
  | 'iterator'
  | 'extension'
  | 'cgroup'
  | 'lsmCgroup'
  | 'flowDissector'
  | 'skLookup'
  | 'xdp'
  | 'tc'
  | 'tcx'
  | 'netkit'
  | 'netfilter'
  | 'sockmap'
  | 'socketFilter'
  | 'reuseport'
  | 'lightweightTunnel'
  | 'lirc'
  | 'watchpoint'
  | 'structOps';

/** What an attach function needs of a loaded program. */
export interface AttachableProgram {
  readonly name: string;
  readonly fd: Fd;
}

/** What the kernel says about a link. Zero where it was attached without a link object (before 5.15). */
export interface LinkInfo {
  readonly kind: LinkKind;
  readonly target: string;
  readonly program: string;
  readonly id: number;
  readonly programId: number;
}

export interface Link {
  readonly kind: LinkKind;
  /** What the program is attached to, as text. */
  readonly target: string;
  readonly closed: boolean;
  /** Detaches, and waits for as long as the kernel does. Idempotent. */
  close(): void;
  [Symbol.dispose](): void;
  info(): LinkInfo;
}

export interface LinkParts {
  readonly kind: LinkKind;
  readonly target: string;
  readonly program: string;
  /** Descriptors that hold the attachment: one, or one a CPU. */
  readonly descriptors: readonly Fd[];
  /** Whether the first descriptor is a bpf_link. */
  readonly isLink: boolean;
  /** Whether closing waits for grace periods. */
  readonly slow: boolean;
  /** Runs once after the descriptors are closed: what the kernel does not tidy up by itself. */
  readonly afterwards?: () => void;
}

/** The links that attach functions return. */
export class AttachedLink implements Link {
  readonly kind: LinkKind;
  readonly target: string;
  readonly slow: boolean;
  readonly #parts: LinkParts;
  #closed = false;

  constructor(parts: LinkParts) {
    this.kind = parts.kind;
    this.target = parts.target;
    this.slow = parts.slow;
    this.#parts = parts;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The descriptor that stands for the attachment. Throws ClosedError after `close`. */
  get fd(): Fd {
    return this.#parts.descriptors[0]!;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const fd of this.#parts.descriptors) fd.close();
    this.#parts.afterwards?.();
  }

  /** As `close`, but the waiting happens on other threads. */
  async closeElsewhere(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const numbers = this.#parts.descriptors.filter((fd) => !fd.closed).map((fd) => fd.release());
    await Promise.all(numbers.map((number) => sysAsync('close', number)));
    this.#parts.afterwards?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  info(): LinkInfo {
    const { kind, target, program, isLink } = this.#parts;
    if (!isLink) return { kind, target, program, id: 0, programId: 0 };
    const info = objectInfo(this.fd.number, linkInfoFields.head, {}, `link of "${program}"`);
    return { kind, target, program, id: info.number('id'), programId: info.number('programId') };
  }
}

/**
 * Detaches everything, letting waits overlap that the kernel lets overlap. Resolves when nothing is attached.
 *
 * Kinds that detach at once are closed first, here. The others are closed on libuv's threads, which are busy
 * with it meanwhile. Of the two waits of a tracepoint, the one for running programs overlaps; the removal from
 * the tracepoint is taken in turn by the kernel, under `event_mutex`, a grace period each: twenty take
 * half the time that they take in turn, and more threads do not help (bench/detach.ts). Raw and BTF tracepoints,
 * and one uprobe-multi link instead of many uprobes, do not have the problem at all.
 */
export async function closeAll(links: Iterable<Link>): Promise<void> {
  const waiting: Promise<void>[] = [];
  const slow: AttachedLink[] = [];
  for (const link of links) {
    if (link instanceof AttachedLink && link.slow) slow.push(link);
    else link.close();
  }
  for (const link of slow) waiting.push(link.closeElsewhere());
  await Promise.all(waiting);
}
