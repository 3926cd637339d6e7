/** Expressions: from syntax to operands. Reads happen here; what a name or a call means is looked up elsewhere. */
import type {
  AssignmentExpression,
  CallExpression,
  ConditionalExpression,
  Literal,
  LogicalExpression,
  MemberExpression,
  Node,
  ObjectExpression,
  UnaryExpression,
  UpdateExpression,
} from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import { messages } from '../messages.ts';
import { chain, conditional, logical } from './choice.ts';
import { condition } from './condition.ts';
import { type DataType, nameOf, sizeOf, types } from './data-type.ts';
import { aggregate, copyPlace, readPlace, stackPlace } from './memory.ts';
import { describe, type Operand, type Place } from './operand.ts';
import { arithmetic, isArithmetic, isComparison, scalarOf } from './scalar.ts';
import type { Lowering } from './state.ts';
import { isText, textOperation } from './text.ts';
import { assignment, readVariable, update } from './variable.ts';

type As<T> = Node & T;

export function expression(l: Lowering, node: Node): Operand {
  switch (node.type) {
    case 'Literal':
      return literal(l, node as Literal);
    case 'TemplateLiteral':
      return template(l, node);
    case 'Identifier':
      return identifier(l, node as As<{ name: string }>);
    case 'MemberExpression':
      return member(l, node as MemberExpression);
    case 'CallExpression':
      return call(l, node as CallExpression);
    case 'BinaryExpression':
      return binary(l, node as As<{ operator: string; left: Node; right: Node }>);
    case 'LogicalExpression':
      return logical(l, node as LogicalExpression);
    case 'UnaryExpression':
      return unary(l, node as UnaryExpression);
    case 'UpdateExpression':
      return update(l, node as UpdateExpression, true);
    case 'AssignmentExpression':
      return assignment(l, node as AssignmentExpression, true);
    case 'ConditionalExpression':
      return conditional(l, node as ConditionalExpression);
    case 'ObjectExpression':
      return object(l, node as ObjectExpression);
    case 'SequenceExpression': {
      // `(0, ns.f)(x)` is how transpilers call an imported function.
      const { expressions } = node as As<{ expressions: Node[] }>;
      const results = expressions.map((part) => expression(l, part));
      return results[results.length - 1];
    }
    case 'ParenthesizedExpression':
      return expression(l, (node as As<{ expression: Node }>).expression);
    case 'ChainExpression':
      return chain(l, node);
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'ClassExpression':
      return l.fail(node, messages.closure());
    case 'ArrayExpression':
      return list(l, node as As<{ elements: (Node | null)[] }>);
    case 'ThisExpression':
      return l.fail(
        node,
        messages.unsupported('`this`', 'Everything comes through the parameter of the body.'),
      );
    case 'AwaitExpression':
    case 'YieldExpression':
      return l.fail(
        node,
        messages.unsupported('waiting', 'A probe runs in one go; send an event and wait in user space.'),
      );
    case 'NewExpression':
      return l.fail(
        node,
        messages.unsupported('`new`', 'Kernel programs have no heap; reserve an event or use a map.'),
      );
    default:
      return l.fail(node, messages.unsupported(describeSyntax(node.type)));
  }
}

/** `TaggedTemplateExpression` reads as "tagged template expression". */
export function describeSyntax(type: string): string {
  return `a ${type.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()}`;
}

function literal(l: Lowering, node: Literal): Operand {
  const { value } = node;
  if (typeof value === 'bigint') return { kind: 'literal', value };
  if (typeof value === 'boolean') return { kind: 'literal', value: value ? 1n : 0n };
  if (typeof value === 'string') return { kind: 'text', bytes: new TextEncoder().encode(value) };
  if (value === null) return { kind: 'undefined' };
  if (typeof value === 'number') {
    const text = l.source.textOf(node);
    if (!Number.isInteger(value)) return l.fail(node, messages.float(text));
    if (!Number.isSafeInteger(value)) return l.fail(node, messages.imprecise(text));
    return { kind: 'literal', value: BigInt(value) };
  }
  return l.fail(
    node,
    messages.unsupported('a regular expression', 'Compare text with ===, or filter in user space.'),
  );
}

function list(l: Lowering, node: As<{ elements: (Node | null)[] }>): Operand {
  const elements = node.elements.map((each) =>
    each && each.type !== 'SpreadElement'
      ? expression(l, each)
      : l.fail(each ?? node, messages.unsupported('this list', 'Write every element: `[1, 2, 3]`.')),
  );
  return { kind: 'list', elements, node };
}

function template(l: Lowering, node: Node): Operand {
  const { quasis, expressions } = node as As<{
    quasis: { value: { cooked?: string | null } }[];
    expressions: Node[];
  }>;
  if (expressions.length > 0) {
    return l.fail(
      node,
      messages.unsupported('text put together at run time', 'Send the parts as fields of an event.'),
    );
  }
  return { kind: 'text', bytes: new TextEncoder().encode(quasis[0]?.value.cooked ?? '') };
}

export function identifier(l: Lowering, node: As<{ name: string }>): Operand {
  const { name } = node;
  const binding = l.binding(name);
  if (binding?.kind === 'constant') return binding.operand;
  if (binding) return readVariable(l, binding.variable.name, node);
  if (name === l.contextName) return { kind: 'namespace', namespace: l.program.contextOf(l) };
  if (name === 'undefined') return { kind: 'undefined' };
  if (name === 'NaN' || name === 'Infinity') return l.fail(node, messages.float(name));
  return l.fail(node, messages.captured(name, l.program.nearest(name, l.program.declaredNames())));
}

// Members

function member(l: Lowering, node: MemberExpression): Operand {
  const found = memberTarget(l, node);
  return 'base' in found ? readPlace(l, found) : found;
}

/** A place for a field or element, an operand for a part of a namespace. */
export function memberTarget(l: Lowering, node: MemberExpression): Place | Operand {
  if (node.object.type === 'Super') return l.fail(node, messages.unsupported('`super`'));
  if (node.optional)
    return l.fail(node, messages.unsupported('?. here', 'Use it as `a?.b ?? 0`, or check with if.'));
  const object = expression(l, node.object);
  if (node.computed) return element(l, object, node);
  if (node.property.type !== 'Identifier') return l.fail(node, messages.unsupported('a private name'));
  return partOf(l, object, node.property.name, node.property);
}

/** The named part of an operand. */
export function partOf(l: Lowering, object: Operand, name: string, node: Node): Place | Operand {
  switch (object.kind) {
    case 'namespace': {
      const part = object.namespace.member(name, node);
      if (part) return part;
      const names = object.namespace.names();
      const known = l.program.nearest(name, names);
      return l.fail(
        node,
        object.namespace.map === undefined && object.namespace.title === 'the context'
          ? messages.unknownContext(name, known)
          : messages.unknownField(object.namespace.title, name, known, names),
      );
    }
    case 'cell':
      if (name !== 'value') return l.fail(node, messages.unknownField('an entry', name, ['value']));
      return {
        base: object.value,
        offset: 0,
        type: object.type,
        memory: 'direct',
        writable: true,
        shared: object.shared,
      };
    case 'object': {
      const field = object.fields.get(name);
      if (field) return field;
      return l.fail(node, messages.unknownField('the object', name, [...object.fields.keys()]));
    }
    default: {
      const place = aggregate(object);
      if (isText(object) && name !== 'length') return textOperation(l, object, name, node);
      if (!place)
        return l.fail(node, messages.wrongType(`something with a field "${name}"`, describe(object)));
      if (place.type.kind === 'array' || place.type.kind === 'chars') {
        if (name === 'length') return { kind: 'literal', value: BigInt(place.type.length) };
      }
      const operation = l.program.recordOperation(l, object, name);
      if (operation) return operation;
      return field(l, place, name, node);
    }
  }
}

function field(l: Lowering, place: Place, name: string, node: Node): Place {
  const { type } = place;
  const found = type.kind === 'struct' ? type.member(name) : undefined;
  if (!found || type.kind !== 'struct') {
    const names = type.kind === 'struct' ? type.memberNames() : [];
    return l.fail(node, messages.unknownField(nameOf(type), name, l.program.nearest(name, names), names));
  }
  return {
    ...place,
    offset: place.offset + found.offset,
    type: found.type,
    bitfield: found.bitfield,
    inUnion: (place.inUnion ?? false) || found.inUnion,
  };
}

function element(l: Lowering, object: Operand, node: MemberExpression): Place | Operand {
  const place = aggregate(object);
  if (!place) {
    const map = object.kind === 'namespace' && object.namespace.map !== undefined;
    const advice = map ? 'Maps have operations: get(key), set(key, value), increment(key).' : undefined;
    return l.fail(node, messages.wrongType('an array', describe(object), advice));
  }
  const { type } = place;
  const inner: DataType | undefined =
    type.kind === 'array'
      ? type.element
      : type.kind === 'chars' || type.kind === 'bytes'
        ? types.u8
        : undefined;
  if (!inner) return l.fail(node, messages.wrongType('an array', describe(object)));
  const length = type.kind === 'array' || type.kind === 'chars' || type.kind === 'bytes' ? type.length : 0;
  const index = expression(l, node.property);
  const size = sizeOf(inner);
  if (index.kind === 'literal') {
    if (index.value < 0n || (length > 0 && index.value >= BigInt(length))) {
      return l.fail(node.property, messages.outOfBounds(index.value, length));
    }
    return { ...place, offset: place.offset + Number(index.value) * size, type: inner };
  }
  const { value } = scalarOf(l, index, node.property);
  if (place.base === l.context) return contextElement(l, place, inner, value);
  const distance = size === 1 ? value : l.b.binary('mul', value, l.b.constant(size));
  // A BTF pointer takes constant offsets only; behind a computed one the read must be a safe copy.
  const memory = place.memory === 'kernelTyped' ? 'kernelRaw' : place.memory;
  return {
    ...place,
    base: l.b.binary('add', place.base, distance, 64, place.base.type),
    type: inner,
    memory,
  };
}

/** The verifier takes constant offsets only into the context: an index needs a copy to go into. */
function contextElement(l: Lowering, place: Place, inner: DataType, index: Value): Place {
  const copy = stackPlace(l, 'array', place.type);
  copyPlace(l, copy, place, sizeOf(place.type));
  const distance = l.b.binary('mul', index, l.b.constant(sizeOf(inner)));
  return { ...copy, base: l.b.binary('add', copy.base, distance, 64, copy.base.type), type: inner };
}

// Calls

function call(l: Lowering, node: CallExpression): Operand {
  if (node.callee.type === 'Super') return l.fail(node, messages.unsupported('`super`'));
  if (node.optional) return l.fail(node, messages.unsupported('an optional call'));
  const callee = expression(l, node.callee);
  if (callee.kind !== 'operation')
    return l.fail(node.callee, messages.wrongType('something to call', describe(callee)));
  const spread = node.arguments.find((argument) => argument.type === 'SpreadElement');
  if (spread) return l.fail(spread, messages.unsupported('...spread'));
  return callee.call(node.arguments, node);
}

// Operators

function binary(l: Lowering, node: As<{ operator: string; left: Node; right: Node }>): Operand {
  const { operator } = node;
  if (isComparison(operator)) return branchToValue(l, node);
  if (!isArithmetic(operator)) {
    const advice = operator === '**' ? 'Multiply, or shift by a power of two.' : undefined;
    return l.fail(node, messages.unsupported(`the operator ${operator}`, advice));
  }
  const left = expression(l, node.left);
  const right = expression(l, node.right);
  for (const [side, at] of [
    [left, node.left],
    [right, node.right],
  ] as const) {
    if (isText(side))
      l.fail(
        at,
        messages.wrongType('a number', describe(side), 'Text can be compared and copied, not joined.'),
      );
  }
  return arithmetic(l, operator, left, right, node);
}

/** A comparison or logical expression that is used as a value: 0 or 1. */
function branchToValue(l: Lowering, node: Node): Operand {
  const { b } = l;
  const [yes, no, join] = [b.block('true'), b.block('false'), b.block('join')];
  const result = b.variable('truth');
  condition(l, node, yes, no);
  b.begin(yes);
  b.write(result, b.constant(1));
  b.jump(join);
  b.begin(no);
  b.write(result, b.constant(0));
  b.jump(join);
  b.begin(join);
  return { kind: 'boolean', value: b.read(result) };
}

function unary(l: Lowering, node: UnaryExpression): Operand {
  switch (node.operator) {
    case '!':
      return branchToValue(l, node);
    case '+':
      return expression(l, node.argument);
    case '-':
    case '~': {
      const value = expression(l, node.argument);
      if (value.kind === 'literal')
        return { kind: 'literal', value: node.operator === '-' ? -value.value : ~value.value };
      if (node.operator === '-') return arithmetic(l, '-', { kind: 'literal', value: 0n }, value, node);
      return arithmetic(l, '^', value, { kind: 'literal', value: -1n }, node);
    }
    case 'void':
      // Minifiers write `undefined` as `void 0`.
      expression(l, node.argument);
      return { kind: 'undefined' };
    default:
      return l.fail(node, messages.unsupported(`the operator ${node.operator}`));
  }
}

function object(l: Lowering, node: ObjectExpression): Operand {
  const fields = new Map<string, Operand>();
  for (const property of node.properties) {
    if (property.type === 'SpreadElement')
      return l.fail(property, messages.unsupported('...spread', 'Name every field.'));
    if (property.kind !== 'init' || property.computed || property.method) {
      return l.fail(property, messages.unsupported('this property', 'Write `name: value`.'));
    }
    const name =
      property.key.type === 'Identifier' ? property.key.name : String((property.key as Literal).value);
    fields.set(name, expression(l, property.value));
  }
  return { kind: 'object', fields, node };
}
