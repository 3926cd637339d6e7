/**
 * Which types a header declares for the events of a package: its structs, and typedefs of structs without a name. The
 * header is read as tokens, so comments and attributes may stand anywhere and mean nothing.
 *
 * Differs from the original, which searches the text for `struct NAME {`: that finds structs in comments, and misses
 * those with anything between their name and the brace.
 */
import { tokens } from './annotations.ts';

export interface EventTypes {
  readonly structs: ReadonlySet<string>;
  readonly typedefs: ReadonlySet<string>;
}

export function eventTypesOf(header: string): EventTypes {
  const words = [...tokens(header)].flatMap(({ kind, text }) => (kind === 'comment' ? [] : [text]));
  const structs = new Set<string>();
  const typedefs = new Set<string>();
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== 'struct') continue;
    let at = afterAttributes(words, i + 1);
    const name = /^[A-Za-z_]\w*$/.test(words[at] ?? '') ? words[at++] : undefined;
    at = afterAttributes(words, at);
    if (words[at] !== '{') continue;
    if (name !== undefined) structs.add(name);
    else if (words[i - 1] === 'typedef') {
      const alias = afterAttributes(words, closing(words, at) + 1);
      if (/^[A-Za-z_]\w*$/.test(words[alias] ?? '')) typedefs.add(words[alias]!);
    }
  }
  return { structs, typedefs };
}

/** Past `__attribute__((…))`, `alignas(…)` and words that stand for attributes. */
function afterAttributes(words: readonly string[], start: number): number {
  let at = start;
  while (/^(?:__attribute(?:__)?|_?[Aa]lignas|__packed|__aligned)$/.test(words[at] ?? '')) {
    at++;
    if (words[at] === '(') at = closing(words, at) + 1;
  }
  return at;
}

/** Where the bracket that opens here is closed; the end where it is not. */
function closing(words: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at < words.length; at++) {
    if (/^[({[]$/.test(words[at]!)) depth++;
    else if (/^[)}\]]$/.test(words[at]!) && --depth === 0) return at;
  }
  return words.length;
}
