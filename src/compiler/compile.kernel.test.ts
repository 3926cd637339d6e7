/** The kernel agrees: it accepts what is compiled, and computes with it what the form says. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GLOBALS, GLOBALS_SIZE, randomModule } from '../../test/support/random-ir.ts';
import { disassemble } from '../asm/disassemble.ts';
import { type Collection, loadCollection } from '../kernel/collection.ts';
import { MapType, ProgramType } from '../kernel/spec.ts';
import { FunctionBuilder } from './builder.ts';
import { type CompiledProgram, compileModule } from './compile.ts';
import { FlatMemory, interpret } from './interpret.ts';
import type { Callee, IrModule, ValueType } from './ir.ts';
import { printModule } from './print.ts';

/** bpf_ktime_get_ns: takes nothing, destroys r0 to r5, and every program type may call it. */
const KTIME = 5;
const SCRATCH = 'scratch';
const context: ValueType = { kind: 'pointer', provenance: 'context', nullable: false };

function load(program: CompiledProgram, input: Uint8Array): Collection {
  return loadCollection({
    maps: [
      {
        name: GLOBALS,
        type: MapType.array,
        keySize: 4,
        valueSize: GLOBALS_SIZE,
        maxEntries: 1,
        contents: input,
      },
      ...(program.scratchBytes === 0
        ? []
        : [
            {
              name: SCRATCH,
              type: MapType.perCpuArray,
              keySize: 4,
              valueSize: Math.ceil(program.scratchBytes / 8) * 8,
              maxEntries: 1,
            },
          ]),
    ],
    programs: [{ name: 'random', type: ProgramType.socketFilter, instructions: program.instructions }],
  });
}

/** What the program returns (the low half) and leaves in its map. */
function runInKernel(program: CompiledProgram, input: Uint8Array): { result: number; globals: string } {
  const loaded = load(program, input);
  try {
    const { result } = loaded.program('random').testRun({ data: new Uint8Array(64) });
    const map = loaded.map(GLOBALS) as unknown as { get(key: number): Uint8Array | undefined };
    return { result, globals: Buffer.from(map.get(0) ?? []).toString('hex') };
  } finally {
    loaded.close();
  }
}

function runForm(module: IrModule, input: Uint8Array): { result: number; globals: string } {
  const memory = new FlatMemory();
  const at = memory.allocate(GLOBALS_SIZE);
  memory.bytes(at, GLOBALS_SIZE).set(input);
  const result = interpret(module, [memory.allocate(64)], {
    memory,
    mapValue: () => at,
    call: () => 0n,
    limit: 100_000,
  });
  return {
    result: Number(BigInt.asUintN(32, result)),
    globals: Buffer.from(memory.bytes(at, GLOBALS_SIZE)).toString('hex'),
  };
}

function inputFor(seed: number): Uint8Array {
  const bytes = new Uint8Array(GLOBALS_SIZE);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < 64; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state % 5 === 0 ? 0 : state % 7 === 0 ? 0xff : state >>> 24;
  }
  return bytes;
}

/** The smallest program of the instruction set: whether this kernel knows it. */
function knows(t: TestContext, isa: 'v3' | 'v4'): boolean {
  const b = new FunctionBuilder('entry', 'entry', [{ name: 'ctx', type: context }]);
  const x = b.load(8, b.mapValueAddress(GLOBALS), 0);
  b.return(isa === 'v4' ? b.binary('sdiv', x, b.load(8, b.mapValueAddress(GLOBALS), 8)) : x);
  const program = compileModule({ name: 'probe', functions: [b.finish()] }, { isa });
  try {
    load(program, inputFor(1)).close();
    return true;
  } catch (error) {
    t.skip(`needs BPF instruction set ${isa}: ${(error as Error).message.split('\n')[0]}`);
    return false;
  }
}

for (const isa of ['v3', 'v4'] as const) {
  test(`random programs (${isa}) compute in the kernel what their form says`, (t) => {
    if (!knows(t, isa)) return;
    for (let seed = 0; seed < 30; seed++) {
      const make = (): IrModule =>
        randomModule(seed, { size: 5 + (seed % 12) * 5, functions: true, barrier: KTIME });
      const input = inputFor(seed * 7 + 1);
      const program = compileModule(make(), { isa });
      const text = (): string => `seed ${seed}\n${printModule(make())}\n${disassemble(program.instructions)}`;
      let expected: ReturnType<typeof runForm>;
      try {
        expected = runForm(make(), input);
      } catch (error) {
        if (error instanceof RangeError) continue;
        throw error;
      }
      let got: ReturnType<typeof runForm>;
      try {
        got = runInKernel(program, input);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${text()}`, { cause: error });
      }
      assert.deepEqual(got, expected, text());
    }
  });
}

test('thirty values that live across calls keep what they hold', () => {
  const make = (): IrModule => {
    const b = new FunctionBuilder('entry', 'entry', [{ name: 'ctx', type: context }]);
    const barrier: Callee = { kind: 'helper', id: KTIME, name: 'ktime', pure: false };
    const values = Array.from({ length: 30 }, (_, i) => b.load(1, b.mapValueAddress(GLOBALS), i));
    b.call(barrier, []);
    let sum = b.constant(0);
    for (const [i, value] of values.entries()) {
      sum = b.binary('add', b.binary('mul', sum, b.constant(3)), value);
      if (i % 7 === 0) b.call(barrier, []);
    }
    for (const value of values) sum = b.binary('xor', b.binary('mul', sum, b.constant(5)), value);
    b.store(8, b.mapValueAddress(GLOBALS), 64, sum);
    b.return(sum);
    return { name: 'spills', functions: [b.finish()] };
  };
  const input = inputFor(99);
  assert.deepEqual(runInKernel(compileModule(make()), input), runForm(make(), input));
});

test('a number that was compared with a bound keeps the bound when it lives in memory', () => {
  // An index read once, checked, and used far behind, while four busier values have r6 to r9.
  const make = (): IrModule => {
    const b = new FunctionBuilder('entry', 'entry', [{ name: 'ctx', type: context }]);
    const barrier: Callee = { kind: 'helper', id: KTIME, name: 'ktime', pure: false };
    const busy = [8, 16, 24, 32].map((at) => b.load(8, b.mapValueAddress(GLOBALS), at));
    const index = b.load(8, b.mapValueAddress(GLOBALS), 0);
    let sum = b.constant(0);
    const mix = (): void => {
      for (const value of busy)
        sum = b.binary('xor', b.binary('mul', b.binary('add', sum, value), value), value);
      b.store(8, b.mapValueAddress(GLOBALS), 64, sum);
      b.call(barrier, []);
      sum = b.load(8, b.mapValueAddress(GLOBALS), 64);
    };
    mix();
    const fits = b.block('fits');
    const out = b.block('out');
    b.branch('ult', index, b.constant(32), fits, out);
    b.begin(fits);
    mix();
    mix();
    const at = b.binary('add', b.mapValueAddress(GLOBALS), index, 64, {
      kind: 'pointer',
      provenance: 'mapValue',
      nullable: false,
    });
    b.return(b.binary('add', sum, b.load(1, at, 0)));
    b.begin(out);
    b.return(b.constant(1));
    return { name: 'bounds', functions: [b.finish()] };
  };
  const input = inputFor(5);
  input.fill(0, 0, 8);
  input[0] = 17;
  assert.deepEqual(runInKernel(compileModule(make()), input), runForm(make(), input));
});

test('slots that do not fit on the stack move to scratch memory, in every function', () => {
  const make = (): IrModule => {
    const fill = (b: FunctionBuilder, size: number) => {
      const slot = b.slot('buffer', size);
      const at = b.slotAddress(slot);
      for (let i = 0; i < size; i += 8) b.store(8, at, i, b.constant(0));
      b.call({ kind: 'helper', id: 16, name: 'get_current_comm', pure: false }, [at, b.constant(16)]);
      for (let i = 0; i < 16; i += 8) b.store(8, at, i, b.constant(i));
      b.store(8, b.binary('add', at, b.constant(size - 8)), 0, b.constant(5));
      return b.binary('add', b.load(8, at, 8), b.load(8, at, size - 8));
    };
    const entry = new FunctionBuilder('entry', 'entry', [{ name: 'ctx', type: context }]);
    const first = fill(entry, 400);
    const second = fill(entry, 304);
    const called = entry.call({ kind: 'function', name: 'part' }, [first]);
    entry.return(entry.binary('add', entry.binary('mul', first, second), called));
    const part = new FunctionBuilder('part', 'static', [
      { name: 'a', type: { kind: 'scalar', bits: 64, signed: false } },
    ]);
    part.return(part.binary('add', fill(part, 480), part.parameter(0)));
    return { name: 'scratch', functions: [entry.finish(), part.finish()] };
  };
  const program = compileModule(make(), { scratch: { map: SCRATCH } });
  assert.ok(program.scratchBytes > 0);
  const loaded = loadCollection({
    maps: [
      {
        name: SCRATCH,
        type: MapType.perCpuArray,
        keySize: 4,
        valueSize: program.scratchBytes,
        maxEntries: 1,
      },
    ],
    programs: [{ name: 'scratch', type: ProgramType.rawTracepoint, instructions: program.instructions }],
  });
  try {
    const expected = runForm(make(), inputFor(1)).result;
    assert.equal(loaded.program('scratch').testRun({ context: new Uint8Array(64) }).result, expected);
  } finally {
    loaded.close();
  }
});
