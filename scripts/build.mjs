/**
 * Builds dist/: the library as ES modules with declarations, and the command line as one CommonJS bundle behind a
 * launcher that keeps V8's code cache (launcher.cjs).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  charset: 'ascii',
  external: ['koffi', '@koromix/*'],
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

/** `./tree` of the exports is made from src/tree/index.ts. */
function entryPoints() {
  const names = Object.keys(pkg.exports).filter((name) => name !== './package.json');
  return names.map((name) => {
    const path = name.slice(1);
    return { in: `src${path}/index.ts`, out: path === '' ? 'index' : `${path.slice(1)}/index` };
  });
}

/** The packages whose code is inside a bundle. */
function bundledPackages(...metafiles) {
  const names = new Set();
  for (const input of metafiles.flatMap((meta) => Object.keys(meta.inputs))) {
    const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (name !== undefined) names.add(name);
  }
  return [...names].sort();
}

/** Names, versions and licence texts of what the bundles contain. */
function thirdPartyNotice(names) {
  const parts = names.map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE'].find((one) =>
      existsSync(join(folder, one)),
    );
    if (file === undefined) throw new Error(`no licence text in ${relative(root, folder)}`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  const head = 'This package contains code of the following packages.\n';
  return `${[head, ...parts].join(`\n${'-'.repeat(80)}\n\n`)}`;
}

async function buildLibrary() {
  const { metafile } = await build({
    ...common,
    entryPoints: entryPoints(),
    outdir: dist,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  });
  return metafile;
}

/**
 * commander requires child_process at load, for commands that are programs of their own; bpfkit has none, and
 * loading it would cost each start more than a millisecond.
 * @type {import('esbuild').Plugin}
 */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/node_modules/commander/')
        ? { path: 'child_process', namespace: 'lazy' }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({
      contents: "exports.spawn = (...words) => require('node:child_process').spawn(...words);",
    }));
  },
};

async function buildCli() {
  const { metafile, outputFiles } = await build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    outfile: join(dist, 'cli.cjs'),
    format: 'cjs',
    plugins: [lazyChildProcess],
    write: false,
    // Comments of bundled packages are not all ASCII, and the text is only read by V8.
    minifyWhitespace: true,
    // In the bundle __filename says where the code is, and native.ts looks at it.
    define: { 'import.meta.url': 'undefined' },
  });
  // The launcher calls the file as a function, so that `require` is its own.
  const text = `(function (module, require, __filename) {${outputFiles[0].text}\n})`;
  if (/[^\x00-\x7f]/.test(text)) throw new Error('the bundle must be ASCII');
  writeFileSync(join(dist, 'cli.cjs'), text);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const launcher = readFileSync(join(root, 'scripts/launcher.cjs'), 'utf8');
  const path = join(dist, 'bpfkit.cjs');
  writeFileSync(path, launcher.replace('@STEM@', `bpfkit-${pkg.version}-${hash}`));
  chmodSync(path, 0o755);
  return metafile;
}

/** Declarations of what the entry points reach. Checking types is `npm run check`'s work, not done twice. */
function buildDeclarations() {
  const folder = join(root, '.build');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, `tsconfig.${process.pid}.json`);
  const files = entryPoints().map((entry) => join(root, entry.in));
  writeFileSync(config, JSON.stringify({ extends: '../tsconfig.build.json', files }));
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const ran = spawnSync(process.execPath, [compiler, '-p', config], { cwd: root, encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`making declarations failed:\n${ran.stdout}${ran.stderr}`);
  } finally {
    rmSync(config);
  }
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { mode: 0o755 });
const metafiles = await Promise.all([buildLibrary(), buildCli()]);
buildDeclarations();
writeFileSync(join(dist, 'THIRD_PARTY.txt'), thirdPartyNotice(bundledPackages(...metafiles)));
