/** Starting what is measured: children without NODE_EXTRA_CA_CERTS, timed from the moment before the fork. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

export const root: string = fileURLToPath(new URL('..', import.meta.url));

/** Reading a bundle of certificates costs every Node process tens of milliseconds; nothing here needs them. */
export const environment: NodeJS.ProcessEnv = { ...process.env };
delete environment.NODE_EXTRA_CA_CERTS;

/** The absolute path of a command, or undefined. */
export function findCommand(name: string): string | undefined {
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

const made = join(root, '.build', 'bench');

/** A TypeScript file of the bench or the examples as a module of the built package, types taken off. */
export function asModule(path: string): string {
  mkdirSync(made, { recursive: true });
  const { code } = transformSync(readFileSync(join(root, path), 'utf8'), {
    loader: 'ts',
    target: 'node20',
    format: 'esm',
  });
  const file = join(made, basename(path).replace(/\.ts$/, '.mjs'));
  writeFileSync(file, code);
  return file;
}

/** Compiles a C program of the bench. Throws with what the compiler said. */
export function compileC(name: string, libraries: readonly string[] = ['-lbpf']): string {
  mkdirSync(made, { recursive: true });
  const file = join(made, name);
  const source = join(root, 'bench', 'c', `${name}.c`);
  execFileSync('gcc', ['-O2', '-o', file, source, ...libraries], { stdio: ['ignore', 'ignore', 'pipe'] });
  return file;
}

export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  /** From before the fork to the line, in milliseconds. */
  readonly milliseconds: number;
}

/** Starts a command and waits until its output contains `line`. */
export async function startUntil(command: string, words: readonly string[], line: string): Promise<Started> {
  const began = performance.now();
  const child = spawn(command, words, { env: environment, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const milliseconds = await new Promise<number>((resolve, reject) => {
    const see = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (text.includes(line)) resolve(performance.now() - began);
    };
    child.stdout.on('data', see);
    child.stderr.on('data', see);
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(
        new Error(`${basename(command)} ended with ${code} before it was ready: ${text.slice(0, 2000)}`),
      ),
    );
  });
  return { child, pid: child.pid!, milliseconds };
}

/**
 * Asks it to end as Ctrl-C does; how many milliseconds that took. bpftrace 0.17 now and then loses the signal that
 * comes while it waits: it is asked again, and in the end not asked any more.
 */
export async function interrupt(child: ChildProcess): Promise<number> {
  const began = performance.now();
  if (child.exitCode !== null || child.signalCode !== null) return 0;
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  const again = setInterval(() => child.kill('SIGINT'), 5000);
  const never = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await gone;
  clearInterval(again);
  clearTimeout(never);
  return performance.now() - began;
}

/** The most resident memory that a process had so far, in MB of 10^6 bytes. */
export function peakMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  return (Number(/^VmHWM:\s*(\d+) kB/m.exec(text)?.[1]) * 1024) / 1e6;
}

/** Milliseconds of CPU time that a process has used. */
export function cpuTime(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Programs that a process holds by descriptors of their own. */
export function heldPrograms(pid: number): number[] {
  const ids = new Set<number>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
    const id = /^prog_id:\s*(\d+)/m.exec(text)?.[1];
    if (id !== undefined && !text.includes('link_id')) ids.add(Number(id));
  }
  return [...ids];
}

/** Runs a command to its end; milliseconds of the whole process. Throws if it fails. */
export function wholeRun(command: string, words: readonly string[]): number {
  const began = performance.now();
  const { status, stderr, error } = spawnSync(command, words, {
    env: environment,
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const spent = performance.now() - began;
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${basename(command)} ${words.join(' ')} ended with ${status}: ${stderr}`);
  return spent;
}

/** A child that prints one line of JSON. */
export function runForJson(command: string, words: readonly string[]): Record<string, number> {
  const text = execFileSync(command, words, { env: environment, cwd: root, encoding: 'utf8' });
  return JSON.parse(text) as Record<string, number>;
}
