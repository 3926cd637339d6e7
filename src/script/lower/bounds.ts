/**
 * Does a loop end for a reason that can be seen? The verifier is the judge in the end, but its answer
 * to an endless loop is a million instructions later and hard to read.
 *
 * A test is accepted if one of its `&&` parts compares something that the loop changes by a size
 * comparison (`i < n`, `n > i`), or walks a chain with a second, counted part. `while (true)` and
 * tests of things that do not change are refused.
 */
import type { Node } from 'acorn';

export function isBounded(test: Node, loop: readonly Node[]): boolean {
  const changed = new Set(loop.flatMap((node) => [...assignedNames(node)]));
  return parts(test).some((part) => {
    if (part.type !== 'BinaryExpression') return false;
    const { operator, left, right } = part as Node & { operator: string; left: Node; right: Node };
    if (!['<', '<=', '>', '>=', '!==', '!='].includes(operator)) return false;
    return [left, right].some(
      (side) => [...names(side)].some((name) => changed.has(name)) && isCounter(side),
    );
  });
}

/** `a && b` ends when any of its parts is false. */
function parts(test: Node): Node[] {
  if (test.type !== 'LogicalExpression') return [test];
  const { operator, left, right } = test as Node & { operator: string; left: Node; right: Node };
  return operator === '&&' ? [...parts(left), ...parts(right)] : [test];
}

function isCounter(node: Node): boolean {
  return node.type === 'Identifier' || node.type === 'BinaryExpression' || node.type === 'UpdateExpression';
}

/** Every name that is assigned, incremented or decremented below this node. */
export function assignedNames(node: Node): Set<string> {
  const found = new Set<string>();
  visit(node, (child) => {
    const target =
      child.type === 'AssignmentExpression'
        ? (child as Node & { left: Node }).left
        : child.type === 'UpdateExpression'
          ? (child as Node & { argument: Node }).argument
          : undefined;
    if (target?.type === 'Identifier') found.add((target as Node & { name: string }).name);
  });
  return found;
}

function names(node: Node): Set<string> {
  const found = new Set<string>();
  visit(node, (child) => {
    if (child.type === 'Identifier') found.add((child as Node & { name: string }).name);
  });
  return found;
}

function visit(node: Node, seen: (node: Node) => void): void {
  seen(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child === 'object' && typeof (child as Node).type === 'string')
        visit(child as Node, seen);
    }
  }
}
