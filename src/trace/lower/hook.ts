/** What a kind of probe contributes: the program it becomes, what the script can ask for there, how it is attached. */
import type { Value } from '../../compiler/ir.ts';
import type { AttachTarget, AttachType, ProgramType } from '../../kernel/spec.ts';
import type { SyscallSide } from '../../script/emit/syscalls.ts';
import type { CompiledProbe } from '../compiled.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import type { Type } from '../types/type.ts';
import type { Lowered } from './lowered.ts';
import type { Lowering } from './state.ts';

export interface Hook {
  readonly programType: ProgramType;
  readonly attachType?: AttachType | undefined;
  readonly attachTarget?: AttachTarget | undefined;
  readonly compiled: CompiledProbe['hook'];
  /** What the program is attached to: a part of the targets where one program cannot serve all. */
  readonly resolved: ResolvedProbe;
  /** An address of which nothing else is known is one of the process. */
  readonly userMemory: boolean;
  /** The kernel does not look at what the program returns. */
  readonly resultIgnored: boolean;
  /** `-p PID`: the kernel filters by itself, or there is nothing to filter. */
  readonly filtersPid: boolean;
  /** The one system call that is served through a raw tracepoint. */
  readonly syscall?: { readonly side: SyscallSide; readonly number: number } | undefined;
  /** Innermost frames of a kernel stack that are there only because this hook was chosen. Default 0. */
  readonly ownFrames?: number;
  /** Code before the body: a filter that makes a wide hook the narrow one that was asked for. */
  prologue?(l: Lowering): void;
  /** `args`. */
  args?(l: Lowering, type: Type): Lowered;
  /** `argN`; undefined: this probe has no such argument. */
  argument?(l: Lowering, index: number): Value | undefined;
  /** `retval`, in 64 bits. */
  result?(l: Lowering): Value;
  /** `reg(name)`. */
  register?(l: Lowering, name: string): Value | undefined;
}
