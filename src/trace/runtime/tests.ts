/** `--test` and `--bench`: probes that are run by hand, and what came of each. */

import { possibleCpus } from '../../kernel/cpus.ts';
import type { Colors } from '../../text/color.ts';
import { Output } from '../../text/output.ts';
import type { CompiledProbe, CompiledScript, Location } from '../compiled.ts';
import type { PrintContext } from '../print/context.ts';
import { readLow } from '../print/memory.ts';
import { Actions } from './actions.ts';
import type { LoadedScript } from './loaded.ts';
import type { MessageKind, ScriptOutput } from './output.ts';
import { Sink } from './sink.ts';
import { TextOutput } from './text-output.ts';

export interface TestOptions {
  readonly script: CompiledScript;
  readonly loaded: LoadedScript;
  /** What is printed outside of tests. */
  readonly output: ScriptOutput;
  readonly context: PrintContext;
  readonly sink: Sink;
  readonly err: Output;
  readonly colors: Pick<Colors, 'red' | 'green'>;
  readonly json: boolean;
  readonly bench: boolean;
  /** --no-warnings. Default false. */
  readonly noWarnings?: boolean;
}

/** Runs them in the order of the script; 1 if one failed. */
export function runTests(options: TestOptions): number {
  const run = new TestRun(options);
  try {
    return run.whole();
  } finally {
    run.close();
    options.output.flush();
  }
}

/** What a test prints, kept: it is shown if the test fails. */
class Captured extends TextOutput {
  readonly #out: Output;
  readonly #pieces: Buffer[];
  #failed = false;

  constructor(context: PrintContext, noWarnings: boolean) {
    const pieces: Buffer[] = [];
    const out = new Output(-1, 'the output of a test', (_, bytes, offset, length) => {
      pieces.push(Buffer.from(bytes.subarray(offset, offset + length)));
      return length;
    });
    super({ sink: new Sink(out), err: out, context, noWarnings, quiet: true });
    this.#out = out;
    this.#pieces = pieces;
  }

  /** `errorf` and `assert` fail a test. */
  override message(kind: MessageKind, text: string, location: Location): void {
    if (kind === 'errorf') this.#failed = true;
    super.message(kind, text, location);
  }

  /** What there was since it was asked last. */
  take(): { readonly text: Buffer; readonly failed: boolean } {
    this.flush();
    this.#out.flush();
    const taken = { text: Buffer.concat(this.#pieces.splice(0)), failed: this.#failed };
    this.#failed = false;
    return taken;
  }
}

/** A benchmark is repeated until it took that long in all, in ns. */
const benchTime = 200_000_000;
const mostRepeats = 10_000_000;

interface Measured {
  readonly nanoseconds: number;
  readonly count: number;
  readonly failed: boolean;
}

class TestRun {
  readonly #options: TestOptions;
  readonly #captured: Captured;
  /** For tests, and for what is printed outside of them. */
  readonly #actions: { readonly inside: Actions; readonly outside: Actions };
  #code = 0;

  constructor(options: TestOptions) {
    this.#options = options;
    const { script, output, context, loaded, noWarnings = false } = options;
    this.#captured = new Captured(context, noWarnings);
    const actionsOf = (to: ScriptOutput): Actions =>
      new Actions({
        ...{ script, output: to, context, maps: loaded.maps },
        cpus: possibleCpus(),
        exit: (code) => {
          this.#code = code;
        },
        unwatch: () => {},
      });
    this.#actions = { inside: actionsOf(this.#captured), outside: actionsOf(output) };
  }

  close(): void {
    this.#actions.inside.close();
    this.#actions.outside.close();
  }

  /** What `begin` prints belongs to the first of them. */
  whole(): number {
    const { bench, output, loaded } = this.#options;
    for (const probe of this.#probes('begin')) loaded.run(probe);
    const code = bench ? this.#bench() : this.#test();
    for (const probe of this.#probes('end')) loaded.run(probe);
    this.#drain('outside');
    output.end();
    return code;
  }

  #test(): number {
    const probes = this.#probes('test');
    const { colors, json } = this.#options;
    if (!json) this.#line(`${colors.green('[==========]')} Running ${probes.length} tests.`);
    const failures = probes.filter((probe) => !this.#passes(probe)).map(nameOf);
    const code = failures.length > 0 ? 1 : 0;
    if (json) return code;
    const many = (count: number): string => `${count} ${count === 1 ? 'test' : 'tests'}`;
    this.#line(`${colors.green('[==========]')} ${many(probes.length)} ran.`);
    this.#line(`${colors.green('[  PASSED  ]')} ${many(probes.length - failures.length)}.`);
    if (failures.length === 0) return code;
    this.#line(`${colors.red('[  FAILED  ]')} ${many(failures.length)}, listed below:`);
    for (const name of failures) this.#line(`${colors.red('[  FAILED  ]')} ${name}`);
    return code;
  }

  #passes(probe: CompiledProbe): boolean {
    const { colors, json, loaded, sink } = this.#options;
    const name = nameOf(probe);
    if (!json) this.#line(`${colors.green('[ RUN      ]')} ${name}`);
    this.#code = 0;
    const { result, nanoseconds } = loaded.run(probe);
    this.#drain('inside');
    const { text, failed } = this.#captured.take();
    const passed = result === 0 && this.#code === 0 && !failed;
    if (json) {
      const output = JSON.stringify(text.toString('utf8'));
      const members = `"duration": ${nanoseconds}, "passed": ${passed}, "output": ${output}`;
      this.#jsonLine('test_result', name, members);
      return passed;
    }
    if (!passed) sink.buffer.dataLines(text);
    const mark = passed ? colors.green('[       OK ]') : colors.red('[  FAILED  ]');
    this.#line(`${mark} ${name} (${duration(nanoseconds)})`);
    return passed;
  }

  #bench(): number {
    const { json } = this.#options;
    const [name, time, iterations] = ['Benchmark'.padEnd(41), 'Time(ns)'.padEnd(15), 'Iterations'];
    if (!json) {
      this.#line(`${name}${time}${iterations}`);
      this.#line('-'.repeat(41 + 15 + iterations.length));
    }
    let code = 0;
    for (const probe of this.#probes('bench')) {
      const { nanoseconds, count, failed } = this.#measure(probe);
      if (failed) {
        this.#options.err.line(`ERROR: Benchmark '${nameOf(probe)}' failed.`);
        code = 1;
      } else if (json) {
        this.#jsonLine('benchmark_result', nameOf(probe), `"average": ${nanoseconds}, "iters": ${count}`);
      } else {
        this.#line(`${nameOf(probe).padEnd(41)}${String(nanoseconds).padEnd(15)}${count}`);
      }
    }
    return code;
  }

  #measure(probe: CompiledProbe): Measured {
    const { loaded } = this.#options;
    for (let count = 100; ; count = Math.min(mostRepeats, count * 10)) {
      const { nanoseconds } = loaded.run(probe, { repeat: count });
      this.#drain('inside');
      const { failed } = this.#captured.take();
      if (failed || nanoseconds * count >= benchTime || count >= mostRepeats) {
        return { nanoseconds, count, failed };
      }
    }
  }

  #drain(where: 'inside' | 'outside'): void {
    const { handlers } = this.#actions[where];
    this.#options.loaded.stream?.consume((memory, at) => handlers[readLow(memory.view, at)]?.(memory, at));
  }

  #probes(provider: string): readonly CompiledProbe[] {
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
  if (nanoseconds < 1_000_000) return `${Math.floor(nanoseconds / 1000)} μs`;
  return `${Math.floor(nanoseconds / 1_000_000)} ms`;
}
