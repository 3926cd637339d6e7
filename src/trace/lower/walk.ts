/** Looking through the syntax tree. */
import type { Expr, Statement } from '../ast/nodes.ts';

interface AnyNode {
  readonly kind: string;
}

/** Visits every node below and including `root`, statements and expressions alike. */
export function walk(root: AnyNode, visit: (node: Expr | Statement) => void): void {
  visit(root as Expr | Statement);
  for (const [name, value] of Object.entries(root)) {
    if (name === 'span' || name === 'nameSpan' || name === 'operatorSpan') continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child === null || typeof child !== 'object') continue;
      if (typeof (child as Partial<AnyNode>).kind === 'string') walk(child as AnyNode, visit);
      // The fields of a record have no kind of their own.
      else if ('value' in child) walk((child as { value: AnyNode }).value, visit);
    }
  }
}

/** True if some node below satisfies the test. */
export function some(root: AnyNode, test: (node: Expr | Statement) => boolean): boolean {
  let found = false;
  walk(root, (node) => {
    found ||= test(node);
  });
  return found;
}
