/**
 * An attached program. The kernel detaches when the last descriptor of the attachment is closed, so an
 * attachment lives as long as its link object is open, and never longer than the process.
 *
 * How long closing takes depends on the kind, because the kernel waits until no CPU can still be in the
 * program. Links on perf events of tracepoints and probes wait several grace periods each, in the thread
 * that closes. `closeAll` lets such waits overlap.
 */
import { unlinkSync } from 'node:fs';
import { bpf, bpfError, bpfTry } from '../../sys/bpf.ts';
import { linkInfoFields, objectInfo } from '../../sys/bpf-info.ts';
import type { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { sysAsync } from '../../sys/syscall.ts';
import { describeLink, type LinkDescription } from './describe.ts';
import { attachFailed, noLinkObject } from './errors.ts';

/** A file of this folder each, or a place for one. */
export type LinkKind =
  | 'tracepoint'
  | 'rawTracepoint'
  | 'tracing'
  | 'tracingMulti'
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
  | 'tcAction'
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

/** BPF_F_REPLACE. */
const BPF_F_REPLACE = 4;

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
  /** Descriptors that hold the attachment: one, one a CPU, or none where only `afterwards` detaches. */
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

  /**
   * The descriptor that stands for the attachment. Throws ClosedError after `close`, AttachError where the
   * attachment has none (made by netlink or by a socket option).
   */
  get fd(): Fd {
    const [fd] = this.#parts.descriptors;
    if (fd === undefined) throw noLinkObject(this.#parts, 'a descriptor');
    return fd;
  }

  /** Whether a bpf_link stands for the attachment: only then can it be updated, pinned and described. */
  get isLink(): boolean {
    return this.#parts.isLink;
  }

  /**
   * Puts another program of the same type in the place of the attached one, without a gap; with `expected`
   * only if that one is attached. Control groups, namespaces, XDP, tcx, netkit, sockmaps, iterators; Linux
   * 5.7 and later by kind. Throws AttachError.
   */
  update(program: AttachableProgram, options: { readonly expected?: AttachableProgram } = {}): void {
    this.#needsLink('to update');
    const { expected } = options;
    const { result } = bpfTry('linkUpdate', {
      linkFd: this.fd.number,
      newProgramFd: program.fd.number,
      ...(expected === undefined ? {} : { flags: BPF_F_REPLACE, oldProgramFd: expected.fd.number }),
    });
    if (result < 0)
      throw attachFailed({ ...this.#parts, program: program.name }, bpfError('linkUpdate', -result));
  }

  /**
   * Takes the program off its place although descriptors and pins of the link are left: those then stand for
   * nothing. Control groups, namespaces, XDP, tcx, netkit, sockmaps, struct_ops; Linux 5.9. Throws AttachError.
   */
  detach(): void {
    this.#needsLink('to detach by force');
    const { result } = bpfTry('linkDetach', { linkFd: this.fd.number });
    if (result < 0) throw attachFailed(this.#parts, bpfError('linkDetach', -result));
  }

  /** Gives the link a path in a bpf file system: the attachment then outlives this process. Throws SysError. */
  pin(path: string): void {
    this.#needsLink('to pin');
    bpf(
      'objPin',
      { pathname: cString(path), bpfFd: this.fd.number },
      `link of "${this.#parts.program}" at ${path}`,
    );
  }

  /** All that the kernel says about the link, by its type. Throws SysError, AttachError where there is no link. */
  describe(): LinkDescription {
    this.#needsLink('to describe');
    return describeLink(this.fd.number);
  }

  #needsLink(operation: string): void {
    if (!this.#parts.isLink) throw noLinkObject(this.#parts, operation);
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

/** Removes the path of a pinned link, program or map; what nobody else holds goes away with it. */
export function unpin(path: string): void {
  unlinkSync(path);
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
