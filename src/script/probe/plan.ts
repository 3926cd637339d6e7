/** What a kind of probe contributes: the program it becomes, what `k` offers there, how it is attached. */
import type { Node } from 'acorn';
import type { ValueType } from '../../compiler/ir.ts';
import type { AttachTarget, AttachType, ProgramType } from '../../kernel/spec.ts';
import type { Operand } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';

export interface ProbePlan {
  /** As the user wrote it. */
  readonly title: string;
  readonly programType: ProgramType;
  readonly attachType?: AttachType;
  readonly attachTarget?: AttachTarget;
  /** The program may wait for user pages, if its body asks for any. */
  readonly maySleep?: boolean;
  /** What to attach to, for the code that creates links. */
  readonly attachment: Attachment;
  /** Pointers with a BTF type may be loaded through: every tracing program from 5.11 on. */
  readonly typedPointers: boolean;
  /** Code before the body: a filter that makes a wide hook the narrow one that was asked for. */
  prologue?(l: Lowering): void;
  /** `k.args`, `k.ret`, `k.item` and the like; undefined if the probe has no such part. */
  member(l: Lowering, name: string, node: Node): Operand | undefined;
  names(): string[];
  /** Where a part that other probes have is to be found: undefined if no probe has it. */
  explain(name: string): string | undefined;
}

export type Attachment =
  | { readonly kind: 'tracepoint'; readonly category: string; readonly name: string }
  | { readonly kind: 'rawTracepoint'; readonly name: string }
  /** tp_btf, fentry, fexit: the target is in the program. */
  | { readonly kind: 'tracing' }
  | { readonly kind: 'kprobe'; readonly symbol: string; readonly offset: number; readonly retprobe: boolean }
  | {
      readonly kind: 'uprobe';
      readonly path: string;
      readonly symbol: string;
      readonly offset: number;
      readonly retprobe: boolean;
    }
  | {
      readonly kind: 'perf';
      readonly type: 'software' | 'hardware';
      readonly event: string;
      readonly frequency?: number;
      readonly period?: number;
      readonly everyCpu: boolean;
    }
  | { readonly kind: 'iterator' };

/** Where parts of `k` live that only some probes have: what to say when another probe asks for them. */
export const elsewhere: Readonly<Record<string, string>> = {
  args: 'Tracepoints, raw tracepoints, kprobe, fentry and fexit have k.args.',
  ret: 'kretprobe, uretprobe and fexit have k.ret.',
  arg: 'kprobe and uprobe have k.arg(n).',
  item: 'Iterators (iter:task, iter:task_file) have k.item.',
  write: 'Iterators have k.write.',
  sequence: 'Iterators have k.sequence.',
  ip: 'kprobe, uprobe and profile have k.ip.',
};

/** The type of the first argument of every program. */
export const contextType: ValueType = { kind: 'pointer', provenance: 'context', nullable: false };
