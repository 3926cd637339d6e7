/**
 * The signature of `defineProgram`: how the types of maps, parameters, functions and probes reach `k`.
 *
 * Each part is inferred from its own property of the declaration, in the order in which the properties
 * stand in the source: write `functions` before `probes`.
 */
import type { MapDeclaration, MapKind } from '../maps.ts';
import type { Parameter } from '../schema.ts';
import type { BaseContext, ContextOf, KnownProbe, ProbeName, ReservedName } from './context.ts';
import type { KernelMap } from './handles.ts';
import type { Input, Loaded, LoadedProgram } from './loaded.ts';

/** `{ minDuration: u64(0) }` */
export interface ParameterDeclarations {
  readonly [name: string]: Parameter<unknown, unknown>;
}

/** `{ started: hash(u32, u64) }` */
export interface MapDeclarations {
  readonly [name: string]: MapDeclaration<MapKind, unknown>;
}

/** `{ isRoot(k, uid) { return uid === 0 } }` */
export interface FunctionDeclarations {
  readonly [name: string]: (k: never, ...args: never[]) => number | boolean | undefined;
}

// `& unknown` below makes editors show the members instead of the name of the alias.

/** Parameters on `k`: read-only constants. */
export type ParametersOnK<P> = {
  readonly [N in keyof P]: P[N] extends Parameter<unknown, infer Kernel> ? Kernel : never;
} & unknown;

/** Maps on `k`. */
export type MapsOnK<M> = { readonly [N in keyof M]: KernelMap<M[N]> } & unknown;

/** The program's own functions on `k`: called without it. */
export type FunctionsOnK<F> = {
  readonly [N in keyof F]: F[N] extends (k: never, ...args: infer Args) => infer Result
    ? (...args: Args) => Result
    : never;
} & unknown;

/** Leaves out what is empty, so that hovers stay short. */
type With<K, Members> = [keyof Members] extends [never] ? K : K & Members;

/** `k` in the program's own functions. */
export type FunctionContext<P, M> = With<With<BaseContext, ParametersOnK<P>>, MapsOnK<M>>;

/** `k` in the body of a probe. */
export type ProbeContext<Name, P, M, F> = With<
  With<With<ContextOf<Name>, ParametersOnK<P>>, MapsOnK<M>>,
  FunctionsOnK<F>
>;

/** A function of the program: numbers in, a number or a truth value out. */
export type ProgramFunction<P, M> = (
  k: FunctionContext<P, M>,
  ...args: number[]
) => number | boolean | undefined;

/** What every part of a program must avoid: `k` has one of each name. */
type Clash<Name extends PropertyKey, Parts, Otherwise> = Name extends ReservedName
  ? `k.${Name} is built in: choose another name`
  : Name extends keyof LoadedProgram<never, never>
    ? `${Name & string} is a part of every loaded program: choose another name`
    : Name extends keyof Parts
      ? `k.${Name & string} is declared twice: choose another name`
      : Otherwise;

/** Every declaration whose name is free; a sentence in the place of the others. */
type FreeNames<Declared, Others> = { readonly [N in keyof Declared]: Clash<N, Others, Declared[N]> };

/** What is said about a probe that is not named as probes are. */
type Advice<Name> = Name extends `tracepoint:${string}`
  ? 'a tracepoint is named tracepoint:CATEGORY:NAME'
  : Name extends `uprobe:${string}` | `uretprobe:${string}`
    ? 'a user probe is named uprobe:PATH:SYMBOL or uretprobe:PATH:SYMBOL'
    : Name extends `profile:${string}` | `interval:${string}`
      ? 'a timer is named profile:hz:99, profile:ms:10, interval:s:1 or interval:ms:100'
      : Name extends `software:${string}` | `hardware:${string}`
        ? 'an event counter is named software:EVENT:COUNT or hardware:EVENT:COUNT, such as software:page-faults:1'
        : 'a probe is named tracepoint:, rawtracepoint:, kprobe:, kretprobe:, fentry:, fexit:, uprobe:, uretprobe:, profile:, interval:, software:, hardware: or iter:';

/** A body under a name that is not a probe's: no function fits, and the error says why. */
export type NotAProbe<Name> = ((k: BaseContext) => void) & { readonly [Message in Advice<Name>]: Name };

/** True for one exact name, false for `string` and for names with a part that is not known. */
type IsLiteral<Name extends string> = None extends Record<Name, 1> ? false : true;

/**
 * The body of a probe. Under a computed name (`[`uprobe:${path}:readline` as const]`) only the kind of
 * probe is known. Such a name makes the whole object one with an index for all strings, which every other
 * body must fit too: CallableFunction lets them, and takes no part in the type of `k`.
 */
export type ProbeBody<Name extends string, P, M, F> =
  IsLiteral<Name> extends true
    ? Name extends ProbeName
      ? (k: ProbeContext<Name, P, M, F>) => void
      : NotAProbe<Name>
    : ((k: ProbeContext<Name, P, M, F>) => void) | CallableFunction;

/** What `defineProgram` takes. */
export interface ProgramSource<P, M, F, Name extends string> {
  /** Read-only constants with their defaults, set before loading. */
  readonly params?: FreeNames<P, unknown>;
  /** Memory that probes and user space share. */
  readonly maps?: FreeNames<M, P>;
  /** Functions that bodies call as `k.NAME(…)`: numbers in, a number out. */
  readonly functions?: F & { readonly [N in keyof F]: ProgramFunction<P, M> } & FreeNames<F, P & M>;
  /** Bodies by the name of their probe. */
  readonly probes: { readonly [N in Name | KnownProbe | (ProbeName & None)]?: ProbeBody<N, P, M, F> };
}

export interface LoadOptions<P, Name extends string> {
  /** Values that replace the defaults. */
  readonly params?: {
    readonly [N in keyof P]?: P[N] extends Parameter<infer User, unknown> ? Input<User> : never;
  };
  /** Only these probes. Default: all. */
  readonly probes?: readonly Name[];
}

/** A program that is ready to be loaded. */
export interface Program<P, M, Name extends string> {
  /**
   * Compiles the bodies for the running kernel, loads and attaches them. Rejects with a CompileError that
   * shows the place, a VerifierError, or the reason why the kernel cannot do it; nothing is left behind then.
   */
  load(options?: LoadOptions<P, Name>): Promise<Loaded<M, Name>>;
}

type None = Record<never, never>;

/** Declares a kernel program written in TypeScript. Nothing meets the kernel before `load`. */
export type DefineProgram = <
  P extends ParameterDeclarations = None,
  M extends MapDeclarations = None,
  F extends FunctionDeclarations = None,
  const Name extends string = never,
>(
  source: ProgramSource<P, M, F, Name>,
) => Program<P, M, Name>;
