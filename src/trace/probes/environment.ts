/**
 * What attach points are matched against: the names that a kernel and its programs have. An interface, so that
 * resolution is tested without a kernel; kernel.ts and user.ts have the running machine's.
 *
 * Lists are long (fifty thousand functions, thousands of tracepoints) and are read when they are first asked
 * for. Asking for one name is a method of its own, since most of the answers are found without the list.
 */
import type { LineAnswer, SourceLine } from '../../dwarf/source-lines.ts';
import type { UsdtNote } from '../../elf/usdt.ts';

export interface ProbeEnvironment {
  readonly kernel: KernelProbes;
  readonly user: UserProbes;
  /** `process.arch`: which watchpoints there are. */
  readonly arch: string;
}

/** A name and the module that has it; `vmlinux` is the kernel proper. */
export interface ModuleName {
  readonly module: string;
  readonly name: string;
}

export interface KernelProbes {
  /** Whether the kernel has BTF. */
  readonly hasTypes: boolean;
  /** Functions that can be probed, in no order. */
  functions(): Iterable<ModuleName>;
  hasFunction(name: string, module: string | undefined): boolean;
  isModuleLoaded(module: string): boolean;
  /** Functions that can be probed and have a type in BTF. */
  typedFunctions(): Iterable<ModuleName>;
  /** The modules whose BTF has a function of this name. */
  typedFunctionModules(name: string): readonly string[];
  /** `category:event`. */
  tracepoints(): Iterable<string>;
  hasTracepoint(category: string, event: string): boolean;
  rawTracepoints(): Iterable<ModuleName>;
  rawTracepointModules(event: string): readonly string[];
  /** `task` for `bpf_iter_task`. */
  iterators(): readonly string[];
  hasIterator(name: string): boolean;
  /** The functions of loaded BPF programs that have BTF. */
  programs(): readonly BpfFunction[];
}

export interface BpfFunction {
  readonly programId: number;
  readonly name: string;
  /** Of the function in the BTF of its program. */
  readonly btfId: number;
  /** How many it has. */
  readonly parameters: number;
}

export interface UserFunction {
  /** As the symbol table has it. */
  readonly name: string;
  readonly fileOffset: number;
  /** Bytes; 0 where the file does not tell. */
  readonly size: number;
}

export type SourcePlaces =
  | Exclude<LineAnswer, { readonly kind: 'found' }>
  | { readonly kind: 'found'; readonly places: readonly SourcePlace[] }
  /** The file has no debug information. */
  | { readonly kind: 'none' }
  /** It has, but it cannot be read. */
  | { readonly kind: 'problem'; readonly message: string };

export interface SourcePlace {
  readonly address: bigint;
  readonly fileOffset: bigint;
}

export interface UserProbes {
  /**
   * The executables and libraries that a target stands for, the first one first: a path, a path with `*`, or a
   * name that is looked for in PATH. With a process, as it sees them.
   */
  binaries(target: string, pid: number | undefined): readonly string[];
  /** The library that is called `libNAME.so`, for the linker or in a process. */
  library(name: string, pid: number | undefined): string | undefined;
  executable(pid: number): string | undefined;
  /** The files that a process, or any process, has mapped to execute. */
  mapped(pid: number | undefined): readonly string[];
  /** What the kernel is told: the archive, for a file that is a member of one (`x.apk!/lib.so`). */
  file(path: string): string;
  /** Every function of a file, at its place in what `file` says; none where it has no symbols. */
  functions(path: string): readonly UserFunction[];
  /** The functions of one name, the one that a linker would take first. */
  find(path: string, name: string): readonly UserFunction[];
  /** Where in the file a linked address is. */
  offsetOf(path: string, address: bigint): bigint | undefined;
  /** Whether an instruction begins so far behind the start of a function; undefined where that cannot be told. */
  startsInstruction(path: string, functionAt: number, offset: bigint): boolean | undefined;
  /** The instructions of a source line. */
  sourceLine(path: string, wanted: SourceLine): SourcePlaces;
  usdt(path: string): readonly UsdtNote[];
  /** A C++ name with its parameters; undefined for others, and where nothing can demangle. */
  demangle(name: string): string | undefined;
}
