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
import type { Block, Value } from '../../compiler/ir.ts';
import { messages } from '../messages.ts';
import { branchOnPointer, condition, pointerValue } from './condition.ts';
import { type DataType, nameOf, sizeOf, types } from './data-type.ts';
import { aggregate, readPlace, truthOf, writePlace } from './memory.ts';
import { describe, type Operand, type Place } from './operand.ts';
import { arithmetic, isArithmetic, isComparison, scalarOf } from './scalar.ts';
import type { Lowering } from './state.ts';
import { isText } from './text.ts';

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
      return l.fail(
        node,
        messages.unsupported('?. as a plain value', 'Say what it is when nothing is there: `a?.b ?? 0`.'),
      );
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'ClassExpression':
      return l.fail(node, messages.closure());
    case 'ArrayExpression':
      return l.fail(
        node,
        messages.unsupported(
          'an array literal',
          'Declare an array field in a struct and assign its elements.',
        ),
      );
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

function identifier(l: Lowering, node: As<{ name: string }>): Operand {
  const { name } = node;
  const binding = l.binding(name);
  if (binding?.kind === 'constant') return binding.operand;
  if (binding) return readVariable(l, binding.variable.name, node);
  if (name === l.contextName) return { kind: 'namespace', namespace: l.program.contextOf(l) };
  if (name === 'undefined') return { kind: 'undefined' };
  if (name === 'NaN' || name === 'Infinity') return l.fail(node, messages.float(name));
  return l.fail(node, messages.captured(name, l.program.nearest(name, l.program.declaredNames())));
}

function readVariable(l: Lowering, name: string, node: Node): Operand {
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
function withValue(shape: Operand, value: Value): Operand {
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
  if (!place) return l.fail(node, messages.wrongType('an array', describe(object)));
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

function logical(l: Lowering, node: LogicalExpression): Operand {
  const { b } = l;
  const [first, second, join] = [b.block('left'), b.block('right'), b.block('join')];
  const results: { operand: Operand; end: typeof first; node: Node }[] = [];
  const finish = (operand: Operand, at: Node): void => {
    results.push({ operand, end: b.current, node: at });
  };
  if (node.operator === '??') {
    const left = optional(l, node.left, second);
    if (b.open) finish(left, node.left);
  } else {
    const left = expression(l, node.left);
    const set = b.block('set');
    truthBranch(
      l,
      left,
      node.left,
      node.operator === '&&' ? second : set,
      node.operator === '&&' ? set : second,
    );
    b.begin(set);
    const kept: Operand = node.operator === '&&' ? { kind: 'literal', value: 0n } : left;
    finish(kept, node.left);
  }
  b.begin(second);
  finish(expression(l, node.right), node.right);
  return joinOperands(l, results, join, node);
}

/** `a?.b.c`: the value where everything is there; control goes to `missing` where it is not. */
export function optional(l: Lowering, node: Node, missing: Block): Operand {
  if (node.type === 'ChainExpression')
    return optional(l, (node as As<{ expression: Node }>).expression, missing);
  if (node.type === 'MemberExpression') {
    const access = node as MemberExpression;
    if (access.object.type === 'Super') return l.fail(node, messages.unsupported('`super`'));
    if (access.optional && access.property.type === 'Identifier' && !access.computed) {
      const object = optional(l, access.object, missing);
      requireSet(l, object, missing);
      const part = partOf(l, object, access.property.name, node);
      return 'base' in part ? readPlace(l, part) : part;
    }
    if (hasOptional(access.object) && access.property.type === 'Identifier' && !access.computed) {
      const part = partOf(l, optional(l, access.object, missing), access.property.name, node);
      return 'base' in part ? readPlace(l, part) : part;
    }
  }
  const operand = expression(l, node);
  if (operand.kind === 'undefined') l.b.jump(missing);
  else requireSet(l, operand, missing);
  return operand;
}

function hasOptional(node: Node): boolean {
  if (node.type !== 'MemberExpression') return false;
  const access = node as MemberExpression;
  return access.optional || hasOptional(access.object);
}

function requireSet(l: Lowering, operand: Operand, missing: Block): void {
  const value = pointerValue(operand);
  if (!value) return;
  const set = l.b.block('set');
  branchOnPointer(l, value, set, missing);
  l.b.begin(set);
}

function truthBranch(l: Lowering, operand: Operand, node: Node, yes: Block, no: Block): void {
  const value = pointerValue(operand);
  if (value) return branchOnPointer(l, value, yes, no);
  const truth = truthOf(l, operand, node);
  l.b.branch('ne', truth.value, l.b.constant(0), yes, no);
}

function conditional(l: Lowering, node: ConditionalExpression): Operand {
  const { b } = l;
  const [yes, no, join] = [b.block('then'), b.block('else'), b.block('join')];
  condition(l, node.test, yes, no);
  b.begin(yes);
  const first = { operand: expression(l, node.consequent), end: b.current, node: node.consequent };
  b.begin(no);
  const second = { operand: expression(l, node.alternate), end: b.current, node: node.alternate };
  return joinOperands(l, [first, second], join, node);
}

/** One operand out of several control flow paths; each path still ends open in `end`. */
function joinOperands(
  l: Lowering,
  paths: readonly { operand: Operand; end: Block; node: Node }[],
  join: Block,
  node: Node,
): Operand {
  const { b } = l;
  const result = b.variable('choice');
  const shape = commonShape(
    l,
    paths.map((path) => path.operand),
    node,
  );
  for (const path of paths) {
    b.enter(path.end);
    b.write(result, valueAs(l, shape, path.operand, path.node));
    b.jump(join);
  }
  b.begin(join);
  return withValue(shape, b.read(result));
}

function commonShape(l: Lowering, operands: readonly Operand[], node: Node): Operand {
  const pointer = operands.find((o) => o.kind === 'pointer' || o.kind === 'cell');
  if (pointer) {
    for (const other of operands) {
      const empty = other.kind === 'undefined' || (other.kind === 'literal' && other.value === 0n);
      if (!empty && describe(other) !== describe(pointer)) {
        l.fail(
          node,
          messages.wrongType(
            describe(pointer),
            describe(other),
            'Both sides of a choice must be of one type.',
          ),
        );
      }
    }
    return pointer;
  }
  if (operands.every((o) => o.kind === 'boolean')) return operands[0];
  const numbers = operands.map(
    (o) => scalarOf(l, o.kind === 'undefined' ? { kind: 'literal', value: 0n } : o, node).type,
  );
  const wide = numbers.find((type) => type.bits === 64 && !type.signed);
  const unsigned = numbers.every((type) => !type.signed);
  const type = wide ?? (unsigned ? types.u32 : types.i64);
  return { kind: 'scalar', value: b0(l), type };
}

/** A stand-in value for a shape: only its kind and type are used. */
function b0(l: Lowering): Value {
  return l.b.constant(0);
}

/** The register that a variable of this shape takes from an operand. */
export function valueAs(l: Lowering, shape: Operand, operand: Operand, node: Node): Value {
  if (operand.kind === 'undefined') return l.b.constant(0);
  if (shape.kind === 'pointer' || shape.kind === 'cell') {
    const value = pointerValue(operand);
    if (value && sameKind(shape, operand)) return value;
    if (operand.kind === 'literal' && operand.value === 0n) return l.b.constant(0);
    return l.fail(node, messages.wrongType(describe(shape), describe(operand)));
  }
  if (shape.kind === 'boolean') return truthOf(l, operand, node).value;
  return scalarOf(l, operand, node).value;
}

function sameKind(shape: Operand, operand: Operand): boolean {
  if (shape.kind !== operand.kind) return false;
  if (shape.kind === 'pointer' && operand.kind === 'pointer') {
    return (
      describe(shape) === describe(operand) &&
      (shape.memory === operand.memory || operand.memory === 'kernelTyped')
    );
  }
  return describe(shape) === describe(operand);
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

// Assignment

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
