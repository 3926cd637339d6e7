/** One type for what several places put into a variable, a key, a value, a branch. */
import type { Type } from '../types/type.ts';
import { integerOf, isFlexible, promote } from './integers.ts';

export interface Unified {
  readonly type: Type;
  /** An unsigned and a signed integer of 64 bits: int64 holds the one only in part. */
  readonly lossy?: boolean;
}

/** What holds values of both; undefined if nothing does. `none` is not known yet and gives way. */
export function unify(left: Type, right: Type): Unified | undefined {
  if (left === right || right.kind === 'none') return { type: left };
  if (left.kind === 'none') return { type: right };
  if ((left.kind === 'int' || left.kind === 'enum') && (right.kind === 'int' || right.kind === 'enum')) {
    if (left.kind === 'enum' && right.kind === 'enum' && left.name === right.name) return { type: left };
    return promote(integerOf(left), integerOf(right));
  }
  if (left.kind !== right.kind) return undefined;
  switch (left.kind) {
    case 'string':
    case 'buffer':
      return { type: (right as typeof left).size > left.size ? right : left };
    case 'tuple': {
      const other = (right as typeof left).elements;
      if (other.length !== left.elements.length) return undefined;
      const unified = unifyAll(left.elements, other);
      return unified && { type: { kind: 'tuple', elements: unified.types }, lossy: unified.lossy };
    }
    case 'record': {
      const other = (right as typeof left).fields;
      if (other.length !== left.fields.length) return undefined;
      if (left.fields.some(({ name }, index) => other[index]!.name !== name)) return undefined;
      const unified = unifyAll(
        left.fields.map(({ type }) => type),
        other.map(({ type }) => type),
      );
      return (
        unified && {
          type: {
            kind: 'record',
            fields: left.fields.map(({ name }, index) => ({ name, type: unified.types[index]! })),
          },
          lossy: unified.lossy,
        }
      );
    }
    case 'pointer': {
      const other = right as typeof left;
      const space = left.space === other.space ? left.space : joinSpaces(left.space, other.space);
      if (sameType(left.target, other.target))
        return { type: space === left.space ? left : { ...left, space } };
      // `void *` is any address.
      if (other.target.kind === 'void') return { type: { ...left, space } };
      if (left.target.kind === 'void') return { type: { ...other, space } };
      return undefined;
    }
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'stats':
      return { type: left.signed ? left : right };
    default:
      return sameType(left, right) ? { type: left } : undefined;
  }
}

const joinSpaces = <Space>(left: Space, right: Space): Space | 'unknown' =>
  left === 'unknown' ? right : right === 'unknown' ? left : 'unknown';

function unifyAll(
  left: readonly Type[],
  right: readonly Type[],
): { types: readonly Type[]; lossy: boolean } | undefined {
  const types: Type[] = [];
  let lossy = false;
  for (const [index, one] of left.entries()) {
    const unified = unify(one, right[index]!);
    if (unified === undefined) return undefined;
    types.push(unified.type);
    lossy ||= unified.lossy === true;
  }
  return { types, lossy };
}

/** The same type, marks of literals included: nothing more to find out. */
export function sameType(left: Type, right: Type): boolean {
  if (left === right) return true;
  if (left.kind !== right.kind) return false;
  switch (left.kind) {
    case 'int': {
      const other = right as typeof left;
      return (
        left.bits === other.bits && left.signed === other.signed && isFlexible(left) === isFlexible(other)
      );
    }
    case 'enum':
      return left.name === (right as typeof left).name;
    case 'string':
    case 'buffer':
      return left.size === (right as typeof left).size;
    case 'array': {
      const other = right as typeof left;
      return left.length === other.length && sameType(left.element, other.element);
    }
    case 'struct': {
      const other = right as typeof left;
      return left.name !== '' && left.name === other.name && left.size === other.size;
    }
    case 'pointer': {
      const other = right as typeof left;
      return left.space === other.space && sameType(left.target, other.target);
    }
    case 'tuple': {
      const other = (right as typeof left).elements;
      return (
        left.elements.length === other.length &&
        left.elements.every((element, index) => sameType(element, other[index]!))
      );
    }
    case 'record': {
      const other = (right as typeof left).fields;
      return (
        left.fields.length === other.length &&
        left.fields.every(
          ({ name, type }, index) => name === other[index]!.name && sameType(type, other[index]!.type),
        )
      );
    }
    case 'context':
      return true;
    default:
      return samePlain(left, right);
  }
}

/** Types of words and numbers only. */
function samePlain(left: Type, right: Type): boolean {
  const [one, other] = [Object.entries(left), right as unknown as Record<string, unknown>];
  return one.every(([key, value]) => other[key] === value);
}

/** Nothing in it is still to be found out. */
export function isKnown(type: Type): boolean {
  if (type.kind === 'tuple') return type.elements.every(isKnown);
  if (type.kind === 'record') return type.fields.every((field) => isKnown(field.type));
  return type.kind !== 'none';
}
