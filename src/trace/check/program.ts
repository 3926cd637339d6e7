/**
 * Checks a script: settings, declarations, and its bodies again and again until their types no longer change. What
 * the last pass says is what the user is told: before that, types were still on their way.
 */
import type { BlockExpr, Expr, Probe, Program, Statement } from '../ast/nodes.ts';
import type { CheckedMap, CheckedProbe, CheckedProgram, CheckedSubprogram } from '../checked.ts';
import type { Config } from '../config.ts';
import { type Diagnostic, Diagnostics } from '../diagnostic.ts';
import { findRule } from '../probes/providers.ts';
import { checkLimits, splitTargets } from '../probes/resolve.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import { int64, isAggregate } from '../types/type.ts';
import { Body, type ProgramState } from './body.ts';
import type { CheckEnvironment } from './environment.ts';
import { foldBranches } from './fold-branches.ts';
import { checkRecursion, signaturesOf } from './functions.ts';
import { settled } from './integers.ts';
import { type MapState, MapTable } from './map-table.ts';
import * as say from './messages.ts';
import { needsOwnCode } from './per-target.ts';
import { readConfig } from './settings.ts';
import { warnDiscarded } from './statements.ts';
import { resolveTypeExpr } from './type-expressions.ts';

export interface Checked {
  /** Undefined after errors. */
  readonly checked?: CheckedProgram;
  readonly diagnostics: Diagnostics;
  /** Named parameters that the script knows, and what they are for: its --help. */
  readonly options: ReadonlyMap<string, string>;
}

/** After so many passes what still grows is given its full size; after twice as many it is an error. */
const patience = 20;

interface ProbeBody {
  readonly source: Probe;
  readonly resolved: ResolvedProbe;
  readonly body: Body;
}

/** The program after imports and macros. `diagnostics`: what was said of it before. */
export function checkExpanded(
  program: Program,
  environment: CheckEnvironment,
  diagnostics: Diagnostics = new Diagnostics(),
): Checked {
  const config = readConfig(program.config, environment.variables, diagnostics);
  const maps = new MapTable();
  declareMaps(program, maps, diagnostics);
  const functions = signaturesOf(program, diagnostics, (type) =>
    resolveTypeExpr({ environment, diagnostics, config }, type),
  );
  const state: ProgramState = {
    config,
    environment,
    maps,
    functions,
    options: new Map(),
    diagnostics,
    changed: false,
    late: false,
  };
  const probes = probeBodies(program, state, diagnostics);
  const subprograms = [...functions.values()].map((signature) => ({
    signature,
    body: new Body(state, signature.source.body, { function: signature }),
  }));

  const ghosts = ghostBodies(program, probes, state);
  const last = untilSettled(state, () => {
    for (const { body } of subprograms) checkFunction(body);
    for (const { body } of probes) checkProbe(body);
    const told = state.diagnostics;
    state.diagnostics = new Diagnostics();
    for (const { body } of ghosts) checkProbe(body);
    state.diagnostics = told;
  });
  diagnostics.list.push(...withoutConsequences(last.list, maps));
  checkRecursion(functions, diagnostics);
  checkOptions(state, diagnostics);
  checkMaps(maps, diagnostics);
  if (!diagnostics.failed) {
    const resolved = probes.map((one) => one.resolved);
    diagnostics.list.push(...checkLimits(resolved, config, undefined));
  }
  if (diagnostics.failed) return { diagnostics, options: state.options };
  const checked: CheckedProgram = {
    config,
    probes: probes.map(
      ({ source, resolved, body }): CheckedProbe => ({
        source,
        resolved,
        body: foldBranches(body.block, body.facts),
        facts: body.facts,
      }),
    ),
    subprograms: subprograms.map(
      ({ signature, body }): CheckedSubprogram => ({
        source: signature.source,
        body: foldBranches(body.block, body.facts),
        parameters: signature.parameters,
        returns: signature.returns,
        facts: body.facts,
      }),
    ),
    maps: checkedMaps(maps, config),
  };
  return { checked, diagnostics, options: state.options };
}

function untilSettled(state: ProgramState, pass: () => void): Diagnostics {
  for (let passes = 1; ; passes++) {
    state.diagnostics = new Diagnostics();
    state.changed = false;
    state.maps.changed = false;
    state.late = passes > patience;
    pass();
    if (!state.changed && !state.maps.changed) return state.diagnostics;
    if (passes > 2 * patience) {
      state.diagnostics.error(undefined, say.notSettled);
      return state.diagnostics;
    }
  }
}

/** A type that is not known is a consequence of what went wrong before, if anything did. */
function withoutConsequences(list: readonly Diagnostic[], maps: MapTable): readonly Diagnostic[] {
  const consequences = new Set<string>([say.unresolvedVariable]);
  for (const { name, written } of maps.states) if (written) consequences.add(say.undefinedMap(name));
  const consequence = ({ message }: Diagnostic): boolean => consequences.has(message);
  const others = list.some((one) => one.severity === 'error' && !consequence(one));
  return others ? list.filter((one) => !consequence(one)) : list;
}

// Probes

function probeBodies(program: Program, state: ProgramState, diagnostics: Diagnostics): ProbeBody[] {
  const bodies: ProbeBody[] = [];
  for (const item of program.items) {
    if (item.kind !== 'probe') continue;
    const block = withPredicate(item);
    for (const point of item.attachPoints) {
      for (const found of state.environment.resolve(point, state.config, diagnostics)) {
        for (const resolved of separate(found, block)) {
          bodies.push({ source: item, resolved, body: bodyOf(state, item, block, resolved) });
        }
      }
    }
  }
  checkIterators(bodies, diagnostics);
  return bodies;
}

/**
 * Bodies that nothing attaches: their probes are missing. What they put into maps is what others read, so they are
 * looked at, and nothing is said of them.
 */
function ghostBodies(program: Program, probes: readonly ProbeBody[], state: ProgramState): ProbeBody[] {
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

function checkIterators(bodies: readonly ProbeBody[], diagnostics: Diagnostics): void {
  const iterators = bodies.filter(({ resolved }) => resolved.provider === 'iter');
  if (iterators.length > 1) diagnostics.error(iterators[1]!.resolved.attachPoint.span, say.iterAlone);
  else if (iterators.length === 1 && bodies.length > 1) {
    diagnostics.error(iterators[0]!.resolved.attachPoint.span, say.iterOnly);
  }
}

function checkProbe(body: Body): void {
  body.begin();
  checkOuter(body);
}

function checkFunction(body: Body): void {
  body.begin();
  const { source, parameters, returns } = body.function!;
  body.inScope(() => {
    for (const [index, { name, type }] of parameters.entries()) {
      const parameter = source.parameters[index]!;
      const variable = body.declare(parameter, name, parameter.span, type, true);
      variable.assigned = true;
    }
    checkOuter(body);
  });
  if (returns.kind !== 'void' && !alwaysReturns(body.block)) {
    body.diagnostics.error(source.nameSpan, say.missingReturn(source.name));
  }
}

function checkOuter(body: Body): void {
  const type = body.check(body.block);
  if (body.block.value !== undefined) warnDiscarded(body, body.block.value, type);
}

function alwaysReturns(block: BlockExpr): boolean {
  const last = block.statements.at(-1);
  if (block.value !== undefined) return expressionReturns(block.value);
  if (last === undefined) return false;
  return last.kind === 'return' || (last.kind === 'expression' && expressionReturns(last.expression));
}

function expressionReturns(expr: Expr): boolean {
  if (expr.kind === 'block') return alwaysReturns(expr);
  if (expr.kind !== 'if' || expr.otherwise === undefined) return false;
  return alwaysReturns(expr.then) && alwaysReturns(expr.otherwise);
}

/** What was given behind `--` and no `getopt` asks for. */
function checkOptions({ environment, options }: ProgramState, diagnostics: Diagnostics): void {
  const unknown = [...environment.named.keys()].filter((name) => name !== 'help' && !options.has(name));
  if (unknown.length > 0) diagnostics.error(undefined, say.unexpectedOptions(unknown));
}

// Maps

const mapTypes = ['hash', 'lruhash', 'percpuhash', 'percpulruhash'] as const;
const greatestMap = 0xffff_ffffn;

function declareMaps(program: Program, maps: MapTable, diagnostics: Diagnostics): void {
  for (const item of program.items) {
    if (item.kind !== 'mapDeclaration') continue;
    const before = maps.declarations.get(item.map);
    if (before !== undefined) {
      diagnostics.error(item.span, say.mapRedeclared(item.map), {
        related: [{ message: say.initialDeclaration, span: before.span }],
      });
      continue;
    }
    if (!mapTypes.some((type) => type === item.type)) {
      diagnostics.error(item.typeSpan, say.invalidMapType(item.type), { hint: say.validMapTypes });
    }
    if (item.size < 1n || item.size > greatestMap) diagnostics.error(item.span, say.mapSize(item.map));
    maps.declarations.set(item.map, item);
  }
}

const perCpu = (state: MapState): boolean => state.value !== undefined && isAggregate(state.value);

function checkMaps(maps: MapTable, diagnostics: Diagnostics): void {
  const used = new Map([...maps.states].map((state) => [state.name, state]));
  for (const [name, declaration] of maps.declarations) {
    const state = used.get(name);
    if (state === undefined) {
      diagnostics.warning(declaration.span, say.unusedMap(name));
      continue;
    }
    if (state.value === undefined) continue;
    const declared = declaration.type.startsWith('percpu');
    if (declared !== perCpu(state)) {
      const needed = perCpu(state) ? 'percpuhash' : 'hash';
      diagnostics.error(declaration.span, say.incompatibleMapType(declaration.type, needed));
    }
  }
}

function checkedMaps(maps: MapTable, config: Config): ReadonlyMap<string, CheckedMap> {
  const checked = new Map<string, CheckedMap>();
  for (const state of maps.states) {
    if (state.value === undefined) continue;
    const declaration = maps.declarations.get(state.name);
    const scalar = state.scalar !== false;
    const kind =
      mapTypes.find((type) => type === declaration?.type) ?? (perCpu(state) ? 'percpuhash' : 'hash');
    const bucketed = ['hist', 'lhist', 'tseries'].includes(state.value.kind);
    const maxEntries =
      declaration !== undefined ? Number(declaration.size) : scalar && !bucketed ? 1 : config.maxMapKeys;
    checked.set(state.name, {
      name: state.name,
      key: scalar ? int64 : settled(state.key ?? int64),
      scalar,
      value: settled(state.value),
      kind,
      maxEntries,
    });
  }
  return checked;
}
