/**
 * Builds the packages of examples/c/ and test/package/ into .build/packages/NAME/package.json, for tests here and in guests, which have
 * no clang. What is there and newer than everything that it was made from stays.
 *
 *     node scripts/testing/examples.mjs
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';

const sources = ['examples/c', 'test/package'].map((folder) => join(root, folder));
const packages = join(root, '.build/packages');
/** What a package is made from, besides its sources. */
const makers = ['include/bpf', 'src/package/build', 'src/btf', 'src/elf'];

/** @param {string} folder */
function newest(folder) {
  return Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs));
}

/** @returns {{ folder: string, name: string }[]} */
function allSources() {
  return sources.flatMap((folder) =>
    readdirSync(folder).flatMap((file) => {
      const name = /^(.+)\.bpf\.c$/.exec(file)?.[1];
      return name === undefined ? [] : { folder, name };
    }),
  );
}

/** @type {Promise<void> | undefined} */
let building;

/** Throws with what clang says. Needs dist/. Two guests that are made at once wait for one building. */
export function buildExamples() {
  building ??= build();
  return building;
}

async function build() {
  const made = Math.max(...[...sources, ...makers.map((folder) => join(root, folder))].map(newest));
  const path = (/** @type {string} */ name) => join(packages, name, 'package.json');
  const isStale = (/** @type {string} */ file) => !existsSync(file) || statSync(file).mtimeMs < made;
  const stale = allSources().filter(({ name }) => isStale(path(name)));
  if (stale.length === 0) return;
  const dist = (/** @type {string} */ name) => import(join(root, 'dist', name, 'index.js'));
  const { buildPackage, findClang, headerFolder, writePackage } = await dist('package');
  const { Btf } = await dist('btf');
  const types = Btf.parse(readFileSync('/sys/kernel/btf/vmlinux'));
  const clang = findClang(undefined, process.env);
  for (const { folder, name } of stale) {
    const header = join(folder, `${name}.h`);
    const built = buildPackage(join(folder, `${name}.bpf.c`), {
      clang,
      environment: process.env,
      kernelTypes: () => types,
      headers: headerFolder(),
      ...(existsSync(header) ? { header } : {}),
    });
    mkdirSync(join(packages, name), { recursive: true });
    const unfinished = `${path(name)}.${process.pid}`;
    writeFileSync(unfinished, writePackage(built));
    renameSync(unfinished, path(name));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildExamples();
