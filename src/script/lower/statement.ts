/** Statements: control flow and declarations. */
import type {
  ForOfStatement,
  ForStatement,
  IfStatement,
  Node,
  ObjectPattern,
  ReturnStatement,
  Statement,
  SwitchStatement,
  VariableDeclaration,
} from 'acorn';
import type { Block } from '../../compiler/ir.ts';
import { messages } from '../messages.ts';
import { isBounded } from './bounds.ts';
import { valueAs } from './choice.ts';
import { condition, knownTruth } from './condition.ts';
import { types } from './data-type.ts';
import { describeSyntax, expression, partOf } from './expression.ts';
import { readPlace } from './memory.ts';
import { describe, type Operand } from './operand.ts';
import { comparison, scalarOf } from './scalar.ts';
import type { Lowering } from './state.ts';
import { equalText, isText } from './text.ts';
import { assignment, update, variableShape } from './variable.ts';

export function statements(l: Lowering, body: readonly Node[]): void {
  l.scopes.push(new Map());
  for (const node of body) statement(l, node as Statement);
  l.scopes.pop();
}

function statement(l: Lowering, node: Statement, label?: string): void {
  l.at(node);
  switch (node.type) {
    case 'BlockStatement':
      return statements(l, node.body);
    case 'EmptyStatement':
      return;
    case 'ExpressionStatement':
      return effect(l, node.expression);
    case 'VariableDeclaration':
      return declaration(l, node);
    case 'IfStatement':
      return ifElse(l, node);
    case 'ReturnStatement':
      return leave(l, node);
    case 'ForStatement':
      return forLoop(l, node, label);
    case 'WhileStatement':
      return loop(l, { test: node.test, body: node.body, node, label });
    case 'DoWhileStatement':
      return l.fail(node, messages.unsupported('do ... while', 'Write a while or for loop.'));
    case 'ForOfStatement':
      return forOf(l, node, label);
    case 'ForInStatement':
      return l.fail(
        node,
        messages.unsupported('for ... in', 'Name the fields, or use `for (const i of k.range(n))`.'),
      );
    case 'BreakStatement':
    case 'ContinueStatement':
      return jumpOut(l, node, node.type === 'BreakStatement', node.label?.name);
    case 'LabeledStatement':
      return statement(l, node.body, node.label.name);
    case 'SwitchStatement':
      return switchCase(l, node);
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return l.fail(node, messages.closure());
    case 'ThrowStatement':
    case 'TryStatement':
      return l.fail(
        node,
        messages.unsupported('an exception', 'Return, or send an event that tells what happened.'),
      );
    case 'DebuggerStatement':
      return l.fail(node, messages.unsupported('`debugger`', 'Use k.print to look inside.'));
    default:
      return l.fail(node, messages.unsupported(describeSyntax(node.type)));
  }
}

/** An expression for its effect: results that nobody sees allow shorter code. */
function effect(l: Lowering, node: Node): void {
  if (node.type === 'AssignmentExpression') assignment(l, node as never, false);
  else if (node.type === 'UpdateExpression') update(l, node as never, false);
  else if (node.type === 'LogicalExpression') {
    // `test && effect()` reads as an if without else.
    const { operator, left, right } = node as Node & { operator: string; left: Node; right: Node };
    const [run, after] = [l.b.block('then'), l.b.block('after')];
    if (operator === '&&') condition(l, left, run, after);
    else condition(l, left, after, run);
    l.b.begin(run);
    effect(l, right);
    if (l.b.open) l.b.jump(after);
    l.b.begin(after);
  } else {
    const result = expression(l, node);
    if (result.kind === 'operation') l.fail(node, messages.wrongType('a statement', describe(result)));
  }
}

function declaration(l: Lowering, node: VariableDeclaration): void {
  for (const { id, init } of node.declarations) {
    const operand = init ? expression(l, init) : undefined;
    if (id.type === 'ObjectPattern' && operand) takeApart(l, id, operand, node.kind);
    else declare(l, id, node.kind, operand, init ?? id);
  }
}

/** `const { task, file } = k.item`: each name is a field that is read here. */
function takeApart(l: Lowering, pattern: ObjectPattern, object: Operand, kind: string): void {
  for (const property of pattern.properties) {
    if (property.type !== 'Property' || property.computed || property.key.type !== 'Identifier') {
      return l.fail(
        property,
        messages.unsupported('this pattern', 'Name every field: `const { a, b } = x`.'),
      );
    }
    const part = partOf(l, object, property.key.name, property);
    declare(l, property.value, kind, 'base' in part ? readPlace(l, part) : part, property);
  }
}

function declare(l: Lowering, id: Node, kind: string, operand: Operand | undefined, at: Node): void {
  if (id.type !== 'Identifier') {
    return l.fail(id, messages.unsupported('this pattern', 'Name every field: `const { a, b } = x`.'));
  }
  const { name } = id as Node & { name: string };
  const scope = l.scopes[l.scopes.length - 1];
  if (scope.has(name)) return l.fail(id, messages.redeclared(name));
  if (operand?.kind === 'operation') return l.fail(at, messages.wrongType('a value', describe(operand)));
  if (kind === 'const' || (operand && !l.assigned.has(name))) {
    scope.set(name, { kind: 'constant', operand: operand ?? { kind: 'undefined' } });
    return;
  }
  const variable = l.b.variable(name);
  const shape = operand && operand.kind !== 'undefined' ? variableShape(l, operand, at) : undefined;
  scope.set(name, { kind: 'variable', variable, shape });
  l.b.write(variable, operand && shape ? valueAs(l, shape, operand, at) : l.b.constant(0));
}

function ifElse(l: Lowering, node: IfStatement): void {
  const { b } = l;
  const known = knownTruth(l, node.test);
  if (known !== undefined) {
    // What a parameter switches off is not even looked at: it may name what this kernel does not have.
    const taken = known ? node.consequent : node.alternate;
    if (taken) statements(l, [taken]);
    return;
  }
  const then = b.block('then');
  const after = b.block('after');
  const otherwise = node.alternate ? b.block('else') : after;
  condition(l, node.test, then, otherwise);
  b.begin(then);
  statements(l, [node.consequent]);
  if (b.open) b.jump(after);
  if (node.alternate) {
    b.begin(otherwise);
    statements(l, [node.alternate]);
    if (b.open) b.jump(after);
  }
  b.begin(after);
}

function leave(l: Lowering, node: ReturnStatement): void {
  if (l.returns === 'number') {
    const operand: Operand = node.argument ? expression(l, node.argument) : { kind: 'literal', value: 0n };
    return l.b.return(scalarOf(l, operand, node).value);
  }
  if (node.argument) {
    const operand = expression(l, node.argument);
    if (operand.kind !== 'undefined')
      return l.fail(node, messages.unsupported('a result of a probe', 'Use a plain `return`.'));
  }
  l.b.return(l.b.constant(0));
}

interface Loop {
  readonly test: Node;
  readonly body: Statement;
  readonly update?: Node | undefined;
  readonly node: Node;
  readonly label: string | undefined;
}

function forLoop(l: Lowering, node: ForStatement, label: string | undefined): void {
  l.scopes.push(new Map());
  if (node.init?.type === 'VariableDeclaration') declaration(l, node.init);
  else if (node.init) effect(l, node.init);
  if (!node.test) return l.fail(node, messages.unboundedLoop());
  loop(l, { test: node.test, body: node.body, update: node.update ?? undefined, node, label });
  l.scopes.pop();
}

function loop(l: Lowering, { test, body, update, node, label }: Loop): void {
  const { b } = l;
  if (!isBounded(test, [body, ...(update ? [update] : [])])) return l.fail(node, messages.unboundedLoop());
  const [head, inside, next, after] = [b.block('loop'), b.block('body'), b.block('next'), b.block('after')];
  b.jump(head);
  b.enter(head);
  condition(l, test, inside, after);
  b.begin(inside);
  l.loops.push({ label, onBreak: after, onContinue: next });
  statements(l, [body]);
  l.loops.pop();
  if (b.open) b.jump(next);
  b.begin(next);
  if (update) effect(l, update);
  b.jump(head);
  b.seal(head);
  b.begin(after);
}

/** `for (const i of k.range(from, to))`: a counted loop. */
function forOf(l: Lowering, node: ForOfStatement, label: string | undefined): void {
  const { b } = l;
  const range = expression(l, node.right);
  if (range.kind !== 'range') {
    return l.fail(
      node.right,
      messages.wrongType(
        'k.range(n)',
        describe(range),
        'Index arrays: `for (const i of k.range(a.length))`.',
      ),
    );
  }
  if (node.left.type !== 'VariableDeclaration' || node.left.declarations[0].id.type !== 'Identifier') {
    return l.fail(
      node.left,
      messages.unsupported('this loop variable', 'Write `for (const i of k.range(n))`.'),
    );
  }
  const counter = b.variable(node.left.declarations[0].id.name);
  const to = scalarOf(l, range.to, node.right);
  b.write(counter, scalarOf(l, range.from, node.right).value);
  const [head, inside, next, after] = [b.block('loop'), b.block('body'), b.block('next'), b.block('after')];
  b.jump(head);
  b.enter(head);
  const index: Operand = { kind: 'scalar', value: b.read(counter), type: types.i64 };
  const bound = range.to.kind === 'literal' ? range.to : ({ kind: 'scalar', ...to } as const);
  const { op, left, right } = comparison(l, '<', index, bound, node.right);
  b.branch(op, left, right, inside, after);
  b.begin(inside);
  l.scopes.push(new Map([[node.left.declarations[0].id.name, { kind: 'constant', operand: index }]]));
  l.loops.push({ label, onBreak: after, onContinue: next });
  statements(l, [node.body]);
  l.loops.pop();
  l.scopes.pop();
  if (b.open) b.jump(next);
  b.begin(next);
  b.write(counter, b.binary('add', b.read(counter), b.constant(1)));
  b.jump(head);
  b.seal(head);
  b.begin(after);
}

function jumpOut(l: Lowering, node: Node, isBreak: boolean, label: string | undefined): void {
  for (let i = l.loops.length - 1; i >= 0; i--) {
    const target = l.loops[i];
    if (label !== undefined && target.label !== label) continue;
    const to = isBreak ? target.onBreak : target.onContinue;
    if (to) return l.b.jump(to);
  }
  l.fail(node, messages.unsupported(isBreak ? 'break here' : 'continue here'));
}

function switchCase(l: Lowering, node: SwitchStatement): void {
  const { b } = l;
  const subject = expression(l, node.discriminant);
  const after = b.block('after');
  const bodies: Block[] = node.cases.map((_, i) => b.block(`case${i}`));
  let fallback = after;
  for (const [i, branch] of node.cases.entries()) {
    if (!branch.test) {
      fallback = bodies[i];
      continue;
    }
    const next = b.block('test');
    const wanted = expression(l, branch.test);
    if (isText(subject)) equalText(l, subject, wanted, branch.test, bodies[i], next);
    else {
      const { op, left, right } = comparison(l, '===', subject, wanted, branch.test);
      b.branch(op, left, right, bodies[i], next);
    }
    b.begin(next);
  }
  b.jump(fallback);
  l.loops.push({ label: undefined, onBreak: after, onContinue: undefined });
  for (const [i, branch] of node.cases.entries()) {
    // Sealed late: the case before may fall through into this one.
    b.enter(bodies[i]);
    b.seal(bodies[i]);
    statements(l, branch.consequent);
    if (b.open) b.jump(bodies[i + 1] ?? after);
  }
  l.loops.pop();
  b.begin(after);
}
