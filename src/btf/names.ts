import type { Strings } from './strings.ts';
import { hashOfName, isLatin1 } from './strings.ts';
import type { TypeId } from './types.ts';

/**
 * The name of a type without its CO-RE flavour: `task_struct___v6` is `task_struct` to the kernel.
 *
 * A flavour begins at the last `___` that has another character than `_` on both sides, as in libbpf, with whose
 * headers objects are built. Others cut elsewhere: `a____b` has no flavour here.
 */
export function essentialName(name: string): string {
  const match = /^(.*[^_])___[^_]/s.exec(name);
  return match?.[1] ?? name;
}

export interface NamedRecords {
  /** Where each record begins among `words`; its first word is the offset of its name. */
  readonly starts: Uint32Array;
  readonly words: Uint32Array;
  readonly strings: Strings;
  readonly firstId: TypeId;
}

function hashesOfNames({ starts, words, strings }: NamedRecords): Uint32Array {
  const names = new Uint32Array(starts.length);
  for (let i = 0; i < names.length; i++) names[i] = words[starts[i]!]!;
  return strings.hashes(names);
}

/**
 * From names to type ids.
 *
 * The first look-up hashes the names of all types into one array (about 6 ms for a kernel's 126,000 in a process
 * that has just started); each look-up is then a native search of that array, 0.05 ms, and is remembered. A hash
 * table would cost twice as much to fill and repay it only after hundreds of different names.
 */
export class NameLookup {
  readonly #records: NamedRecords;
  readonly #found = new Map<string, readonly TypeId[]>();
  #hashes: Uint32Array | undefined;

  constructor(records: NamedRecords, hashes?: Uint32Array) {
    this.#records = records;
    this.#hashes = hashes;
  }

  /** `hashOfName` of each type's name. */
  hashes(): Uint32Array {
    return (this.#hashes ??= hashesOfNames(this.#records));
  }

  /** Ids of the types of that name, ascending; not those of a base. */
  ids(name: string): readonly TypeId[] {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    if (name === '' || name.includes('\0') || !isLatin1(name)) return [];
    const { starts, words, strings, firstId } = this.#records;
    const hashes = this.hashes();
    const hash = hashOfName(name);
    const ids: TypeId[] = [];
    for (let i = hashes.indexOf(hash); i >= 0; i = hashes.indexOf(hash, i + 1)) {
      if (strings.equals(words[starts[i]!]!, name)) ids.push(firstId + i);
    }
    // Names that do not exist are not remembered: there is no end of them.
    if (ids.length > 0) this.#found.set(name, ids);
    return ids;
  }
}
