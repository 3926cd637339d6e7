/**
 * Kernel types in programs that are taken to other kernels (`--emit-elf`): where a member lies, how far apart elements
 * are, what an enumerator is becomes a question that the loader answers there. Programs for this kernel have plain
 * numbers.
 */
import type { KernelQuestion } from '../../asm/instruction.ts';
import type { TypeId } from '../../btf/types.ts';
import type { Value } from '../../compiler/ir.ts';
import { addressAt, bytesReader } from '../../script/emit/memory.ts';
import type { Expr } from '../ast/nodes.ts';
import type { AskedLayout } from '../checked.ts';
import { type BtfPlace, placeInBtf } from '../types/btf-types.ts';
import { layoutOf } from '../types/layout.ts';
import { type StructMember, type StructType, type Type, voidType } from '../types/type.ts';
import type { Place, Scalar, Within } from './lowered.ts';
import type { Lowering } from './state.ts';
import { isSigned, registerSize } from './types.ts';

/** A question about a member, and the address that its answer counts from. */
export interface Asked {
  readonly question: KernelQuestion;
  readonly from: Value;
  /** The answer here, in bytes. */
  readonly offset: number;
}

export const isPortable = (l: Lowering): boolean => l.script.environment.portable === true;

/**
 * The question for a member at a place. A struct without a name is asked about as a part of the one around it.
 * Undefined for programs that stay here, and for structs that no kernel knows: the script's own.
 */
export function askMember(
  l: Lowering,
  place: Place,
  struct: StructType,
  member: StructMember,
): Asked | undefined {
  if (!isPortable(l)) return undefined;
  const { name } = member;
  const own = kernelStruct(l, struct);
  if (own !== undefined) {
    const found = own.types.member(own.id, name);
    if (found === undefined || (found.bitSize === 0 && found.bitOffset !== member.offset * 8))
      return undefined;
    const question = { kind: 'fieldOffset', types: own.types, root: own.id, path: [name] } as const;
    return { question, from: addressAt(l, place.base, place.offset), offset: member.offset };
  }
  const within = withinOf(place);
  if (within === undefined) return undefined;
  const question = { ...within.question, path: [...within.question.path, name] };
  return { question, from: within.from, offset: within.offset + member.offset };
}

/** A struct with a name. What a script declares like the kernel's is the kernel's. */
function kernelStruct(l: Lowering, struct: StructType): BtfPlace | undefined {
  const [, kind, tag] = /^(struct|union) (.+)$/.exec(struct.name) ?? [];
  if (tag === undefined) return undefined;
  const own = placeInBtf(struct);
  if (own !== undefined) return own;
  const types = l.environment.btf;
  const id = types.find(tag, kind as 'struct' | 'union');
  return id === undefined ? undefined : { types, id };
}

/** Places are copied and moved on: what was known of one holds for exactly that one. */
function withinOf({ within, base, offset, type }: Place): Within | undefined {
  if (within === undefined || within.base !== base || offset !== 0 || within.type !== type) return undefined;
  return within;
}

/** Where a member is on the kernel of the loader. */
export function askedPlace(l: Lowering, place: Place, asked: Asked, member: StructMember): Place {
  const { question, from, offset } = asked;
  const base = askedAddress(l, from, question, offset);
  const { type, inUnion } = member;
  return { ...place, base, offset: 0, type, inUnion, foreign: true, within: { ...asked, base, type } };
}

/** `base` plus what the kernel of the loader answers; here it is `offset`. */
export function askedAddress(l: Lowering, base: Value, question: KernelQuestion, offset: number): Value {
  return l.b.binary('add', base, l.b.kernelConstant(question, BigInt(offset)), 64, base.type);
}

/** A bitfield as libbpf's BPF_CORE_READ_BITFIELD_PROBED reads it: its bytes, shifted up, then down. */
export function askedBitfield(l: Lowering, place: Place, asked: Asked, member: StructMember): Scalar {
  const { b } = l;
  const { type } = member;
  const { shift, size } = member.bitfield!;
  const { question, from, offset } = asked;
  const ask = (kind: KernelQuestion['kind'], value: number): Value =>
    b.kernelConstant({ ...question, kind }, BigInt(value));
  const bytes = b.slotAddress(b.slot('bits', 8));
  b.store(8, bytes, 0, b.constant(0));
  const address = askedAddress(l, from, question, offset);
  l.call(bytesReader(place.memory), [bytes, ask('fieldSize', registerSize(type)), address]);
  const up = b.binary('shl', b.load(8, bytes, 0), ask('fieldLeftShift', 64 - shift - size));
  const value = b.binary(isSigned(type) ? 'ashr' : 'lshr', up, ask('fieldRightShift', 64 - size));
  return { kind: 'scalar', value, type };
}

// Sizes and elements

/** Bytes of a struct of the kernel; undefined where they are the same everywhere. */
export function askedSize(l: Lowering, type: Type): Value | undefined {
  const question = sizeQuestion(l, type);
  return question && l.b.kernelConstant(question, BigInt(layoutOf(type).size));
}

function sizeQuestion(l: Lowering, type: Type): KernelQuestion | undefined {
  if (!isPortable(l) || type.kind !== 'struct') return undefined;
  const own = kernelStruct(l, type);
  if (own === undefined || own.types.sizeOf(own.id) !== type.size) return undefined;
  return { kind: 'typeSize', types: own.types, root: own.id, path: [] };
}

/** An element of an array of the kernel's structs; undefined where their distance is known. */
export function askedElement(l: Lowering, place: Place, type: Type, index: () => Value): Place | undefined {
  const { b } = l;
  if (!isPortable(l) || innermost(type).kind !== 'struct' || place.memory === 'direct') return undefined;
  const around = withinOf(place);
  const array = around && elementQuestion(around.question);
  const size =
    askedSize(l, type) ??
    (array && b.kernelConstant({ ...array, kind: 'fieldSize' }, BigInt(array.types.sizeOf(idAt(array)))));
  if (size === undefined) return undefined;
  const position = index();
  const distance = b.binary('mul', position, size);
  const at = addressAt(l, place.base, place.offset);
  const base = b.binary('add', at, distance, 64, at.type);
  const constant = position.kind === 'constant';
  const memory = place.memory === 'kernelTyped' && !constant ? 'kernelRaw' : place.memory;
  const within = array && {
    ...{ question: array, offset: around.offset, base, type },
    from: b.binary('add', around.from, distance, 64, around.from.type),
  };
  return { ...place, base, offset: 0, type, memory, foreign: true, within };
}

const innermost = (type: Type): Type => (type.kind === 'array' ? innermost(type.element) : type);

/** The first element: an array without a length has none that could be asked about. */
function elementQuestion(question: KernelQuestion): KernelQuestion | undefined {
  const array = question.types.type(idAt(question));
  if (array.kind !== 'array' || array.length === 0) return undefined;
  return { ...question, path: [...question.path, 0] };
}

/** What the path of a question leads to. */
function idAt({ types, root, path }: KernelQuestion): TypeId {
  let id = types.strip(root);
  for (const step of path) {
    const type = types.type(id);
    const next = typeof step === 'string' ? types.member(id, step)?.type : undefined;
    id = types.strip(next ?? (type.kind === 'array' ? type.element : 0));
  }
  return id;
}

// What the checker knows as constants

/** What an expression is on every kernel that the program may come to. */
export function constantOf(l: Lowering, expr: Expr): bigint | string | boolean | undefined {
  const known = l.facts.constantOf(expr);
  return known === undefined || (isPortable(l) && asks(l, expr)) ? undefined : known;
}

/** Whether the kernel decides what it is. `comptime` was decided by the script. */
function asks(l: Lowering, expr: Expr): boolean {
  switch (expr.kind) {
    case 'identifier':
      return enumeratorOf(l, expr.name, expr) !== undefined;
    case 'integer':
      return l.facts
        .layoutsIn(expr)
        .some(({ type, member }) =>
          member === undefined ? sizeQuestion(l, type) : type.kind === 'struct' && kernelStruct(l, type),
        );
    case 'unary':
      return asks(l, expr.operand);
    case 'cast':
      return asks(l, expr.value);
    case 'binary':
      return asks(l, expr.left) || asks(l, expr.right);
    case 'ternary':
      return [expr.condition, expr.then, expr.otherwise].some((part) => part !== undefined && asks(l, part));
    case 'block':
      return expr.statements.length === 0 && expr.value !== undefined && asks(l, expr.value);
    default:
      return false;
  }
}

/** Enumerators, sizes and distances: numbers that another kernel may have otherwise. */
export function askedConstant(l: Lowering, expr: Expr): Value | undefined {
  if (!isPortable(l)) return undefined;
  const known = l.facts.constantOf(expr);
  if (typeof known !== 'bigint') return undefined;
  if (expr.kind === 'identifier') {
    const question = enumeratorOf(l, expr.name, expr);
    return question && l.b.kernelConstant(question, known);
  }
  const layouts = expr.kind === 'integer' ? l.facts.layoutsIn(expr) : [];
  const [first] = layouts;
  if (first === undefined) return undefined;
  return first.member === undefined ? askedSize(l, first.type) : distance(l, layouts);
}

/** An enum without a name cannot be found again: its enumerators stay what they are. */
function enumeratorOf(l: Lowering, name: string, expr: Expr): KernelQuestion | undefined {
  const type = l.facts.typeOf(expr);
  if (type.kind !== 'enum' || type.name === 'enum' || l.facts.constantOf(expr) === undefined)
    return undefined;
  const own = placeInBtf(type);
  if (own === undefined || !type.values.some((value) => value.name === name)) return undefined;
  return { kind: 'enumValue', types: own.types, root: own.id, path: [name] };
}

/** The distances of an `offsetof`, added up. */
function distance(l: Lowering, layouts: readonly AskedLayout[]): Value | undefined {
  const { b } = l;
  const start = { kind: 'place', offset: 0, type: voidType, memory: 'kernelRaw' } as const;
  let place: Place = { ...start, base: b.constant(0) };
  for (const { type, member: name } of layouts) {
    const member = type.kind === 'struct' ? type.member(name!) : undefined;
    if (type.kind !== 'struct' || member === undefined) return undefined;
    const asked = askMember(l, place, type, member);
    place = asked
      ? askedPlace(l, place, asked, member)
      : { ...place, base: addressAt(l, place.base, member.offset), type: member.type };
  }
  return place.base;
}
