/** The file that an iterator is read from. */
import type { Value } from '../../compiler/ir.ts';
import { objectField } from './kernel-field.ts';
import type { Lowering } from './state.ts';

/** `ctx->meta->seq`. */
export function currentIterator(l: Lowering): Value | undefined {
  const { attachTarget } = l.hook;
  if (attachTarget?.kind !== 'iterator') return undefined;
  const context = {
    struct: `bpf_iter__${attachTarget.name}`,
    base: l.context,
    memory: 'kernelTyped',
  } as const;
  return objectField(l, objectField(l, context, 'meta'), 'seq').base;
}
