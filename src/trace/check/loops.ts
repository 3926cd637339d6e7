/** Loops, and what leaves them. */
import type {
  Expr,
  ForStatement,
  JumpStatement,
  MapExpr,
  UnrollStatement,
  WhileStatement,
} from '../ast/nodes.ts';
import { typeText } from '../types/text.ts';
import { int64, isAggregate, none, type Type } from '../types/type.ts';
import type { Body } from './body.ts';
import { checkBlock } from './expressions.ts';
import { settled } from './integers.ts';
import { checkMapEntry, numberOf } from './map-access.ts';
import * as say from './messages.ts';
import { isCondition } from './operators.ts';
import type { Variable } from './scope.ts';
import { warnDiscarded } from './statements.ts';
import { declareNew } from './variables.ts';

export function checkWhile(body: Body, statement: WhileStatement): void {
  body.diagnostics.warning(statement.span, say.whileDeprecated, { hint: say.whileHint });
  const condition = body.value(statement.condition);
  if (!isCondition(condition)) {
    body.diagnostics.error(statement.condition.span, say.whileCondition(typeText(settled(condition))));
  }
  inLoop(body, () => checkLoopBody(body, statement.body));
}

function inLoop(body: Body, run: () => void, callback = false): void {
  body.loops++;
  if (callback) body.callbacks++;
  run();
  body.loops--;
  if (callback) body.callbacks--;
}

function checkLoopBody(body: Body, block: Expr & { readonly kind: 'block' }): void {
  const type = checkBlock(body, block);
  body.facts.setType(block, type);
  if (block.value !== undefined) warnDiscarded(body, block.value, type);
}

export function checkUnroll(body: Body, statement: UnrollStatement): void {
  const type = body.value(statement.count);
  const count = body.constantOf(statement.count);
  if (typeof count === 'bigint') {
    if (count > 100n) body.diagnostics.error(statement.span, say.unrollMost);
    if (count < 1n) body.diagnostics.error(statement.span, say.unrollLeast);
  } else if (type.kind !== 'none') {
    body.diagnostics.error(statement.span, say.unrollValue);
  }
  checkLoopBody(body, statement.body);
}

export function checkFor(body: Body, statement: ForStatement): void {
  const element =
    statement.over.kind === 'map' ? elementOfMap(body, statement.over) : checkRange(body, statement);
  const captured = new Set<Variable>();
  body.inScope(() => {
    const variable = declareNew(
      body,
      statement.variable,
      { declared: statement.variable.span, origin: 'loop' },
      settled(element),
      true,
    );
    variable.assigned = true;
    body.facts.setVariable(statement.variable, variable);
    body.facts.setType(statement.variable, variable.type);
    inLoop(
      body,
      () => {
        const type = checkBlock(body, statement.body);
        body.facts.setType(statement.body, type);
        if (statement.body.value !== undefined) warnDiscarded(body, statement.body.value, type);
      },
      true,
    );
  }, captured);
  body.facts.setCaptured(statement, captured);
}

/** `$kv` of `for ($kv : @map)`: the key and the value. */
function elementOfMap(body: Body, over: MapExpr): Type {
  if (over.key !== undefined) {
    checkMapEntry(body, over, 'entry');
    body.diagnostics.error(over.span, say.forKeyed);
    return none;
  }
  const use = body.map(over);
  if (use.scalar === true) {
    body.diagnostics.error(over.span, say.forScalar(over.name));
    return none;
  }
  if (use.key === undefined || use.value === undefined) return none;
  const value = isAggregate(use.value) ? numberOf(use.value) : use.value;
  if (value === undefined) {
    body.diagnostics.error(over.span, say.forType(typeText(use.value)));
    return none;
  }
  return { kind: 'tuple', elements: [use.key, value] };
}

function checkRange(body: Body, statement: ForStatement): Type {
  if (statement.over.kind !== 'range') return none;
  const { from, to } = statement.over;
  for (const [bound, message] of [
    [from, say.rangeStart],
    [to, say.rangeEnd],
  ] as const) {
    const type = body.value(bound);
    if (type.kind !== 'int' && type.kind !== 'enum' && type.kind !== 'none') {
      body.diagnostics.error(statement.over.span, message);
    }
  }
  return int64;
}

export function checkJump(body: Body, statement: JumpStatement): void {
  if (!body.inLoop) body.diagnostics.error(statement.span, say.jumpOutside(statement.kind));
}
