/**
 * A macro's body with the arguments of a call in it. Hygienic: variables of the macro get names that nothing else has,
 * so neither side sees the other's. Every node is made anew, since the checker keeps what it finds out by node.
 */
import type { BlockExpr, Expr, Macro, Node, TypeExpr } from '../ast/nodes.ts';
import { mapChildren } from '../ast/walk.ts';
import { hygienicName } from '../check/names.ts';
import type { Span } from '../source.ts';
import type { Budget } from './budget.ts';

export function substitute(
  macro: Macro,
  args: readonly Expr[],
  { call, number, budget }: { readonly call: Span; readonly number: number; readonly budget: Budget },
): BlockExpr {
  const given = new Map(macro.parameters.map(({ name }, index) => [name, args[index]!]));

  const copy = (node: Node): Node => {
    budget.spend();
    return { ...mapChildren(node, copy) };
  };

  const replace = (node: Node): Node => {
    budget.spend();
    switch (node.kind) {
      case 'identifier': {
        const argument = given.get(node.name);
        if (argument !== undefined) return copy(argument);
        break;
      }
      case 'namedType': {
        const type = node.tag === undefined ? typeArgument(given.get(node.name)) : undefined;
        if (type !== undefined) return copy(type);
        break;
      }
      case 'variable': {
        const argument = given.get(node.name);
        if (argument?.kind === 'variable') return { ...node, name: argument.name, span: from(node.span) };
        return { ...node, name: hygienicName(node.name, number), span: from(node.span) };
      }
      case 'map': {
        const argument = given.get(node.name);
        const name = argument?.kind === 'map' ? argument.name : node.name;
        return moved({ ...mapChildren(node, replace), name });
      }
    }
    return moved({ ...mapChildren(node, replace) });
  };

  const from = (span: Span): Span => ({ ...span, expandedFrom: call });

  const moved = <N extends Node>(node: N): N => {
    const places: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(node)) {
      if (isSpan(key, value)) places[key] = from(value);
    }
    return { ...node, ...places };
  };

  return replace(macro.body) as BlockExpr;
}

const isSpan = (key: string, value: unknown): value is Span =>
  (key === 'span' || key.endsWith('Span')) && value !== undefined;

/** `typeof(T)` passed for a bare name: in the place of a type it is the type. */
function typeArgument(argument: Expr | undefined): TypeExpr | undefined {
  if (argument?.kind !== 'typeQuery' || argument.query !== 'typeof') return undefined;
  return { kind: 'typeofType', span: argument.span, of: argument.of };
}
