/** Compiled programs do what their form says, whatever the passes and the allocator make of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runBpf } from '../../test/support/bpf-interpreter.ts';
import { GLOBALS_SIZE, randomModule } from '../../test/support/random-ir.ts';
import { disassemble } from '../asm/disassemble.ts';
import { encode } from '../asm/encode.ts';
import { compileModule, optimize, type Target } from './compile.ts';
import { FlatMemory, interpret } from './interpret.ts';
import type { IrModule } from './ir.ts';
import { printModule } from './print.ts';
import { validateModule } from './validate.ts';

interface Outcome {
  readonly result: bigint;
  readonly globals: string;
  readonly calls: readonly string[];
}

const LIMIT = 200_000;

function globals(memory: FlatMemory, input: number): bigint {
  const at = memory.allocate(GLOBALS_SIZE);
  let state = input >>> 0 || 1;
  for (const [i] of memory.bytes(at, 64).entries()) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    memory.bytes(at, 64)[i] = state % 5 === 0 ? 0 : state % 7 === 0 ? 0xff : state >>> 24;
  }
  return at;
}

function answer(id: number, args: readonly bigint[], calls: string[]): bigint {
  const shown = args.map((v) => BigInt.asUintN(64, v));
  calls.push(`${id}(${shown.join(', ')})`);
  return BigInt.asUintN(
    64,
    shown.reduce((sum, v) => sum * 33n + v, BigInt(id)),
  );
}

function runForm(module: IrModule, input: number): Outcome {
  const memory = new FlatMemory();
  const at = globals(memory, input);
  const context = memory.allocate(64);
  const calls: string[] = [];
  const result = interpret(module, [context], {
    memory,
    mapValue: () => at,
    call: (callee, args) => answer(callee.kind === 'helper' ? callee.id : 0, args, calls),
    limit: LIMIT,
  });
  return { result: BigInt.asUintN(64, result), globals: memory.bytes(at, GLOBALS_SIZE).join(), calls };
}

function runCompiled(module: IrModule, input: number, target: Target): Outcome {
  const memory = new FlatMemory();
  const at = globals(memory, input);
  const context = memory.allocate(64);
  const calls: string[] = [];
  const program = compileModule(module, target);
  encode(program.instructions);
  for (const frame of program.frames) assert.ok(frame.bytes <= 512);
  const marks: number[] = [];
  const result = runBpf(program.instructions, [context], {
    read: (address, size) => BigInt.asUintN(64, memory.read(address, size as 1)),
    write: (address, size, value) => memory.write(address, size as 1, value),
    pushStack: () => {
      marks.push(memory.mark);
      return memory.allocate(512);
    },
    popStack: () => memory.release(marks.pop()!),
    mapValue: () => at,
    call: (id, args) => {
      const count = id >= 1000 ? id - 1000 : 0;
      return answer(id, args.slice(0, count) as bigint[], calls);
    },
    limit: LIMIT * 8,
  });
  return { result: BigInt.asUintN(64, result), globals: memory.bytes(at, GLOBALS_SIZE).join(), calls };
}

function agree(seed: number, input: number, size: number): void {
  const options = { size, functions: true, traced: true, barrier: 5 };
  const make = (): IrModule => randomModule(seed, options);
  const module = make();
  validateModule(module);
  let expected: Outcome;
  try {
    expected = runForm(module, input);
  } catch (error) {
    if (error instanceof RangeError) return;
    throw error;
  }
  const optimized = make();
  for (const fn of optimized.functions) optimize(fn, false);
  validateModule(optimized);
  assert.deepEqual(
    runForm(optimized, input),
    expected,
    `optimized\n${printModule(make())}\n${printModule(optimized)}`,
  );
  for (const isa of ['v3', 'v4'] as const) {
    const text = (): string =>
      `${isa}\n${printModule(optimized)}\n${disassemble(compileModule(make(), { isa }).instructions)}`;
    let got: Outcome;
    try {
      got = runCompiled(make(), input, { isa });
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${text()}`, { cause: error });
    }
    try {
      assert.deepEqual(got, expected);
    } catch {
      assert.deepEqual(got, expected, text());
    }
  }
}

const runs = Number(process.env.BPFKIT_FUZZ ?? 150);

test('a random program computes the same compiled as interpreted', () => {
  fc.assert(fc.property(fc.integer(), fc.integer(), fc.integer({ min: 1, max: 40 }), agree), {
    numRuns: runs,
  });
});

test('a large random program, whose values cannot all have registers, computes the same', () => {
  fc.assert(fc.property(fc.integer(), fc.integer(), fc.integer({ min: 60, max: 160 }), agree), {
    numRuns: Math.ceil(runs / 5),
  });
});

test('the same form gives the same bytes', () => {
  for (let seed = 0; seed < 20; seed++) {
    const compile = (): string =>
      Buffer.from(encode(compileModule(randomModule(seed, { size: 60, barrier: 5 })).instructions)).toString(
        'hex',
      );
    assert.equal(compile(), compile());
  }
});
