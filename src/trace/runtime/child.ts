/**
 * The command of `-c`: started, but stopped until every probe is attached, so that nothing of it is missed.
 *
 * A shell stops itself before it becomes the command: its next system call is the execve. The command is split
 * here and its words are arguments of the shell, never text of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ScriptFailure } from './errors.ts';

export class Child {
  readonly pid: number;
  /** The program that it runs. */
  readonly path: string;
  readonly #process: ChildProcess;
  #released = false;
  #ended = false;
  #onEnd: (() => void) | undefined;

  private constructor(process: ChildProcess, pid: number, path: string) {
    this.#process = process;
    this.pid = pid;
    this.path = path;
    process.on('exit', () => {
      this.#ended = true;
      this.#onEnd?.();
    });
  }

  /** Throws ScriptFailure for a command that is not there. */
  static async start(command: string): Promise<Child> {
    const [name, ...words] = splitCommand(command);
    if (name === undefined) throw new ScriptFailure('-c needs a command');
    const path = findExecutable(name);
    const child = spawn('/bin/sh', ['-c', 'kill -STOP $$; exec "$0" "$@"', path, ...words], {
      stdio: 'inherit',
    });
    const { pid } = child;
    if (pid === undefined) throw new ScriptFailure(`the child process could not be started: ${name}`);
    const started = new Child(child, pid, path);
    await started.#stopped();
    return started;
  }

  get running(): boolean {
    return !this.#ended;
  }

  release(): void {
    this.#released = true;
    if (!this.#ended) process.kill(this.pid, 'SIGCONT');
  }

  onEnd(callback: () => void): () => void {
    this.#onEnd = callback;
    if (this.#ended) setImmediate(callback);
    return () => {
      this.#onEnd = undefined;
    };
  }

  /** Ends it with the script. One that never ran gets no chance to. */
  close(): void {
    if (this.#ended) return;
    this.#process.kill(this.#released ? 'SIGTERM' : 'SIGKILL');
    // It may take its time, or not end at all: nobody waits for that.
    if (this.#released) this.#process.unref();
  }

  /** Nothing tells of a stopped child but its state: looked at each millisecond, at the start only. */
  async #stopped(): Promise<void> {
    while (!this.#ended && stateOf(this.pid) !== 'T') await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '';
  } catch {
    return '';
  }
}

/** Words as a shell splits them: blanks, quotes, backslashes; nothing is expanded. */
export function splitCommand(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < command.length; i++) {
    const character = command[i]!;
    if (character === '\\' && quote !== "'" && i + 1 < command.length) {
      word = (word ?? '') + command[++i]!;
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

function findExecutable(name: string): string {
  const places = name.includes('/')
    ? [name]
    : (process.env.PATH ?? '/usr/bin:/bin').split(delimiter).map((folder) => join(folder, name));
  for (const place of places) {
    try {
      accessSync(place, constants.X_OK);
      if (statSync(place).isFile()) return place;
    } catch {
      // Not here.
    }
  }
  throw new ScriptFailure(
    name.includes('/')
      ? `path '${name}' does not exist or is not executable`
      : `path '${name}' is not executable`,
  );
}
