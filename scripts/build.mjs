/**
 * Builds dist/: the library as ES modules with declarations, and the command line as one CommonJS bundle behind a
 * launcher that keeps V8's code cache (launcher.cjs).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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

/** What each entry point exports, as esbuild sees it. */
async function exportsOf() {
  const { metafile } = await build({
    ...common,
    entryPoints: entryPoints(),
    outdir: dist,
    format: 'esm',
    write: false,
  });
  const outputs = Object.values(metafile.outputs);
  return new Map(
    entryPoints().map((entry) => [entry, outputs.find(({ entryPoint }) => entryPoint === entry.in).exports]),
  );
}

/**
 * The library is one CommonJS bundle, so that it can be run with a code cache (library.cjs) and so that all
 * entry points share their state; each entry point is an ES module that hands its names on.
 */
async function buildLibrary() {
  const names = await exportsOf();
  const contents = entryPoints()
    .map((entry, i) => `export * as e${i} from './${entry.in}';`)
    .join('\n');
  const { metafile, outputFiles } = await build({
    ...bundled,
    stdin: { contents, resolveDir: root, sourcefile: 'library.ts' },
    outfile: join(dist, 'bundle.cjs'),
  });
  const hash = writeBundle('bundle.cjs', outputFiles[0].text);
  await buildLauncher('library.cjs', 'library.cjs', `library-${pkg.version}-${hash}`);
  for (const [i, { out }] of entryPoints().entries()) {
    const depth = out.split('/').length - 1;
    const list = [...names.values()][i];
    const code = [
      `import { createRequire } from 'node:module';`,
      `const { ${list.join(', ')} } = createRequire(import.meta.url)('./${'../'.repeat(depth)}library.cjs').e${i};`,
      `export { ${list.join(', ')} };`,
    ];
    mkdirSync(dirname(join(dist, out)), { recursive: true });
    writeFileSync(join(dist, `${out}.js`), `${code.join('\n')}\n`);
  }
  return metafile;
}

/** @type {import('esbuild').BuildOptions} */
const bundled = {
  ...common,
  format: 'cjs',
  write: false,
  // In the bundle __filename says where the code is, and native.ts looks at it.
  define: { 'import.meta.url': 'undefined' },
};

/** Writes a bundle as a function of module, require and __filename, so that these are its launcher's; gives its hash. */
function writeBundle(name, bundle) {
  // Node shows the line of an uncaught error, so the library keeps its lines, and with them the comments
  // of bundled packages, which are not all ASCII.
  const ascii = bundle.replace(/^\s*(?:\/\/|\/?\*).*$/gm, (comment) => comment.replace(/[^\x00-\x7f]/g, '-'));
  const text = `(function (module, require, __filename) {${ascii}\n})`;
  if (/[^\x00-\x7f]/.test(text)) throw new Error(`${name} must be ASCII`);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  writeFileSync(join(dist, name), text.replaceAll('@BUILD@', hash));
  return hash;
}

async function buildLauncher(from, to, stem, more = {}) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [`scripts/${from}`],
    outfile: join(dist, to),
    format: 'cjs',
    write: false,
  });
  let text = outputFiles[0].text.replace('@STEM@', stem);
  for (const [mark, value] of Object.entries(more)) text = text.replace(`"${mark}"`, value);
  writeFileSync(join(dist, to), text);
}

/**
 * Modules of Node that take a millisecond to load and that most runs never use (commander requires child_process
 * for commands that are programs of their own): loaded at the first use of a name of theirs.
 * @type {import('esbuild').Plugin}
 */
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(?:child_process|crypto|net|zlib)$/ }, ({ path }) => ({
      path: path.slice('node:'.length),
      namespace: 'lazy',
    }));
    onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
      contents: Object.keys(process.getBuiltinModule(path))
        .map(
          (name) =>
            `Object.defineProperty(exports, '${name}', { enumerable: true, get: () => load().${name} });`,
        )
        .concat(`const load = () => process.getBuiltinModule('${path}');`)
        .join('\n'),
    }));
  },
};

/**
 * acorn reads kernel programs, which a kept one has behind it: its tables are made at the first use.
 * @type {import('esbuild').Plugin}
 */
const lazyAcorn = {
  name: 'lazy-acorn',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^acorn$/ }, ({ namespace }) =>
      namespace === 'lazy-package' ? undefined : { path: 'acorn', namespace: 'lazy-package' },
    );
    onLoad({ filter: /.*/, namespace: 'lazy-package' }, ({ path }) => ({
      contents: `exports.parse = (...given) => require('${path}').parse(...given);`,
      resolveDir: root,
    }));
  },
};

/**
 * Debug information is for probes of programs that have some: what others import of src/dwarf is loaded at its first use.
 * @type {import('esbuild').Plugin}
 */
const lazyDwarf = {
  name: 'lazy-dwarf',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/dwarf\/[\w-]+\.ts$/ }, ({ path, resolveDir, namespace }) =>
      namespace === 'file' ? { path: join(resolveDir, path), namespace: 'lazy-source' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lazy-source' }, ({ path }) => ({
      contents: valuesOf(path)
        .map(
          (name) =>
            `Object.defineProperty(exports, '${name}', { enumerable: true, get: () => load().${name} });`,
        )
        .concat(`const load = () => require(${JSON.stringify(path)});`)
        .join('\n'),
      resolveDir: dirname(path),
    }));
  },
};

/** The names that a module of ours exports, without types; those of other modules would be missed. */
function valuesOf(path) {
  const text = readFileSync(path, 'utf8');
  if (/^export (?:\{|\*)/m.test(text)) throw new Error(`${path} exports names of other modules`);
  return [...text.matchAll(/^export (?:async )?(?:function\*?|class|const) (\w+)/gm)].map(([, name]) => name);
}

/**
 * The command line is several bundles, each a whole command line without the bodies of the others' commands: reading,
 * checking and deserialising what a command never uses would cost each start milliseconds and megabytes. The
 * launcher picks by the first word.
 */
const bundlesOfCommands = {
  trace: ['trace'],
  objects: ['build', 'run', 'inspect', 'pull', 'push', 'gen', 'list', 'show'],
};

/** The names of each command that is not in cli.cjs, aliases too, with its bundle. */
async function commandBundles() {
  const { outputFiles } = await build({
    ...bundled,
    entryPoints: ['src/cli/table.ts'],
    outfile: join(dist, 'table.cjs'),
    plugins: [elsewhere(() => false)],
  });
  const module = { exports: {} };
  new Function('module', 'require', outputFiles[0].text)(module, createRequire(import.meta.url));
  const found = {};
  for (const { name, aliases = [] } of module.exports.commands) {
    const bundle = Object.keys(bundlesOfCommands).find((one) => bundlesOfCommands[one].includes(name));
    for (const word of bundle === undefined ? [] : [name, ...aliases]) found[word] = bundle;
  }
  return found;
}

/**
 * Leaves out the bodies of commands that are not wanted.
 * @param {(name: string) => boolean} wanted
 * @returns {import('esbuild').Plugin}
 */
function elsewhere(wanted) {
  return {
    name: 'elsewhere',
    setup({ onResolve, onLoad, onEnd }) {
      let left = 0;
      onEnd(() => {
        if (left === 0)
          throw new Error('no command was left out of a bundle: their imports are not where they were');
      });
      onResolve({ filter: /^\.\.?\/commands\// }, ({ path, importer }) => {
        const name = /^\.\.?\/commands\/([\w-]+)\.ts$/.exec(path)?.[1];
        if (!/\/src\/cli\/(?:table\/[\w-]+|main)\.ts$/.test(importer) || name === undefined || wanted(name))
          return undefined;
        left++;
        return { path: name, namespace: 'elsewhere' };
      });
      onLoad({ filter: /.*/, namespace: 'elsewhere' }, ({ path }) => ({
        contents: `export function run() { throw new Error('${path} is in another bundle'); }`,
      }));
    },
  };
}

async function buildCli() {
  const words = await commandBundles();
  const others = new Set(Object.values(bundlesOfCommands).flat());
  const metafiles = [];
  const hashes = [];
  for (const [name, wanted] of [
    ['cli', (command) => !others.has(command)],
    ...Object.entries(bundlesOfCommands).map(([one, list]) => [
      `cli-${one}`,
      (command) => list.includes(command),
    ]),
  ]) {
    const { metafile, outputFiles } = await build({
      ...bundled,
      entryPoints: ['src/cli/main.ts'],
      outfile: join(dist, `${name}.cjs`),
      plugins: [lazyBuiltins, lazyAcorn, lazyDwarf, elsewhere(wanted)],
      // Nobody sees this text: errors of the command line are sentences.
      minifyWhitespace: true,
      minifyIdentifiers: true,
    });
    hashes.push(writeBundle(`${name}.cjs`, outputFiles[0].text));
    metafiles.push(metafile);
  }
  const hash = createHash('sha256').update(hashes.join()).digest('hex').slice(0, 16);
  await buildLauncher('launcher.cjs', 'bpfkit.cjs', `bpfkit-${pkg.version}-${hash}`, {
    '@BUNDLES@': JSON.stringify(words).replaceAll('"', "'"),
  });
  chmodSync(join(dist, 'bpfkit.cjs'), 0o755);
  return metafiles;
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
const [library, cli] = await Promise.all([buildLibrary(), buildCli()]);
buildDeclarations();
writeFileSync(join(dist, 'THIRD_PARTY.txt'), thirdPartyNotice(bundledPackages(library, ...cli)));
spawnSync(process.execPath, [join(root, 'scripts/warm.mjs')], { stdio: 'inherit' });
