import type { ByteOrderOptions } from './encode.ts';
import {
  invalidRegister,
  invalidWideInstruction,
  truncatedInstruction,
  truncatedWideInstruction,
} from './errors.ts';
import type { Instruction, Register } from './instruction.ts';
import { LD_IMM64 } from './opcodes.ts';

/**
 * Bytes of a program as instructions.
 *
 * Only the shape is checked: whole slots, registers r0 to r10 as destination, and a clean second half of
 * 64-bit loads. An opcode that no kernel knows stays as it is, because objects carry poisoned and
 * vendor instructions until they are relocated; `disassemble` shows such a one as unknown.
 * Throws `AsmError`. Source: instruction-set.rst, "Instruction encoding".
 */
export function decode(bytes: Uint8Array, options: ByteOrderOptions = {}): Instruction[] {
  const littleEndian = options.littleEndian ?? true;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const instructions: Instruction[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const slot = at / 8;
    if (at + 8 > bytes.length) throw truncatedInstruction(slot, bytes.length - at);
    const opcode = bytes[at]!;
    const registers = bytes[at + 1]!;
    const low = registers & 0x0f;
    const high = registers >> 4;
    const dst = littleEndian ? low : high;
    const src = littleEndian ? high : low;
    if (!isRegister(dst)) throw invalidRegister(slot, dst);
    const offset = view.getInt16(at + 2, littleEndian);
    const imm = view.getInt32(at + 4, littleEndian);
    if (opcode !== LD_IMM64) {
      instructions.push({ opcode, dst, src, offset, imm });
      continue;
    }
    if (at + 16 > bytes.length) throw truncatedWideInstruction(slot);
    if (view.getUint32(at + 8) !== 0) throw invalidWideInstruction(slot);
    const imm64 = (BigInt(view.getUint32(at + 12, littleEndian)) << 32n) | BigInt(imm >>> 0);
    instructions.push({ opcode, dst, src, offset, imm, imm64 });
    at += 8;
  }
  return instructions;
}

function isRegister(value: number): value is Register {
  return value <= 10;
}
