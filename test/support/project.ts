/** Where the project is, from wherever a compiled test runs: in a build directory here, in /bpfkit in a guest. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const projectRoot: string = findRoot(import.meta.dirname);

/** A file that tests read and that is not compiled: `test/fixtures/NAME`. */
export function fixture(name: string): string {
  return join(projectRoot, 'test/fixtures', name);
}

function findRoot(start: string): string {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw new Error(`no package.json above ${start}`);
}
