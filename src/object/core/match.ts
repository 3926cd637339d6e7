/** Whether an access of the object can be made on a type of the kernel, and where it ends there. */
import type { Btf } from '../../btf/btf.ts';
import { sizeOf } from '../../btf/layout.ts';
import { essentialName } from '../../btf/names.ts';
import type { TypeId } from '../../btf/types.ts';
import type { CoreKind } from '../spec.ts';
import {
  type Access,
  AccessError,
  type Accessor,
  familyOf,
  isFlexible,
  MAX_ACCESS,
  type Step,
} from './access.ts';
import { fieldsAreCompatible, typesAreCompatible, typesMatch } from './compatible.ts';

/** The same access on a candidate; undefined if it cannot be made. Throws AccessError, BtfError. */
export function matchAccess(local: Access, kind: CoreKind, types: Btf, id: TypeId): Access | undefined {
  switch (familyOf(kind)) {
    case 'type': {
      const same =
        kind === 'typeMatches'
          ? typesMatch(local.types, local.root, types, id)
          : typesAreCompatible(local.types, local.root, types, id);
      return same ? { types, root: id, accessors: [], bitOffset: 0 } : undefined;
    }
    case 'enum':
      return matchEnumerator(local, types, id);
    case 'field':
      return new FieldMatch(local, types, id).run();
  }
}

function matchEnumerator(local: Access, types: Btf, root: TypeId): Access | undefined {
  const id = types.strip(root);
  const type = types.type(id);
  if (type.kind !== 'enum' && type.kind !== 'enum64') return undefined;
  const name = essentialName(local.accessors[0]!.name ?? '');
  const index = type.values.findIndex((one) => essentialName(one.name) === name);
  if (index < 0) return undefined;
  return { types, root, accessors: [{ type: id, index, name: type.values[index]!.name }], bitOffset: 0 };
}

class FieldMatch {
  readonly #local: Access;
  readonly #types: Btf;
  readonly #root: TypeId;
  readonly #accessors: Accessor[] = [];
  /** Members and elements on the way, anonymous ones too. */
  readonly #path: Step[] = [];
  #bitOffset = 0;

  constructor(local: Access, types: Btf, root: TypeId) {
    this.#local = local;
    this.#types = types;
    this.#root = root;
  }

  run(): Access | undefined {
    const types = this.#types;
    let at = this.#root;
    for (const [step, accessor] of this.#local.accessors.entries()) {
      at = types.strip(at);
      if (accessor.name !== undefined) {
        const next = this.#member(accessor, at, new Set());
        if (next === undefined) return undefined;
        at = next;
        continue;
      }
      // The first index counts whole objects: its element type is the candidate itself.
      if (step > 0) {
        const type = types.type(at);
        if (type.kind !== 'array') return undefined;
        if (accessor.index >= type.length && !isFlexible(types, this.#accessors.at(-1)!, type.length))
          return undefined;
        at = types.strip(type.element);
      }
      this.#step({ type: at, index: accessor.index, element: true });
      this.#accessors.push({ type: at, index: accessor.index, name: undefined });
      this.#bitOffset += accessor.index * sizeOf(types, at) * 8;
    }
    return {
      types,
      root: this.#root,
      accessors: this.#accessors,
      bitOffset: this.#bitOffset,
      path: this.#path,
    };
  }

  /** The type of the member of that name, found through anonymous members; undefined if there is none that fits. */
  #member(accessor: Accessor, holder: TypeId, inside: Set<TypeId>): TypeId | undefined {
    const types = this.#types;
    const id = types.strip(holder);
    const type = types.type(id);
    if ((type.kind !== 'struct' && type.kind !== 'union') || inside.has(id)) return undefined;
    inside.add(id);
    for (const [index, member] of type.members.entries()) {
      if (member.name === '') {
        this.#step({ type: id, index, element: false });
        this.#bitOffset += member.bitOffset;
        const found = this.#member(accessor, member.type, inside);
        if (found !== undefined) return found;
        this.#bitOffset -= member.bitOffset;
        this.#path.pop();
      } else if (member.name === accessor.name) {
        const localHolder = this.#local.types.type(accessor.type);
        if (localHolder.kind !== 'struct' && localHolder.kind !== 'union') return undefined;
        const localType = localHolder.members[accessor.index]!.type;
        if (!fieldsAreCompatible(this.#local.types, localType, types, member.type)) return undefined;
        this.#step({ type: id, index, element: false });
        this.#bitOffset += member.bitOffset;
        this.#accessors.push({ type: id, index, name: member.name });
        return member.type;
      }
    }
    inside.delete(id);
    return undefined;
  }

  #step(step: Step): void {
    if (this.#path.push(step) > MAX_ACCESS)
      throw new AccessError(`an access of more than ${MAX_ACCESS} steps`);
  }
}
