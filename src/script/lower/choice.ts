/**
 * Values that control flow chooses: `a && b`, `a ?? b`, `a?.b`, `test ? a : b`. Each path ends in the same block,
 * where a phi takes the value of the path that was taken.
 */
import type { ConditionalExpression, LogicalExpression, MemberExpression, Node } from 'acorn';
import type { Block, Value } from '../../compiler/ir.ts';
import { messages } from '../messages.ts';
import { branchOnPointer, condition, pointerValue } from './condition.ts';
import { types } from './data-type.ts';
import { expression, partOf } from './expression.ts';
import { readPlace, truthOf } from './memory.ts';
import { describe, type Operand } from './operand.ts';
import { scalarOf } from './scalar.ts';
import type { Lowering } from './state.ts';
import { withValue } from './variable.ts';

type As<T> = Node & T;

export function logical(l: Lowering, node: LogicalExpression): Operand {
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

/** `a?.b` by itself: a pointer is null where a is missing; a number would need a value for it. */
export function chain(l: Lowering, node: Node): Operand {
  const { b } = l;
  const [missing, join] = [b.block('missing'), b.block('join')];
  const operand = optional(l, node, missing);
  if (!pointerValue(operand)) {
    return l.fail(
      node,
      messages.unsupported('?. as a plain value', 'Say what it is when nothing is there: `a?.b ?? 0`.'),
    );
  }
  const there = { operand, end: b.current, node };
  b.begin(missing);
  const absent = { operand: { kind: 'undefined' } as const, end: b.current, node };
  return joinOperands(l, [there, absent], join, node);
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

export function conditional(l: Lowering, node: ConditionalExpression): Operand {
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

export function sameKind(shape: Operand, operand: Operand): boolean {
  if (shape.kind !== operand.kind) return false;
  if (shape.kind === 'pointer' && operand.kind === 'pointer') {
    return (
      describe(shape) === describe(operand) &&
      (shape.memory === operand.memory || operand.memory === 'kernelTyped')
    );
  }
  return describe(shape) === describe(operand);
}
