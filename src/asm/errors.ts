/** What went wrong between instructions and bytes. */
export type AsmErrorCode =
  /** The bytes are not a whole number of instructions. */
  | 'truncated'
  /** A field that no instruction can have. */
  | 'invalid'
  /** A value that does not fit in its field. */
  | 'range';

export class AsmError extends Error {
  override readonly name = 'AsmError';
  readonly code: AsmErrorCode;
  /** Slot (of 8 bytes) where it happened; -1 when an instruction was built alone. */
  readonly slot: number;

  constructor(code: AsmErrorCode, slot: number, message: string) {
    super(message);
    this.code = code;
    this.slot = slot;
  }
}

export function truncatedInstruction(slot: number, bytes: number): AsmError {
  return new AsmError(
    'truncated',
    slot,
    `decode instructions: slot ${slot} needs 8 bytes, ${bytes} are left`,
  );
}

export function truncatedWideInstruction(slot: number): AsmError {
  return new AsmError('truncated', slot, `decode instructions: the second half of slot ${slot} is missing`);
}

export function invalidWideInstruction(slot: number): AsmError {
  return new AsmError(
    'invalid',
    slot,
    `decode instructions: the second half of the 64-bit load in slot ${slot} has an opcode, register or offset`,
  );
}

export function invalidRegister(slot: number, register: number): AsmError {
  return new AsmError('invalid', slot, `slot ${slot}: r${register} is not a register (r0 to r10)`);
}

export function fieldOutOfRange(slot: number, field: string, value: number | bigint, type: string): AsmError {
  return new AsmError('range', slot, `slot ${slot}: ${field} ${value} does not fit in ${type}`);
}

export function wideMismatch(slot: number, opcode: number): AsmError {
  return new AsmError(
    'invalid',
    slot,
    `slot ${slot}: opcode 0x${opcode.toString(16)} and imm64 do not agree: only 0x18 has a 64-bit constant`,
  );
}

export function immediateOutOfRange(what: string, value: number | bigint): AsmError {
  return new AsmError('range', -1, `${what}: ${value} does not fit in 32 bits`);
}

export function constantOutOfRange(value: bigint): AsmError {
  return new AsmError('range', -1, `ldImm64: ${value} does not fit in 64 bits`);
}
