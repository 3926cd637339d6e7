/** Macros by name; several may share one, told apart by the number and the kinds of their arguments. */
import type { Expr, Macro, MacroParameter, Program } from '../ast/nodes.ts';
import { walk } from '../ast/walk.ts';
import type { Diagnostics } from '../diagnostic.ts';
import * as say from './messages.ts';

export type Overloads = ReadonlyMap<string, readonly Macro[]>;

export function collectMacros(program: Program, diagnostics: Diagnostics): Overloads {
  const macros = new Map<string, Macro[]>();
  for (const item of program.items) {
    if (item.kind !== 'macro') continue;
    const known = macros.get(item.name) ?? [];
    const same = known.find((one) => signature(one) === signature(item));
    if (same !== undefined) {
      diagnostics.error(item.nameSpan, say.redefinition(item.name), {
        related: [{ message: say.original, span: same.nameSpan }],
      });
      continue;
    }
    checkHygiene(item, diagnostics);
    macros.set(item.name, [...known, item]);
  }
  return macros;
}

const signature = ({ parameters }: Macro): string => parameters.map(({ kind }) => kind).join(',');

/** What a macro touches is its own, or given to it. */
function checkHygiene(macro: Macro, diagnostics: Diagnostics): void {
  const names = new Set<string>();
  for (const { name, span } of macro.parameters) {
    if (names.has(name)) diagnostics.error(span, say.repeatedParameter(name));
    names.add(name);
  }
  walk(macro.body, (node) => {
    if (node.kind === 'map' && !names.has(node.name)) {
      diagnostics.error(node.nameSpan, say.unhygienicMap(node.name));
    } else if (node.kind === 'let' || node.kind === 'for') {
      const { name, span } = node.variable;
      if (names.has(name)) diagnostics.error(span, say.shadowsArgument(name));
    }
  });
}

/** How well an argument fits: a variable goes to a parameter for variables before one for expressions. */
function fit({ kind }: MacroParameter, argument: Expr): 0 | 1 | 2 {
  if (kind === 'expression') return 1;
  if (kind === 'variable') return argument.kind === 'variable' ? 2 : 0;
  return argument.kind === 'map' && argument.key === undefined ? 2 : 0;
}

/** The macro that takes these arguments, the one whose parameters are closest; undefined: none does. */
export function choose(candidates: readonly Macro[], args: readonly Expr[]): Macro | undefined {
  let best: { macro: Macro; score: number } | undefined;
  for (const macro of candidates) {
    if (macro.parameters.length !== args.length) continue;
    const fits = macro.parameters.map((parameter, index) => fit(parameter, args[index]!));
    if (fits.includes(0)) continue;
    const score = fits.reduce<number>((sum, one) => sum + one, 0);
    if (best === undefined || score > best.score) best = { macro, score };
  }
  return best?.macro;
}

/** Why no macro of this name takes the arguments. */
export function whyNot(
  name: string,
  candidates: readonly Macro[],
  args: readonly Expr[],
): { readonly message: string; readonly closest: Macro; readonly argument?: Expr } {
  const counted = candidates.find(({ parameters }) => parameters.length === args.length);
  if (counted === undefined) {
    const distance = ({ parameters }: Macro): number => Math.abs(parameters.length - args.length);
    const closest = candidates.reduce((best, one) => (distance(one) < distance(best) ? one : best));
    const expected = closest.parameters.length;
    const message =
      candidates.length === 1
        ? say.wrongCount(name, String(expected), args.length)
        : say.closestCount(name, expected, args.length);
    return { message, closest };
  }
  const index = counted.parameters.findIndex((parameter, at) => fit(parameter, args[at]!) === 0);
  const parameter = counted.parameters[index]!;
  const argument = args[index]!;
  const whole = argument.kind === 'variable' || (argument.kind === 'map' && argument.key === undefined);
  const given = whole ? argument.kind : 'expression';
  const article = given === 'expression' ? 'an' : 'a';
  const wanted = parameter.kind === 'map' ? 'map' : 'variable';
  return {
    message: say.wrongKind(parameter.name, wanted, `${article} ${given}`),
    closest: counted,
    argument,
  };
}
