import { fieldOutOfRange, invalidRegister, wideMismatch } from './errors.ts';
import type { Instruction } from './instruction.ts';
import { slotsOf } from './instruction.ts';
import { LD_IMM64 } from './opcodes.ts';

export interface ByteOrderOptions {
  /** Default true: the order of x86-64, arm64 and riscv64. */
  readonly littleEndian?: boolean;
}

/**
 * Instructions as the kernel takes them: 8 bytes each, 16 for a 64-bit constant.
 *
 * References are not resolved here: a map reference encodes whatever `imm` and `imm64` hold.
 * Throws `AsmError` when a field does not fit its bits. Source: instruction-set.rst, "Instruction encoding".
 */
export function encode(
  instructions: readonly Instruction[],
  options: ByteOrderOptions = {},
): Uint8Array<ArrayBuffer> {
  const littleEndian = options.littleEndian ?? true;
  let slots = 0;
  for (const instruction of instructions) slots += slotsOf(instruction);
  const bytes = new Uint8Array(slots * 8);
  const view = new DataView(bytes.buffer);
  let slot = 0;
  for (const instruction of instructions) {
    const { opcode, dst, src, offset, imm, imm64 } = instruction;
    check(instruction, slot);
    const at = slot * 8;
    bytes[at] = opcode;
    // The register nibbles follow the byte order too: the kernel declares them as C bit-fields.
    bytes[at + 1] = littleEndian ? (src << 4) | dst : (dst << 4) | src;
    view.setInt16(at + 2, offset, littleEndian);
    view.setInt32(at + 4, imm, littleEndian);
    if (imm64 === undefined) {
      slot += 1;
    } else {
      view.setInt32(at + 12, Number(BigInt.asIntN(32, imm64 >> 32n)), littleEndian);
      slot += 2;
    }
  }
  return bytes;
}

function check({ opcode, dst, src, offset, imm, imm64 }: Instruction, slot: number): void {
  if (!Number.isInteger(opcode) || opcode < 0 || opcode > 0xff) {
    throw fieldOutOfRange(slot, 'opcode', opcode, '8 bits');
  }
  if (!Number.isInteger(dst) || dst < 0 || dst > 10) throw invalidRegister(slot, dst);
  if (!Number.isInteger(src) || src < 0 || src > 15) throw fieldOutOfRange(slot, 'src', src, '4 bits');
  if (!Number.isInteger(offset) || offset < -0x8000 || offset > 0x7fff) {
    throw fieldOutOfRange(slot, 'offset', offset, 'signed 16 bits');
  }
  if (!Number.isInteger(imm) || imm !== (imm | 0)) throw fieldOutOfRange(slot, 'imm', imm, 'signed 32 bits');
  if ((opcode === LD_IMM64) !== (imm64 !== undefined)) throw wideMismatch(slot, opcode);
  if (imm64 !== undefined) {
    if (imm64 < 0n || imm64 >= 1n << 64n) throw fieldOutOfRange(slot, 'imm64', imm64, '64 bits');
    if (Number(BigInt.asIntN(32, imm64)) !== imm) {
      throw fieldOutOfRange(slot, 'imm', imm, 'the lower half of imm64');
    }
  }
}
