#!/usr/bin/env node
'use strict';
// Runs cli.cjs with V8's code cache, which saves most of the time that a start takes.
//
// A cache is code, and bpfkit runs as root. So a cache is only used when root owns it and its folder and nobody
// else can write to either; only root makes one, after a run that succeeded, so that it holds what that command
// compiled. Its name carries all that it depends on; V8 refuses what does not fit, and then there is none.
const {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const words = process.argv.slice(2);
const command = words.some((word) => word === '-h' || word === '--help')
  ? 'help'
  : words.find((word) => /^[a-z_]{1,16}$/.test(word));
const cacheName = `@STEM@-${process.version}-${process.arch}-${command ?? 'none'}.bin`;
const cacheFolders = [join(__dirname, 'cache'), '/var/cache/bpfkit'];
const onlyRootWrites = (stat) => stat.uid === 0 && (stat.mode & 0o022) === 0;

function readCache() {
  for (const folder of cacheFolders) {
    let fd;
    try {
      const stat = lstatSync(folder);
      if (!stat.isDirectory() || !onlyRootWrites(stat)) continue;
      fd = openSync(
        join(folder, cacheName),
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
      const file = fstatSync(fd);
      if (file.isFile() && onlyRootWrites(file)) return readFileSync(fd);
    } catch {
      // No cache here.
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
  return undefined;
}

function writeCache(bytes) {
  for (const folder of cacheFolders) {
    try {
      if (!onlyRootWrites(lstatSync(join(folder, '..')))) continue;
      try {
        mkdirSync(folder, { mode: 0o755 });
        chmodSync(folder, 0o755);
      } catch (error) {
        if (error.code !== 'EEXIST') continue;
      }
      const stat = lstatSync(folder);
      if (!stat.isDirectory() || !onlyRootWrites(stat)) continue;
      const temporary = join(folder, `${cacheName}.${process.pid}`);
      writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o644 });
      renameSync(temporary, join(folder, cacheName));
      return;
    } catch {
      // A cache is never worth an error.
    }
  }
}

const file = join(__dirname, 'cli.cjs');
const source = readFileSync(file, 'latin1'); // The bundle is ASCII.
const cachedData = readCache();
const script = new Script(
  source,
  cachedData === undefined ? { filename: file } : { filename: file, cachedData },
);
const bundle = { exports: {} };
script.runInThisContext()(bundle, require, file);
bundle.exports.main(words).then((code) => {
  process.exitCode = code;
  const hasCache = cachedData !== undefined && script.cachedDataRejected === false;
  if (code === 0 && !hasCache && process.geteuid() === 0) writeCache(script.createCachedData());
});
