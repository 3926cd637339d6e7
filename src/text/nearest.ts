/** The names that a mistyped name probably meant. */

/** More edits than this and the name is another word. */
function allowedEdits(length: number): number {
  return length <= 2 ? 1 : length <= 5 ? 2 : 3;
}

/**
 * Edits between two words: insert, delete, replace, or swap two neighbours, each once (optimal string
 * alignment). Gives up above `limit` and answers limit + 1.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, beforeLast[j - 2]! + 1);
      }
      row.push(edits);
      least = Math.min(least, edits);
    }
    if (least > limit) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** Up to `count` of the known names, nearest first, equals in their given order; case counts little. */
export function nearestNames(name: string, known: Iterable<string>, count = 3): string[] {
  const wanted = name.trim().toLowerCase();
  const limit = allowedEdits(wanted.length);
  const found: { readonly name: string; readonly edits: number }[] = [];
  for (const candidate of known) {
    const edits = editDistance(wanted, candidate.toLowerCase(), limit);
    if (edits <= limit && edits < candidate.length) found.push({ name: candidate, edits });
  }
  return found
    .sort((a, b) => a.edits - b.edits)
    .slice(0, count)
    .map((entry) => entry.name);
}

/** `did you mean a, b or c?`: how near names are offered; undefined where there are none. */
export function didYouMean(names: readonly string[]): string | undefined {
  const last = names.at(-1);
  if (last === undefined) return undefined;
  const before = names.slice(0, -1).join(', ');
  return `did you mean ${before === '' ? '' : `${before} or `}${last}?`;
}
