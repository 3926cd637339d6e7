/** Runs compiled tests, or one command, in a guest that sees the project as /bpfkit. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Archive } from './cpio.mjs';
import { buildExamples } from './examples.mjs';
import { withLibraries } from './image.mjs';
import { runInGuest } from './machine.mjs';
import { compileObjects } from './objects.mjs';
import { root } from './paths.mjs';
import { FileResult } from './results.mjs';

/** Milliseconds for one file (Node alone takes about two seconds to start there), and for the guest as a whole. */
const FILE_LIMIT = 240e3;
const GUEST_LIMIT = 1200e3;

/** The project as it is installed: the built package, its one dependency, test fixtures, compiled tests. */
async function projectArchive(/** @type {string | undefined} */ compiled) {
  const archive = new Archive();
  const put = (name) => {
    if (existsSync(join(root, name)))
      archive.tree(join(root, name), `bpfkit/${name}`, (path) => !path.endsWith('.map'));
  };
  for (const name of ['package.json', 'test/kernels.json']) archive.copy(join(root, name), `bpfkit/${name}`);
  put('dist');
  put('node_modules/acorn'); // part of the built package, but not of the compiled tests
  put('node_modules/koffi');
  put('node_modules/@koromix/koffi-linux-x64');
  put('test/fixtures');
  put('test/trace/guest-cases');
  if (compiled) {
    compileObjects();
    put('.build/objects/clang');
    await buildExamples();
    put('.build/packages');
    // Half of the examples watch what a shell does, one watches its lines.
    for (const part of withLibraries('/bin/bash')) archive.copy(part);
    archive.tree(compiled, 'bpfkit/.build/run', (path) => !path.endsWith('.map'));
    archive.copy(join(import.meta.dirname, 'reporter.mjs'), 'bpfkit/reporter.mjs');
  }
  return archive;
}

/**
 * @param {keyof typeof import('./image.mjs').GUESTS} guest
 * @param {string} folder of the compiled tests
 * @param {readonly string[]} files relative to it
 * @param {(result: FileResult) => void} onFile
 * @returns {Promise<string[]>} what went wrong around the tests
 */
export async function testInGuest(guest, folder, files, onFile) {
  const script = files
    .map((file) =>
      [
        `echo "@@begin ${file}"`,
        `timeout -k 5 ${FILE_LIMIT / 1000} node --test-reporter=/bpfkit/reporter.mjs` +
          ` --test-reporter-destination=/tmp/lines .build/run/${file} >/tmp/output 2>&1`,
        'rc=$?',
        '[ -f /tmp/lines ] && cat /tmp/lines',
        '[ $rc = 0 ] || tail -c 4000 /tmp/output | sed "s/^/@@output /"',
        'echo "@@end $rc"',
        'rm -f /tmp/lines /tmp/output',
      ].join('\n'),
    )
    .join('\n');
  /** @type {FileResult | undefined} */
  let current;
  let output = '';
  const unseen = new Set(files);
  const outcome = await runInGuest(guest, {
    script: `${script}\n`,
    archive: await projectArchive(folder),
    limit: GUEST_LIMIT,
    onLine(line) {
      if (line.startsWith('@@begin ')) {
        current = new FileResult(guest, line.slice(8));
        unseen.delete(line.slice(8));
        output = '';
      } else if (line.startsWith('@@output ')) output += `${line.slice(9)}\n`;
      else if (line.startsWith('@@end ') && current) {
        const code = Number(line.slice(6));
        const killed = code === 143 || code === 137 ? ' (a time limit is one cause)' : '';
        current.finish(code === 0, `ended with exit code ${code}${killed}`, output);
        onFile(current);
        current = undefined;
      } else if (line.startsWith('{') && current) current.add(line);
      else output = `${output}${line}\n`.slice(-4000); // the kernel's own words
    },
  });
  if (current) {
    current.finish(false, 'did not end: the guest stopped', output);
    onFile(current);
  }
  for (const file of unseen) {
    const result = new FileResult(guest, file);
    result.finish(false, `did not run: ${outcome.notes.join('; ') || 'the guest stopped before'}`, '');
    onFile(result);
  }
  return outcome.notes;
}

/**
 * One command in a guest; prints what it prints.
 * @param {keyof typeof import('./image.mjs').GUESTS} guest
 * @param {readonly string[]} command
 * @param {{ bring?: readonly string[], modules?: readonly string[], folder?: string }} options `bring`: files of
 *   this machine put at the same path in the guest, programs with their libraries; `folder`: compiled sources
 * @returns {Promise<number>} its exit code
 */
export async function commandInGuest(guest, command, { bring = [], modules, folder } = {}) {
  const archive = await projectArchive(folder);
  for (const file of bring) for (const part of withLibraries(file)) archive.copy(part);
  const outcome = await runInGuest(guest, {
    script: `exec ${command.map(quote).join(' ')}\n`,
    archive,
    ...(modules ? { modules: [...modules] } : {}),
    limit: GUEST_LIMIT,
    onLine: (line) => process.stdout.write(`${line}\n`),
  });
  for (const note of outcome.notes) process.stderr.write(`${note}\n`);
  return outcome.exit ?? 255;
}

function quote(word) {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
