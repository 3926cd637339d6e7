/**
 * A terminal as a canvas of lines: drawn without flicker, and given back as it was.
 *
 * Drawing writes only the lines that changed, in one write, between the marks of a synchronized update (private
 * mode 2026), which terminals that know it show at once and others ignore. Each line is put at its place by
 * itself and automatic wrapping is off, so a character whose width the terminal sees differently harms one line.
 *
 * Giving back happens in `close`, which runs also when the process leaves by an exception or by a signal that can
 * be caught. After SIGKILL nobody can: the terminal then stays in the alternate screen without a cursor and
 * without echo, and `reset` repairs it.
 */
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import type { ReadStream, WriteStream } from 'node:tty';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const BEGIN_UPDATE = '\x1b[?2026h';
const END_UPDATE = '\x1b[?2026l';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The bytes that turn one picture into the next; without one before, everything is drawn. */
export function drawing(before: readonly string[] | undefined, lines: readonly string[]): string {
  let out = before === undefined ? '\x1b[2J' : '';
  const last = Math.max(lines.length, before?.length ?? 0);
  for (let row = 0; row < last; row++) {
    const line = lines[row] ?? '';
    if (before !== undefined && (before[row] ?? '') === line) continue;
    if (before === undefined && line === '') continue;
    out += `\x1b[${row + 1};1H\x1b[0m${line}\x1b[0m\x1b[K`;
  }
  return out === '' ? '' : `${BEGIN_UPDATE}${out}${END_UPDATE}`;
}

/** Signals that end a process and can be caught. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

export interface TerminalHandlers {
  /** Bytes of keys, as they come. */
  readonly onKeys: (bytes: string) => void;
  /** The size changed, or the terminal was away: draw anew. */
  readonly onResize: () => void;
  /** A signal asks to end; the terminal is given back already. Then the process should leave. */
  readonly onSignal: (signal: NodeJS.Signals) => void;
}

export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #drawn: readonly string[] | undefined;
  #active = false;
  readonly #cleanups: (() => void)[] = [];

  /** Takes over the terminal: alternate screen, no cursor, keys as they are typed. Undone by `close`. */
  constructor(
    handlers: TerminalHandlers,
    input: ReadStream = process.stdin,
    output: WriteStream = process.stdout,
  ) {
    this.#input = input;
    this.#output = output;
    const keys = (bytes: string): void => {
      // Raw mode turns the keys that send signals into bytes: suspending still has to suspend.
      if (bytes.includes('\x1a')) this.#suspend();
      handlers.onKeys(bytes.replaceAll('\x1a', ''));
    };
    const resize = (): void => {
      this.#drawn = undefined;
      handlers.onResize();
    };
    const resume = (): void => {
      this.#enter();
      resize();
    };
    input.setEncoding('utf8');
    this.#on(input, 'data', keys);
    this.#on(input, 'end', () => handlers.onSignal('SIGHUP'));
    this.#on(output, 'resize', resize);
    this.#on(process, 'SIGCONT', resume);
    this.#on(process, 'SIGTSTP', () => this.#suspend());
    this.#on(process, 'exit', () => this.close());
    for (const signal of ENDING) {
      this.#on(process, signal, () => {
        this.close();
        handlers.onSignal(signal);
      });
    }
    this.#enter();
    input.resume();
  }

  /** Columns and rows now; at least one of each. */
  get size(): TerminalSize {
    return { columns: Math.max(1, this.#output.columns || 80), rows: Math.max(1, this.#output.rows || 24) };
  }

  /** Shows these lines from the top, each no wider than the terminal; what is below is empty. */
  draw(lines: readonly string[]): void {
    if (!this.#active) return;
    const bytes = drawing(this.#drawn, lines);
    this.#drawn = [...lines];
    if (bytes !== '') this.#write(bytes);
  }

  /** Gives the terminal back; a second call does nothing. */
  close(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    this.#leave();
    this.#input.pause();
  }

  #on(target: NodeJS.EventEmitter, event: string, listener: (...values: never[]) => void): void {
    const any = listener as (...values: unknown[]) => void;
    target.on(event, any);
    this.#cleanups.push(() => target.off(event, any));
  }

  #enter(): void {
    this.#active = true;
    this.#drawn = undefined;
    this.#input.setRawMode(true);
    this.#write(ENTER);
  }

  #leave(): void {
    if (!this.#active) return;
    this.#active = false;
    try {
      this.#write(LEAVE);
      this.#input.setRawMode(false);
    } catch {
      // The terminal is gone (a closed window): there is nothing to give back.
    }
  }

  /** Ctrl-Z, or SIGTSTP from elsewhere: the shell gets its terminal, and SIGCONT brings us back. */
  #suspend(): void {
    this.#leave();
    process.kill(process.pid, constants.signals.SIGSTOP);
  }

  /** All of it, also to a terminal that takes its time. */
  #write(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    const fd = (this.#output as WriteStream & { readonly fd: number }).fd;
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(fd, bytes, at);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code !== 'EAGAIN' && code !== 'EINTR') throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      }
    }
  }
}
