/** Conditions: control goes to one of two blocks, without making a 0 or 1 in between. */
import type { Block, CompareOp } from '../../compiler/ir.ts';
import type { BinaryExpr, Expr } from '../ast/nodes.ts';
import { equal, isBytes } from './equality.ts';
import { registerOf } from './memory.ts';
import { constantOf } from './portable.ts';
import type { Lowering } from './state.ts';
import { isSigned } from './types.ts';

/** Ends the current block: to `yes` if the expression is true, else to `no`. The caller seals both. */
export function condition(l: Lowering, expr: Expr, yes: Block, no: Block): void {
  const { b } = l;
  if (constantOf(l, expr) === undefined) {
    if (expr.kind === 'unary' && expr.operator === '!') return condition(l, expr.operand, no, yes);
    if (expr.kind === 'binary') {
      const { operator, left, right } = expr;
      if (operator === '&&' || operator === '||') {
        const middle = b.block(operator === '&&' ? 'and' : 'or');
        if (operator === '&&') condition(l, left, middle, no);
        else condition(l, left, yes, middle);
        b.begin(middle);
        return condition(l, right, yes, no);
      }
      if (Object.hasOwn(comparisons, operator)) return comparison(l, expr, yes, no);
    }
  }
  const value = l.number(expr);
  b.branch('ne', value, b.constant(0), yes, no);
}

export const comparisons: Readonly<
  Record<string, { readonly signed: CompareOp; readonly unsigned: CompareOp }>
> = {
  '==': { signed: 'eq', unsigned: 'eq' },
  '!=': { signed: 'ne', unsigned: 'ne' },
  '<': { signed: 'slt', unsigned: 'ult' },
  '<=': { signed: 'sle', unsigned: 'ule' },
  '>': { signed: 'sgt', unsigned: 'ugt' },
  '>=': { signed: 'sge', unsigned: 'uge' },
};

/** Signed only where both sides are, as C converts its operands. */
export function compareOp(l: Lowering, { operator, left, right }: BinaryExpr): CompareOp {
  const signed = isSigned(l.facts.typeOf(left)) && isSigned(l.facts.typeOf(right));
  return comparisons[operator]![signed ? 'signed' : 'unsigned'];
}

function comparison(l: Lowering, expr: BinaryExpr, yes: Block, no: Block): void {
  const { operator } = expr;
  const [left, right] = [l.lower(expr.left), l.lower(expr.right)];
  if (isBytes(left) || isBytes(right)) {
    if (operator === '==') equal(l, left, right, yes, no);
    else equal(l, left, right, no, yes);
    return;
  }
  const [first, second] = [registerOf(l, left), registerOf(l, right)];
  l.b.branch(compareOp(l, expr), first, second, yes, no);
}
