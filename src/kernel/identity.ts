/** Which build of which kernel runs: for the names of what is kept from one run to the next. */
import { readFileSync } from 'node:fs';
import { release, version } from 'node:os';

let found: string | undefined;

/** Release, version and build id: 53 bits of an FNV hash, since this only has to tell kernels apart. */
export function kernelIdentity(): string {
  found ??= identity();
  return found;
}

function identity(): string {
  let notes = '';
  try {
    notes = readFileSync('/sys/kernel/notes', 'latin1');
  } catch {
    // Release and version must do.
  }
  let [low, high] = [0x811c9dc5, 0x1000193];
  for (const character of `${release()} ${version()} ${notes}`) {
    low = Math.imul(low ^ character.charCodeAt(0), 0x01000193);
    high = Math.imul(high + low, 0x85ebca6b) ^ (high >>> 13);
  }
  return (low >>> 0).toString(16) + (high >>> 0).toString(16);
}
