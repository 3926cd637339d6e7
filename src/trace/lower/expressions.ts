/** Expressions: one case a kind of node; what is longer than a few lines has a file of its own. */
import { addressAt, loadable } from '../../script/emit/memory.ts';
import type {
  BlockExpr,
  CallExpr,
  CastExpr,
  Expr,
  FieldExpr,
  IdentifierExpr,
  IfExpr,
  IndexExpr,
  TernaryExpr,
  TupleAccessExpr,
} from '../ast/nodes.ts';
import { layoutOf, sequence } from '../types/layout.ts';
import { int64, type Type } from '../types/type.ts';
import { callSubprogram } from './calls.ts';
import { condition } from './conditions.ts';
import { type Lowered, nothing, type Place, type Scalar } from './lowered.ts';
import { mapEntryAddress, readMap } from './maps.ts';
import { clear, inMemory, memoryOf, readPlace, registerOf, store, writeElements } from './memory.ts';
import { binary, toType, unary } from './operators.ts';
import type { Lowering } from './state.ts';
import { statements } from './statements.ts';
import { elementsOf, isRegister, registerSize, textSize } from './types.ts';
import { addressOfVariable, readVariable } from './variables.ts';

/** Bytes of a script's text, which has one character a byte. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function text(value: string): Lowered {
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
  const value = l.facts.constantOf(expr);
  if (value === undefined) return undefined;
  if (typeof value === 'string') return text(value);
  const type = l.facts.typeOf(expr);
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

/** What is behind an address. */
export function dereference(l: Lowering, pointer: Lowered, type: Type): Lowered {
  return readPlace(l, behind(l, pointer, type));
}

/** The place that an address leads to, or the value itself where it has bytes already. */
export function behind(l: Lowering, pointer: Lowered, target: Type): Place {
  if (pointer.kind === 'scalar') {
    const { type } = pointer;
    const memory =
      pointer.memory ?? (type.kind === 'pointer' ? memoryOf(l, type) : l.hook.userMemory ? 'user' : 'either');
    return { kind: 'place', base: pointer.value, offset: 0, type: target, memory, foreign: true };
  }
  if (pointer.kind === 'place' && !isRegister(pointer.type)) return { ...pointer, type: target };
  return behind(l, { kind: 'scalar', value: registerOf(l, pointer), type: pointerTypeOf(pointer) }, target);
}

function pointerTypeOf(lowered: Lowered): Type {
  return lowered.kind === 'none' ? int64 : lowered.type;
}

function addressOfOperand(l: Lowering, operand: Expr, type: Type): Lowered {
  const value =
    operand.kind === 'map'
      ? mapEntryAddress(l, operand)
      : operand.kind === 'variable'
        ? addressOfVariable(l, operand)
        : l.b.constant(0);
  return { kind: 'scalar', value, type, memory: 'kernelRaw' };
}

// Parts of values

/** `a.b`, with `a` a struct, a pointer to one, a record, the context or arguments. */
function field(l: Lowering, expr: FieldExpr): Lowered {
  return part(l, l.lower(expr.base), expr.name, l.facts.typeOf(expr));
}

export function part(l: Lowering, base: Lowered, name: string, type: Type): Lowered {
  if (base.kind === 'parts') return base.part(name);
  if (base.kind === 'none') return nothing;
  const baseType = base.type;
  if (baseType.kind === 'record') {
    const place = inMemory(l, base);
    const names = baseType.fields.map((each) => each.name);
    return elementAt(l, place, names.indexOf(name));
  }
  const struct = structBehind(baseType);
  const member = struct?.member(name);
  if (!struct || !member) throw new Error(`internal: ${baseType.kind} has no ${name}`);
  const place =
    baseType.kind === 'context'
      ? ({
          kind: 'place',
          base: registerOf(l, base),
          offset: 0,
          type: struct,
          memory: 'kernelTyped',
          invariant: true,
        } as const)
      : behind(l, base, struct);
  if (member.dataLocation) return dataLocation(l, place, member.offset, member.dataLocation, type);
  return readPlace(l, {
    ...place,
    offset: place.offset + member.offset,
    type: member.type,
    bitfield: member.bitfield,
    // The context's own unions only make room for pointers of 8 bytes (__bpf_md_ptr).
    inUnion: member.inUnion && baseType.kind !== 'context',
    foreign: true,
  });
}

function structBehind(type: Type): Extract<Type, { kind: 'struct' }> | undefined {
  if (type.kind === 'struct') return type;
  if (type.kind === 'pointer' || type.kind === 'context') return structBehind(type.target);
  return undefined;
}

/** The low half of a u32 tells where in the record text or an array of variable length starts. */
export function dataLocation(
  l: Lowering,
  record: Place,
  offset: number,
  from: 'record' | 'field',
  type: Type,
): Lowered {
  const { b } = l;
  const where = readPlace(l, {
    ...record,
    offset: record.offset + offset,
    type: { kind: 'int', bits: 32, signed: false },
  });
  const low = b.binary('and', registerOf(l, where), b.constant(0xffff));
  const start = from === 'field' ? b.binary('add', low, b.constant(offset + 4)) : low;
  const base = addressAt(l, b.binary('add', record.base, start), record.offset);
  if (isRegister(type)) return { kind: 'scalar', value: base, type, memory: 'kernelRaw' };
  return { kind: 'place', base, offset: 0, type, memory: 'kernelRaw', foreign: true };
}

function element(l: Lowering, expr: TupleAccessExpr): Lowered {
  if (expr.base.kind === 'variable') {
    const storage = l.variables.get(l.facts.variableOf(expr.base));
    if (storage?.kind === 'pair') return expr.index === 0 ? storage.key : storage.value;
  }
  const base = l.lower(expr.base);
  return elementAt(l, inMemory(l, base), expr.index);
}

/** An element of a tuple or record in memory. */
export function elementAt(l: Lowering, place: Place, i: number): Lowered {
  const types = elementsOf(place.type) ?? [];
  const { offsets } = sequence(types);
  return readPlace(l, { ...place, type: types[i]!, offset: place.offset + offsets[i]! });
}

/** `a[i]`: arrays, pointers, strings, tuples. */
function index(l: Lowering, expr: IndexExpr): Lowered {
  const type = l.facts.typeOf(expr);
  const base = l.lower(expr.base);
  const known = l.facts.constantOf(expr.index);
  const baseType = base.kind === 'none' ? type : base.type;
  if (elementsOf(baseType) && typeof known === 'bigint')
    return elementAt(l, inMemory(l, base), Number(known));
  const size = layoutOf(type).size;
  const isPointer = base.kind === 'scalar' && baseType.kind === 'pointer';
  const place = isPointer ? behind(l, base, type) : base.kind === 'place' ? base : inMemory(l, base);
  const start = baseType.kind === 'buffer' ? 4 : 0;
  if (typeof known === 'bigint') {
    const offset = place.offset + start + Number(known) * size;
    return readPlace(l, { ...place, type, offset, foreign: true });
  }
  const position = l.number(expr.index);
  const { b } = l;
  const within = (): Place => {
    // Behind the test of the index: the verifier knows its limits there, not those of what was made of it before.
    const scaled = size === 1 ? position : b.binary('mul', position, b.constant(size));
    const from = addressAt(l, place.base, place.offset + start);
    const memory = place.memory === 'kernelTyped' ? 'kernelRaw' : place.memory;
    return {
      ...place,
      base: b.binary('add', from, scaled, 64, from.type),
      offset: 0,
      type,
      memory,
      foreign: true,
    };
  };
  const ofContext = place.base.type.kind === 'pointer' && place.base.type.provenance === 'context';
  if (place.memory !== 'direct' && !ofContext) return readPlace(l, within());
  // The verifier wants to see that the index is inside.
  const length =
    textSize(baseType) ?? (baseType.kind === 'buffer' ? baseType.size : layoutOf(baseType).size / size);
  const inside = (yes: Parameters<Lowering['b']['branch']>[3], no: typeof yes): void =>
    b.branch('ult', position, b.constant(length), yes, no);
  const outside = (): void => l.script.actions.runtimeError(l, 'Array access out of bounds', expr.span);
  if (isRegister(type)) {
    const result = b.variable('element');
    l.choose(
      inside,
      () => b.write(result, registerOf(l, readPlace(l, within()))),
      () => {
        outside();
        b.write(result, b.constant(0));
      },
    );
    return { kind: 'scalar', value: b.read(result), type };
  }
  return {
    kind: 'made',
    type,
    write(to, offset, as) {
      l.choose(
        inside,
        () => store(l, readPlace(l, within()), as, to, offset),
        () => {
          outside();
          clear(l, to, offset, layoutOf(as).size);
        },
      );
    },
  };
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

export function castTo(l: Lowering, lowered: Lowered, to: Type): Lowered {
  if (lowered.kind === 'none') return lowered;
  const from = lowered.type;
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
export function either(
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

export function ifElse(l: Lowering, expr: IfExpr): Lowered {
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

/** True if plain loads may read the value's bytes. */
export function isLoadable(lowered: Lowered): boolean {
  return lowered.kind !== 'place' || loadable(lowered.memory);
}
