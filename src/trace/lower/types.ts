/** Questions about types that only lowering asks. */
import { layoutOf } from '../types/layout.ts';
import type { Type } from '../types/type.ts';

/** Fits a register; everything else lives in memory. */
export function isRegister(type: Type): boolean {
  switch (type.kind) {
    case 'string':
    case 'buffer':
    case 'array':
    case 'struct':
    case 'tuple':
    case 'record':
    case 'inet':
    case 'usym':
    case 'ustack':
    case 'none':
    case 'void':
      return false;
    default:
      return true;
  }
}

/** Bytes of a value that fits a register. */
export function registerSize(type: Type): 1 | 2 | 4 | 8 {
  switch (type.kind) {
    case 'min':
    case 'max':
    case 'avg':
    case 'stats':
    case 'tseries':
      return 8;
    default:
      return layoutOf(type).size as 1 | 2 | 4 | 8;
  }
}

export function isSigned(type: Type): boolean {
  switch (type.kind) {
    case 'int':
    case 'enum':
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'stats':
      return type.signed;
    default:
      return false;
  }
}

export function elementsOf(type: Type): readonly Type[] | undefined {
  if (type.kind === 'tuple') return type.elements;
  if (type.kind === 'record') return type.fields.map((field) => field.type);
  return undefined;
}

/** Byte for byte the same in memory. */
export function sameLayout(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (isRegister(a) && isRegister(b)) return registerSize(a) === registerSize(b);
  const left = elementsOf(a);
  const right = elementsOf(b);
  if (left && right) {
    return left.length === right.length && left.every((element, i) => sameLayout(element, right[i]!));
  }
  if (a.kind === 'array' && b.kind === 'array')
    return a.length === b.length && sameLayout(a.element, b.element);
  return a.kind === b.kind && layoutOf(a).size === layoutOf(b).size;
}

/** A C array of characters, or a string of ours. */
export function textSize(type: Type): number | undefined {
  if (type.kind === 'string') return type.size;
  if (type.kind === 'array' && type.element.kind === 'int' && type.element.bits === 8) return type.length;
  return undefined;
}
