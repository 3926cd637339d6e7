/** The launcher of the built package: its code cache is code, and only root's is run. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run } from '../support/command.ts';
import { projectRoot } from '../support/project.ts';

/** A name that no real installation has, so that /var/cache can be cleaned. */
const STEM = `bpfkit-test-${process.pid}`;
const SHARED = '/var/cache/bpfkit';
let stems = 0;

/** A copy of the built command line whose version reads `version` (five characters). */
function install(t: TestContext, version: string, stem = `${STEM}-${stems++}`): string {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-launcher-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
    if (!existsSync(SHARED)) return;
    for (const name of readdirSync(SHARED)) if (name.startsWith(STEM)) rmSync(join(SHARED, name));
    if (readdirSync(SHARED).length === 0) rmdirSync(SHARED);
  });
  const bundle = readFileSync(join(projectRoot, 'dist/cli.cjs'), 'latin1');
  const manifest = readFileSync(join(projectRoot, 'package.json'), 'utf8');
  const { version: packaged } = JSON.parse(manifest) as { version: string };
  const changed = bundle.replaceAll(`"${packaged}"`, `"${version}"`);
  assert.ok(changed.includes(`"${version}"`));
  writeFileSync(join(folder, 'cli.cjs'), changed, 'latin1');
  const launcher = readFileSync(join(projectRoot, 'dist/bpfkit.cjs'), 'latin1');
  writeFileSync(join(folder, 'bpfkit.cjs'), launcher.replace(/`bpfkit-[^`$]*-\$/, `\`${stem}-$`), 'latin1');
  return folder;
}

async function version(folder: string): Promise<string> {
  const { code, stdout } = await run(process.execPath, [join(folder, 'bpfkit.cjs'), '--version']);
  assert.equal(code, 0);
  return stdout.toString();
}

function cacheOf(folder: string): string {
  const names = readdirSync(join(folder, 'cache'));
  assert.equal(names.length, 1, names.join(' '));
  return join(folder, 'cache', names[0]!);
}

/**
 * A cache that another program of the same length left behind: V8 looks at the length only, so it would run. This
 * is what an attacker would plant.
 */
async function planted(t: TestContext): Promise<{ folder: string; cache: string }> {
  const stem = `${STEM}-${stems++}`;
  const other = install(t, '6.6.6', stem);
  assert.equal(await version(other), 'bpfkit 6.6.6\n');
  const folder = install(t, '1.2.3', stem);
  assert.equal(await version(folder), 'bpfkit 1.2.3\n');
  const cache = cacheOf(folder);
  copyFileSync(cacheOf(other), cache);
  return { folder, cache };
}

const isRoot = process.geteuid?.() === 0;
const forRoot = isRoot ? {} : { skip: 'needs root: only root makes a cache' };

test('the first run makes a cache that others cannot write', forRoot, async (t) => {
  const folder = install(t, '1.2.3');
  await version(folder);
  const stat = statSync(cacheOf(folder));
  assert.equal(stat.mode & 0o777, 0o644);
  assert.equal(statSync(join(folder, 'cache')).mode & 0o777, 0o755);
  assert.equal(await version(folder), 'bpfkit 1.2.3\n');
  assert.equal(statSync(cacheOf(folder)).mtimeMs, stat.mtimeMs, 'the second run uses it');
});

test('a cache of root is run: what the other tests prevent is real', forRoot, async (t) => {
  const { folder } = await planted(t);
  assert.equal(await version(folder), 'bpfkit 6.6.6\n');
});

test('a cache that others could have written is not run', forRoot, async (t) => {
  const spoil: Record<string, (cache: string, folder: string) => void> = {
    'writable by the group': (cache) => chmodSync(cache, 0o664),
    'writable by everybody': (cache) => chmodSync(cache, 0o646),
    "somebody else's": (cache) => chownSync(cache, 1000, 0),
    'a link': (cache, folder) => {
      renameSync(cache, join(folder, 'elsewhere'));
      symlinkSync(join(folder, 'elsewhere'), cache);
    },
    'in a folder that everybody can write': (cache) => chmodSync(join(cache, '..'), 0o777),
    "in somebody else's folder": (cache) => chownSync(join(cache, '..'), 1000, 0),
    'in a folder that is a link': (cache, folder) => {
      renameSync(join(cache, '..'), join(folder, 'elsewhere'));
      symlinkSync(join(folder, 'elsewhere'), join(folder, 'cache'));
    },
  };
  for (const [what, act] of Object.entries(spoil)) {
    const { folder, cache } = await planted(t);
    act(cache, folder);
    assert.equal(await version(folder), 'bpfkit 1.2.3\n', what);
    assert.equal(await version(folder), 'bpfkit 1.2.3\n', `${what}, the second time`);
  }
});

test('a damaged cache, a pipe or a folder in its place does no harm', forRoot, async (t) => {
  const folder = install(t, '1.2.3');
  await version(folder);
  const cache = cacheOf(folder);
  const good = readFileSync(cache);
  for (const bad of [Buffer.alloc(0), Buffer.alloc(4096, 0x41), good.subarray(0, good.length >> 1)]) {
    writeFileSync(cache, bad);
    assert.equal(await version(folder), 'bpfkit 1.2.3\n');
    assert.ok(statSync(cache).size > good.length / 2, 'it was made anew');
  }
  rmSync(cache);
  mkdirSync(cache);
  assert.equal(await version(folder), 'bpfkit 1.2.3\n');
});

test('no cache is made by a run that failed', forRoot, async (t) => {
  const folder = install(t, '1.2.3');
  const { code } = await run(process.execPath, [join(folder, 'bpfkit.cjs'), 'tre']);
  assert.equal(code, 2);
  assert.ok(!existsSync(join(folder, 'cache')));
});

test('without a cache and without the right to make one, everything works', async (t) => {
  const folder = install(t, '1.2.3');
  writeFileSync(join(folder, 'cache'), 'in the way');
  assert.equal(await version(folder), 'bpfkit 1.2.3\n');
});
