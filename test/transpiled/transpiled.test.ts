/** Whatever translates a program before it runs, the same instructions come out. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build, type TransformOptions, transform } from 'esbuild';
import * as bpfkit from '../../src/index.ts';
import { fixedKernel } from '../support/fixed-kernel.ts';
import { type define, listing, refusalOf } from '../support/kernel-program.ts';
import { projectRoot } from '../support/project.ts';
import asItStands from './program.ts';

type Make = (lib: typeof bpfkit) => unknown;
type Compilable = ReturnType<typeof define>;

const source = join(projectRoot, 'test/transpiled/program.ts');
const written = readFileSync(source, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'bpfkit-transpiled-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function instructions(make: Make): string {
  return listing((make(bpfkit) as Compilable).compile({}, fixedKernel));
}

async function load(name: string, code: string): Promise<Make> {
  const file = join(folder, name);
  writeFileSync(file, code);
  const { default: made } = (await import(pathToFileURL(file).href)) as { default: Make | { default: Make } };
  return typeof made === 'function' ? made : made.default;
}

/** `code` without types and otherwise as written, which is what Node itself makes of it. */
async function esbuilt(options: TransformOptions): Promise<string> {
  return (await transform(written, { loader: 'ts', target: 'es2022', ...options })).code;
}

const expected = instructions(asItStands);

test('the program has three probes, each with code', () => {
  assert.equal(expected.match(/^\w+:$/gm)?.length, 3);
  assert.ok(expected.split('\n').length > 150);
});

const variants: Readonly<Record<string, TransformOptions>> = {
  'esbuild, as is': {},
  'esbuild with keepNames, as tsx does': { keepNames: true, sourcemap: 'inline' },
  'esbuild with minified whitespace': { minifyWhitespace: true },
  'esbuild with minified whitespace and names': { minifyWhitespace: true, minifyIdentifiers: true },
  'esbuild to CommonJS': { format: 'cjs', platform: 'node' },
};

for (const [title, options] of Object.entries(variants)) {
  test(`${title}: the same program`, async () => {
    const extension = options.format === 'cjs' ? 'cjs' : 'mjs';
    const make = await load(`${title.replace(/\W+/g, '-')}.${extension}`, await esbuilt(options));
    assert.equal(instructions(make), expected);
  });
}

test('a bundle: the same program', async () => {
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'silent',
  });
  assert.equal(instructions(await load('bundle.mjs', outputFiles[0].text)), expected);
});

test('tsc to ES2022 and to CommonJS: the same program', async () => {
  for (const [module, extension] of [
    ['es2022', 'mjs'],
    ['commonjs', 'cjs'],
  ]) {
    const out = join(folder, module);
    const words = ['--target', 'es2022', '--module', module, '--outDir', out, '--noCheck', '--ignoreConfig'];
    const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
    const ran = spawnSync(
      process.execPath,
      [
        compiler,
        source,
        ...words,
        '--moduleResolution',
        'bundler',
        '--allowImportingTsExtensions',
        '--noResolve',
        '--rewriteRelativeImportExtensions',
      ],
      { encoding: 'utf8' },
    );
    const code = readFileSync(join(out, 'program.js'), 'utf8');
    assert.equal(instructions(await load(`tsc.${extension}`, code)), expected, ran.stdout);
  }
});

test('imports as vitest rewrites them: the same program', async () => {
  const plain = await esbuilt({});
  const rewritten = plain
    .replaceAll(/\blib\.(\w+)\(/g, '(0,__vite_ssr_import_0__.$1)(')
    .replaceAll(/\blib\./g, '__vite_ssr_import_0__.')
    .replace('(lib)', '(__vite_ssr_import_0__)');
  assert.match(rewritten, /\(0,__vite_ssr_import_0__\.defineProgram\)\(/);
  assert.equal(instructions(await load('vite.mjs', rewritten)), expected);
});

test('calls of a function as `(0, k.f)(x)`: the same program', async () => {
  const rewritten = (await esbuilt({})).replaceAll(/\bk\.(fold|twice)\(/g, '(0, k.$1)(');
  assert.equal(instructions(await load('sequence.mjs', rewritten)), expected);
});

test('a program minified in full compiles too, though its shape may differ', async () => {
  const make = await load('minified.mjs', await esbuilt({ minify: true }));
  assert.ok(instructions(make).length > 0);
});

test('the place of a mistake is in the file that was written, by a source map', async () => {
  const broken = written.replace('.cpus[i]!', '.cups[i]!');
  const typescript = join(folder, 'broken.ts');
  writeFileSync(typescript, broken);
  const { code } = await transform(broken, {
    loader: 'ts',
    sourcemap: 'inline',
    sourcefile: typescript,
    minifyWhitespace: true,
    keepNames: true,
  });
  const make = await load('broken.mjs', code);
  const { error, marked } = refusalOf(() => instructions(make));
  assert.equal(error.code, 'unknown-field');
  assert.equal(error.position?.file, typescript);
  assert.equal(error.position?.line, broken.slice(0, broken.indexOf('cups')).split('\n').length);
  assert.equal(marked, 'cups');
});

test('the place of a mistake is in the file that was written, by its tokens, where no file holds what runs', async () => {
  const broken = written.replace('.cpus[i]!', '.cups[i]!');
  const file = join(folder, 'in-memory.mjs');
  writeFileSync(
    file,
    await esbuilt({ minifyWhitespace: true }).then((code) => code.replace('.cpus[', '.cups[')),
  );
  const { default: make } = (await import(pathToFileURL(file).href)) as { default: Make };
  const program = make(bpfkit) as Compilable;
  writeFileSync(file, broken);
  const { error, marked } = refusalOf(() => program.compile({}, fixedKernel));
  assert.equal(error.position?.file, file);
  assert.equal(error.position?.line, broken.slice(0, broken.indexOf('cups')).split('\n').length);
  assert.equal(marked, 'cups');
});
