/** `-l 'struct …'`: types of the kernel by name, and with `-v` as C defines them. */
import type { Btf } from '../../btf/btf.ts';
import { definitionInC } from '../../btf/format.ts';
import type { BtfKind } from '../../btf/types.ts';
import { matcher } from '../probes/wildcard.ts';

const TAGGED = /^\s*(struct|union|enum)\s+(\S.*?)\s*$/;

const kinds: Readonly<Record<string, readonly BtfKind[]>> = {
  struct: ['struct'],
  union: ['union'],
  enum: ['enum', 'enum64'],
};

export function isTypePattern(pattern: string): boolean {
  return TAGGED.test(pattern);
}

/**
 * The lines for the types that a pattern (`struct task_*`) matches, in the order of their names. Two types of one
 * name are both given, unless they are the same to the eye.
 */
export function listTypes(pattern: string, btf: Btf, verbose: boolean): string[] {
  const match = TAGGED.exec(pattern);
  if (!match) return [];
  const [, tag = '', names = ''] = match;
  const found: { readonly name: string; readonly id: number }[] = [];
  const fits = matcher(names);
  for (const kind of kinds[tag] ?? []) {
    for (let id = 1; id < btf.count; id++) {
      if (btf.kind(id) !== kind) continue;
      const name = btf.name(id);
      if (name !== '' && fits(name)) found.push({ name, id });
    }
  }
  found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id));
  const texts = new Set(
    found.map(({ name, id }) => (verbose ? `vmlinux: ${definitionInC(btf, id)}\n` : `${tag} ${name}`)),
  );
  return [...texts].flatMap((text) => text.split('\n'));
}
