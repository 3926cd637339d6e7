/** What a built-in sees of the checker. */
import type { Expr } from '../ast/nodes.ts';
import type { Config } from '../config.ts';
import type { Diagnostics } from '../diagnostic.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import type { Type } from '../types/type.ts';

export interface CheckContext {
  readonly config: Config;
  readonly diagnostics: Diagnostics;
  /** Undefined in a sub-program. */
  readonly probe: ResolvedProbe | undefined;
  typeOf(expr: Expr): Type;
  constantOf(expr: Expr): bigint | string | boolean | undefined;
}
