import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callFunction, exit, ldFunction, ldImm64, mov64Imm } from '../asm/build.ts';
import { type LinkEnvironment, type LinkInput, linkProgram } from './link.ts';
import type { ObjectInstruction } from './spec.ts';

/** Functions by name; those that their code names are called. */
function environment(functions: Record<string, ObjectInstruction[]>): LinkEnvironment {
  return {
    functionOf: (key): LinkInput => ({ key, instructions: functions[key] ?? assert.fail(key), lines: [] }),
    resolve: () => undefined,
  };
}

const call = (name: string): ObjectInstruction => callFunction(name, 0) as ObjectInstruction;
const done: ObjectInstruction = exit() as ObjectInstruction;
const zero: ObjectInstruction = mov64Imm(0, 0) as ObjectInstruction;

test('functions are appended in the order in which they are met, going down at once', () => {
  const linked = linkProgram(
    'main',
    environment({
      main: [call('a'), call('b'), done],
      a: [call('c'), done],
      b: [zero, done],
      c: [zero, call('b'), done],
    }),
  );
  assert.deepEqual(linked.functions, [
    { key: 'main', start: 0 },
    { key: 'a', start: 3 },
    { key: 'c', start: 5 },
    { key: 'b', start: 8 },
  ]);
  const distances = linked.instructions.flatMap(({ opcode, imm }) => (opcode === 0x85 ? [imm] : []));
  // main: 3 - 0 - 1 and 8 - 1 - 1; a: 5 - 3 - 1; c: 8 - 6 - 1
  assert.deepEqual(distances, [2, 6, 1, 1]);
});

test('a pointer to a function is a distance in slots, and counts its own two', () => {
  const pointer = ldFunction(2, 'callback', 0) as ObjectInstruction;
  const constant = ldImm64(1, 7n) as ObjectInstruction;
  const linked = linkProgram(
    'main',
    environment({ main: [constant, pointer, done], callback: [zero, done] }),
  );
  assert.equal(linked.functions[1]?.start, 5);
  assert.equal(linked.instructions[1]?.imm, 5 - 2 - 1);
  assert.equal(linked.instructions[1]?.imm64, 2n);
});

test('functions that call each other are there once', () => {
  const linked = linkProgram('a', environment({ a: [call('b'), done], b: [call('a'), done] }));
  assert.equal(linked.functions.length, 2);
  assert.equal(linked.instructions[2]?.imm, 0 - 2 - 1, 'back to the start');
});

test('a chain of fifty thousand functions is linked without a stack of that depth', () => {
  const functions: Record<string, ObjectInstruction[]> = {};
  for (let i = 0; i < 50_000; i++)
    functions[`f${i}`] = i === 49_999 ? [zero, done] : [call(`f${i + 1}`), done];
  assert.equal(linkProgram('f0', environment(functions)).functions.length, 50_000);
});

test('what an environment puts in the place of an instruction says why', () => {
  const instruction: ObjectInstruction = { ...call('x'), reference: { kind: 'kfunc', name: 'x' } };
  const linked = linkProgram('main', {
    functionOf: (key) => ({ key, instructions: [zero, instruction, done], lines: [] }),
    resolve: () => ({
      instructions: [{ ...zero, reference: undefined } as never],
      reason: { reason: 'there is no x' },
    }),
  });
  assert.deepEqual([...linked.unreachable], [[1, { reason: 'there is no x' }]]);
});
