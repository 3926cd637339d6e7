/** Facts that lowering is told, so that it needs no kernel: what `lowerProgram` gets besides the script. */
import type { ArgumentSource } from '../../dwarf/arguments.ts';
import type { Environment } from '../../script/environment.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';

export interface LowerEnvironment {
  /** Architecture, BTF, CPUs, formats of tracepoints. */
  readonly kernel: Environment;
  /** `-p PID`: only what runs in this process. */
  readonly pid?: number | undefined;
  /** `-k`: helpers that fail are reported. Default false. */
  readonly helperWarnings?: boolean;
  /** Device and inode of /proc/self/ns/pid, for `pid(curr_ns)`; undefined: as in the initial one. */
  readonly pidNamespace?: { readonly device: bigint; readonly inode: bigint } | undefined;
  /** The programs are loaded by other kernels: members of kernel structs are looked up there. Default false. */
  readonly portable?: boolean | undefined;
  /** Tracepoint and perf event programs call the kernel functions that tracing programs do (6.12). Default false. */
  readonly tracingFunctions?: boolean;
  /** kprobe.multi links exist (5.18). Asked when a probe is in many functions. */
  kprobeMulti(): boolean;
  /** kprobe.session links exist (6.10), and can be at this function; undefined: they do not. */
  kprobeSession?(symbol: string): boolean;
  /** Bytes of the ring buffer, a power of two times the page size; undefined: chosen by the number of CPUs. */
  readonly ringBytes?: number | undefined;
  /** kernel.perf_event_max_stack: no stack is deeper. Default 127. */
  readonly maxStackDepth?: number;
  /** Address of a kernel symbol, from kallsyms. */
  kernelSymbol(name: string): bigint | undefined;
  /** Where the arguments of a program's function are at its entry, by their names; undefined where that is not known. */
  userArguments?(probe: ResolvedProbe): ReadonlyMap<string, ArgumentSource> | undefined;
  /** Address of a symbol in the file that a user probe is in. */
  userSymbol(path: string, name: string): bigint | undefined;
}
