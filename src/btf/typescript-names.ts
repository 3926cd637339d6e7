import type { Btf } from './btf.ts';
import type { TypeId } from './types.ts';

/** What a declaration can not be called: words of TypeScript, its own types, and what the file imports. */
const taken: ReadonlySet<string> = new Set(
  (
    'any arguments as await bigint boolean break case catch class const continue debugger default delete do else ' +
    'enum eval export extends false finally for function if implements import in instanceof interface let never ' +
    'new null number object package private protected public return static string super switch symbol this ' +
    'throw true try typeof undefined unknown var void while with yield'
  ).split(' '),
);

const identifier = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** As a property: quoted if it must be. */
export function propertyName(name: string): string {
  return identifier.test(name) ? name : JSON.stringify(name);
}

/**
 * The name of each struct, union and alias in the generated file.
 *
 * C has two name spaces, and a kernel has several structs of one name in different files; TypeScript has one.
 * So in the order of ids the first struct keeps its name, later ones get `NAME__2`, and a nameless struct has
 * that of its typedef. A typedef whose name is gone is not declared; its target stands in its place.
 */
export class DeclarationNames {
  readonly #names = new Map<TypeId, string>();
  readonly #used: Set<string>;
  /** First struct or union of each C name: forward declarations mean it. */
  readonly #composites = new Map<string, TypeId>();

  constructor(btf: Btf, imported: Iterable<string>) {
    this.#used = new Set([...taken, ...imported]);
    const typedefs: TypeId[] = [];
    for (let id = 1; id < btf.count; id++) {
      const kind = btf.kind(id);
      if (kind === 'typedef') typedefs.push(id);
      if (kind !== 'struct' && kind !== 'union') continue;
      const name = btf.name(id);
      if (name === '') continue;
      if (!this.#composites.has(name)) this.#composites.set(name, id);
      this.#names.set(id, this.#unique(name));
    }
    for (const id of typedefs) {
      const name = btf.name(id);
      const target = btf.strip(id);
      const kind = btf.kind(target);
      if (kind === 'struct' || kind === 'union') {
        if (this.#names.has(target)) continue;
        this.#names.set(target, this.#unique(name));
        if (!this.#composites.has(name)) this.#composites.set(name, target);
      } else if (!this.#used.has(name) && identifier.test(name)) {
        this.#used.add(name);
        this.#names.set(id, name);
      }
    }
  }

  of(id: TypeId): string | undefined {
    return this.#names.get(id);
  }

  composite(name: string): TypeId | undefined {
    return this.#composites.get(name);
  }

  /** C names of structs and unions with their ids. */
  composites(): Iterable<[string, TypeId]> {
    return this.#composites;
  }

  #unique(name: string): string {
    const base = name.replace(/[^A-Za-z0-9_$]/g, '_').replace(/^(?=\d|$)/, '_');
    let unique = taken.has(base) || (this.#used.has(base) && !this.#isStruct(base)) ? `${base}_` : base;
    for (let i = 2; this.#used.has(unique); i++) unique = `${base}__${i}`;
    this.#used.add(unique);
    return unique;
  }

  #isStruct(name: string): boolean {
    return this.#composites.has(name);
  }
}
