/**
 * When a type of the object and a type of the kernel count as the same.
 *
 * Three degrees. *Fields*: enough to read a member - sizes may differ, and any struct does for another, since its
 * members are looked up by name again. *Types*: for `bpf_core_type_exists`, kernel functions and variables - the
 * same kinds all the way down. *Match*: for `bpf_core_type_matches` - names and sizes count as well, and
 * what the object has of a struct must be in the kernel's.
 */
import { MAX_DEPTH, stripModifiers, type TypeTable } from '../../btf/layout.ts';
import { essentialName } from '../../btf/names.ts';
import type { BtfKind, BtfType, TypeId } from '../../btf/types.ts';
import { AccessError } from './access.ts';

/** Levels that libbpf and the kernel go down. */
const DEPTH = 32;

function isEnum(kind: BtfKind): boolean {
  return kind === 'enum' || kind === 'enum64';
}

/** Kinds that stand for each other: enumerations of 32 and of 64 bits (LLVM writes the one the values need). */
export function sameKind(a: BtfKind, b: BtfKind): boolean {
  return a === b || (isEnum(a) && isEnum(b));
}

function isComposite(type: BtfType): boolean {
  return type.kind === 'struct' || type.kind === 'union';
}

function nameOf(type: BtfType): string {
  return 'name' in type ? type.name : '';
}

/** Whether a member of the object's struct can be read as that of the kernel's. */
export function fieldsAreCompatible(
  local: TypeTable,
  localId: TypeId,
  target: TypeTable,
  targetId: TypeId,
): boolean {
  let a = localId;
  let b = targetId;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const one = local.type(stripModifiers(local, a));
    const other = target.type(stripModifiers(target, b));
    if (isComposite(one) && isComposite(other)) return true;
    if (!sameKind(one.kind, other.kind)) return false;
    switch (one.kind) {
      case 'pointer':
      case 'float':
        return true;
      case 'forward':
      case 'enum':
      case 'enum64': {
        const [left, right] = [essentialName(nameOf(one)), essentialName(nameOf(other))];
        return left === '' || right === '' || left === right;
      }
      case 'int':
        // Bits that begin inside of an int are bitfields of before 4.20: nobody knows where they are.
        return one.bitOffset === 0 && other.kind === 'int' && other.bitOffset === 0;
      case 'array':
        if (other.kind !== 'array') return false;
        a = one.element;
        b = other.element;
        break;
      default:
        return false;
    }
  }
  throw new AccessError('arrays are nested without end');
}

/**
 * Whether types are of the same kinds, as far as what they contain goes; names do not count.
 *
 * @param forwards a struct or union that is only declared in the object fits one that the kernel defines.
 */
export function typesAreCompatible(
  local: TypeTable,
  localId: TypeId,
  target: TypeTable,
  targetId: TypeId,
  forwards: boolean = false,
  depth: number = DEPTH,
): boolean {
  let a = localId;
  let b = targetId;
  if (!sameKind(local.type(a).kind, target.type(b).kind)) return false;
  for (let left = depth; left >= 0; left--) {
    a = stripModifiers(local, a);
    b = stripModifiers(target, b);
    const one = local.type(a);
    const other = target.type(b);
    if (forwards && one.kind === 'forward' && other.kind === (one.union ? 'union' : 'struct')) return true;
    if (!sameKind(one.kind, other.kind)) return false;
    switch (one.kind) {
      case 'void':
      case 'struct':
      case 'union':
      case 'enum':
      case 'enum64':
      case 'forward':
      case 'float':
        return true;
      case 'int':
        return one.bitOffset === 0 && other.kind === 'int' && other.bitOffset === 0;
      case 'pointer':
        if (other.kind !== 'pointer') return false;
        a = one.target;
        b = other.target;
        break;
      case 'array':
        if (other.kind !== 'array') return false;
        a = one.element;
        b = other.element;
        break;
      case 'prototype': {
        if (other.kind !== 'prototype' || one.parameters.length !== other.parameters.length) return false;
        if (left === 0) throw new AccessError('types are nested too deeply');
        const same = one.parameters.every((parameter, i) =>
          typesAreCompatible(
            local,
            stripModifiers(local, parameter.type),
            target,
            stripModifiers(target, other.parameters[i]!.type),
            forwards,
            left - 1,
          ),
        );
        if (!same) return false;
        a = one.returns;
        b = other.returns;
        break;
      }
      default:
        return false;
    }
  }
  throw new AccessError('types are nested too deeply');
}

/** Whether what the object says of a type is true of the kernel's. */
export function typesMatch(local: TypeTable, localId: TypeId, target: TypeTable, targetId: TypeId): boolean {
  return new Matcher(local, target).match(localId, targetId, false, DEPTH);
}

type Composite = Extract<BtfType, { kind: 'struct' | 'union' }>;
type Enumeration = Extract<BtfType, { kind: 'enum' | 'enum64' }>;

/** Comparisons for one question: made-up types could ask for endless ones. */
const MAX_STEPS = 1 << 18;

class Matcher {
  readonly #local: TypeTable;
  readonly #target: TypeTable;
  #steps = 0;

  constructor(local: TypeTable, target: TypeTable) {
    this.#local = local;
    this.#target = target;
  }

  match(localId: TypeId, targetId: TypeId, behindPointer: boolean, depth: number): boolean {
    let a = localId;
    let b = targetId;
    let behind = behindPointer;
    for (let left = depth; left > 0; left--) {
      if (++this.#steps > MAX_STEPS) throw new AccessError('types have too many parts to compare');
      a = stripModifiers(this.#local, a);
      b = stripModifiers(this.#target, b);
      const one = this.#local.type(a);
      const other = this.#target.type(b);
      if (essentialName(nameOf(one)) !== essentialName(nameOf(other))) return false;
      switch (one.kind) {
        case 'void':
          return other.kind === 'void';
        case 'forward':
          return this.#forward(one.union, other, behind);
        case 'enum':
        case 'enum64':
          return isEnum(other.kind) && this.#enums(one, other as Enumeration);
        case 'struct':
        case 'union':
          if (behind) {
            if (other.kind === one.kind) return true;
            return other.kind === 'forward' && other.union === (one.kind === 'union');
          }
          return other.kind === one.kind && this.#members(one, other as Composite, left - 1);
        case 'int':
          return (
            other.kind === 'int' &&
            one.size === other.size &&
            (one.encoding === 'signed') === (other.encoding === 'signed')
          );
        case 'float':
          return other.kind === 'float' && one.size === other.size;
        case 'pointer':
          if (other.kind !== 'pointer') return false;
          behind = true;
          a = one.target;
          b = other.target;
          break;
        case 'array':
          if (other.kind !== 'array' || one.length !== other.length) return false;
          a = one.element;
          b = other.element;
          break;
        case 'prototype': {
          if (other.kind !== 'prototype' || one.parameters.length !== other.parameters.length) return false;
          const parameters = other.parameters;
          const from = left - 1;
          const within = behind;
          if (!one.parameters.every(({ type }, i) => this.match(type, parameters[i]!.type, within, from)))
            return false;
          a = one.returns;
          b = other.returns;
          break;
        }
        default:
          return false;
      }
    }
    throw new AccessError('types are nested too deeply');
  }

  #forward(union: boolean, other: BtfType, behind: boolean): boolean {
    if (other.kind === 'forward') return other.union === union;
    return behind && other.kind === (union ? 'union' : 'struct');
  }

  /** Every name of the object's is one of the kernel's; values may differ. */
  #enums(one: Enumeration, other: Enumeration): boolean {
    if (one.size !== other.size || one.values.length > other.values.length) return false;
    const names = new Set(other.values.map(({ name }) => essentialName(name)));
    return one.values.every(({ name }) => names.has(essentialName(name)));
  }

  #members(one: Composite, other: Composite, depth: number): boolean {
    if (one.members.length > other.members.length) return false;
    return one.members.every((member) =>
      other.members.some(
        (candidate) =>
          candidate.name === member.name && this.match(member.type, candidate.type, false, depth),
      ),
    );
  }
}
