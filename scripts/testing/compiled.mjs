/** Compiles sources and tests to plain JavaScript, as they run on a machine with nothing but Node. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './paths.mjs';

/** Tests need no `.d.ts`, and without them compiling takes half the time. */
const NO_DECLARATIONS = ['--declaration', 'false', '--isolatedDeclarations', 'false'];

/**
 * Each run compiles into a directory of its own, so that two runs do not disturb each other.
 * @returns {{ folder: string, errors: string, remove: () => void }} `errors`: what the compiler complained of
 */
export function compile() {
  const parent = join(root, '.build');
  mkdirSync(parent, { recursive: true });
  for (const old of readdirSync(parent)) {
    const owner = /^run-(\d+)$/.exec(old)?.[1];
    if (owner && !existsSync(`/proc/${owner}`)) rmSync(join(parent, old), { recursive: true, force: true });
  }
  const folder = join(parent, `run-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  const ran = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', root, '--outDir', folder, ...NO_DECLARATIONS],
    { cwd: root, encoding: 'utf8' },
  );
  if (ran.error) throw new Error(`tsc did not run: ${ran.error.message}`);
  if (!existsSync(folder)) throw new Error(`tsc wrote nothing:\n${ran.stdout}${ran.stderr}`);
  return {
    folder,
    errors: ran.status === 0 ? '' : `${ran.stdout}${ran.stderr}`.trim(),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * Builds the programs that tests observe into the folder of the compiled tests, so that guests get them too.
 * Returns what went wrong, or ''.
 * @param {string} folder
 */
export async function buildTestPrograms(folder) {
  try {
    const into = join(folder, 'test/programs');
    mkdirSync(into, { recursive: true });
    const { buildPrograms } = await import(join(folder, 'test/support/programs.js'));
    buildPrograms(join(root, 'test/programs'), into);
    return '';
  } catch (error) {
    return `the test programs were not built: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Builds dist/, the package as users get it. Returns what went wrong, or ''. */
export function buildPackage() {
  const ran = spawnSync('npm', ['--silent', 'run', 'build'], { cwd: root, encoding: 'utf8' });
  return ran.status === 0
    ? ''
    : `npm run build failed:\n${ran.error?.message ?? `${ran.stdout}${ran.stderr}`}`;
}

/** @typedef {'pure' | 'kernel' | 'guest' | 'cli'} Kind */

/**
 * What a test needs, by its name: `x.kernel.test.ts` a kernel; below test/guest the built package on each guest;
 * below test/cli and test/trace the built package and this machine; the rest nothing.
 * @param {string} file relative to the project @returns {Kind}
 */
export function kindOf(file) {
  if (file.startsWith('test/guest/')) return 'guest';
  if (file.startsWith('test/cli/') || file.startsWith('test/trace/')) return 'cli';
  return /\.kernel\.test\.[jt]s$/.test(file) ? 'kernel' : 'pure';
}

/** All compiled tests of a kind, relative to `folder`, sorted. @param {string} folder @param {Kind} kind */
export function testsOf(folder, kind) {
  const found = [];
  for (const part of ['src', 'test']) {
    const start = join(folder, part);
    if (!existsSync(start)) continue;
    for (const entry of readdirSync(start, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && entry.name.endsWith('.test.js')) {
        found.push(relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
      }
    }
  }
  return found.filter((file) => kindOf(file) === kind).sort();
}
