/** Runs compiled tests on this machine, one process a file. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { FileResult } from './results.mjs';

/** Milliseconds for one file. */
const FILE_LIMIT = 240e3;

/**
 * @param {string} folder of the compiled tests
 * @param {readonly string[]} files relative to it
 * @param {{ place: string, parallel: number, onFile: (result: FileResult) => void }} options
 */
export async function runOnHost(folder, files, { place, parallel, onFile }) {
  const waiting = [...files];
  const worker = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) onFile(await runFile(folder, file, place));
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

/** @param {string} folder @param {string} file @param {string} place @returns {Promise<FileResult>} */
function runFile(folder, file, place) {
  const work = mkdtempSync(join(tmpdir(), 'bpfkit-test-'));
  const lines = join(work, 'lines');
  const words = ['--enable-source-maps', `--test-reporter=${join(import.meta.dirname, 'reporter.mjs')}`];
  const { NODE_EXTRA_CA_CERTS: _unused, ...env } = process.env; // reading them costs 40 ms a process
  const child = spawn(
    process.execPath,
    [...words, `--test-reporter-destination=${lines}`, join(folder, file)],
    { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  return new Promise((resolve) => {
    const result = new FileResult(place, file);
    /** @type {Buffer[]} */
    const output = [];
    const keep = (chunk) => {
      output.push(chunk);
      while (output.length > 200) output.shift();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      process.kill(-child.pid, 'SIGKILL'); // the group that this run started: a test's children too
    }, FILE_LIMIT);
    child.on('error', (error) => output.push(Buffer.from(error.message)));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      try {
        for (const line of readFileSync(lines, 'utf8').split('\n')) if (line) result.add(line);
      } catch (error) {
        output.push(Buffer.from(`no result file: ${error.message}`));
      }
      const how = late
        ? `was killed after ${FILE_LIMIT / 1000} s`
        : `ended with ${signal ?? `exit code ${code}`}`;
      result.finish(code === 0 && !late, how, Buffer.concat(output).toString('utf8').slice(-4000));
      rmSync(work, { recursive: true, force: true });
      resolve(result);
    });
  });
}
