/**
 * Names that someone may have meant: the nearest by edits (a changed, missing, extra or swapped letter).
 *
 * At most a third of the letters may differ, and never more than three. Nearest first, then shorter, then by
 * alphabet; at most `limit` (default 3).
 */
export function nearestNames(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const most = Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  const found = new Map<string, number>();
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > most || found.has(candidate)) continue;
    const distance = editDistance(name, candidate, most);
    if (distance <= most) found.set(candidate, distance);
  }
  return [...found]
    .sort(([a, x], [b, y]) => x - y || a.length - b.length || (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([candidate]) => candidate);
}

/** Optimal string alignment distance, or any number above `most` as soon as it must be above. */
export function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped =
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1);
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
      if (cost < least) least = cost;
    }
    if (least > most) return most + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
