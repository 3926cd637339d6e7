/**
 * Programs to be observed, built by gcc from test/programs:
 *
 *     probed            known functions, nested calls, threads, USDT probes, a library; symbols kept
 *     probed.stripped   the same without symbols, and probed.debug, which its .gnu_debuglink names
 *     libprobed.so      the library, with a probe that has a semaphore
 *     names             C++ names; where there is no g++, not built
 *     debugged          every kind of argument, unoptimised, with debug information
 *     optimized         the same, optimised
 *     unwound           calls in all ways, without frame pointers
 *     delegated         runs a command in a user namespace that may use BPF by a token
 *
 * The test bench builds them once into the folder of the compiled tests, which guests get too (they have no
 * compiler); a test that is run by itself builds its own.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

export interface TestPrograms {
  readonly probed: string;
  readonly stripped: string;
  readonly debug: string;
  readonly library: string;
  readonly debugged: string;
  readonly optimized: string;
  readonly unwound: string;
  readonly delegated: string;
  /** Undefined without g++. */
  readonly names: string | undefined;
}

/** Where the bench puts them, seen from the compiled form of this file. */
const prepared = join(import.meta.dirname, '../programs');
const sources = join(import.meta.dirname, '../../test/programs');

let built: TestPrograms | undefined;

/** The programs; built on first use where the bench did not. */
export function testPrograms(): TestPrograms {
  built ??= existsSync(join(prepared, 'probed')) ? programsIn(prepared) : buildHere();
  return built;
}

function programsIn(folder: string): TestPrograms {
  const names = join(folder, 'names');
  return {
    probed: join(folder, 'probed'),
    stripped: join(folder, 'probed.stripped'),
    debug: join(folder, 'probed.debug'),
    library: join(folder, 'libprobed.so'),
    debugged: join(folder, 'debugged'),
    optimized: join(folder, 'optimized'),
    unwound: join(folder, 'unwound'),
    delegated: join(folder, 'delegated'),
    names: existsSync(names) ? names : undefined,
  };
}

function buildHere(): TestPrograms {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-programs-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  buildPrograms(sources, folder);
  return programsIn(folder);
}

/** Builds everything. Throws with the compiler's words. */
export function buildPrograms(from: string, into: string): void {
  const flags = ['-O2', '-g', '-fno-omit-frame-pointer', '-Wall', '-Werror', '-Wl,--build-id=sha1'];
  const source = (name: string): string => join(from, name);
  const out = (name: string): string => join(into, name);
  run('gcc', [...flags, '-fPIC', '-shared', '-o', out('libprobed.so'), source('library.c')]);
  run('gcc', [
    ...[...flags, '-pthread', '-o', out('probed'), source('probed.c'), source('twin.c')],
    ...[`-L${into}`, '-lprobed', '-Wl,-rpath,$ORIGIN'],
  ]);
  run('objcopy', ['--only-keep-debug', out('probed'), out('probed.debug')]);
  copyFileSync(out('probed'), out('probed.stripped'));
  run('strip', ['--strip-all', out('probed.stripped')]);
  run('objcopy', [`--add-gnu-debuglink=${out('probed.debug')}`, out('probed.stripped')], into);
  for (const [name, level] of [
    ['debugged', '-O0'],
    ['optimized', '-O2'],
  ] as const) {
    run('gcc', ['-g', level, '-Wall', '-Werror', '-o', out(name), source('debugged.c')]);
  }
  run('gcc', ['-O2', '-fomit-frame-pointer', '-pthread', '-Wall', '-o', out('unwound'), source('unwound.c')]);
  run('gcc', ['-O2', '-Wall', '-Werror', '-o', out('delegated'), source('delegated.c')]);
  if (spawnSync('g++', ['--version']).status === 0) {
    run('g++', [...flags, '-o', out('names'), source('names.cpp')]);
  }
}

function run(file: string, words: readonly string[], cwd?: string): void {
  const ran = spawnSync(file, words, { encoding: 'utf8', ...(cwd === undefined ? {} : { cwd }) });
  if (ran.status !== 0) throw new Error(`${file} failed: ${ran.error?.message ?? ran.stderr}`);
}

/** A started program that answers every line with a line. */
export class Observed implements Disposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(path: string) {
    const child = spawn(path, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.pid === undefined) throw new Error(`${path} did not start`);
    this.#child = child;
    this.pid = child.pid;
    this.#reader = createInterface({ input: child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Sends a command and waits for the answer. */
  async ask(command: string): Promise<string> {
    this.#child.stdin!.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the program ended at "${command}"`);
    return value;
  }

  /** Ends it and waits until it is gone. */
  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin!.end();
    await gone;
  }

  [Symbol.dispose](): void {
    this.#reader.close();
    this.#child.kill('SIGKILL');
  }
}
