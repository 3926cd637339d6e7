/**
 * Types of the kernel that a type of the object may mean: those of its kind with its essential name.
 *
 * The kernel's own types come first; those of modules are looked at only where it has none. What a relocation
 * has found out narrows the list for those that follow about the same type: one that has a member that others
 * lack is the one that is meant.
 */
import type { Btf } from '../../btf/btf.ts';
import { essentialName } from '../../btf/names.ts';
import type { TypeId } from '../../btf/types.ts';
import { sameKind } from './compatible.ts';

/** Types that relocations are answered from. */
export interface CoreTarget {
  /** The kernel's, or the given file's. */
  readonly types: Btf;
  /** Types of modules, asked for only when `types` has no candidate. Default none. */
  modules?(): readonly ModuleTypes[];
}

export interface ModuleTypes {
  readonly name: string;
  /** Split BTF over the kernel's. */
  readonly types: Btf;
}

export interface Candidate {
  readonly types: Btf;
  readonly id: TypeId;
  /** Of the module; undefined for the kernel itself. */
  readonly module: string | undefined;
}

/** How many types of one name are looked at; a kernel has at most a few dozen. */
const MAX_CANDIDATES = 4096;

export class CandidateCache {
  readonly #local: Btf;
  readonly #target: CoreTarget;
  readonly #lists = new Map<TypeId, readonly Candidate[]>();

  constructor(local: Btf, target: CoreTarget) {
    this.#local = local;
    this.#target = target;
  }

  /** Candidates for a type of the object. Empty for a nameless type. */
  of(id: TypeId): readonly Candidate[] {
    const known = this.#lists.get(id);
    if (known !== undefined) return known;
    const found = this.#search(id);
    this.#lists.set(id, found);
    return found;
  }

  /** Keeps only these for later questions about the type. */
  narrow(id: TypeId, candidates: readonly Candidate[]): void {
    this.#lists.set(id, candidates);
  }

  #search(id: TypeId): readonly Candidate[] {
    const name = essentialName(this.#local.name(id));
    if (name === '') return [];
    const kind = this.#local.kind(id);
    const inKernel = this.#in(this.#target.types, name, kind, 0, undefined);
    if (inKernel.length > 0) return inKernel;
    return (this.#target.modules?.() ?? []).flatMap(({ name: module, types }) =>
      this.#in(types, name, kind, types.base?.count ?? 0, module),
    );
  }

  #in(
    types: Btf,
    name: string,
    kind: ReturnType<Btf['kind']>,
    from: TypeId,
    module: string | undefined,
  ): Candidate[] {
    return types
      .findFlavours(name)
      .filter((id) => id >= from && sameKind(types.kind(id), kind))
      .slice(0, MAX_CANDIDATES)
      .map((id) => ({ types, id, module }));
  }
}
