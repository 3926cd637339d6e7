/** Object-like `#define`s that are expressions and no constants: put in where their names are. */
import type { Expr, Node, Program } from '../ast/nodes.ts';
import { mapChildren } from '../ast/walk.ts';
import { findBuiltin } from '../builtin/table.ts';
import type { TypeNames } from '../check/environment.ts';
import type { Diagnostics } from '../diagnostic.ts';
import type { Span } from '../source.ts';
import { Budget, TooLarge } from './budget.ts';
import * as say from './messages.ts';

/** As deep as a `#define` may refer to others. */
const deepest = 32;

export function expandDefines(program: Program, types: TypeNames, diagnostics: Diagnostics): Program {
  const { expansion } = types;
  if (expansion === undefined || program.definitions.length === 0) return program;

  const budget = new Budget();
  const visit =
    (names: readonly string[]) =>
    (node: Node): Node => {
      if (node.kind !== 'identifier' || names.includes(node.name) || names.length > deepest) {
        return mapChildren(node, visit(names));
      }
      // A number is a number wherever it comes from: the checker asks for it.
      if (findBuiltin(node.name)?.kind === 'value' || types.constant(node.name) !== undefined) return node;
      const expr = expansion.call(types, node.name);
      return expr === undefined ? node : visit([...names, node.name])(placed(expr, node.span, budget));
    };
  try {
    const items = program.items.map((item) => visit([])(item) as typeof item);
    return { ...program, items };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    diagnostics.error(undefined, say.definesTooLarge);
    return program;
  }
}

/** A copy that says where it was put in. */
function placed(expr: Expr, use: Span, budget: Budget): Expr {
  const copy = (node: Node): Node => {
    budget.spend();
    const made: Record<string, unknown> = { ...mapChildren(node, copy) };
    for (const key of Object.keys(made)) {
      if (key === 'span' || key.endsWith('Span')) made[key] = { ...(made[key] as Span), expandedFrom: use };
    }
    return made as unknown as Node;
  };
  return copy(expr) as Expr;
}
