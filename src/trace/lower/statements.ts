/** Statements. */
import type { Statement } from '../ast/nodes.ts';
import { assignment, step } from './assignment.ts';
import { condition } from './conditions.ts';
import { block } from './expressions.ts';
import { forLoop, unroll, whileLoop } from './loops.ts';
import type { Lowering } from './state.ts';
import { assign, declare } from './variables.ts';

export function statements(l: Lowering, list: readonly Statement[]): void {
  for (const statement of list) {
    if (!l.b.open) return; // behind a return: nothing gets there
    statementOf(l, statement);
  }
}

function statementOf(l: Lowering, statement: Statement): void {
  l.at(statement.span);
  switch (statement.kind) {
    case 'assign':
      return assignment(l, statement);
    case 'let': {
      const variable = l.facts.variableOf(statement.variable);
      if (!statement.value) return declare(l, variable);
      const value = l.lower(statement.value);
      l.variables.delete(variable);
      return assign(l, variable, value);
    }
    case 'expression': {
      const { expression } = statement;
      if (expression.kind === 'unary' && (expression.operator === '++' || expression.operator === '--')) {
        step(l, expression, false);
      } else if (
        expression.kind === 'binary' &&
        (expression.operator === '&&' || expression.operator === '||')
      ) {
        const { operator, left, right } = expression;
        l.choose(
          (yes, no) => (operator === '&&' ? condition(l, left, yes, no) : condition(l, left, no, yes)),
          () => void l.lower(right),
        );
      } else if (expression.kind === 'block') block(l, expression);
      else l.lower(expression);
      return;
    }
    case 'while':
      return whileLoop(l, statement);
    case 'unroll':
      return unroll(l, statement);
    case 'for':
      return forLoop(l, statement);
    case 'break':
      return l.loops.at(-1)?.onBreak();
    case 'continue':
      return l.loops.at(-1)?.onContinue();
    case 'return':
      return l.leave(l, statement.value ? l.lower(statement.value) : undefined);
    case 'importStatement':
      return;
  }
}
