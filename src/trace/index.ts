/**
 * bpfkit/trace: scripts of bpftrace's language from a program.
 *
 *     import { trace } from 'bpfkit/trace';
 *
 *     await using run = await trace('tracepoint:syscalls:sys_enter_openat { printf("%s", str(args.filename)) }');
 *     for await (const event of run) if (event.kind === 'printf') console.log(event.args[0]);
 *
 * Nothing is printed, and nothing is left in the kernel when the run is disposed of.
 */
import { possibleCpus } from '../kernel/cpus.ts';
import { UserSymbols } from '../kernel/symbol/user-symbols.ts';
import { compileScript, nothingToAttach } from './compile.ts';
import type { CompiledScript } from './compiled.ts';
import { Machine } from './machine.ts';
import type { PrintContext } from './print/context.ts';
import { tableOf } from './print/map-table.ts';
import { renderDiagnostics } from './render.ts';
import { EventQueue, entriesOf, type MapEntry, type TraceEvent } from './runtime/events.ts';
import { type KernelScript, loadScript } from './runtime/load.ts';
import { machineContext } from './runtime/machine-context.ts';
import { runScript } from './runtime/run.ts';

export { KernelString } from '../text/kernel-string.ts';
export type { Location } from './compiled.ts';
export type { Bucket } from './print/histogram.ts';
export type { SeriesPoint } from './print/series.ts';
export type { StackFrame, TraceValue } from './print/value.ts';
export type { MapEntry, MapValue, Statistics, TraceEvent } from './runtime/events.ts';
export type { HelperFailure, MessageKind } from './runtime/output.ts';

export interface TraceOptions {
  /** Only what this process does. Default: everything. */
  readonly pid?: number;
  /** `$1`, `$2`, … Default none. */
  readonly parameters?: readonly (string | number | bigint)[];
  /** For `getopt`: text, numbers, or true for a flag. Default none. */
  readonly named?: Readonly<Record<string, string | number | bigint | boolean>>;
  /** Allows system(), signal(), write_user(), override(). Default false. */
  readonly unsafe?: boolean;
  /** Settings as a config block has them, `{ max_strlen: 64 }`; they win over the script's. Default none. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /** Reports helpers that fail. Default false. */
  readonly helperWarnings?: boolean;
}

/** The script is wrong. The message is what `bpfkit trace` would print, with places and carets. */
export class ScriptError extends Error {
  override readonly name: string = 'ScriptError';
}

/**
 * Compiles, loads and attaches a script; it runs until it exits, `stop` is called, or the run is disposed of.
 * Throws ScriptError, VerifierError, KernelError, and what the kernel says of probes that it cannot attach.
 */
export async function trace(script: string, options: TraceOptions = {}): Promise<Trace> {
  const compiled = compile(script, options);
  const { pid } = options;
  if (compiled.unwinds && pid === undefined)
    throw new ScriptError('dw_ustack needs a process to walk the stacks of: say which one by the option pid');
  const loaded = loadScript(compiled, { unwind: { pids: pid === undefined ? [] : [pid] } });
  const run = new Trace(compiled, loaded);
  try {
    await Promise.race([run.attached, run.finished]);
    return run;
  } catch (error) {
    loaded.close();
    throw error;
  }
}

function compile(script: string, options: TraceOptions): CompiledScript {
  const variables = Object.fromEntries(
    Object.entries(options.config ?? {}).map(([name, value]) => [
      `BPFTRACE_${name.toUpperCase()}`,
      String(value),
    ]),
  );
  const named = new Map<string, string | true>();
  for (const [name, value] of Object.entries(options.named ?? {})) {
    if (value !== false) named.set(name, value === true ? true : String(value));
  }
  const machine = new Machine({
    ...{ pid: options.pid, unsafe: options.unsafe, helperWarnings: options.helperWarnings, variables, named },
    positional: (options.parameters ?? []).map(String),
  });
  const compilation = compileScript({ name: 'stdin', text: script }, { machine });
  if (compilation.script === undefined)
    throw new ScriptError(renderDiagnostics(compilation.diagnostics).trimEnd());
  if (compilation.script.probes.length === 0) throw new ScriptError(nothingToAttach);
  return compilation.script;
}

/** A script that runs. */
export class Trace implements AsyncIterable<TraceEvent> {
  /** Resolves when everything is attached. */
  readonly attached: Promise<void>;
  /** The script's exit code, once everything is detached. Rejects with what ended it otherwise. */
  readonly finished: Promise<number>;
  readonly #script: CompiledScript;
  readonly #loaded: KernelScript;
  readonly #context: PrintContext;
  readonly #events: EventQueue;
  #end: (() => void) | undefined;
  #stopped = false;

  constructor(script: CompiledScript, loaded: KernelScript) {
    this.#script = script;
    this.#loaded = loaded;
    const { config } = script;
    const symbols = new UserSymbols({
      cache: config.cacheUserSymbols,
      demangle: config.cppDemangle,
      sources: config.showDebugInfo,
    });
    this.#context = machineContext({
      trailer: config.strTruncTrailer,
      stacks: loaded,
      userPlace: (address, pid, _, frame) => symbols.at(pid, address, undefined, frame),
    });
    this.#events = new EventQueue(this.#context);
    let isAttached: () => void = () => {};
    this.attached = new Promise((resolve) => {
      isAttached = resolve;
    });
    this.finished = this.#run(isAttached);
    // Whoever does not look at it has it from the iteration.
    this.finished.catch(() => {});
  }

  /** The rows of a map as they are now, sorted as the script would print them; `@name`. Throws RangeError. */
  map(name: string): MapEntry[] {
    const map = this.#script.maps.find((one) => one.name === name);
    const access = this.#loaded.maps.get(name);
    if (map === undefined || access === undefined) throw new RangeError(`the script has no map ${name}`);
    const rows = tableOf(map, access.elements(), { cpus: possibleCpus() });
    return entriesOf(map, rows, this.#context);
  }

  get mapNames(): readonly string[] {
    return this.#script.maps.map(({ name }) => name);
  }

  /** Ends the script as Ctrl-C does: its end probes run. Resolves to its exit code. */
  stop(): Promise<number> {
    this.#stopped = true;
    this.#end?.();
    return this.finished;
  }

  [Symbol.asyncIterator](): AsyncIterator<TraceEvent, undefined> {
    return {
      next: async () => {
        const value = await this.#events.take();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        await this.stop().catch(() => {});
        return { done: true, value: undefined };
      },
    };
  }

  /** Takes everything out of the kernel. Idempotent. */
  async close(): Promise<void> {
    await this.stop().catch(() => {});
    this.#loaded.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(attached: () => void): Promise<number> {
    try {
      const code = await runScript({
        ...{ script: this.#script, loaded: this.#loaded, output: this.#events, context: this.#context },
        cpus: possibleCpus(),
        surroundings: {
          onEnd: (end) => {
            this.#end = end;
            if (this.#stopped) end();
            return () => {};
          },
          ready: attached,
        },
      });
      this.#events.finish();
      return code;
    } catch (error) {
      this.#events.finish(error);
      throw error;
    }
  }
}
