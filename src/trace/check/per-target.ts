/** Which bodies need code of their own for every place that a wildcard matches. */
import type { BlockExpr } from '../ast/nodes.ts';
import { walk } from '../ast/walk.ts';
import { findBuiltin } from '../builtin/table.ts';
import type { Provider } from '../probes/resolved.ts';

/** The target of their programs is part of the program. */
const tracing: ReadonlySet<Provider> = new Set(['fentry', 'fexit', 'iter']);

export function needsOwnCode(provider: Provider, block: BlockExpr): boolean {
  if (tracing.has(provider)) return true;
  let found = false;
  walk(block, (node) => {
    if (node.kind !== 'identifier' && node.kind !== 'call') return;
    if (findBuiltin(node.name)?.perTarget === true) found = true;
    // Where its arguments are each USDT probe says for itself.
    if (provider === 'usdt' && /^arg\d+$/.test(node.name)) found = true;
  });
  return found;
}
