/** The kernel type that a tracing, iterator or LSM program attaches to. */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import { ambiguousTarget, noTarget } from '../errors.ts';
import type { AttachTarget } from '../spec.ts';

/**
 * How each kind of target appears in the kernel's BTF: include/trace/bpf_probe.h makes a typedef
 * `btf_trace_NAME` for every tracepoint, include/linux/bpf.h and bpf_lsm.h declare a function for
 * every iterator and hook.
 */
const shapes = {
  rawTracepoint: { prefix: 'btf_trace_', kind: 'typedef', word: 'tracepoint' },
  function: { prefix: '', kind: 'function', word: 'function' },
  iterator: { prefix: 'bpf_iter_', kind: 'function', word: 'iterator' },
  lsm: { prefix: 'bpf_lsm_', kind: 'function', word: 'LSM hook' },
} as const satisfies Record<
  Exclude<AttachTarget['kind'], 'id'>,
  { prefix: string; kind: 'typedef' | 'function'; word: string }
>;

/**
 * The target's id in the kernel's BTF. Throws KernelError: `noType` with near names,
 * `ambiguousType` when two functions of the kernel bear the name.
 */
export function targetId(target: AttachTarget, kernelTypes: () => Btf): TypeId {
  if (target.kind === 'id') return target.id;
  const types = kernelTypes();
  const { prefix, kind, word } = shapes[target.kind];
  const what = `${word} "${target.name}"`;
  const full = prefix + target.name;
  const first = types.find(full, kind);
  if (first === undefined) {
    const near = types.suggest(full, kind).filter((name) => name.startsWith(prefix));
    throw noTarget(
      what,
      `such ${word}`,
      near.map((name) => name.slice(prefix.length)),
    );
  }
  if (target.kind === 'function') {
    const all = types.findAll(full, kind);
    if (all.length > 1) throw ambiguousTarget(what, full, all.length);
  }
  return first;
}
