/** What is claimed of a value without running the program holds when it runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GLOBALS_SIZE, randomModule } from '../../test/support/random-ir.ts';
import { fitsSigned, usedBits } from './facts.ts';
import { FlatMemory, interpret } from './interpret.ts';
import type { IrModule } from './ir.ts';
import { printModule } from './print.ts';

function run(module: IrModule, bytes: Uint8Array): void {
  const memory = new FlatMemory();
  const at = memory.allocate(GLOBALS_SIZE);
  memory.bytes(at, 64).set(bytes);
  interpret(module, [memory.allocate(64)], {
    memory,
    mapValue: () => at,
    call: () => 0n,
    limit: 20_000,
    watch: (value, result) => {
      const bits = usedBits(value);
      const seen = BigInt.asUintN(64, result);
      if (seen >> BigInt(Math.min(bits, 64)) !== 0n) {
        assert.fail(
          `%${value.id} = 0x${seen.toString(16)} has more than ${bits} bits\n${printModule(module)}`,
        );
      }
      for (const width of [8, 16, 32]) {
        if (fitsSigned(value, width) && BigInt.asIntN(width, result) !== result) {
          assert.fail(
            `%${value.id} = ${result} does not fit in ${width} signed bits\n${printModule(module)}`,
          );
        }
      }
    },
  });
}

test('no value uses more bits than is said of it', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.oneof(
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.constant(new Uint8Array(64).fill(0xff)),
        fc.constant(new Uint8Array(64).fill(0x80)),
      ),
      (seed, bytes) => {
        try {
          run(randomModule(seed, { size: 40, barrier: 5 }), bytes);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      },
    ),
    { numRuns: Number(process.env.BPFKIT_FUZZ ?? 300) },
  );
});
