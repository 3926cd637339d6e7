/** The arguments of a process as the kernel keeps them: one after the other, each ended by a NUL. */

/** The arguments as they were given: only the last one's own end is taken off. */
export function splitArguments(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return [];
  const list: Uint8Array[] = [];
  const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
  for (let at = 0; ; ) {
    const nul = bytes.indexOf(0, at);
    if (nul < 0 || nul >= end) {
      list.push(bytes.subarray(at, end));
      return list;
    }
    list.push(bytes.subarray(at, nul));
    at = nul + 1;
  }
}
