/** The file that an iterator is read from. */
import type { Value } from '../../compiler/ir.ts';
import type { Lowering } from './state.ts';

/** `ctx->meta->seq`. */
export function currentIterator(l: Lowering): Value | undefined {
  const { attachTarget } = l.hook;
  if (attachTarget?.kind !== 'iterator') return undefined;
  // Both are the first of their structs (struct bpf_iter_meta, and what BPF_ITER_FUNC declares).
  const meta = l.b.load(8, l.context, 0, { invariant: true });
  return l.b.load(8, meta, 0);
}
