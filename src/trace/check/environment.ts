/**
 * What the checker asks the world: types of the kernel and of the script's C definitions, attach points, symbols,
 * the command line. One interface, so that checking is tested without a kernel and without root.
 */
import type { AttachPoint, Expr } from '../ast/nodes.ts';
import type { Config } from '../config.ts';
import type { Diagnostics } from '../diagnostic.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import type { EnumType, StructType, Type } from '../types/type.ts';

export interface CheckEnvironment {
  readonly types: TypeNames;
  /** Variables of the process's environment: `BPFTRACE_MAX_STRLEN` and so on. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly unsafe: boolean;
  readonly cpus: number;
  /** As `process.arch` says it. */
  readonly architecture: string;
  /** -c was given. */
  readonly child: boolean;
  /** -p */
  readonly pid?: number | undefined;
  /** `$1` is the first. */
  readonly positional: readonly string[];
  /** `--name=value` behind `--`; true for `--name`. */
  readonly named: ReadonlyMap<string, string | true>;
  /**
   * The attach point parsed and matched, one for each program type; what it cannot attach to it says itself, by
   * `config.missingProbes`. Undefined where it cannot be known.
   */
  resolve(
    attachPoint: AttachPoint,
    config: Config,
    diagnostics: Diagnostics,
  ): readonly ResolvedProbe[] | undefined;
  /** `--probe-filter`: whether a probe of this name is wanted. Default all. */
  wanted?(name: string): boolean;
  /** What `args` is in a probe of one target, or why there is none. */
  argumentsOf(probe: ResolvedProbe): StructType | ArgumentsMissing;
  /** The names with those of the program that the probe is in; undefined where it has none of its own. */
  typesAt?(probe: ResolvedProbe): TypeNames | undefined;
  /** What `retval` is in fexit; undefined where nothing is known. */
  returnOf?(probe: ResolvedProbe): Type | undefined;
  /** The programs are loaded by other kernels. Default false. */
  readonly portable?: boolean | undefined;
  /** Address of a kernel symbol. */
  kernelSymbol?(name: string): bigint | undefined;
  /** A kfunc that BPF programs can call by this name. */
  kernelFunction?(name: string): boolean;
  /** A kfunc that a program of this probe's type may call. */
  kernelFunctionAllowed?(name: string, probe: ResolvedProbe): boolean;
  /** Size and address of a symbol of the program that the probe is in. */
  userSymbol?(name: string, probe: ResolvedProbe): { address: bigint; size: number } | undefined;
  /** Id of the cgroup v2 at a path. */
  cgroupId?(path: string): bigint | undefined;
}

/** A sentence for the user. */
export interface ArgumentsMissing {
  readonly missing: string;
  readonly hint?: string;
  /** It is said of the attach point, not of `args`. Default false. */
  readonly atPoint?: boolean;
}

/** Names of types and constants: the script's C definitions first, then BTF of the kernel and its modules. */
export interface TypeNames {
  /** `tag` undefined: a typedef. */
  type(name: string, tag: 'struct' | 'union' | 'enum' | undefined): Type | undefined;
  /** An enumerator, or an object-like `#define` that is a constant. */
  constant(name: string): NamedConstant | undefined;
  /** What an object-like `#define` stands for that is an expression and no constant. */
  expansion?(name: string): Expr | undefined;
  /** Whether the script itself has a definition of this name. Default: no. */
  defines?(name: string, tag: 'struct' | 'union' | 'enum' | undefined): boolean;
  /** Names near to one that is not there. */
  suggest?(name: string, tag: 'struct' | 'union' | 'enum' | undefined): readonly string[];
}

export interface NamedConstant {
  readonly value: bigint | string;
  readonly type?: EnumType | undefined;
}
