/** The tree without the branches that are never taken: they were not checked, and have no types. */
import type { BlockExpr, Expr, Node, Statement } from '../ast/nodes.ts';
import { mapChildren } from '../ast/walk.ts';
import type { Facts } from './facts.ts';
import { truth } from './operators.ts';

export function foldBranches(block: BlockExpr, facts: Facts): BlockExpr {
  const fold = (node: Node): Node => {
    if (node.kind === 'if' || node.kind === 'ternary') {
      const known = truth(facts.constantOf(node.condition));
      if (known !== undefined) return fold(taken(node, known));
    }
    // What is known already is not looked into again.
    if (isQuery(node)) return node;
    const changed = mapChildren(node, fold);
    // Made anew, it is still what the old one was.
    if (changed !== node) {
      if (node.kind === 'for') facts.copyLoop(node, changed as Statement);
      facts.copy(node as Expr, changed as Expr);
    }
    return changed;
  };
  return fold(block) as BlockExpr;
}

const isQuery = (node: Node): boolean => node.kind === 'typeQuery' || node.kind === 'offsetof';

function taken(node: Extract<Expr, { kind: 'if' | 'ternary' }>, condition: boolean): Expr {
  if (node.kind === 'ternary') return condition ? (node.then ?? node.condition) : node.otherwise;
  if (condition) return node.then;
  return node.otherwise ?? { kind: 'block', span: node.span, statements: [] };
}
