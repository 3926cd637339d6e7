/**
 * Copies types from one BTF into a builder.
 *
 * A kernel struct reaches half of the kernel through its pointers. So what lies behind a pointer is cut, unless
 * it is small: a struct becomes a forward declaration of its name (what the kernel's own BTF does for structs
 * it does not know), a nameless one, a function and an array of structs `void`. What a type holds by value
 * is copied whole.
 */
import type { Btf } from './btf.ts';
import type { BtfBuilder } from './build.ts';
import { tooDeep } from './errors.ts';
import { MAX_DEPTH } from './layout.ts';
import type { BtfType, TypeId } from './types.ts';

export interface CopyOptions {
  /** What to do with structs behind pointers. Default 'forward'. */
  readonly behindPointers?: 'forward' | 'void';
}

/** The id of the copy in the builder. Structs are equal by record, so copying twice adds nothing. */
export function copyType(from: Btf, id: TypeId, to: BtfBuilder, options: CopyOptions = {}): TypeId {
  return new Copier(from, to, options.behindPointers ?? 'forward').copy(id, false, 0);
}

class Copier {
  readonly #from: Btf;
  readonly #to: BtfBuilder;
  readonly #behindPointers: 'forward' | 'void';
  /** Separate for what stands by value and what stands behind a pointer: the latter is cut. */
  readonly #whole = new Map<TypeId, TypeId>();
  readonly #cut = new Map<TypeId, TypeId>();

  constructor(from: Btf, to: BtfBuilder, behindPointers: 'forward' | 'void') {
    this.#from = from;
    this.#to = to;
    this.#behindPointers = behindPointers;
  }

  copy(id: TypeId, behind: boolean, depth: number): TypeId {
    if (id === 0) return 0;
    if (depth > MAX_DEPTH) throw tooDeep(id);
    const done = behind ? this.#cut : this.#whole;
    const known = done.get(id);
    if (known !== undefined) return known;
    const copied = this.#make(this.#from.type(id), behind, depth + 1);
    done.set(id, copied);
    return copied;
  }

  #isComposite(id: TypeId): boolean {
    let at = this.#from.strip(id);
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const type = this.#from.type(at);
      if (type.kind !== 'array') return type.kind === 'struct' || type.kind === 'union';
      at = this.#from.strip(type.element);
    }
    throw tooDeep(id);
  }

  #make(type: BtfType, behind: boolean, depth: number): TypeId {
    const to = this.#to;
    const copy = (id: TypeId): TypeId => this.copy(id, behind, depth);
    switch (type.kind) {
      case 'void':
        return 0;
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
      case 'forward':
        return to.add(type);
      case 'pointer':
        return to.add({ kind: 'pointer', target: this.copy(type.target, true, depth) });
      case 'typedef':
      case 'volatile':
      case 'const':
      case 'restrict':
      case 'typeTag':
        return to.add({ ...type, target: copy(type.target) });
      case 'array':
        // The kernel refuses arrays of what has no size, so an array behind a pointer is cut with its structs.
        if (behind && this.#isComposite(type.element)) return 0;
        return to.add({ ...type, element: copy(type.element), index: copy(type.index) });
      case 'struct':
      case 'union':
        if (behind) {
          const cut = this.#behindPointers === 'void' || type.name === '';
          return cut ? 0 : to.forward(type.name, type.kind === 'union');
        }
        return to.add({
          ...type,
          members: type.members.map((member) => ({ ...member, type: copy(member.type) })),
        });
      case 'prototype':
        // Its parameters may hold, by value, the struct that points to it.
        if (behind) return 0;
        return to.add({
          kind: 'prototype',
          returns: copy(type.returns),
          parameters: type.parameters.map((parameter) => ({ ...parameter, type: copy(parameter.type) })),
        });
      case 'function':
        return to.add({ ...type, prototype: copy(type.prototype) });
      case 'variable':
        return to.add({ ...type, type: copy(type.type) });
      case 'section':
        return to.add({
          ...type,
          variables: type.variables.map((variable) => ({ ...variable, type: copy(variable.type) })),
        });
      case 'declTag':
        return to.add({ ...type, target: copy(type.target) });
    }
  }
}
