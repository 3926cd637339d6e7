/** What a built-in sees of the checker. */
import type { Expr, MapExpr, PositionalExpr, TypeExpr, TypeQueryExpr, VariableExpr } from '../ast/nodes.ts';
import type { Config } from '../config.ts';
import type { Diagnostics } from '../diagnostic.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import type { Type } from '../types/type.ts';
import type { CheckEnvironment } from './environment.ts';

export type Constant = bigint | string | boolean;

export interface CheckContext {
  readonly config: Config;
  readonly diagnostics: Diagnostics;
  readonly environment: CheckEnvironment;
  /** Undefined in a sub-program. */
  readonly probe: ResolvedProbe | undefined;
  /** In the body of a `for` or `while`. */
  readonly inLoop: boolean;
  /** In code that the kernel calls back, without the program's context: the body of a `for`. */
  readonly inCallback: boolean;
  /** Of an argument; those of a `lazy` built-in only after `check`. */
  typeOf(expr: Expr): Type;
  constantOf(expr: Expr): Constant | undefined;
  /** Checks an expression as a value. For arguments of `lazy` built-ins. */
  check(expr: Expr): Type;
  /** Checks an entry of a map and gives what it holds: `count_t`, where `check` would give the number. */
  checkEntry(expr: MapExpr): Type;
  /** Notes that a map is used as a whole. What is undefined is not known (yet). */
  map(expr: MapExpr): MapUse;
  /** Checks a key expression against those of a map, and notes it. */
  checkKey(map: MapExpr, key: Expr): void;
  /** A built-in that writes to a variable: `find(@m, k, $v)`. */
  assign(variable: VariableExpr, type: Type): void;
  /** The type that was written; undefined after an error. */
  resolve(type: TypeExpr): Type | undefined;
  /** It has no value, as opposed to one whose type is not known yet. */
  isNone(expr: Expr): boolean;
  /** The type in `typeof(…)`; undefined after an error. */
  typeQueried(query: TypeQueryExpr): Type | undefined;
  /** A positional parameter that is not in a numeric place. */
  noteParameter(parameter: PositionalExpr): void;
  /** A named parameter that the script knows, for its --help. */
  noteOption(name: string, description: string): void;
  /** Says that a call is a constant: what is compiled away. */
  fold(call: Expr, value: Constant): void;
}

export interface MapUse {
  readonly name: string;
  readonly key: Type | undefined;
  readonly value: Type | undefined;
  readonly scalar: boolean | undefined;
}
