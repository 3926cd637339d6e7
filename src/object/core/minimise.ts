/**
 * A BTF file with no more than some objects ask for: a kernel's types cut down from megabytes to some kilobytes, so
 * that programs can bring the types of kernels that have none.
 *
 * The relocations of the objects are answered as in loading, and whatever an answer was found in is kept: of a
 * struct the members that were reached (offsets and sizes are as they were), of an enum all values, of what lies
 * behind a pointer nothing. Relocations give the same answers with it as with the whole - except the ids of types,
 * which mean nothing outside of the kernel that they come from.
 */
import type { Btf } from '../../btf/btf.ts';
import { encodeBtf } from '../../btf/encode.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { renumbered } from '../load/local-types.ts';
import type { CoreKind, ObjectSpec } from '../spec.ts';
import { type Access, familyOf } from './access.ts';
import { Relocator } from './relocate.ts';

/** Encoded BTF for the relocations of all objects against the types of one kernel. Throws ObjectError, BtfError. */
export function minimisedTypes(objects: readonly ObjectSpec[], target: Btf): Uint8Array<ArrayBuffer> {
  const kept = new Kept(target);
  for (const spec of objects) {
    if (spec.types === undefined) continue;
    const record = (kind: CoreKind, access: Access): void => kept.keep(kind, access);
    const relocator = new Relocator(spec.types, { types: target }, { file: spec.file, record });
    for (const code of spec.functions.values()) relocator.relocate(code);
  }
  return kept.encode();
}

class Kept {
  readonly #types: Btf;
  readonly #ids = new Set<TypeId>();
  /** Members by struct; structs that are not in it are kept without any. */
  readonly #members = new Map<TypeId, Set<number>>();

  constructor(types: Btf) {
    this.#types = types;
  }

  keep(kind: CoreKind, access: Access): void {
    if (familyOf(kind) !== 'field') {
      this.#type(access.root, kind === 'typeMatches' ? 'members' : 'name');
      return;
    }
    this.#type(access.root, 'name');
    for (const { type: id, index, element } of access.path ?? []) {
      this.#type(id, 'name');
      const type = this.#types.type(id);
      if (element || (type.kind !== 'struct' && type.kind !== 'union')) continue;
      this.#member(id, index);
      this.#type(type.members[index]!.type, 'name');
    }
  }

  encode(): Uint8Array<ArrayBuffer> {
    const ordered = [...this.#ids].sort((a, b) => a - b);
    const ids = new Map<TypeId, TypeId>(ordered.map((id, index) => [id, index + 1]));
    const types = ordered.map((id) => renumbered(this.#cut(id), (old) => ids.get(old) ?? 0));
    return encodeBtf(types, this.#types.littleEndian);
  }

  #cut(id: TypeId): BtfType {
    const type = this.#types.type(id);
    if (type.kind !== 'struct' && type.kind !== 'union') return type;
    const members = this.#members.get(id);
    return { ...type, members: type.members.filter((_, index) => members?.has(index) === true) };
  }

  #member(id: TypeId, index: number): void {
    const members = this.#members.get(id);
    if (members === undefined) this.#members.set(id, new Set([index]));
    else members.add(index);
  }

  /** A type and what gives it its name and size; with `members`, what it is made of by value too. */
  #type(start: TypeId, depth: 'name' | 'members'): void {
    const stack = [start];
    const seen = new Set<TypeId>();
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (id === 0 || seen.has(id)) continue;
      seen.add(id);
      this.#ids.add(id);
      const type = this.#types.type(id);
      switch (type.kind) {
        case 'typedef':
        case 'const':
        case 'volatile':
        case 'restrict':
        case 'typeTag':
          stack.push(type.target);
          break;
        case 'array':
          stack.push(type.element, type.index);
          break;
        case 'pointer':
          // Comparing goes on behind pointers by name only.
          if (depth === 'members' || this.#isPrototype(type.target)) this.#behind(type.target);
          break;
        case 'prototype':
          stack.push(type.returns, ...type.parameters.map((parameter) => parameter.type));
          break;
        case 'struct':
        case 'union':
          if (depth === 'name') break;
          for (const [index, member] of type.members.entries()) {
            this.#member(id, index);
            stack.push(member.type);
          }
          break;
        default:
          break;
      }
    }
  }

  #isPrototype(id: TypeId): boolean {
    return this.#types.kind(this.#types.strip(id)) === 'prototype';
  }

  /** What comparing looks at behind a pointer: kinds and names, through more pointers. */
  #behind(start: TypeId): void {
    const stack = [start];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (id === 0 || this.#ids.has(id)) continue;
      this.#ids.add(id);
      const type = this.#types.type(id);
      switch (type.kind) {
        case 'typedef':
        case 'const':
        case 'volatile':
        case 'restrict':
        case 'typeTag':
        case 'pointer':
          stack.push(type.target);
          break;
        case 'array':
          stack.push(type.element, type.index);
          break;
        case 'prototype':
          stack.push(type.returns, ...type.parameters.map((parameter) => parameter.type));
          break;
        default:
          break;
      }
    }
  }
}
