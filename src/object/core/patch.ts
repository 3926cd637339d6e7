/**
 * Writing an answer into an instruction, or making sure that it is never run.
 *
 * Arithmetic has the answer as its constant, loads and stores as their offset, 64-bit loads as both halves. What the
 * instruction holds now must be what the compiler knew, or the relocation is about another instruction.
 *
 * An instruction without an answer becomes a call of a helper that does not exist. The verifier removes it where
 * a test of existence makes it unreachable, and refuses it otherwise, with a number that tells why.
 */
import { CALL, CLASS_MASK, InstructionClass, LD_IMM64, SIZE_MASK, Size, Source } from '../../asm/opcodes.ts';
import type { ObjectInstruction } from '../spec.ts';
import { AccessError } from './access.ts';

/** 0xbad2310, as in libbpf and the kernel: the verifier's log has `unknown#195896080`. */
export const POISON = 195896080;

export interface Answer {
  readonly local: bigint;
  readonly target: bigint;
  readonly checked: boolean;
  /** Widths of the memory that the object's and the kernel's member take, where the answer is an offset. */
  readonly width?: { readonly local: number; readonly target: number; readonly mayChange: boolean };
}

const poisoned: ObjectInstruction = { opcode: CALL, dst: 0, src: 0, offset: 0, imm: POISON };

/** As many slots as the instruction has. */
export function poison(instruction: ObjectInstruction): ObjectInstruction[] {
  return instruction.imm64 === undefined ? [poisoned] : [poisoned, poisoned];
}

/** The instruction with its answer; undefined if it must be poisoned. Throws AccessError. */
export function patched(instruction: ObjectInstruction, answer: Answer): ObjectInstruction | undefined {
  const { opcode } = instruction;
  switch (opcode & CLASS_MASK) {
    case InstructionClass.alu32:
    case InstructionClass.alu64:
      if ((opcode & Source.register) !== 0) throw unexpected(instruction);
      verify(BigInt.asUintN(32, BigInt(instruction.imm)), BigInt.asUintN(32, answer.local), answer);
      return { ...instruction, imm: Number(BigInt.asIntN(32, answer.target)) };
    case InstructionClass.ldx:
    case InstructionClass.st:
    case InstructionClass.stx:
      return memory(instruction, answer);
    case InstructionClass.ld: {
      if (opcode !== LD_IMM64 || instruction.src !== 0 || instruction.imm64 === undefined)
        throw unexpected(instruction);
      // Differs from libbpf: an unsigned enumerator above 2^31 is not taken for a negative one.
      verify(instruction.imm64, BigInt.asUintN(64, answer.local), answer);
      const imm64 = BigInt.asUintN(64, answer.target);
      return { ...instruction, imm: Number(BigInt.asIntN(32, imm64)), imm64 };
    }
    default:
      throw unexpected(instruction);
  }
}

function memory(instruction: ObjectInstruction, answer: Answer): ObjectInstruction | undefined {
  verify(BigInt(instruction.offset), answer.local, answer);
  if (answer.target > 0x7fffn) {
    throw new AccessError(`the member lies at byte ${answer.target}; a load or store reaches 32767`);
  }
  const offset = Number(answer.target);
  const { width } = answer;
  if (width === undefined || width.local === width.target) return { ...instruction, offset };
  if (!width.mayChange) return undefined;
  const bytes = bytesOf(instruction.opcode);
  if (bytes !== width.local)
    throw new AccessError(`the instruction takes ${bytes} bytes, the member has ${width.local}`);
  const bits = sizeBits.get(width.target);
  if (bits === undefined) throw new AccessError(`no load or store takes ${width.target} bytes`);
  return { ...instruction, offset, opcode: (instruction.opcode & ~SIZE_MASK) | bits };
}

const sizeBits: ReadonlyMap<number, number> = new Map([
  [1, Size.u8],
  [2, Size.u16],
  [4, Size.u32],
  [8, Size.u64],
]);

function bytesOf(opcode: number): number {
  for (const [bytes, bits] of sizeBits) if ((opcode & SIZE_MASK) === bits) return bytes;
  return 0;
}

function verify(holds: bigint, expected: bigint, { checked }: Answer): void {
  if (checked && holds !== expected) {
    throw new AccessError(`the instruction holds ${holds}, where the object's own types say ${expected}`);
  }
}

function unexpected({ opcode }: ObjectInstruction): AccessError {
  return new AccessError(
    `it belongs to an instruction that takes no answer (opcode 0x${opcode.toString(16)})`,
  );
}
