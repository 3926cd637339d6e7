/** Changes bytes by chance, the same way for the same seed, and keeps count of what that did. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A generator of 32-bit numbers (xorshift32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  below(limit: number): number {
    return this.next() % limit;
  }
}

/** Values at which checks of sizes and signs tend to fail. */
const EDGES = [
  0, 1, 3, 4, 7, 8, 0x7f, 0x80, 0xff, 0xfff0, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff,
];

/**
 * Changes one to eight places of `bytes`, calls `look` with the result (now and then cut short), and puts the
 * bytes back.
 */
export function withMutation(bytes: Uint8Array, chance: Chance, look: (mutated: Uint8Array) => void): void {
  const undo: [at: number, before: number][] = [];
  const set = (at: number, value: number): void => {
    if (at >= bytes.length) return;
    undo.push([at, bytes[at]!]);
    bytes[at] = value;
  };
  for (let i = 1 + chance.below(8); i > 0; i--) {
    const at = chance.below(bytes.length);
    const edge = EDGES[chance.below(EDGES.length)]!;
    switch (chance.below(4)) {
      case 0:
        set(at, bytes[at]! ^ (1 << chance.below(8)));
        break;
      case 1:
        set(at, chance.below(256));
        break;
      default: {
        const size = 1 << chance.below(4);
        const aligned = at - (at % size);
        for (let k = 0; k < size; k++)
          set(aligned + k, k < 4 ? (edge >>> (8 * k)) & 0xff : edge > 0x7fffffff ? 0xff : 0);
      }
    }
  }
  try {
    look(chance.below(16) === 0 ? bytes.subarray(0, chance.below(bytes.length)) : bytes);
  } finally {
    for (const [at, before] of undo.reverse()) bytes[at] = before;
  }
}

export interface FuzzReport {
  readonly inputs: number;
  /** Inputs that were answered by the typed error that the reader promises. */
  readonly refused: number;
  readonly seconds: number;
  /** Milliseconds of the slowest input. */
  readonly slowest: number;
  /** Bytes by which the heap grew from the first tenth to the end. */
  readonly heapGrowth: number;
}

/** Milliseconds after which an input counts as a hang. */
const HANG = 1000;

/** After so many an input is tried again by the processor's time: a busy machine pauses programs. */
const SUSPECT = 20;

/** Milliseconds of the processor that something takes. */
function cpuTime(act: () => unknown): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * Gives `iterations` mutations of the seeds to `look`, which says whether it refused the input. Whatever `look`
 * throws is a finding: it is rethrown with the number of the input, by which it can be repeated.
 */
export function fuzz(
  seeds: readonly Uint8Array[],
  iterations: number,
  seed: number,
  look: (input: Uint8Array) => 'accepted' | 'refused',
): FuzzReport {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  const heap = (): number => {
    if (typeof collect === 'function') collect();
    return process.memoryUsage().heapUsed;
  };
  const chance = new Chance(seed);
  const frames = Error.stackTraceLimit;
  Error.stackTraceLimit = 3; // most inputs end in an error, and its stack costs more than the reading
  const started = performance.now();
  let refused = 0;
  let slowest = 0;
  let early = heap();
  for (let input = 0; input < iterations; input++) {
    if (input === Math.floor(iterations / 10)) early = heap();
    withMutation(seeds[input % seeds.length]!, chance, (bytes) => {
      const before = performance.now();
      try {
        if (look(bytes) === 'refused') refused++;
      } catch (error) {
        throw new Error(`input ${input} of seed ${seed}: ${error instanceof Error ? error.stack : error}`);
      }
      let took = performance.now() - before;
      if (took > SUSPECT)
        took = Math.min(
          took,
          cpuTime(() => look(bytes)),
        );
      if (took > HANG) throw new Error(`input ${input} of seed ${seed} took ${Math.round(took)} ms`);
      slowest = Math.max(slowest, took);
    });
  }
  Error.stackTraceLimit = frames;
  const seconds = (performance.now() - started) / 1000;
  return { inputs: iterations, refused, seconds, slowest, heapGrowth: heap() - early };
}

/** Runs a fuzz from the command line: `node FILE [ITERATIONS] [SEED]`. */
export function fuzzFromCommandLine(run: (iterations: number, seed: number) => FuzzReport): void {
  const [iterations = '100000', seed = '1'] = process.argv.slice(2);
  const { inputs, refused, seconds, slowest, heapGrowth } = run(Number(iterations), Number(seed));
  process.stdout.write(
    `${inputs} inputs (${refused} refused) in ${seconds.toFixed(1)} s, slowest ${slowest.toFixed(1)} ms, ` +
      `heap grew by ${(heapGrowth / 1e6).toFixed(1)} MB\n`,
  );
}
