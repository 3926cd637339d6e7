/**
 * Scripts by chance through checker and compiler: each is refused with diagnostics, or becomes programs. Anything else
 * is a defect, and is thrown with the script.
 *
 *     node --import tsx test/fuzz/compile.ts 100000 7
 *
 * With `load` behind that they are loaded too, by this kernel, whose verifier must take what the compiler made:
 *
 *     node --import tsx test/fuzz/compile.ts 1000 7 load
 */
import { pathToFileURL } from 'node:url';
import { checkProgram } from '../../src/trace/check/check.ts';
import { compileScript } from '../../src/trace/compile.ts';
import { Diagnostics } from '../../src/trace/diagnostic.ts';
import { lowerProgram } from '../../src/trace/lower/program.ts';
import { checkEnvironmentFor, lowerEnvironmentFor } from '../../src/trace/lower/testing.ts';
import { Machine } from '../../src/trace/machine.ts';
import { parseProgram } from '../../src/trace/parse/parse.ts';
import { loadScript } from '../../src/trace/runtime/load.ts';
import { fixedKernel } from '../support/fixed-kernel.ts';
import { ScriptWriter } from '../support/random-scripts.ts';
import { Chance, type FuzzReport, fuzzFromCommandLine } from './mutate.ts';

type Look = (text: string) => 'accepted' | 'refused';

const environment = checkEnvironmentFor(fixedKernel);
const lowering = lowerEnvironmentFor(fixedKernel);

const compileOnly: Look = (text) => {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text }, diagnostics);
  if (diagnostics.failed) throw new Error(`it does not parse: ${diagnostics.list[0]!.message}`);
  const { checked } = checkProgram(program, environment);
  if (!checked) return 'refused';
  lowerProgram(checked, lowering);
  return 'accepted';
};

const load: Look = (text) => {
  const machine = new Machine({ positional: [], named: new Map(), variables: {} });
  const { script } = compileScript({ name: 'stdin', text }, { machine });
  if (script === undefined) return 'refused';
  loadScript(script, { unwind: { pids: [] } }).close();
  return 'accepted';
};

function run(iterations: number, seed: number, look: Look): FuzzReport {
  const writer = new ScriptWriter(new Chance(seed));
  const started = performance.now();
  let [refused, slowest] = [0, 0];
  const heap = process.memoryUsage().heapUsed;
  for (let input = 0; input < iterations; input++) {
    const text = writer.script();
    const before = performance.now();
    try {
      if (look(text) === 'refused') refused++;
    } catch (error) {
      const what = error instanceof Error ? error.stack : String(error);
      throw new Error(`input ${input} of seed ${seed}: ${what}\n${text}`);
    }
    slowest = Math.max(slowest, performance.now() - before);
  }
  const seconds = (performance.now() - started) / 1000;
  return { inputs: iterations, refused, seconds, slowest, heapGrowth: process.memoryUsage().heapUsed - heap };
}

export const fuzzCompiler = (iterations: number, seed: number): FuzzReport =>
  run(iterations, seed, compileOnly);

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  fuzzFromCommandLine(process.argv[4] === 'load' ? (count, seed) => run(count, seed, load) : fuzzCompiler);
}
