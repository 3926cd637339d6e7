/** The bodies of probes: one for each program that is needed. */
import type { BlockExpr, Probe, Program, Statement } from '../ast/nodes.ts';
import { Diagnostics } from '../diagnostic.ts';
import { findRule } from '../probes/providers.ts';
import { splitTargets } from '../probes/resolve.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import { Body, type ProgramState } from './body.ts';
import type { CheckEnvironment } from './environment.ts';
import * as say from './messages.ts';
import { needsOwnCode } from './per-target.ts';

export interface ProbeBody {
  readonly source: Probe;
  readonly resolved: ResolvedProbe;
  readonly body: Body;
}

export function probeBodies(program: Program, state: ProgramState, diagnostics: Diagnostics): ProbeBody[] {
  const bodies: ProbeBody[] = [];
  for (const item of program.items) {
    if (item.kind !== 'probe') continue;
    const block = withPredicate(item);
    for (const found of placesOf(item, state, diagnostics)) {
      for (const resolved of separate(found, block)) {
        bodies.push({ source: item, resolved, body: bodyOf(state, item, block, resolved) });
      }
    }
  }
  checkNames(bodies, diagnostics);
  checkIterators(bodies, diagnostics);
  return bodies;
}

/** All attach points of a probe; says so if they come to nothing. */
function placesOf(
  item: Probe,
  { environment, config }: ProgramState,
  diagnostics: Diagnostics,
): ResolvedProbe[] {
  const said = new Diagnostics();
  const found = item.attachPoints.map((point) => environment.resolve(point, config, said));
  diagnostics.list.push(...said.list);
  const places = found.flatMap((each) => each ?? []);
  const [first, last] = [item.attachPoints[0], item.attachPoints.at(-1)];
  if (places.length === 0 && !found.includes(undefined) && !said.failed && first && last) {
    const span = { ...first.span, end: last.span.end };
    if (config.missingProbes === 'error') diagnostics.error(span, say.nothingAttached);
    if (config.missingProbes === 'warn') diagnostics.warning(span, say.probeRemoved);
  }
  return places.flatMap((probe) => chosen(probe, environment));
}

/** What `--probe-filter` leaves of it; what runs at the edges of the script always does. */
function chosen(probe: ResolvedProbe, { wanted }: CheckEnvironment): readonly ResolvedProbe[] {
  const { provider, attachPoint, targets } = probe;
  if (wanted === undefined || provider === 'begin' || provider === 'end') return [probe];
  const left = targets.filter(({ name }) => wanted(attachPoint.name ?? name));
  return left.length === 0 ? [] : [{ ...probe, targets: left }];
}

/**
 * Bodies that nothing attaches: their probes are missing. What they put into maps is what others read, so they are
 * looked at, and nothing is said of them.
 */
export function ghostBodies(
  program: Program,
  probes: readonly ProbeBody[],
  state: ProgramState,
): ProbeBody[] {
  const found = new Set(probes.map(({ source }) => source));
  return program.items.flatMap((item): ProbeBody[] => {
    const [attachPoint] = item.kind === 'probe' ? item.attachPoints : [];
    if (item.kind !== 'probe' || attachPoint === undefined || found.has(item)) return [];
    const [type = ''] = attachPoint.text.split(':', 1);
    const provider = findRule(type)?.provider;
    if (provider === undefined) return [];
    const resolved: ResolvedProbe = { provider, attachPoint, targets: [], name: attachPoint.text };
    return [{ source: item, resolved, body: bodyOf(state, item, withPredicate(item), resolved) }];
  });
}

const bodyOf = (state: ProgramState, { predicate }: Probe, block: BlockExpr, probe: ResolvedProbe): Body =>
  new Body(state, block, { probe, predicate });

/** A predicate is an `if` around the body. */
function withPredicate(probe: Probe): BlockExpr {
  if (probe.predicate === undefined) return probe.body;
  const guarded: Statement = {
    kind: 'expression',
    span: probe.body.span,
    expression: { kind: 'if', span: probe.body.span, condition: probe.predicate, then: probe.body },
  };
  return { kind: 'block', span: probe.body.span, statements: [guarded] };
}

/** One probe for each target where each needs code of its own. */
const separate = (probe: ResolvedProbe, block: BlockExpr): readonly ResolvedProbe[] =>
  needsOwnCode(probe.provider, block) ? splitTargets(probe) : [probe];

/** Results of tests and benchmarks are told by their names. */
function checkNames(bodies: readonly ProbeBody[], diagnostics: Diagnostics): void {
  const first = new Map<string, ResolvedProbe>();
  for (const { resolved } of bodies) {
    const { provider, name, attachPoint } = resolved;
    if (provider !== 'test' && provider !== 'bench') continue;
    const other = first.get(name);
    if (other === undefined) first.set(name, resolved);
    else {
      diagnostics.error(attachPoint.span, say.nameTaken(name.slice(name.indexOf(':') + 1), provider), {
        related: [{ span: other.attachPoint.span, message: say.otherInstance }],
      });
    }
  }
}

function checkIterators(bodies: readonly ProbeBody[], diagnostics: Diagnostics): void {
  const iterators = bodies.filter(({ resolved }) => resolved.provider === 'iter');
  if (iterators.length > 1) diagnostics.error(iterators[1]!.resolved.attachPoint.span, say.iterAlone);
  else if (iterators.length === 1 && bodies.length > 1) {
    diagnostics.error(iterators[0]!.resolved.attachPoint.span, say.iterOnly);
  }
}
