/**
 * The tree that is compiled: without the branches that are never taken (they were not checked, and have no types), and
 * with the answers in the place of questions about types, whose operands are never run.
 */
import type { BlockExpr, Expr, Node, Statement } from '../ast/nodes.ts';
import { mapChildren } from '../ast/walk.ts';
import { findBuiltin } from '../builtin/table.ts';
import type { Constant } from './context.ts';
import type { Facts } from './facts.ts';
import { truth } from './operators.ts';

export function foldBranches(block: BlockExpr, facts: Facts): BlockExpr {
  const fold = (node: Node): Node => {
    if (node.kind === 'if' || node.kind === 'ternary') {
      const known = truth(facts.constantOf(node.condition));
      if (known !== undefined) return fold(taken(node, known));
    }
    const record = knownRecord(node as Expr, facts);
    if (record !== undefined) return record;
    if (isQuestion(node)) {
      const value = facts.constantOf(node);
      const answer = value === undefined ? undefined : literal(node, value);
      if (answer !== undefined) {
        facts.copy(node, answer);
        return answer;
      }
    }
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

/** `sizeof(x)`, `is_str(x)`, `typeinfo(x).base_type`: what is asked about is not run. */
function isQuestion(node: Node): node is Expr {
  switch (node.kind) {
    case 'typeQuery':
    case 'offsetof':
    case 'comptime':
      return true;
    case 'call':
      return findBuiltin(node.name)?.compileTime === true;
    case 'field':
      return node.base.kind === 'typeQuery';
    default:
      return false;
  }
}

/** `config`, `typeinfo(x)`: a record of literals. */
function knownRecord(node: Expr, facts: Facts): Expr | undefined {
  const values = facts.recordOf(node);
  const type = values && facts.typeOf(node);
  if (values === undefined || type?.kind !== 'record') return undefined;
  const { span } = node;
  const fields = type.fields.map(({ name, type: of }, index) => {
    const value = literal(node, values[index]!)!;
    facts.setType(value, of);
    facts.setConstant(value, values[index]!);
    return { name, value, span };
  });
  const record: Expr = { kind: 'record', fields, span };
  facts.setType(record, type);
  return record;
}

/** Undefined for numbers below 0, which are no literals. */
function literal({ span }: Expr, value: Constant): Expr | undefined {
  if (typeof value === 'boolean') return { kind: 'boolean', span, value };
  if (typeof value === 'string') return { kind: 'string', span, bytes: value };
  return value < 0n ? undefined : { kind: 'integer', span, value, text: String(value) };
}

function taken(node: Extract<Expr, { kind: 'if' | 'ternary' }>, condition: boolean): Expr {
  if (node.kind === 'ternary') return condition ? (node.then ?? node.condition) : node.otherwise;
  if (condition) return node.then;
  return node.otherwise ?? { kind: 'block', span: node.span, statements: [] };
}
