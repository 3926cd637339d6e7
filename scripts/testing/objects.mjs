/**
 * Compiles the C fixtures of test/object/ into .build/objects/: by each clang that is installed, and once for the
 * other byte order. What is there and newer than its source stays.
 *
 *     node scripts/testing/objects.mjs [NAME...]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';

const sources = join(root, 'test/object');
const objects = join(root, '.build/objects');

/** Headers of libc for the architecture, which clang looks for only when it compiles for the host. */
const multiarch = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch] ?? '';

/** Every clang in PATH's usual place: `clang`, `clang-14`, ... */
export function clangs() {
  return readdirSync('/usr/bin')
    .filter((name) => /^clang(-\d+)?$/.test(name))
    .sort();
}

/** `target.h` beside `a.bpf.c` counts for it as well. */
function isFresh(/** @type {string} */ output) {
  if (!existsSync(output)) return false;
  const made = statSync(output).mtimeMs;
  return readdirSync(sources).every((name) => statSync(join(sources, name)).mtimeMs < made);
}

/**
 * Compiles one source. Returns the object's path; throws with what clang says.
 * @param {string} name without `.bpf.c`
 * @param {{ clang?: string, bigEndian?: boolean }} [options]
 */
export function compileObject(name, { clang = 'clang', bigEndian = false } = {}) {
  const folder = join(objects, bigEndian ? `${clang}-eb` : clang);
  const output = join(folder, `${name}.bpf.o`);
  if (isFresh(output)) return output;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${output}.${process.pid}`;
  const arch = { x64: 'x86', arm64: 'arm64' }[process.arch] ?? process.arch;
  const ran = spawnSync(
    clang,
    [
      ...['-O2', '-g', '-Wall', '-Werror', '-mcpu=v3', `-D__TARGET_ARCH_${arch}`],
      ...['-target', bigEndian ? 'bpfeb' : 'bpfel', '-I', `/usr/include/${multiarch}`],
      ...['-c', join(sources, `${name}.bpf.c`), '-o', unfinished],
    ],
    { encoding: 'utf8' },
  );
  if (ran.status !== 0) throw new Error(`${clang} ${name}.bpf.c: ${ran.error?.message ?? ran.stderr}`);
  renameSync(unfinished, output);
  return output;
}

/** All sources, by the clang that tests use unless they say otherwise. @param {readonly string[]} [names] */
export function compileObjects(names) {
  const all = readdirSync(sources)
    .filter((name) => name.endsWith('.bpf.c'))
    .map((name) => name.slice(0, -'.bpf.c'.length));
  return (names ?? all).map((name) => compileObject(name));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2);
  compileObjects(names.length > 0 ? names : undefined);
}
