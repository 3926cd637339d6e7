/** Arguments that are names and no values: `boot` in `nsecs(boot)`. */
import type { Expr } from '../ast/nodes.ts';

export function wordOf(expr: Expr | undefined): string | undefined {
  return expr?.kind === 'identifier' ? expr.name : undefined;
}
