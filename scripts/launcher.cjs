#!/usr/bin/env node
// Runs cli.cjs with V8's code cache, which saves most of the time that a start takes. The cache is made
// after a run that succeeded, so that it holds what that command compiled; V8 refuses what does not fit.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');
const { rootCache } = require('../src/sys/root-cache.ts');

const words = process.argv.slice(2);
const command = words.some((word) => word === '-h' || word === '--help')
  ? 'help'
  : words.find((word) => /^[a-z_]{1,16}$/.test(word));
const cacheName = `@STEM@-${process.version}-${process.arch}-${command ?? 'none'}.bin`;
const cache = rootCache(__dirname);

const file = join(__dirname, 'cli.cjs');
const source = readFileSync(file, 'latin1'); // The bundle is ASCII.
const cachedData = cache.read(cacheName);
const script = new Script(
  source,
  cachedData === undefined ? { filename: file } : { filename: file, cachedData },
);
const bundle = { exports: {} };
script.runInThisContext()(bundle, require, file);
bundle.exports.main(words).then((code) => {
  process.exitCode = code;
  const hasCache = cachedData !== undefined && script.cachedDataRejected === false;
  if (code === 0 && !hasCache && !bundle.exports.madeCache())
    cache.write(cacheName, script.createCachedData());
});
