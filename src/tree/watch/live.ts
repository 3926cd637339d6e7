/** The live tree on a terminal: a session, a picture of it at most ten times a second, and keys. */
import type { Colors } from '../../text/color.ts';
import { Terminal, type TerminalHandlers, type TerminalSize } from '../../text/terminal.ts';
import { type Field, findField } from '../fields.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Symbols } from '../symbols.ts';
import type { UserNames } from '../users.ts';
import type { Condition } from '../walk.ts';
import { type Details, liveFields } from './columns.ts';
import { initialView, parseKeys, press, type ViewState } from './keys.ts';
import { type Picture, picture } from './picture.ts';
import { Session, type SessionOptions } from './session.ts';

/** Where the picture goes; a Terminal. */
export interface Screen {
  readonly size: TerminalSize;
  draw(lines: readonly string[]): void;
  close(): void;
}

export interface LiveOptions extends SessionOptions {
  readonly condition?: Condition | undefined;
  readonly format: readonly Field[];
  /** All fields that the condition and the format look at. */
  readonly fields: readonly Field[];
  readonly symbols: Symbols;
  readonly users: UserNames;
  readonly colors: Colors;
  /** All tasks with these fields, now. */
  readonly readFields: (fields: readonly Field[]) => Snapshot;
  /** Default: a Terminal. */
  readonly screen?: (handlers: TerminalHandlers) => Screen;
}

const FRAME_MS = 100;
/** While something that ended is shown, somebody has to take it away. */
const EXPIRE_MS = 500;
const DETAILS_MS = 500;

/** Shows the tree until the user leaves. Gives the signal that ended it, if one did. Throws what loading throws. */
export async function watchScreen(options: LiveOptions): Promise<NodeJS.Signals | undefined> {
  const live = new Live(options);
  return live.run();
}

class Live {
  readonly #options: LiveOptions;
  readonly #session: Session;
  readonly #screen: Screen;
  readonly #extra: readonly Field[];
  #view: ViewState = initialView;
  #picture: Picture | undefined;
  #details: Details | undefined;
  #detailsTimer: NodeJS.Timeout | undefined;
  #frameTimer: NodeJS.Timeout | undefined;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #signal: NodeJS.Signals | undefined;
  readonly #expireTimer: NodeJS.Timeout;
  #failure: unknown;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#extra = options.fields.filter((field) => !liveFields.has(field.long));
    // The kernel's part first: when it fails, its message must not go to another screen.
    this.#session = new Session(
      {
        onChange: () => this.#changed(),
        onEvent: ({ kind }) => kind !== 'exit' && this.#detailsSoon(DETAILS_MS),
        onWalk: () => this.#detailsSoon(0),
      },
      options,
    );
    this.#expireTimer = setInterval(() => {
      const { revision } = this.#session.tree;
      this.#session.expire();
      if (this.#session.tree.revision !== revision) this.#changed();
    }, EXPIRE_MS);
    try {
      this.#screen = (options.screen ?? ((handlers) => new Terminal(handlers)))({
        onKeys: (bytes) => this.#keys(bytes),
        onResize: () => this.#draw(),
        onSignal: (signal) => {
          this.#signal = signal;
          this.#end();
        },
      });
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async run(): Promise<NodeJS.Signals | undefined> {
    try {
      await this.#session.run();
    } finally {
      this.#end();
      this.#screen.close();
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#signal;
  }

  #end(): void {
    clearInterval(this.#expireTimer);
    clearTimeout(this.#frameTimer);
    clearTimeout(this.#detailsTimer);
    this.#session.close();
  }

  #keys(bytes: string): void {
    for (const key of parseKeys(bytes)) {
      const step = press(
        { ...this.#view, top: this.#picture?.top ?? 0 },
        key,
        this.#picture?.page ?? 0,
        this.#picture?.total ?? 0,
      );
      if (step.kind === 'quit') {
        this.#end();
        return;
      }
      this.#view = step.view;
    }
    // A key is answered at once.
    this.#draw();
  }

  /** Draws soon: at once when the last picture is old enough. A paused picture waits for keys. */
  #changed(): void {
    if (this.#frameTimer !== undefined || (this.#view.paused && this.#picture !== undefined)) return;
    const wait = this.#drawnAt + FRAME_MS - performance.now();
    this.#frameTimer = setTimeout(() => this.#draw(), Math.max(0, wait));
  }

  #draw(): void {
    clearTimeout(this.#frameTimer);
    this.#frameTimer = undefined;
    try {
      const { tree, lost } = this.#session;
      const size = this.#screen.size;
      this.#picture = picture({ tree, details: this.#details, view: this.#view, size, lost }, this.#options);
      this.#drawnAt = performance.now();
      this.#screen.draw(this.#picture.lines);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What happens in a timer or at a key has nobody to throw to. */
  #fail(error: unknown): void {
    this.#failure = error;
    this.#end();
  }

  #detailsSoon(milliseconds: number): void {
    if (this.#extra.length === 0 || this.#detailsTimer !== undefined) return;
    this.#detailsTimer = setTimeout(() => {
      this.#detailsTimer = undefined;
      try {
        const execs = new Map([...this.#session.tree.tasks()].map((task) => [task.tid, task.execs]));
        const snapshot = this.#options.readFields([...this.#extra, findField('start_time')!]);
        this.#details = { snapshot, execs };
        this.#changed();
      } catch (error) {
        this.#fail(error);
      }
    }, milliseconds);
  }
}
