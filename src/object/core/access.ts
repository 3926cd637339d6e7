/**
 * What a relocation asks about, from its access string and the object's own types.
 *
 * `0:1:2` is the access `&p[0].<member 1>.<member 2>`: the first number counts whole objects, each next one is a
 * member of a struct or union, or an element of an array. Two lists come of it. `accessors` has what the target is
 * searched for: members that have a name, and elements. Anonymous structs on the way are not among them,
 * since the target may have the member in another one, or none.
 */
import type { Btf } from '../../btf/btf.ts';
import { sizeOf, type TypeTable } from '../../btf/layout.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import type { CoreKind } from '../spec.ts';

export interface Accessor {
  /** What the index is applied to. */
  readonly type: TypeId;
  readonly index: number;
  /** Of the member or enumerator; undefined for elements. */
  readonly name: string | undefined;
}

/** One member or element on the way, those without a name too. */
export interface Step {
  /** The struct or union; the element's type for an element. */
  readonly type: TypeId;
  readonly index: number;
  readonly element: boolean;
}

export interface Access {
  readonly types: Btf;
  readonly root: TypeId;
  readonly accessors: readonly Accessor[];
  /** From the start of the root, of what the whole access reaches. */
  readonly bitOffset: number;
  /** Only of accesses to fields of a target. */
  readonly path?: readonly Step[];
}

/** As deep as libbpf goes. */
export const MAX_ACCESS = 64;

export type Family = 'field' | 'type' | 'enum';

export function familyOf(kind: CoreKind): Family {
  switch (kind) {
    case 'fieldOffset':
    case 'fieldSize':
    case 'fieldExists':
    case 'fieldSigned':
    case 'fieldLeftShift':
    case 'fieldRightShift':
      return 'field';
    case 'typeIdLocal':
    case 'typeIdTarget':
    case 'typeExists':
    case 'typeSize':
    case 'typeMatches':
      return 'type';
    case 'enumValueExists':
    case 'enumValue':
      return 'enum';
  }
}

/** What is wrong with a relocation, without a place; the caller knows where it is. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
}

/** Reads an access string against the types that it was made for. Throws AccessError, BtfError. */
export function parseAccess(types: Btf, root: TypeId, text: string, kind: CoreKind): Access {
  const family = familyOf(kind);
  const numbers = parseNumbers(text);
  const first = numbers[0]!;
  const start = family === 'type' ? root : types.strip(root);
  if (family === 'type') {
    if (text !== '0') throw new AccessError(`a question about a type has the access "${text}", not "0"`);
    return { types, root, accessors: [], bitOffset: 0 };
  }
  if (family === 'enum') {
    const type = types.type(start);
    if (type.kind !== 'enum' && type.kind !== 'enum64')
      throw new AccessError(`a ${type.kind} has no enumerators`);
    const enumerator = type.values[first];
    if (numbers.length > 1 || enumerator === undefined) {
      throw new AccessError(`enumerator "${text}" does not exist, there are ${type.values.length}`);
    }
    return { types, root, accessors: [{ type: start, index: first, name: enumerator.name }], bitOffset: 0 };
  }
  const accessors: Accessor[] = [{ type: start, index: first, name: undefined }];
  let bitOffset = first * sizeOf(types, start) * 8;
  let at = start;
  for (const index of numbers.slice(1)) {
    const id = types.strip(at);
    const type = types.type(id);
    if (type.kind === 'struct' || type.kind === 'union') {
      const member = type.members[index];
      if (member === undefined)
        throw new AccessError(`member ${index} of ${type.members.length} of ${type.kind} ${type.name}`);
      bitOffset += member.bitOffset;
      if (member.name !== '') accessors.push({ type: id, index, name: member.name });
      at = member.type;
    } else if (type.kind === 'array') {
      const element = types.strip(type.element);
      if (index >= type.length && !isFlexible(types, accessors.at(-1)!, type.length)) {
        throw new AccessError(`element ${index} of an array of ${type.length}`);
      }
      accessors.push({ type: element, index, name: undefined });
      bitOffset += index * sizeOf(types, element) * 8;
      at = element;
    } else {
      throw new AccessError(`access "${text}" goes into a ${type.kind}`);
    }
  }
  return { types, root, accessors, bitOffset };
}

function parseNumbers(text: string): number[] {
  if (!/^\d{1,10}(?::\d{1,10})*$/.test(text)) throw new AccessError(`"${text}" is no access string`);
  const numbers = text.split(':').map(Number);
  if (numbers.length > MAX_ACCESS)
    throw new AccessError(`an access of ${numbers.length} steps, the limit is ${MAX_ACCESS}`);
  return numbers;
}

/** Whether an array is the last member of a struct and has no length: any element is as good as inside. */
export function isFlexible(types: TypeTable, before: Accessor, length: number): boolean {
  if (before.name === undefined || length > 0) return false;
  const holder: BtfType = types.type(before.type);
  return (holder.kind === 'struct' || holder.kind === 'union') && before.index === holder.members.length - 1;
}

/** `task_struct.real_parent.tgid`, `enum x.VALUE`, `struct y`: for messages. */
export function accessText(access: Access): string {
  const { types, root, accessors } = access;
  const id = types.strip(root);
  let text = types.name(root) || types.name(id) || 'a nameless type';
  for (const [step, { name, index }] of accessors.entries()) {
    if (name !== undefined) text += `.${name}`;
    else if (step > 0 || index > 0) text += `[${index}]`;
  }
  return text;
}
