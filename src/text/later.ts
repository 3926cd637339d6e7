/**
 * A value that is made at its first use and kept. For patterns with classes of Unicode: the sets of characters take
 * half a millisecond, in every start, and most runs see none that needs them.
 */
export function later<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
