/**
 * A script from its first probe to its last word: section 2.16.
 *
 *  1. `begin` probes run, before anything is attached; what they send waits in the ring.
 *  2. Everything is attached; the child of `-c` is let go.
 *  3. Records are handled as they come, until a signal, `exit()`, the end of the child or of the process of `-p`;
 *     a script that attached nothing has had all its records then.
 *  4. Everything is detached, side by side; what is left in the ring is handled, unless the script has said exit.
 *  5. `end` probes run, and what they send is handled.
 *  6. Losses are told, maps are printed.
 *
 * Whatever happens, nothing stays attached.
 */
import { AttachError } from '../../kernel/link/errors.ts';
import { IteratorLink } from '../../kernel/link/iterator.ts';
import { closeAll, type Link } from '../../kernel/link/link.ts';
import type { RecordReader } from '../../kernel/stream/record.ts';
import type { CompiledProbe, CompiledScript } from '../compiled.ts';
import type { PrintContext } from '../print/context.ts';
import { readLow } from '../print/memory.ts';
import { Actions } from './actions.ts';
import { attachOrder } from './attach-order.ts';
import {
  nothingAttached,
  onlyTests,
  probeNotAttached,
  probeSkipped,
  probesMissing,
  ScriptFailure,
} from './errors.ts';
import type { EventStream, LoadedScript } from './loaded.ts';
import { Losses, lossInterval } from './losses.ts';
import type { Handler, ScriptOutput } from './output.ts';

/** What can end a script from outside, and what waits for it to begin. */
export interface Surroundings {
  /** Calls back when the script should end; the answer is what stops waiting. */
  onEnd?(end: () => void): () => void;
  /** Signals of `self:signal:NAME`. */
  onSignal?(name: string, run: () => void): () => void;
  /** Everything is attached. */
  ready?(): void;
}

export interface RunScriptOptions {
  readonly script: CompiledScript;
  readonly loaded: LoadedScript;
  readonly output: ScriptOutput;
  readonly context: PrintContext;
  readonly cpus: number;
  readonly surroundings?: Surroundings;
  /** Attach, then leave. Default false. */
  readonly dryRun?: boolean;
  /** -v: says what is attached. Default false. */
  readonly verbose?: boolean;
  /** No child of `-c`: the script has an end of its own if it attaches nothing. Default true. */
  readonly endsByItself?: boolean;
}

/** Runs it; the answer is the script's exit code. Throws what attaching and writing throw. */
export async function runScript(options: RunScriptOptions): Promise<number> {
  const run = new ScriptRun(options);
  try {
    return await run.whole();
  } finally {
    await run.close();
  }
}

/** How long a script with nothing to read waits at once: the longest that a timer knows. */
const longTime = 2 ** 31 - 1;

class ScriptRun {
  readonly #options: RunScriptOptions;
  readonly #actions: Actions;
  readonly #handlers: readonly Handler[];
  readonly #losses: Losses;
  readonly #links: Link[] = [];
  readonly #abort = new AbortController();
  #exitCode = 0;
  /** After `exit()` and until the end probes nothing is handled any more. */
  #exiting = false;
  #flushing = false;
  #failure: unknown;
  #pause: () => void = () => {};

  constructor(options: RunScriptOptions) {
    this.#options = options;
    const { script, output, context, loaded, cpus } = options;
    this.#actions = new Actions({
      ...{ script, output, context, cpus, maps: loaded.maps },
      exit: (code) => this.#exit(code),
      unwatch: (address) => this.#unwatch(address),
      unwindMiss: (process) => loaded.unwindMiss?.(process),
    });
    this.#handlers = this.#actions.handlers;
    this.#losses = new Losses(loaded, output);
  }

  async whole(): Promise<number> {
    const { script, output, loaded, dryRun = false, surroundings = {} } = this.#options;
    if (!dryRun) this.#runAll('begin');
    const attached = this.#attach();
    if (dryRun) return 0;
    if (attached === 0) throw this.#nothingAttached();
    output.attached(attached);
    const stops = [
      surroundings.onEnd?.(() => this.#abort.abort()),
      ...this.#listenToSignals(),
      this.#watchLosses(),
    ];
    try {
      surroundings.ready?.();
      await this.#loop();
    } finally {
      for (const stop of stops) stop?.();
    }
    await this.#detach();
    loaded.stream?.consume(this.#reader);
    this.#throwFailure();
    this.#exiting = false;
    this.#runAll('end');
    loaded.stream?.consume(this.#reader);
    this.#losses.finish();
    output.end();
    if (script.config.printMapsOnExit) this.#actions.printMaps();
    this.#losses.summarize();
    output.flush();
    return this.#exitCode;
  }

  async close(): Promise<void> {
    try {
      await this.#detach();
    } finally {
      this.#actions.close();
    }
  }

  readonly #reader: RecordReader = (memory, at) => {
    if (this.#exiting) return;
    this.#handlers[readLow(memory.view, at)]?.(memory, at);
    if (this.#options.output.full) this.#pause();
    if (!this.#flushing) {
      this.#flushing = true;
      // Runs when the events of this wake-up are done.
      setImmediate(this.#turnEnds);
    }
  };

  readonly #turnEnds = (): void => {
    this.#flushing = false;
    try {
      this.#losses.report(performance.now());
      this.#options.output.idle();
    } catch (error) {
      this.#failure ??= error;
      this.#abort.abort();
    }
  };

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #loop(): Promise<void> {
    const { loaded, endsByItself = true } = this.#options;
    const iterators = this.#links.filter((link) => link instanceof IteratorLink);
    for (const iterator of iterators) {
      // Whoever reads the file makes it walk; the script itself does not.
      const { pinnedAt } = iterator;
      const said = pinnedAt === undefined ? iterator.read() : Buffer.from(`Program pinned to ${pinnedAt}\n`);
      this.#options.output.raw(said);
    }
    const nothingComes = this.#links.length === iterators.length && this.#probes('self').length === 0;
    if ((endsByItself && nothingComes) || this.#abort.signal.aborted) {
      loaded.stream?.consume(this.#reader);
    } else if (loaded.stream !== undefined) {
      await this.#read(loaded.stream);
    } else {
      await this.#nothingToRead();
    }
    this.#throwFailure();
  }

  /** Until the end. Whoever takes the events may be slower than they come: then they wait in the ring. */
  async #read(stream: EventStream): Promise<void> {
    const { output } = this.#options;
    const { signal } = this.#abort;
    const ended = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    while (!signal.aborted) {
      const turn = new AbortController();
      let paused = false;
      this.#pause = () => {
        paused = true;
        turn.abort();
      };
      signal.addEventListener('abort', this.#pause);
      await stream.each(this.#reader, { signal: turn.signal });
      signal.removeEventListener('abort', this.#pause);
      if (!paused) return;
      await Promise.race([output.drained?.(), ended]);
    }
  }

  #nothingToRead(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setInterval(() => {}, longTime);
      this.#abort.signal.addEventListener('abort', () => {
        clearInterval(timer);
        resolve();
      });
    });
  }

  #probes(provider: string): readonly CompiledProbe[] {
    return this.#options.script.probes.filter(({ resolved }) => resolved.provider === provider);
  }

  #runAll(provider: 'begin' | 'end'): void {
    for (const probe of this.#probes(provider)) {
      this.#tell(`Attaching '${provider}' probe`);
      this.#options.loaded.run(probe);
    }
  }

  /** How many places there are now: probes that run by themselves count too. */
  #attach(): number {
    const { script, loaded } = this.#options;
    let count = 0;
    const missing: AttachError[] = [];
    for (const probe of attachOrder(script.probes)) {
      if (probe.hook.kind === 'testRun') {
        if (probe.resolved.provider !== 'test' && probe.resolved.provider !== 'bench') count++;
        continue;
      }
      this.#tell(`Trying to attach probe: ${probe.resolved.name}`);
      try {
        this.#links.push(...loaded.attach(probe));
        count += probe.resolved.targets.length;
      } catch (error) {
        if (!(error instanceof AttachError)) throw error;
        missing.push(error);
        this.#missing(probe, error);
      }
    }
    if (missing.length > 0 && script.config.missingProbes === 'error') throw probesMissing(missing);
    return count;
  }

  /** What tests and benchmarks are for is the other way to run the script. */
  #nothingAttached(): ScriptFailure {
    for (const provider of ['test', 'bench'] as const) {
      if (this.#probes(provider).length > 0) return new ScriptFailure(onlyTests(provider));
    }
    return new ScriptFailure(nothingAttached);
  }

  #missing(probe: CompiledProbe, error: AttachError): void {
    const { output, script } = this.#options;
    switch (script.config.missingProbes) {
      case 'ignore':
        return;
      case 'warn':
        return output.warning(probeSkipped(probe.resolved.name, error));
      case 'error':
        return output.error(probeNotAttached(probe.resolved.name, error));
    }
  }

  #tell(text: string): void {
    if (this.#options.verbose) this.#options.output.note(text);
  }

  #listenToSignals(): ((() => void) | undefined)[] {
    return this.#probes('self').map((probe) => {
      const [target] = probe.resolved.targets;
      const signal = target?.kind === 'special' ? target.signal : undefined;
      if (signal === undefined) return undefined;
      return this.#options.surroundings?.onSignal?.(signal, () => void this.#options.loaded.run(probe));
    });
  }

  /** A map may be full while no event comes that would wake this process. */
  #watchLosses(): (() => void) | undefined {
    if (this.#options.script.lossIndex.size === 0) return undefined;
    const timer = setInterval(this.#turnEnds, lossInterval);
    timer.unref();
    return () => clearInterval(timer);
  }

  #exit(code: number): void {
    this.#exitCode = code;
    this.#exiting = true;
    this.#abort.abort();
  }

  #unwatch(address: bigint): void {
    const wanted = `0x${address.toString(16)}`;
    for (const link of this.#links) if (link.target.startsWith(wanted)) link.close();
  }

  async #detach(): Promise<void> {
    await closeAll(this.#links.splice(0));
  }
}
