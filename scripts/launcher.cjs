#!/usr/bin/env node
// Runs the bundle that has the command with V8's code cache, which saves most of the time that a start takes. The cache is made
// after a run that succeeded, so that it holds what that command compiled; V8 refuses what does not fit.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');
const { rootCache } = require('../src/sys/root-cache.ts');

const words = process.argv.slice(2);
const first = words.find((word) => /^[a-z_]{1,16}$/.test(word));
const command = words.some((word) => word === '-h' || word === '--help') ? 'help' : first;
/** Written by the build: commands, by name and alias, whose bodies are not in cli.cjs. */
const bundles = '@BUNDLES@';
const other = first !== undefined && Object.hasOwn(bundles, first) ? bundles[first] : undefined;
const name = other === undefined ? 'cli' : `cli-${other}`;
const cacheName = `@STEM@-${process.version}-${process.arch}-${name}-${command ?? 'none'}.bin`;
const cache = rootCache(__dirname);

const file = join(__dirname, `${name}.cjs`);
const source = readFileSync(file, 'latin1'); // The bundle is ASCII.
const cachedData = cache.read(cacheName);
const script = new Script(
  source,
  cachedData === undefined ? { filename: file } : { filename: file, cachedData },
);
const loaded = { exports: {} };
script.runInThisContext()(loaded, require, file);
loaded.exports.main(words).then((code) => {
  process.exitCode = code;
  const hasCache = cachedData !== undefined && script.cachedDataRejected === false;
  if (code === 0 && !hasCache && !loaded.exports.madeCache())
    cache.write(cacheName, script.createCachedData());
});
