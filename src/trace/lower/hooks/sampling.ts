/** Probes by time, counter and watched address: programs of perf events. */
import { ProgramType } from '../../../kernel/spec.ts';
import type { ResolvedProbe } from '../../probes/resolved.ts';
import type { LowerEnvironment } from '../environment.ts';
import type { Hook } from '../hook.ts';
import { namedRegister } from './arguments.ts';

/** The context begins with the registers that were interrupted (struct bpf_perf_event_data). */
export function samplingHook(resolved: ResolvedProbe, _environment: LowerEnvironment): Hook {
  return {
    programType: ProgramType.perfEvent,
    compiled: { kind: 'perf' },
    resolved,
    userMemory: false,
    resultIgnored: false,
    // The kernel counts in one process only, or (interval) there is nothing to filter.
    filtersPid: true,
    register: namedRegister,
  };
}

export function watchpointHook(resolved: ResolvedProbe, environment: LowerEnvironment): Hook {
  return { ...samplingHook(resolved, environment), compiled: { kind: 'breakpoint' } };
}
