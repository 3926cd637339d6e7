/**
 * One program from its functions.
 *
 * The kernel takes a program as one list of instructions, so each program gets copies of the functions that it
 * calls or passes as callbacks, behind its own code, in the order in which they are first met, going down at once:
 *
 *     main:  call a; call b        main | a | c | b
 *     a:     call c                0      10  15  22
 *
 * A call is a distance from the next instruction, so it is calculated when all places are known: the call of `c` at
 * slot 12 becomes 15 - 12 - 1 = 2.
 */

import type { Instruction, Reference } from '../asm/instruction.ts';
import { CALL } from '../asm/opcodes.ts';
import type { Unreachable } from '../kernel/spec.ts';
import type { CodeLine, ObjectInstruction, ObjectReference } from './spec.ts';

/** A function with its CO-RE relocations answered. */
export interface LinkInput {
  readonly key: string;
  readonly instructions: readonly ObjectInstruction[];
  readonly lines: readonly CodeLine[];
}

/** An instruction that stands in for one that cannot be: `imm` tells the verifier's log which. */
export interface Replacement {
  readonly instructions: readonly Instruction[];
  /** Why, when it must not be reached. */
  readonly reason?: Unreachable;
}

/** What references outside of the program stand for. */
export interface LinkEnvironment {
  functionOf(key: string): LinkInput;
  /** Replaces an instruction; undefined where it stays a reference for the loader (maps that exist). */
  resolve(
    instruction: ObjectInstruction,
    reference: Exclude<ObjectReference, { kind: 'function' }>,
  ): Replacement | undefined;
}

export interface LinkedFunction {
  readonly key: string;
  /** First slot in the program. */
  readonly start: number;
}

export interface LinkedProgram {
  readonly instructions: readonly Instruction[];
  /** The entry first. */
  readonly functions: readonly LinkedFunction[];
  readonly lines: readonly CodeLine[];
  /** Why instructions must not be reached, by slot. */
  readonly unreachable: ReadonlyMap<number, Unreachable>;
}

/** The program that begins with a function; `also` are functions that it needs without calling them. */
export function linkProgram(
  entry: string,
  environment: LinkEnvironment,
  also: readonly string[] = [],
): LinkedProgram {
  const placed = place(entry, environment, also);
  const instructions: Instruction[] = [];
  const lines: CodeLine[] = [];
  const unreachable = new Map<number, Unreachable>();
  let slot = 0;
  for (const { input, start } of placed.values()) {
    for (const line of input.lines) lines.push({ ...line, slot: line.slot + start });
    for (const instruction of input.instructions) {
      const { reference } = instruction;
      if (reference === undefined) {
        instructions.push(instruction as Instruction);
      } else if (reference.kind === 'function') {
        instructions.push(towards(instruction, reference.name, placed.get(reference.name)!.start - slot - 1));
      } else {
        const replaced = environment.resolve(instruction, reference);
        if (replaced?.reason !== undefined) unreachable.set(slot, replaced.reason);
        if (replaced !== undefined) instructions.push(...replaced.instructions);
        else instructions.push({ ...instruction, reference: reference as Reference });
      }
      slot += instruction.imm64 === undefined ? 1 : 2;
    }
  }
  const functions = [...placed.values()].map(({ input, start }) => ({ key: input.key, start }));
  return { instructions, functions, lines, unreachable };
}

interface Placed {
  readonly input: LinkInput;
  readonly start: number;
}

/** All functions of the program with their places, in order. */
function place(
  entry: string,
  environment: LinkEnvironment,
  also: readonly string[],
): ReadonlyMap<string, Placed> {
  const placed = new Map<string, Placed>();
  let end = 0;
  const put = (key: string): Iterator<string> => {
    const input = environment.functionOf(key);
    placed.set(key, { input, start: end });
    for (const { imm64 } of input.instructions) end += imm64 === undefined ? 1 : 2;
    return calledBy(input);
  };
  for (const root of [entry, ...also]) {
    if (placed.has(root)) continue;
    // A stack of its own: chains of calls may be longer than JavaScript's.
    const stack = [put(root)];
    while (stack.length > 0) {
      const next = stack.at(-1)!.next();
      if (next.done === true) stack.pop();
      else if (!placed.has(next.value)) stack.push(put(next.value));
    }
  }
  return placed;
}

function* calledBy({ instructions }: LinkInput): Generator<string, undefined> {
  for (const { reference } of instructions) if (reference?.kind === 'function') yield reference.name;
}

function towards(instruction: ObjectInstruction, name: string, distance: number): Instruction {
  const reference: Reference = { kind: 'function', name };
  if (instruction.opcode === CALL) return { ...instruction, imm: distance, reference };
  return { ...instruction, imm: distance, imm64: BigInt.asUintN(32, BigInt(distance)), reference };
}
