/** Variables and assignment: what a name holds, and what is written where. */
import type { AssignmentExpression, MemberExpression, Node, UpdateExpression } from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import { messages } from '../messages.ts';
import { sameKind, valueAs } from './choice.ts';
import { sizeOf, types } from './data-type.ts';
import { expression, identifier, memberTarget } from './expression.ts';
import { readPlace, writePlace } from './memory.ts';
import { describe, type Operand, type Place } from './operand.ts';
import { arithmetic, scalarOf } from './scalar.ts';
import type { Lowering } from './state.ts';

type As<T> = Node & T;

export function readVariable(l: Lowering, name: string, node: Node): Operand {
  const binding = l.binding(name);
  if (binding?.kind !== 'variable') return { kind: 'undefined' };
  const { shape } = binding;
  if (!shape)
    return l.fail(
      node,
      messages.wrongType('a variable with a value', `"${name}", which nothing was assigned to`),
    );
  return withValue(shape, l.b.read(binding.variable));
}

/** The same operand around another value: what a variable of that shape holds now. */
export function withValue(shape: Operand, value: Value): Operand {
  switch (shape.kind) {
    case 'scalar':
    case 'boolean':
    case 'pointer':
    case 'cell':
      return { ...shape, value };
    default:
      return shape;
  }
}

export function assignment(l: Lowering, node: AssignmentExpression, used: boolean): Operand {
  const { operator, left, right } = node;
  if (operator === '&&=' || operator === '||=' || operator === '??=' || operator === '**=') {
    return l.fail(node, messages.unsupported(`the operator ${operator}`, 'Write it out with if.'));
  }
  if (left.type === 'Identifier') {
    const value = expression(l, right);
    const next =
      operator === '=' ? value : arithmetic(l, operator.slice(0, -1), identifier(l, left), value, node);
    return assignVariable(l, left, next, node);
  }
  if (left.type !== 'MemberExpression') {
    return l.fail(left, messages.unsupported('destructuring', 'Assign each field by itself.'));
  }
  const target = memberTarget(l, left);
  if (!('base' in target) || !target.writable) return l.fail(left, messages.readOnly(l.source.textOf(left)));
  const value = expression(l, right);
  if (operator === '=') {
    writePlace(l, target, value, right);
    return value;
  }
  return changePlace(l, target, operator.slice(0, -1), value, node, used);
}

/** `place op= value`; additions to shared map values are atomic when nobody looks at the result. */
function changePlace(
  l: Lowering,
  place: Place,
  operator: string,
  value: Operand,
  node: Node,
  used: boolean,
): Operand {
  const size = sizeOf(place.type);
  if (
    !used &&
    place.shared &&
    !place.bitfield &&
    (operator === '+' || operator === '-') &&
    (size === 4 || size === 8)
  ) {
    const amount = operator === '+' ? value : arithmetic(l, '-', { kind: 'literal', value: 0n }, value, node);
    l.b.atomic('add', size, place.base, place.offset, scalarOf(l, amount, node).value);
    return { kind: 'undefined' };
  }
  const next = arithmetic(l, operator, readPlace(l, place), value, node);
  writePlace(l, place, next, node);
  return next;
}

export function update(l: Lowering, node: UpdateExpression, used: boolean): Operand {
  const operator = node.operator === '++' ? '+' : '-';
  const one: Operand = { kind: 'literal', value: 1n };
  const argument: Node = node.argument;
  if (argument.type === 'Identifier') {
    const before = identifier(l, argument as As<{ name: string }>);
    const after = assignVariable(
      l,
      argument as As<{ name: string }>,
      arithmetic(l, operator, before, one, node),
      node,
    );
    return node.prefix ? after : before;
  }
  if (argument.type !== 'MemberExpression')
    return l.fail(argument, messages.readOnly(l.source.textOf(argument)));
  const target = memberTarget(l, argument as MemberExpression);
  if (!('base' in target) || !target.writable)
    return l.fail(argument, messages.readOnly(l.source.textOf(argument)));
  const before = used && !node.prefix ? readPlace(l, target) : undefined;
  const after = changePlace(l, target, operator, one, node, used);
  return before ?? after;
}

function assignVariable(l: Lowering, target: As<{ name: string }>, operand: Operand, node: Node): Operand {
  const binding = l.binding(target.name);
  if (!binding)
    return l.fail(
      target,
      messages.captured(target.name, l.program.nearest(target.name, l.program.declaredNames())),
    );
  if (binding.kind === 'constant') return l.fail(target, messages.assignToConst(target.name));
  binding.shape ??= variableShape(l, operand, node);
  const { shape } = binding;
  if (
    (shape.kind === 'pointer' || shape.kind === 'cell') &&
    operand.kind !== 'undefined' &&
    !sameKind(shape, operand)
  ) {
    return l.fail(node, messages.differentPointers(target.name, describe(shape), describe(operand)));
  }
  l.b.write(binding.variable, valueAs(l, shape, operand, node));
  return readVariable(l, target.name, node);
}

/** What a variable is, from the first value it gets. A number that starts as a literal is an i64. */
export function variableShape(l: Lowering, operand: Operand, node: Node): Operand {
  switch (operand.kind) {
    case 'literal':
      return { kind: 'scalar', value: l.b.constant(0), type: types.i64 };
    case 'scalar': {
      const small = operand.type.bits < 64;
      return { ...operand, type: small ? types.i64 : operand.type };
    }
    case 'boolean':
    case 'pointer':
    case 'cell':
      return operand;
    default:
      return l.fail(
        node,
        messages.unsupported(
          `a variable that changes and holds ${describe(operand)}`,
          'Use const, or a field of an event or map value.',
        ),
      );
  }
}
