import type { TypeId } from './types.ts';

/**
 * C's two name spaces: tags (`struct x`, `enum x`) and ordinary names (typedefs and enumerators). BTF of a
 * kernel has several of one name, which stood in different files; the later ones get `___2` and so on.
 */
export class Names {
  readonly #tags = new Map<TypeId, string>();
  readonly #ordinary = new Map<TypeId, string>();
  readonly #enumerators = new Map<string, string>();
  readonly #usedTags = new Set<string>();
  readonly #usedOrdinary = new Set<string>();

  tag(id: TypeId, name: string): string {
    return named(this.#tags, this.#usedTags, id, name);
  }

  ordinary(id: TypeId, name: string): string {
    return named(this.#ordinary, this.#usedOrdinary, id, name);
  }

  enumerator(id: TypeId, index: number, name: string): string {
    return named(this.#enumerators, this.#usedOrdinary, `${id}.${index}`, name);
  }
}

function named<K>(names: Map<K, string>, used: Set<string>, key: K, name: string): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  let unique = name;
  for (let i = 2; used.has(unique); i++) unique = `${name}___${i}`;
  used.add(unique);
  names.set(key, unique);
  return unique;
}
