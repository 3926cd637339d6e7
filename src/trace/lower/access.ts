/** Parts of values: what is behind an address, members, elements. */
import { addressAt } from '../../script/emit/memory.ts';
import type { Expr, FieldExpr, IndexExpr, TupleAccessExpr } from '../ast/nodes.ts';
import { layoutOf, sequence } from '../types/layout.ts';
import { int64, type Type } from '../types/type.ts';
import { type Lowered, nothing, type Place } from './lowered.ts';
import { mapEntryAddress } from './maps.ts';
import { clear, inMemory, memoryOf, readPlace, registerOf, store } from './memory.ts';
import { askedBitfield, askedElement, askedPlace, askMember, constantOf } from './portable.ts';
import type { Lowering } from './state.ts';
import { elementsOf, isRegister, textSize } from './types.ts';
import { addressOfVariable } from './variables.ts';

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

export function addressOfOperand(l: Lowering, operand: Expr, type: Type): Lowered {
  const value =
    operand.kind === 'map'
      ? mapEntryAddress(l, operand)
      : operand.kind === 'variable'
        ? addressOfVariable(l, operand)
        : l.b.constant(0);
  return { kind: 'scalar', value, type, memory: 'kernelRaw' };
}

/** `a.b`, with `a` a struct, a pointer to one, a record, the context or arguments. */
export function field(l: Lowering, expr: FieldExpr): Lowered {
  return part(l, l.lower(expr.base), expr.name, l.facts.typeOf(expr));
}

function part(l: Lowering, base: Lowered, name: string, type: Type): Lowered {
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
  const asked =
    place.memory === 'direct' || baseType.kind === 'context'
      ? undefined
      : askMember(l, place, struct, member);
  if (asked && member.bitfield) return askedBitfield(l, place, asked, member);
  if (asked) return readPlace(l, askedPlace(l, place, asked, member));
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

export function element(l: Lowering, expr: TupleAccessExpr): Lowered {
  if (expr.base.kind === 'variable') {
    const storage = l.variables.get(l.facts.variableOf(expr.base));
    if (storage?.kind === 'pair') return expr.index === 0 ? storage.key : storage.value;
  }
  const base = l.lower(expr.base);
  return elementAt(l, inMemory(l, base), expr.index);
}

/** An element of a tuple or record in memory. */
function elementAt(l: Lowering, place: Place, i: number): Lowered {
  const types = elementsOf(place.type) ?? [];
  const { offsets } = sequence(types);
  return readPlace(l, { ...place, type: types[i]!, offset: place.offset + offsets[i]! });
}

/** `a[i]`: arrays, pointers, strings, tuples. */
export function index(l: Lowering, expr: IndexExpr): Lowered {
  const type = l.facts.typeOf(expr);
  const base = l.lower(expr.base);
  const known = constantOf(l, expr.index);
  const baseType = base.kind === 'none' ? type : base.type;
  if (elementsOf(baseType) && typeof known === 'bigint')
    return elementAt(l, inMemory(l, base), Number(known));
  const size = layoutOf(type).size;
  const isPointer = base.kind === 'scalar' && baseType.kind === 'pointer';
  const place = isPointer ? behind(l, base, type) : base.kind === 'place' ? base : inMemory(l, base);
  const start = baseType.kind === 'buffer' ? 4 : 0;
  if (start === 0 && !isContext(place)) {
    const element = askedElement(l, place, type, () =>
      typeof known === 'bigint' ? l.b.constant(known) : l.number(expr.index),
    );
    if (element) return readPlace(l, element);
  }
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
  if (place.memory !== 'direct' && !isContext(place)) return readPlace(l, within());
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

function isContext({ base: { type } }: Place): boolean {
  return type.kind === 'pointer' && type.provenance === 'context';
}
