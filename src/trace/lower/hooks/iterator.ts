/** `iter:KIND`: the kernel walks its objects and runs the body for each; what it prints is read from the iterator. */
import { AttachType, ProgramType } from '../../../kernel/spec.ts';
import type { ResolvedProbe } from '../../probes/resolved.ts';
import type { Hook } from '../hook.ts';

export function iteratorHook(resolved: ResolvedProbe): Hook {
  const [target] = resolved.targets;
  const name = target?.kind === 'iterator' ? target.iterator : '';
  return {
    programType: ProgramType.tracing,
    attachType: AttachType.traceIter,
    attachTarget: { kind: 'iterator', name },
    compiled: { kind: 'iterator' },
    resolved,
    userMemory: false,
    preemptible: true,
    resultIgnored: false,
    filtersPid: true,
  };
}
