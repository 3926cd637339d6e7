/** What the checker hands to lowering: the tree after macros, and what was found out about it. */
import type { BlockExpr, Expr, Probe, Statement, Subprogram, VariableExpr } from './ast/nodes.ts';
import type { Config } from './config.ts';
import type { ResolvedProbe } from './probes/resolved.ts';
import type { Type } from './types/type.ts';

export interface CheckedProgram {
  readonly config: Config;
  readonly probes: readonly CheckedProbe[];
  readonly subprograms: readonly CheckedSubprogram[];
  readonly maps: ReadonlyMap<string, CheckedMap>;
}

/**
 * A probe body as it is compiled: one for each program that is needed. A body whose wildcard needs code of its own
 * for every match (`probe`, `args` of different types) appears once for each.
 */
export interface CheckedProbe {
  readonly source: Probe;
  /** With the predicate inside: `if (pred) { … }`. Macros are expanded, constant branches folded. */
  readonly body: BlockExpr;
  /** What it is attached to: all of one provider, and of one program type. */
  readonly resolved: ResolvedProbe;
  readonly facts: ExprFacts;
}

export interface CheckedSubprogram {
  readonly source: Subprogram;
  readonly body: BlockExpr;
  readonly parameters: readonly { readonly name: string; readonly type: Type }[];
  readonly returns: Type;
  readonly facts: ExprFacts;
}

/** Side tables of one body. */
export interface ExprFacts {
  /** Every expression's type. */
  typeOf(expr: Expr): Type;
  /** Its value, where it is known before running: literals, sizeof, comptime, enumerators, parameters. */
  constantOf(expr: Expr): bigint | string | boolean | undefined;
  /** What type a number was asked of by `sizeof`, or which members by `offsetof`: none for other numbers. */
  layoutsIn(expr: Expr): readonly AskedLayout[];
  /** The declared variable that a name stands for: names are scoped by block. */
  variableOf(expr: VariableExpr): ScriptVariable;
  /** The variables that a `for` body over a map takes from outside. */
  capturedBy(loop: Statement): readonly ScriptVariable[];
}

/** The size of a type, or the distance of a member of it. */
export interface AskedLayout {
  readonly type: Type;
  readonly member?: string;
}

export interface ScriptVariable {
  /** With its `$`. */
  readonly name: string;
  /** After widening over the whole program. */
  readonly type: Type;
}

export interface CheckedMap {
  /** With its `@`. */
  readonly name: string;
  /** `int64` for a scalar map. */
  readonly key: Type;
  readonly scalar: boolean;
  readonly value: Type;
  readonly kind: 'hash' | 'lruhash' | 'percpuhash' | 'percpulruhash';
  readonly maxEntries: number;
}
