/** What a program is compiled against: facts of one kernel, handed in so that compiling needs no kernel. */
import type { Btf } from '../btf/btf.ts';
import type { TracepointFormat } from '../kernel/tracepoint/format.ts';

export interface Environment {
  readonly architecture: 'x64' | 'arm64';
  /** BTF of vmlinux. */
  readonly btf: Btf;
  /** Possible CPUs, which per-CPU maps and counters are sized by. */
  readonly possibleCpus: number;
  /** bpf_get_current_task_btf exists and typed pointers may be loaded through (5.11). */
  readonly typedTask: boolean;
  /** bpf_get_current_comm writes all bytes, zeros behind the name (6.4): before, what lay there stays. */
  readonly commPadded: boolean;
  /** Signed division and sign-extending loads are single instructions (6.6). */
  readonly isa: 'v3' | 'v4';
  /** uprobe.multi links exist (6.6): they detach in a third of the time. */
  readonly uprobeMulti: boolean;
  /** The arguments of a tracepoint, from tracefs; undefined if there is no such tracepoint. */
  tracepoint(category: string, name: string): TracepointFormat | undefined;
  /** Names like this one, for errors. */
  nearTracepoints(name: string): readonly string[];
}
