/** `--test` and `--bench`: probes that are run by hand, and what came of each. */

import { possibleCpus } from '../../kernel/cpus.ts';
import type { Colors } from '../../text/color.ts';
import type { CompiledProbe, CompiledScript } from '../compiled.ts';
import type { PrintContext } from '../print/context.ts';
import { readLow } from '../print/memory.ts';
import { Actions } from './actions.ts';
import type { LoadedScript } from './loaded.ts';
import type { ScriptOutput } from './output.ts';
import type { Sink } from './sink.ts';

export interface TestOptions {
  readonly script: CompiledScript;
  readonly loaded: LoadedScript;
  readonly output: ScriptOutput;
  readonly context: PrintContext;
  readonly sink: Sink;
  readonly colors: Pick<Colors, 'red' | 'green'>;
  readonly json: boolean;
  readonly bench: boolean;
}

interface Outcome {
  readonly name: string;
  readonly passed: boolean;
  readonly nanoseconds: number;
}

/** Runs them in the order of the script; 1 if one failed. */
export function runTests(options: TestOptions): number {
  const run = new TestRun(options);
  try {
    return options.bench ? run.bench() : run.test();
  } finally {
    run.close();
    options.output.flush();
  }
}

/** A benchmark is repeated until it took that long in all, in ns. */
const benchTime = 200_000_000;
const mostRepeats = 10_000_000;

class TestRun {
  readonly #options: TestOptions;
  readonly #actions: Actions;
  #exited = false;
  #code = 0;

  constructor(options: TestOptions) {
    this.#options = options;
    const { script, output, context, loaded } = options;
    this.#actions = new Actions({
      ...{ script, output, context, maps: loaded.maps },
      cpus: possibleCpus(),
      exit: (code) => {
        this.#exited = true;
        this.#code = code;
      },
      unwatch: () => {},
    });
  }

  close(): void {
    this.#actions.close();
  }

  test(): number {
    const probes = this.#probes('test');
    const { colors, json } = this.#options;
    const count = `${probes.length} ${probes.length === 1 ? 'test' : 'tests'}`;
    if (!json) this.#line(`${colors.green('[==========]')} Running ${count}.`);
    const outcomes = probes.map((probe) => this.#one(probe));
    const failures = outcomes.filter(({ passed }) => !passed);
    if (json) return failures.length > 0 ? 1 : 0;
    this.#line(`${colors.green('[==========]')} ${count} ran.`);
    const passes = outcomes.length - failures.length;
    this.#line(`${colors.green('[  PASSED  ]')} ${passes} ${passes === 1 ? 'test' : 'tests'}.`);
    if (failures.length === 0) return 0;
    const many = `${failures.length} ${failures.length === 1 ? 'test' : 'tests'}`;
    this.#line(`${colors.red('[  FAILED  ]')} ${many}, listed below:`);
    for (const { name } of failures) this.#line(`${colors.red('[  FAILED  ]')} ${name}`);
    return 1;
  }

  #one(probe: CompiledProbe): Outcome {
    const { colors, json, loaded } = this.#options;
    const name = nameOf(probe);
    if (!json) this.#line(`${colors.green('[ RUN      ]')} ${name}`);
    this.#exited = false;
    this.#code = 0;
    const { result, nanoseconds } = loaded.run(probe);
    this.#drain();
    const passed = result === 0 && !(this.#exited && this.#code !== 0);
    if (json) {
      this.#jsonLine(
        'test_result',
        name,
        `"result": ${result}, "passed": ${passed}, "time_ns": ${nanoseconds}`,
      );
    } else {
      const mark = passed ? colors.green('[       OK ]') : colors.red('[  FAILED  ]');
      this.#line(`${mark} ${name} (${duration(nanoseconds)})`);
    }
    return { name, passed, nanoseconds };
  }

  bench(): number {
    const { json } = this.#options;
    const [name, time, iterations] = ['Benchmark'.padEnd(41), 'Time(ns)'.padEnd(15), 'Iterations'];
    if (!json) {
      this.#line(`${name}${time}${iterations}`);
      this.#line('-'.repeat(41 + 15 + iterations.length));
    }
    for (const probe of this.#probes('bench')) {
      const { nanoseconds, count } = this.#measure(probe);
      if (json) {
        this.#jsonLine(
          'benchmark_result',
          nameOf(probe),
          `"time_ns": ${nanoseconds}, "iterations": ${count}`,
        );
      } else {
        this.#line(`${nameOf(probe).padEnd(41)}${String(nanoseconds).padEnd(15)}${count}`);
      }
    }
    return 0;
  }

  #measure(probe: CompiledProbe): { readonly nanoseconds: number; readonly count: number } {
    const { loaded } = this.#options;
    for (let count = 100; ; count = Math.min(mostRepeats, count * 10)) {
      const { nanoseconds } = loaded.run(probe, { repeat: count });
      this.#drain();
      if (nanoseconds * count >= benchTime || count >= mostRepeats) return { nanoseconds, count };
    }
  }

  #drain(): void {
    const { handlers } = this.#actions;
    this.#options.loaded.stream?.consume((memory, at) => handlers[readLow(memory.view, at)]?.(memory, at));
  }

  #probes(provider: 'test' | 'bench'): readonly CompiledProbe[] {
    return this.#options.script.probes.filter(({ resolved }) => resolved.provider === provider);
  }

  #line(text: string): void {
    this.#options.sink.buffer.utf8(`${text}\n`);
    this.#options.sink.wrote();
  }

  #jsonLine(type: string, name: string, members: string): void {
    this.#line(`{"type": "${type}", "data": {${JSON.stringify(name)}: {${members}}}}`);
  }
}

/** `name` of `test:name`. */
function nameOf({ resolved }: CompiledProbe): string {
  return resolved.name.slice(resolved.name.indexOf(':') + 1);
}

function duration(nanoseconds: number): string {
  if (nanoseconds < 1000) return `${nanoseconds} ns`;
  if (nanoseconds < 1_000_000) return `${Math.floor(nanoseconds / 1000)} us`;
  return `${Math.floor(nanoseconds / 1_000_000)} ms`;
}
