/** Probes by time and counter: `profile:hz:99`, `interval:s:1`, `software:EVENT:COUNT`, `hardware:EVENT:COUNT`. */
import { ProgramType } from '../../kernel/spec.ts';
import { nearestNames } from '../../text/nearest.ts';
import { ProgramError } from '../diagnostic.ts';
import { registerMember, registersOf } from '../emit/registers.ts';
import type { Environment } from '../environment.ts';
import { types } from '../lower/data-type.ts';
import { messages } from '../messages.ts';
import { type Attachment, elsewhere, type ProbePlan } from './plan.ts';

const nanoseconds: Readonly<Record<string, number>> = { s: 1e9, ms: 1e6, us: 1e3 };

/** Every CPU for profile; one CPU for interval, so that the body runs once a tick. */
export function timePlan(
  title: string,
  kind: 'profile' | 'interval',
  parts: readonly string[],
  environment: Environment,
): ProbePlan {
  const [unit, text] = parts;
  const count = Number(text);
  if (
    parts.length !== 2 ||
    !Number.isSafeInteger(count) ||
    count < 1 ||
    (unit !== 'hz' && !Object.hasOwn(nanoseconds, unit))
  ) {
    throw new ProgramError(
      messages.probeSyntax(title, `${kind}:hz:N, ${kind}:s:N, ${kind}:ms:N or ${kind}:us:N`),
    );
  }
  const rate = unit === 'hz' ? { frequency: count } : { period: count * nanoseconds[unit] };
  return samplingPlan(
    title,
    { kind: 'perf', type: 'software', event: 'cpu-clock', everyCpu: kind === 'profile', ...rate },
    environment,
  );
}

// PERF_COUNT_SW_* and PERF_COUNT_HW_* of include/uapi/linux/perf_event.h, by their customary names.
const events = {
  software: [
    'cpu-clock',
    'task-clock',
    'page-faults',
    'context-switches',
    'cpu-migrations',
    'minor-faults',
    'major-faults',
    'alignment-faults',
    'emulation-faults',
    'dummy',
    'bpf-output',
    'cgroup-switches',
  ],
  hardware: [
    'cpu-cycles',
    'instructions',
    'cache-references',
    'cache-misses',
    'branch-instructions',
    'branch-misses',
    'bus-cycles',
    'frontend-stalls',
    'backend-stalls',
    'ref-cycles',
  ],
} as const;

/** The number of an event in its kind. */
export function eventNumber(type: 'software' | 'hardware', event: string): number {
  return (events[type] as readonly string[]).indexOf(event);
}

export function counterPlan(
  title: string,
  type: 'software' | 'hardware',
  parts: readonly string[],
  environment: Environment,
): ProbePlan {
  const [event, text = '1000000'] = parts;
  const period = Number(text);
  if (parts.length < 1 || parts.length > 2 || !Number.isSafeInteger(period) || period < 1) {
    throw new ProgramError(messages.probeSyntax(title, `${type}:EVENT:COUNT`));
  }
  if (eventNumber(type, event) < 0) {
    throw new ProgramError(
      messages.unknownProbe(title, `there is no ${type} event "${event}"`, nearestNames(event, events[type])),
    );
  }
  return samplingPlan(title, { kind: 'perf', type, event, period, everyCpu: true }, environment);
}

/** The context begins with the registers that were interrupted (struct bpf_perf_event_data). */
function samplingPlan(title: string, attachment: Attachment, environment: Environment): ProbePlan {
  return {
    title,
    programType: ProgramType.perfEvent,
    attachment,
    typedPointers: true,
    names: () => ['ip'],
    explain: (part) => elsewhere[part],
    member(l, part) {
      if (part !== 'ip') return undefined;
      const member = registerMember(environment, registersOf(environment.architecture).instruction);
      return {
        kind: 'scalar',
        value: l.b.load(8, l.context, member?.offset ?? 0, { invariant: true }),
        type: types.u64,
      };
    },
  };
}
