/** From the name of a probe to its plan: one line a kind. */
import { nearestNames } from '../../text/nearest.ts';
import { ProgramError } from '../diagnostic.ts';
import type { Environment } from '../environment.ts';
import { messages } from '../messages.ts';
import { iteratorPlan } from './iterator.ts';
import type { ProbePlan } from './plan.ts';
import { kprobePlan, uprobePlan } from './registers-probe.ts';
import { counterPlan, timePlan } from './sampling.ts';
import { tracepointPlan } from './tracepoint.ts';
import { functionPlan, rawTracepointPlan } from './tracing.ts';

/** What a body uses that decides how its probe is served. */
export interface BodyFacts {
  readonly readsArguments: boolean;
  /** The fields of k.args that it reads; undefined if they cannot be told, or one is itself called `args`. */
  readonly fields: ReadonlySet<string> | undefined;
}

type Kind = (
  title: string,
  parts: readonly string[],
  environment: Environment,
  facts: BodyFacts,
) => ProbePlan;

const kinds: Readonly<Record<string, Kind>> = {
  tracepoint: tracepointPlan,
  rawtracepoint: rawTracepointPlan,
  kprobe: (title, parts, environment) => kprobePlan(title, 'kprobe', parts, environment),
  kretprobe: (title, parts, environment) => kprobePlan(title, 'kretprobe', parts, environment),
  fentry: (title, parts, environment) => functionPlan(title, 'fentry', parts, environment),
  fexit: (title, parts, environment) => functionPlan(title, 'fexit', parts, environment),
  uprobe: (title, parts, environment) => uprobePlan(title, 'uprobe', parts, environment),
  uretprobe: (title, parts, environment) => uprobePlan(title, 'uretprobe', parts, environment),
  profile: (title, parts, environment) => timePlan(title, 'profile', parts, environment),
  interval: (title, parts, environment) => timePlan(title, 'interval', parts, environment),
  software: (title, parts, environment) => counterPlan(title, 'software', parts, environment),
  hardware: (title, parts, environment) => counterPlan(title, 'hardware', parts, environment),
  iter: iteratorPlan,
};

/** Throws ProgramError: unknown kind, wrong form, or a target that this kernel does not have. */
export function planProbe(name: string, environment: Environment, facts: BodyFacts): ProbePlan {
  const [kind, ...parts] = name.split(':');
  const make = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (make) return make(name, parts, environment, facts);
  const near = nearestNames(kind, Object.keys(kinds));
  throw new ProgramError(
    messages.unknownProbe(name, `"${kind}" is no kind of probe`, near.length > 0 ? near : Object.keys(kinds)),
  );
}
