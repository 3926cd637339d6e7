// The library with V8's code cache, for programs that import bpfkit; see launcher.cjs.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');
const { rootCache } = require('../src/sys/root-cache.ts');

const cacheName = `@STEM@-${process.version}-${process.arch}.bin`;
const cache = rootCache(__dirname);

const file = join(__dirname, 'bundle.cjs');
const source = readFileSync(file, 'latin1'); // The bundle is ASCII.
const cachedData = cache.read(cacheName);
const script = new Script(
  source,
  cachedData === undefined ? { filename: file } : { filename: file, cachedData },
);
script.runInThisContext()(module, require, file);

// The cache shall hold what programs use, so it is made when one has run for a while or ends.
if (cachedData === undefined || script.cachedDataRejected) {
  let made = false;
  const make = () => {
    if (!made) cache.write(cacheName, script.createCachedData());
    made = true;
  };
  process.once('exit', make);
  setTimeout(make, 250).unref();
}
