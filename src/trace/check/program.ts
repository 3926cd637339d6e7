/**
 * Checks a script: settings, declarations, and its bodies again and again until their types no longer change. What
 * the last pass says is what the user is told: before that, types were still on their way.
 */
import type { BlockExpr, Expr, Probe, Program, Subprogram } from '../ast/nodes.ts';
import type { CheckedProbe, CheckedProgram, CheckedSubprogram, ExprFacts } from '../checked.ts';
import { type Diagnostic, Diagnostics } from '../diagnostic.ts';
import { checkLimits } from '../probes/resolve.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import { Body, type ProgramState } from './body.ts';
import type { MapUse } from './context.ts';
import type { CheckEnvironment } from './environment.ts';
import { foldBranches } from './fold-branches.ts';
import { checkRecursion, signaturesOf } from './functions.ts';
import { checkedMaps, checkMaps, declareMaps } from './map-declarations.ts';
import { MapTable } from './map-table.ts';
import * as say from './messages.ts';
import { plainName } from './names.ts';
import { ghostBodies, probeBodies } from './probe-bodies.ts';
import { readConfig } from './settings.ts';
import { warnDiscarded } from './statements.ts';
import { resolveTypeExpr } from './type-expressions.ts';

export interface Checked {
  /** Undefined after errors. */
  readonly checked?: CheckedProgram;
  readonly diagnostics: Diagnostics;
  /** Named parameters that the script knows, and what they are for: its --help. */
  readonly options: ReadonlyMap<string, string>;
  /** What was found out on the way, errors or not: for editors. */
  readonly bodies: readonly CheckedBody[];
  readonly maps: readonly MapUse[];
}

export interface CheckedBody {
  readonly source: Probe | Subprogram;
  /** Undefined in a sub-program; without targets where nothing is attached. */
  readonly probe: ResolvedProbe | undefined;
  readonly block: BlockExpr;
  readonly facts: ExprFacts;
}

/** After so many passes what still grows is given its full size; after twice as many it is an error. */
const patience = 20;

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
    resolveTypeExpr({ types: environment.types, diagnostics, config }, type),
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
  const found: Checked = {
    diagnostics,
    options: state.options,
    bodies: [
      ...[...probes, ...ghosts].map(({ source, resolved, body }) => told(source, resolved, body)),
      ...subprograms.map(({ signature, body }) => told(signature.source, undefined, body)),
    ],
    maps: [...maps.states],
  };
  if (diagnostics.failed) return found;
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
  return { checked, ...found };
}

const told = (source: CheckedBody['source'], probe: ResolvedProbe | undefined, body: Body): CheckedBody => ({
  ...{ source, probe, block: body.block, facts: body.facts },
});

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
      const variable = body.declare(
        parameter,
        { name, declared: parameter.span, origin: 'parameter' },
        type,
        true,
      );
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
  for (const { name, origin, declared, assigned } of body.variables) {
    if (origin === 'let' && !assigned) body.diagnostics.warning(declared, say.neverAssigned(plainName(name)));
  }
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

/** What was given behind `--` and no `getopt` asks for: `--help` among it, which so shows what there is. */
function checkOptions({ environment, options }: ProgramState, diagnostics: Diagnostics): void {
  const unknown = [...environment.named.keys()].filter((name) => !options.has(name));
  if (unknown.length === 0) return;
  diagnostics.error(undefined, say.unexpectedOptions(unknown), { hint: say.expectedOptions(options) });
}
