/** An editor, as far as a language server sees one: it starts the server and speaks with it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { FrameReader, frame } from '../../src/trace/lsp/framing.ts';

export interface Answer {
  readonly id?: number | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export class LspClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #got: Answer[] = [];
  readonly #waiting = new Set<() => void>();
  /** The exit code. */
  readonly exited: Promise<number | null>;
  #last = 0;

  constructor(command: string, words: readonly string[]) {
    this.#child = spawn(command, words, { stdio: 'pipe' });
    this.exited = new Promise((resolve) => {
      this.#child.on('exit', resolve);
    });
    const reader = new FrameReader();
    this.#child.stdout.on('data', (bytes: Uint8Array) => {
      for (const message of reader.push(bytes)) {
        if (message.kind === 'message') this.#got.push(JSON.parse(message.text) as Answer);
      }
      for (const look of this.#waiting) look();
    });
  }

  /** The answer to a request. */
  async ask(method: string, params: object = {}): Promise<Answer> {
    const id = ++this.#last;
    this.raw(frame({ jsonrpc: '2.0', id, method, params }));
    return this.next((one) => one.id === id);
  }

  tell(method: string, params: object = {}): void {
    this.raw(frame({ jsonrpc: '2.0', method, params }));
  }

  raw(bytes: Uint8Array | string): void {
    this.#child.stdin.write(bytes);
  }

  /** The first message that was not taken yet and fits. */
  async next(fits: (one: Answer) => boolean, milliseconds = 20_000): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`no such answer in ${milliseconds} ms`));
      }, milliseconds);
      const look = (): void => {
        const index = this.#got.findIndex(fits);
        if (index < 0) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(this.#got.splice(index, 1)[0]!);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** As an editor that crashed. */
  hangUp(): void {
    this.#child.stdin.end();
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}
