/**
 * What a built-in variable or function is, in one place: who may call it with what, its type, its code, and what
 * the manual says. One entry in a file of this folder; `table.ts` lists the files.
 */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import type { LowerContext, Lowered } from '../lower/context.ts';
import type { Provider } from '../probes/resolved.ts';
import type { Type } from '../types/type.ts';

export interface Builtin {
  readonly name: string;
  /** `value`: a variable, also callable without arguments. `map`: only on the right of `@m = …`. */
  readonly kind: 'value' | 'function' | 'map';
  /** Least and most arguments; default [0, 0]. */
  readonly arity?: readonly [number, number];
  /** Default: everywhere. */
  readonly probes?: readonly Provider[];
  /** Only with --unsafe; default false. */
  readonly unsafe?: boolean;
  /** Compiled away: never lowered. Default false. */
  readonly compileTime?: boolean;
  /** `check` checks the arguments itself: maps as a whole, types, names of modes. Default false. */
  readonly lazy?: boolean;
  /** Each place it is attached to needs code of its own: `probe`, `args`. Default false. */
  readonly perTarget?: boolean;
  /** What it says besides arity, probes and safety is its own: argument types, literals, limits. */
  check(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type;
  lower(context: LowerContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Lowered;
  readonly documentation: {
    readonly section: 'variable' | 'value' | 'effect' | 'map' | 'compile time';
    /** `str(p[, n])` */
    readonly signature: string;
    readonly text: string;
    readonly example?: string;
  };
}
