/** `iter:KIND`: the kernel walks its objects and runs the body for each; what it prints is read from the iterator. */
import { AttachType, ProgramType } from '../../../kernel/spec.ts';
import { fromBtf } from '../../../script/lower/data-type.ts';
import type { ResolvedProbe } from '../../probes/resolved.ts';
import type { BodyUse } from '../body.ts';
import type { Hook } from '../hook.ts';
import type { Lowering } from '../state.ts';

export function iteratorHook(resolved: ResolvedProbe, use: BodyUse): Hook {
  const [target] = resolved.targets;
  const name = target?.kind === 'iterator' ? target.iterator : '';
  return {
    programType: ProgramType.tracing,
    attachType: AttachType.traceIter,
    attachTarget: { kind: 'iterator', name },
    compiled: { kind: 'iterator' },
    resolved,
    userMemory: false,
    resultIgnored: false,
    filtersPid: true,
    prologue: (l) => onlyObjects(l, name, use.contextFields),
  };
}

/**
 * Behind the last object the kernel calls once more, with null pointers in the context. The body does not run then. The
 * verifier sees by this, too, that the pointers are none.
 */
function onlyObjects(l: Lowering, iterator: string, fields: ReadonlySet<string>): void {
  const { b } = l;
  const id = l.environment.btf.find(`bpf_iter__${iterator}`, 'struct');
  const context = id === undefined ? undefined : fromBtf(l.environment.btf, id);
  const end = b.block('end');
  let checked = false;
  for (const name of fields) {
    const member = context?.kind === 'struct' && name !== 'meta' ? context.member(name) : undefined;
    if (member?.type.kind !== 'pointer') continue;
    const next = b.block('object');
    b.branch('ne', b.load(8, l.context, member.offset, { invariant: true }), b.constant(0), next, end);
    b.begin(next);
    checked = true;
  }
  if (!checked) return;
  const inside = b.current;
  b.begin(end);
  b.return(b.constant(0));
  b.enter(inside);
}
