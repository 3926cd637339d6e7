/** `defineProgram`: kernel programs written in TypeScript. */
import { fileURLToPath } from 'node:url';
import { ProgramError } from './diagnostic.ts';
import type { Environment } from './environment.ts';
import { loadCompiled } from './load.ts';
import { messages } from './messages.ts';
import {
  type AnyMap,
  type Body,
  type CompiledDefinition,
  compileDefinition,
  type Definition,
} from './program.ts';
import { runningKernel } from './running.ts';
import type { Parameter } from './schema.ts';
import { type CallSite, callSites, FunctionSource } from './source.ts';
import type { DefineProgram } from './types/define.ts';
import { codecOf } from './values.ts';

interface Source {
  readonly params?: Readonly<Record<string, Parameter<unknown, unknown>>>;
  readonly maps?: Readonly<Record<string, AnyMap>>;
  readonly functions?: Readonly<Record<string, Body>>;
  readonly probes: Readonly<Record<string, Body>>;
}

export interface Options {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly probes?: readonly string[];
}

/**
 * Declares a kernel program. Bodies are read and compiled when the program is loaded.
 *
 * Throws nothing; mistakes in bodies are ProgramErrors of `load` and `compile`.
 */
export const defineProgram: DefineProgram = ((source: Source) => {
  const { stack } = new Error();
  return new SourceProgram(source, stack);
}) as unknown as DefineProgram;

/** The files of this package that can stand between the user's call and the stack that is taken here. */
const own = [import.meta.url ? fileURLToPath(import.meta.url) : __filename];

/** A declared program. What users see of it is the type `Program`. */
export class SourceProgram {
  readonly #source: Source;
  readonly #stack: string | undefined;

  constructor(source: Source, stack: string | undefined) {
    this.#source = source;
    this.#stack = stack;
  }

  /** Compiles without loading: for tests, and for looking at the code. */
  compile(options: Options = {}, environment: Environment = runningKernel()): CompiledDefinition {
    return compileDefinition(this.definition(options), environment);
  }

  async load(options: Options = {}): Promise<object> {
    const definition = this.definition(options);
    const loaded = loadCompiled(compileDefinition(definition, runningKernel()), definition.maps);
    return {
      ...Object.fromEntries(loaded.handles),
      programs: loaded.programs(),
      lost: () => loaded.lost(),
      close: () => loaded.close(),
      [Symbol.dispose]: () => loaded.close(),
      [Symbol.asyncDispose]: () => loaded.closeAsync(),
    };
  }

  get maps(): ReadonlyMap<string, AnyMap> {
    return new Map(Object.entries(this.#source.maps ?? {}));
  }

  /** Sources and values, without their TypeScript types. */
  definition({ params = {}, probes }: Options): Definition {
    const source = this.#source;
    const sites = callSites(this.#stack, own);
    const wanted = Object.entries(source.probes).filter(([name]) => !probes || probes.includes(name));
    for (const name of probes ?? []) {
      if (!Object.hasOwn(source.probes, name)) {
        throw new ProgramError(
          messages.unknownProbe(name, 'the program declares no such probe', Object.keys(source.probes)),
        );
      }
    }
    return {
      params: parameters(source.params ?? {}, params),
      maps: this.maps,
      functions: bodies(Object.entries(source.functions ?? {}), sites),
      probes: bodies(wanted, sites),
    };
  }
}

function bodies(entries: readonly [string, Body][], sites: readonly CallSite[]): Map<string, FunctionSource> {
  return new Map(entries.map(([name, body]) => [name, new FunctionSource(name, body, sites)]));
}

/** Values of parameters, checked against their types: they become constants of the program. */
function parameters(
  declared: Readonly<Record<string, Parameter<unknown, unknown>>>,
  given: Readonly<Record<string, unknown>>,
): Map<string, bigint | number | boolean> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name)) {
      throw new ProgramError(messages.unknownContext(name, Object.keys(declared)));
    }
  }
  return new Map(
    Object.entries(declared).map(([name, { schema, initial }]) => {
      if (!schema) throw new TypeError(`params.${name} needs a default: u64(0), i32(-1), bool(true)`);
      const value = given[name] ?? initial;
      const codec = codecOf(schema.shape, `params.${name}`);
      const view = new DataView(new ArrayBuffer(codec.size));
      codec.encode(value, view, 0);
      return [name, codec.decode(view, 0) as bigint | number | boolean];
    }),
  );
}
