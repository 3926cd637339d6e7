/** Conditions: control goes to one of two blocks, without making a 0 or 1 in between. */
import type { CallExpression, Node } from 'acorn';
import type { Block, Value } from '../../compiler/ir.ts';
import { messages } from '../messages.ts';
import { optional } from './choice.ts';
import { expression } from './expression.ts';
import { aggregate, truthOf } from './memory.ts';
import { describe, type Operand } from './operand.ts';
import { comparison, isComparison } from './scalar.ts';
import type { Lowering } from './state.ts';
import { equalText, isText } from './text.ts';

type Binary = Node & { operator: string; left: Node; right: Node };

/**
 * Ends the current block: to `yes` if the expression is true, else to `no`. The caller seals both.
 */
export function condition(l: Lowering, node: Node, yes: Block, no: Block): void {
  const { b } = l;
  switch (node.type) {
    case 'LogicalExpression': {
      const { operator, left, right } = node as Binary;
      if (operator === '??') break;
      const middle = b.block(operator === '&&' ? 'and' : 'or');
      if (operator === '&&') condition(l, left, middle, no);
      else condition(l, left, yes, middle);
      b.begin(middle);
      return condition(l, right, yes, no);
    }
    case 'UnaryExpression': {
      const { operator, argument } = node as Node & { operator: string; argument: Node };
      if (operator === '!') return condition(l, argument, no, yes);
      break;
    }
    case 'ParenthesizedExpression':
      return condition(l, (node as Node & { expression: Node }).expression, yes, no);
    case 'ChainExpression': {
      const operand = optional(l, node, no);
      return branchOnTruth(l, operand, node, yes, no);
    }
    case 'BinaryExpression':
      if (isComparison((node as Binary).operator)) return compare(l, node as Binary, yes, no);
      break;
    default:
      break;
  }
  branchOnTruth(l, expression(l, node), node, yes, no);
}

/** `k.exists(task.loginuid)`: whether this kernel's type has the field. */
export function fieldExists(l: Lowering, node: CallExpression): boolean | undefined {
  const { callee, arguments: args } = node;
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier')
    return undefined;
  const { object, property } = callee;
  if (object.type !== 'Identifier' || object.name !== l.contextName || property.name !== 'exists')
    return undefined;
  const [field] = args;
  if (
    args.length !== 1 ||
    field?.type !== 'MemberExpression' ||
    field.computed ||
    field.property.type !== 'Identifier'
  ) {
    return l.fail(node, messages.wrongType('a field, as in k.exists(k.task.loginuid)', 'something else'));
  }
  const place = aggregate(expression(l, field.object));
  if (place?.type.kind !== 'struct')
    return l.fail(field, messages.wrongType('a field of a struct', 'something else'));
  return place.type.member(field.property.name) !== undefined;
}

/** The truth of a test that only parameters, literals and the kernel's types decide; undefined where its data decide. */
export function knownTruth(l: Lowering, node: Node): boolean | undefined {
  switch (node.type) {
    case 'Literal':
      return Boolean((node as Node & { value: unknown }).value);
    case 'UnaryExpression': {
      const { operator, argument } = node as Node & { operator: string; argument: Node };
      const truth = operator === '!' ? knownTruth(l, argument) : undefined;
      return truth === undefined ? undefined : !truth;
    }
    case 'LogicalExpression': {
      const { operator, left, right } = node as Binary;
      if (operator === '??') return undefined;
      const first = knownTruth(l, left);
      if (first === undefined) return undefined;
      return first === (operator === '&&') ? knownTruth(l, right) : first;
    }
    case 'CallExpression':
      return fieldExists(l, node as CallExpression);
    case 'MemberExpression': {
      const { object, property, computed } = node as Node & {
        object: Node;
        property: Node;
        computed: boolean;
      };
      if (computed || object.type !== 'Identifier' || property.type !== 'Identifier') return undefined;
      const [of, name] = [object, property].map((part) => (part as Node & { name: string }).name);
      const value = of === l.contextName && !l.binding(of) ? l.program.params.get(name) : undefined;
      return value === undefined ? undefined : Boolean(value);
    }
    default:
      return undefined;
  }
}

function compare(l: Lowering, node: Binary, yes: Block, no: Block): void {
  const { b } = l;
  const equality = ['===', '==', '!==', '!='].includes(node.operator);
  const [equal, different] = node.operator.startsWith('!') ? [no, yes] : [yes, no];
  // `a?.b === 5` where a is missing compares undefined: equal to undefined only, and in no order to a number.
  const missing = equality ? different : no;
  const [leftEmpty, rightEmpty] = [node.left, node.right].map(isEmpty);
  const left = chainOr(l, node.left, rightEmpty ? equal : missing);
  const right = chainOr(l, node.right, leftEmpty ? equal : missing);
  if (equality) {
    for (const [side, other, at] of [
      [left, right, node.left],
      [right, left, node.right],
    ] as const) {
      if (other.kind !== 'undefined') continue;
      const value = pointerValue(side);
      if (value) branchOnPointer(l, value, different, equal);
      else if (at.type === 'ChainExpression') b.jump(different);
      else l.fail(at, messages.wrongType('something that can be missing', describe(side)));
      return;
    }
    if (isText(left) || isText(right)) return equalText(l, left, right, node, equal, different);
  }
  if (left.kind === 'literal' && right.kind === 'literal') {
    return b.jump(literalsCompare(node.operator, left.value, right.value) ? yes : no);
  }
  const made = comparison(l, node.operator, left, right, node);
  b.branch(made.op, made.left, made.right, yes, no);
}

function chainOr(l: Lowering, node: Node, missing: Block): Operand {
  return node.type === 'ChainExpression' ? optional(l, node, missing) : expression(l, node);
}

/** `undefined`, `null`, `void 0`. */
function isEmpty(node: Node): boolean {
  const { name, value, operator } = node as Node & { name?: string; value?: unknown; operator?: string };
  return name === 'undefined' || operator === 'void' || (node.type === 'Literal' && value === null);
}

function literalsCompare(operator: string, a: bigint, b: bigint): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '!==':
    case '!=':
      return a !== b;
    default:
      return a === b;
  }
}

function branchOnTruth(l: Lowering, operand: Operand, node: Node, yes: Block, no: Block): void {
  if (operand.kind === 'literal') return l.b.jump(operand.value === 0n ? no : yes);
  if (operand.kind === 'undefined') return l.b.jump(no);
  const pointer = pointerValue(operand);
  if (pointer) return branchOnPointer(l, pointer, yes, no);
  const value = operand.kind === 'scalar' ? operand.value : truthOf(l, operand, node).value;
  l.b.branch('ne', value, l.b.constant(0), yes, no);
}

/** The register to compare with null, for operands that can be missing. */
export function pointerValue(operand: Operand): Value | undefined {
  return operand.kind === 'pointer' || operand.kind === 'cell' ? operand.value : undefined;
}

/** Branches on null; what waits for the first check of this pointer happens on its edge. */
export function branchOnPointer(l: Lowering, value: Value, set: Block, missing: Block): void {
  const { b } = l;
  const check = l.checks.get(value);
  if (!check) return b.branch('ne', value, b.constant(0), set, missing);
  l.checks.delete(value);
  const [present, absent] = [b.block('present'), b.block('absent')];
  b.branch('ne', value, b.constant(0), present, absent);
  b.begin(present);
  check.whenSet?.();
  b.jump(set);
  b.begin(absent);
  check.whenNull?.();
  b.jump(missing);
}
