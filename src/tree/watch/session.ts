/**
 * A watch at work: events and walks go into the model, in the kernel's order; walks are asked for at the start,
 * every few seconds, after losses, and when a parent had to be derived.
 */
import type { TaskEvent } from './event.ts';
import { type LiveTask, LiveTree } from './model.ts';
import { openWatch, type Watch, type WatchItem } from './program.ts';

export interface SessionHandlers {
  /** After the event is in the model. */
  readonly onEvent?: (event: TaskEvent, task: LiveTask) => void;
  /** More events were lost; `total` since the start. */
  readonly onLost?: (more: bigint, total: bigint) => void;
  /** The model agrees with a walk. */
  readonly onWalk?: () => void;
  /** Something changed: called once for many events. */
  readonly onChange?: () => void;
}

export interface SessionOptions {
  /** Milliseconds between walks; default 5000. */
  readonly walkEvery?: number;
  /** Milliseconds that ended processes stay; default 3000. */
  readonly keepEnded?: number;
  /** Where events come from; default the kernel. */
  readonly open?: () => Watch;
}

const WALK_EVERY_MS = 5000;
const KEEP_ENDED_MS = 3000;
/** How soon a walk follows a loss or a derived parent: many come together, one walk serves all. */
const WALK_SOON_MS = 250;

export class Session {
  readonly tree: LiveTree = new LiveTree();
  readonly #watch: Watch;
  readonly #handlers: SessionHandlers;
  readonly #keepEnded: number;
  readonly #periodic: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #lostSeen = 0n;
  /** Losses up to the beginning of the walk that is under way, and of the one that was applied last. */
  #lostAtWalk = 0n;
  #lostReconciled = 0n;
  #closed = false;

  /** Throws what loading a kernel program throws. */
  constructor(handlers: SessionHandlers, options: SessionOptions = {}) {
    this.#handlers = handlers;
    this.#keepEnded = options.keepEnded ?? KEEP_ENDED_MS;
    this.#watch = options.open?.() ?? openWatch();
    this.#periodic = setInterval(() => this.#walk(), options.walkEvery ?? WALK_EVERY_MS);
  }

  /** Events that found no room so far; what ends a walk in the stream counts as one too. */
  get lost(): bigint {
    return this.#closed ? this.#lostSeen : this.#watch.lost;
  }

  /** Takes away what ended long enough ago. */
  expire(): void {
    this.tree.expire(performance.now() - this.#keepEnded);
  }

  /** Follows until `close`, and hands everything to the handlers. */
  async run(): Promise<void> {
    for await (const items of this.#batches()) {
      for (const item of items) this.#apply(item);
      this.#settle();
    }
  }

  /** Follows until `close` or the end of the loop; each event when it is in the model. */
  async *events(): AsyncGenerator<TaskEvent, void, undefined> {
    for await (const items of this.#batches()) {
      for (const item of items) {
        this.#apply(item);
        if (item.kind !== 'walk') yield item;
      }
      this.#settle();
    }
  }

  async *#batches(): AsyncGenerator<readonly WatchItem[], void, undefined> {
    try {
      this.#walk();
      yield* this.#watch.batches();
    } finally {
      this.close();
    }
  }

  #apply(item: WatchItem): void {
    const now = performance.now();
    if (item.kind === 'walk') {
      this.tree.reconcile(item.walk, now, this.#lostAtWalk > this.#lostReconciled);
      this.#lostReconciled = this.#lostAtWalk;
      this.#handlers.onWalk?.();
    } else {
      // Apart from the call below, whose arguments are not evaluated when nobody listens.
      const task = this.tree.apply(item, now);
      this.#handlers.onEvent?.(item, task);
    }
  }

  /** After the events of one batch. */
  #settle(): void {
    this.#checkLost();
    if (this.tree.unsure) this.#walkSoon();
    this.expire();
    this.#handlers.onChange?.();
  }

  #checkLost(): void {
    const { lost } = this;
    if (lost > this.#lostSeen) {
      this.#handlers.onLost?.(lost - this.#lostSeen, lost);
      this.#lostSeen = lost;
    }
    if (lost > this.#lostReconciled) this.#walkSoon();
  }

  #walkSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#walk();
    }, WALK_SOON_MS);
  }

  #walk(): void {
    if (this.#closed) return;
    this.#lostAtWalk = this.lost;
    this.#watch.walk();
  }

  /** Takes everything out of the kernel and ends `run`; a second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#lostSeen = this.#watch.lost;
    this.#closed = true;
    clearInterval(this.#periodic);
    clearTimeout(this.#soon);
    this.#watch.close();
  }
}
