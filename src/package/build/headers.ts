/** Where bpfkit's own C headers are: `include/` of the package, wherever the code that runs was put. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PackageError } from '../errors.ts';

/** Throws PackageError `notFound` where the package is not whole. */
export function headerFolder(): string {
  // In a CommonJS bundle import.meta.url is undefined and __filename is there; in ESM the reverse.
  const here = import.meta.url ? fileURLToPath(import.meta.url) : __filename;
  for (let folder = dirname(here); ; folder = dirname(folder)) {
    const include = join(folder, 'include');
    if (existsSync(join(include, 'bpf', 'bpf_helpers.h'))) return include;
    if (folder === dirname(folder)) break;
  }
  throw new PackageError(
    'notFound',
    `the folder include/ of bpfkit is missing (looked above ${dirname(here)})`,
  );
}
