/** Opens and loads a BPF object, as bench/c/object.c does: prints the milliseconds of both as JSON. */
import { openObject } from 'bpfkit/object';

const [path] = process.argv.slice(2);
const start = performance.now();
const object = openObject(path!);
const opened = performance.now();
const loaded = object.load();
const done = performance.now();
console.log(JSON.stringify({ open: opened - start, load: done - opened }));
loaded.close();
