/**
 * Wildcards of attach points. Only `*` stands for anything; a pair of brackets also makes a text a pattern, but
 * each of them then only matches itself.
 */

export function isPattern(text: string): boolean {
  return text.includes('*') || (text.includes('[') && text.includes(']'));
}

/** Makes a test for whole names. Takes time in proportion to the name, whatever the pattern. */
export function matcher(pattern: string): (name: string) => boolean {
  const pieces = pattern.split('*');
  if (pieces.length === 1) return (name) => name === pattern;
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  const middle = pieces.slice(1, -1).filter((piece) => piece !== '');
  return (name) => {
    if (name.length < first.length + last.length) return false;
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    // Each piece at the first place where it fits: a later place never leaves more room for the others.
    let at = first.length;
    const end = name.length - last.length;
    for (const piece of middle) {
      const found = name.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}
