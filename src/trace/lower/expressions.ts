import type {
  BlockExpr,
  CallExpr,
  CastExpr,
  Expr,
  IdentifierExpr,
  IfExpr,
  TernaryExpr,
} from '../ast/nodes.ts';
import { layoutOf } from '../types/layout.ts';
import type { Type } from '../types/type.ts';
import { addressOfOperand, behind, dereference, element, field, index } from './access.ts';
import { castOfBytes } from './byte-casts.ts';
import { callSubprogram } from './calls.ts';
import { condition } from './conditions.ts';
import { type Lowered, nothing, type Scalar } from './lowered.ts';
import { readMap } from './maps.ts';
import { inMemory, readPlace, registerOf, store, writeElements } from './memory.ts';
import { binary, toType, unary } from './operators.ts';
import { askedConstant, constantOf } from './portable.ts';
import type { Lowering } from './state.ts';
import { statements } from './statements.ts';
import { isRegister, registerSize } from './types.ts';
import { readVariable } from './variables.ts';

/** Bytes of a script's text, which has one character a byte. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function text(value: string): Lowered {
  const bytes = latin1(value);
  return { kind: 'text', bytes, type: { kind: 'string', size: bytes.length + 1 } };
}

export function expression(l: Lowering, expr: Expr): Lowered {
  const known = constant(l, expr);
  if (known) return known;
  switch (expr.kind) {
    case 'integer':
      return { kind: 'scalar', value: l.b.constant(expr.value), type: l.facts.typeOf(expr) };
    case 'boolean':
      return { kind: 'scalar', value: l.b.constant(expr.value ? 1 : 0), type: { kind: 'bool' } };
    case 'string':
      return text(expr.bytes);
    case 'identifier':
    case 'call':
      return builtinOrCall(l, expr);
    case 'variable':
      return readVariable(l, expr);
    case 'map':
      return readMap(l, expr);
    case 'unary':
      if (expr.operator === '*') return dereference(l, l.lower(expr.operand), l.facts.typeOf(expr));
      if (expr.operator === '&') return addressOfOperand(l, expr.operand, l.facts.typeOf(expr));
      return unary(l, expr);
    case 'binary':
      return binary(l, expr);
    case 'ternary':
      return ternary(l, expr);
    case 'cast':
      return cast(l, expr);
    case 'field':
      return field(l, expr);
    case 'index':
      return index(l, expr);
    case 'tupleAccess':
      return element(l, expr);
    case 'tuple':
      return sequenceOf(l, expr, expr.elements);
    case 'record':
      return sequenceOf(
        l,
        expr,
        expr.fields.map((each) => each.value),
      );
    case 'block':
      return block(l, expr);
    case 'if':
      return ifElse(l, expr);
    case 'comptime':
      return l.lower(expr.expression);
    default:
      throw new Error(`internal: ${expr.kind} has no constant value`);
  }
}

/** What the checker knows the value of. */
function constant(l: Lowering, expr: Expr): Lowered | undefined {
  const type = l.facts.typeOf(expr);
  const asked = askedConstant(l, expr);
  if (asked) return { kind: 'scalar', value: asked, type };
  const value = constantOf(l, expr);
  if (value === undefined) return undefined;
  if (typeof value === 'string') return text(value);
  return { kind: 'scalar', value: l.b.constant(typeof value === 'boolean' ? (value ? 1 : 0) : value), type };
}

function builtinOrCall(l: Lowering, expr: IdentifierExpr | CallExpr): Lowered {
  const args = expr.kind === 'call' ? expr.args : [];
  if (expr.kind === 'call' && l.script.subprograms.has(expr.name)) return callSubprogram(l, expr);
  const builtin = l.script.builtin(expr.name);
  if (!builtin) throw new Error(`internal: nothing is called ${expr.name}`);
  l.at(expr.span);
  return builtin.lower(l, expr, args);
}

// Whole values

function sequenceOf(l: Lowering, expr: Expr, elements: readonly Expr[]): Lowered {
  return {
    kind: 'made',
    type: l.facts.typeOf(expr),
    write: (to, offset, as) => writeElements(l, as, to, offset, (i) => l.lower(elements[i]!)),
  };
}

function cast(l: Lowering, expr: CastExpr): Lowered {
  const to = l.facts.typeOf(expr);
  return castTo(l, l.lower(expr.value), to);
}

function castTo(l: Lowering, lowered: Lowered, to: Type): Lowered {
  if (lowered.kind === 'none') return lowered;
  const from = lowered.type;
  const ofBytes = castOfBytes(l, lowered, to);
  if (ofBytes) return ofBytes;
  if (to.kind === 'pointer') {
    const value = registerOf(l, lowered);
    const same =
      from.kind === 'pointer' &&
      from.target.kind === 'struct' &&
      to.target.kind === 'struct' &&
      from.target.name === to.target.name;
    const memory = lowered.kind === 'scalar' ? lowered.memory : undefined;
    const raw = memory === 'kernelTyped' && !same ? 'kernelRaw' : memory;
    return { kind: 'scalar', value, type: to, memory: to.space === 'unknown' || same ? raw : undefined };
  }
  if (isRegister(to)) {
    if (!isRegister(from) && lowered.kind === 'place') {
      return readPlace(l, { ...lowered, type: to, foreign: true });
    }
    return toType(l, { kind: 'scalar', value: registerOf(l, lowered), type: from }, to);
  }
  if (lowered.kind === 'scalar' && from.kind === 'pointer' && to.kind !== 'array')
    return behind(l, lowered, to);
  if (isRegister(from)) {
    // A number as an array of bytes.
    const size = layoutOf(to).size;
    const base = inMemory(l, lowered, from);
    return size <= registerSize(from)
      ? { ...base, type: to }
      : { kind: 'made', type: to, write: (at, offset, as) => store(l, lowered, as, at, offset) };
  }
  if (lowered.kind === 'place') return { ...lowered, type: to };
  return { ...inMemory(l, lowered), type: to };
}

// Choices

/** One value out of two paths. */
function either(
  l: Lowering,
  type: Type,
  branch: Parameters<Lowering['choose']>[0],
  first: () => Lowered,
  second: () => Lowered,
): Lowered {
  const { b } = l;
  if (type.kind === 'none' || type.kind === 'void') {
    l.choose(
      branch,
      () => void first(),
      () => void second(),
    );
    return nothing;
  }
  if (isRegister(type)) {
    const result = b.variable('choice');
    let memory: Scalar['memory'] | 'mixed';
    const take = (lowered: Lowered): void => {
      if (!b.open) return;
      const own = lowered.kind === 'scalar' ? lowered.memory : undefined;
      memory = memory === undefined || memory === own ? own : 'mixed';
      b.write(result, registerOf(l, lowered));
    };
    l.choose(
      branch,
      () => take(first()),
      () => take(second()),
    );
    return { kind: 'scalar', value: b.read(result), type, memory: memory === 'mixed' ? undefined : memory };
  }
  const base = l.b.slotAddress(l.b.slot('choice', Math.max(1, layoutOf(type).size), 8));
  const put = (lowered: Lowered): void => {
    if (b.open) store(l, lowered, type, base, 0);
  };
  l.choose(
    branch,
    () => put(first()),
    () => put(second()),
  );
  return { kind: 'place', base, offset: 0, type, memory: 'direct' };
}

function ternary(l: Lowering, expr: TernaryExpr): Lowered {
  const type = l.facts.typeOf(expr);
  const { then, otherwise } = expr;
  if (then) {
    return either(
      l,
      type,
      (yes, no) => condition(l, expr.condition, yes, no),
      () => l.lower(then),
      () => l.lower(otherwise),
    );
  }
  const first = l.lower(expr.condition);
  const value = registerOf(l, first);
  return either(
    l,
    type,
    (yes, no) => l.b.branch('ne', value, l.b.constant(0), yes, no),
    () => (first.kind === 'scalar' ? first : { kind: 'scalar', value, type }),
    () => l.lower(otherwise),
  );
}

export function block(l: Lowering, expr: BlockExpr): Lowered {
  statements(l, expr.statements);
  return expr.value ? l.lower(expr.value) : nothing;
}

function ifElse(l: Lowering, expr: IfExpr): Lowered {
  const known = l.facts.constantOf(expr.condition);
  if (known !== undefined) {
    const taken = known && known !== 0n && known !== '' ? expr.then : expr.otherwise;
    return taken ? block(l, taken) : nothing;
  }
  const { otherwise } = expr;
  const branch: Parameters<Lowering['choose']>[0] = (yes, no) => condition(l, expr.condition, yes, no);
  if (!otherwise) {
    l.choose(branch, () => void block(l, expr.then));
    return nothing;
  }
  return either(
    l,
    l.facts.typeOf(expr),
    branch,
    () => block(l, expr.then),
    () => block(l, otherwise),
  );
}
