/** Runs commands, above all the built `bpfkit`, as people run them: as processes with pipes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project.ts';
import { waitUntil } from './wait.ts';

export interface CommandOptions {
  /** Written to standard input, which is closed after it; default nothing. */
  readonly input?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds until the command is killed; default 60,000. */
  readonly within?: number;
}

export interface CommandResult {
  /** The exit code; null when a signal ended the command. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A command that runs: its output so far can be looked at, and it can be told to stop. */
export class RunningCommand {
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #name: string;
  readonly #done: Promise<CommandResult>;

  constructor(file: string, words: readonly string[], options: CommandOptions = {}) {
    this.#name = [file, ...words].join(' ');
    const { NODE_EXTRA_CA_CERTS: _slow, ...env } = process.env;
    this.#child = spawn(file, [...words], {
      cwd: options.cwd ?? projectRoot,
      env: { ...env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.#child.stdin?.on('error', () => undefined); // a command may end before it has read everything
    this.#child.stdin?.end(options.input ?? '');
    const within = options.within ?? 60_000;
    this.#done = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.kill('SIGKILL');
        reject(
          new Error(`${this.#name}: not done within ${within} ms; it printed\n${this.stdout}${this.stderr}`),
        );
      }, within);
      this.#child.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      this.#child.on('close', (code, signal) => {
        clearTimeout(timer);
        const stdout = Buffer.concat(this.#stdout);
        resolve({ code, signal, stdout, stderr: Buffer.concat(this.#stderr) });
      });
    });
    this.#done.catch(() => undefined); // reported where the result is awaited
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start`);
    return this.#child.pid;
  }

  /** Standard output so far. */
  get stdout(): string {
    return Buffer.concat(this.#stdout).toString('utf8');
  }

  /** Standard error so far. */
  get stderr(): string {
    return Buffer.concat(this.#stderr).toString('utf8');
  }

  /** Waits until standard output or standard error matches. */
  async saw(pattern: RegExp, within?: number): Promise<void> {
    const look = (): boolean => pattern.test(this.stdout) || pattern.test(this.stderr);
    const ended = (): boolean => this.#child.exitCode !== null || this.#child.signalCode !== null;
    await waitUntil(`${pattern} from ${this.#name}`, () => look() || ended(), within);
    if (!look())
      throw new Error(`${this.#name} ended without ${pattern}; it printed\n${this.stdout}${this.stderr}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  result(): Promise<CommandResult> {
    return this.#done;
  }
}

/** Runs a command to its end. */
export function run(
  file: string,
  words: readonly string[],
  options?: CommandOptions,
): Promise<CommandResult> {
  return new RunningCommand(file, words, options).result();
}

/** Starts the built `bpfkit`, by the path that package.json gives it. */
export function startBpfkit(words: readonly string[], options?: CommandOptions): RunningCommand {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const { bin } = manifest as { bin: { bpfkit: string } };
  return new RunningCommand(process.execPath, [join(projectRoot, bin.bpfkit), ...words], options);
}

/** Runs the built `bpfkit` to its end. */
export function bpfkit(words: readonly string[], options?: CommandOptions): Promise<CommandResult> {
  return startBpfkit(words, options).result();
}
