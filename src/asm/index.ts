/** bpfkit/asm: BPF instructions to and from bytes and text. */
export * from './build.ts';
export { decode } from './decode.ts';
export { type DisassembleOptions, disassemble, instructionText } from './disassemble.ts';
export { type ByteOrderOptions, encode } from './encode.ts';
export { AsmError, type AsmErrorCode } from './errors.ts';
export { type Instruction, type Reference, type Register, slotsOf } from './instruction.ts';
