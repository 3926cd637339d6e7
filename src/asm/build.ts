/**
 * Constructors of single instructions.
 *
 * Distances of jumps and calls are in slots from the next instruction, as the kernel counts them. Immediates
 * are signed 32-bit numbers; where an instruction is 64 bits wide the kernel sign-extends them. An unsigned
 * 32-bit number is taken as the same bits, so `0xffffffff` and `-1` are one value.
 *
 * Minimum kernels: everything of version 3 (32-bit jumps, 32-bit arithmetic) 5.1; atomics other than `add` 5.12;
 * what is marked v4 6.6.
 */
import { constantOutOfRange, immediateOutOfRange } from './errors.ts';
import type { Instruction, Reference, Register } from './instruction.ts';
import {
  AluOperation,
  AtomicOperation,
  CALL,
  EXIT,
  InstructionClass,
  JumpOperation,
  LD_IMM64,
  Mode,
  PseudoCall,
  PseudoLoad,
  Size,
  Source,
} from './opcodes.ts';

/** Arithmetic with two operands. `sdiv` and `smod` are v4. */
export type AluName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'or'
  | 'and'
  | 'lsh'
  | 'rsh'
  | 'mod'
  | 'smod'
  | 'xor'
  | 'mov'
  | 'arsh';

/** Conditions: unsigned unless they begin with `js`; `jset` is true when the operands share a bit. */
export type ConditionName =
  | 'jeq'
  | 'jne'
  | 'jgt'
  | 'jge'
  | 'jlt'
  | 'jle'
  | 'jset'
  | 'jsgt'
  | 'jsge'
  | 'jslt'
  | 'jsle';

/** Bytes of a load or store. */
export type AccessWidth = 1 | 2 | 4 | 8;

export type AtomicName = keyof typeof AtomicOperation;

const sizeOfWidth = { 1: Size.u8, 2: Size.u16, 4: Size.u32, 8: Size.u64 } as const satisfies Record<
  AccessWidth,
  number
>;

/** Operation bits and the `offset` that makes a division signed. */
const alu = {
  add: [AluOperation.add, 0],
  sub: [AluOperation.sub, 0],
  mul: [AluOperation.mul, 0],
  div: [AluOperation.div, 0],
  sdiv: [AluOperation.div, 1],
  or: [AluOperation.or, 0],
  and: [AluOperation.and, 0],
  lsh: [AluOperation.lsh, 0],
  rsh: [AluOperation.rsh, 0],
  mod: [AluOperation.mod, 0],
  smod: [AluOperation.mod, 1],
  xor: [AluOperation.xor, 0],
  mov: [AluOperation.mov, 0],
  arsh: [AluOperation.arsh, 0],
} as const satisfies Record<AluName, readonly [number, number]>;

function make(
  opcode: number,
  dst: Register,
  src: number,
  offset: number,
  imm: number,
  reference?: Reference,
): Instruction {
  return reference === undefined
    ? { opcode, dst, src, offset, imm }
    : { opcode, dst, src, offset, imm, reference };
}

function signed32(what: string, value: number): number {
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff) {
    throw immediateOutOfRange(what, value);
  }
  return value | 0;
}

/** `dst op= src` in 64 bits. */
export function alu64(name: AluName, dst: Register, src: Register): Instruction {
  const [operation, offset] = alu[name];
  return make(InstructionClass.alu64 | Source.register | operation, dst, src, offset, 0);
}

/** `dst op= imm` in 64 bits; the immediate is sign-extended. */
export function alu64Imm(name: AluName, dst: Register, imm: number): Instruction {
  const [operation, offset] = alu[name];
  return make(InstructionClass.alu64 | operation, dst, 0, offset, signed32(name, imm));
}

/** `dst op= src` in 32 bits; the upper half of `dst` becomes zero. */
export function alu32(name: AluName, dst: Register, src: Register): Instruction {
  const [operation, offset] = alu[name];
  return make(InstructionClass.alu32 | Source.register | operation, dst, src, offset, 0);
}

/** `dst op= imm` in 32 bits; the upper half of `dst` becomes zero. */
export function alu32Imm(name: AluName, dst: Register, imm: number): Instruction {
  const [operation, offset] = alu[name];
  return make(InstructionClass.alu32 | operation, dst, 0, offset, signed32(name, imm));
}

export function mov64(dst: Register, src: Register): Instruction {
  return alu64('mov', dst, src);
}

/** The immediate is sign-extended to 64 bits; see `ldImm64` for wider constants. */
export function mov64Imm(dst: Register, imm: number): Instruction {
  return alu64Imm('mov', dst, imm);
}

/** The upper half of `dst` becomes zero. */
export function mov32(dst: Register, src: Register): Instruction {
  return alu32('mov', dst, src);
}

/** The upper half of `dst` becomes zero. */
export function mov32Imm(dst: Register, imm: number): Instruction {
  return alu32Imm('mov', dst, imm);
}

/** v4: move the low `bits` of `src` with sign extension to 64 bits. */
export function movsx64(dst: Register, src: Register, bits: 8 | 16 | 32): Instruction {
  return make(InstructionClass.alu64 | Source.register | AluOperation.mov, dst, src, bits, 0);
}

/** v4: move the low `bits` of `src` with sign extension to 32 bits; the upper half becomes zero. */
export function movsx32(dst: Register, src: Register, bits: 8 | 16): Instruction {
  return make(InstructionClass.alu32 | Source.register | AluOperation.mov, dst, src, bits, 0);
}

export function neg64(dst: Register): Instruction {
  return make(InstructionClass.alu64 | AluOperation.neg, dst, 0, 0, 0);
}

export function neg32(dst: Register): Instruction {
  return make(InstructionClass.alu32 | AluOperation.neg, dst, 0, 0, 0);
}

/** Convert between the machine's order and little endian; also truncates to `bits`. */
export function toLittleEndian(dst: Register, bits: 16 | 32 | 64): Instruction {
  return make(InstructionClass.alu32 | AluOperation.end, dst, 0, 0, bits);
}

/** Convert between the machine's order and big endian; also truncates to `bits`. */
export function toBigEndian(dst: Register, bits: 16 | 32 | 64): Instruction {
  return make(InstructionClass.alu32 | Source.register | AluOperation.end, dst, 0, 0, bits);
}

/** v4: swap the low `bits`, whatever the machine's order. */
export function bswap(dst: Register, bits: 16 | 32 | 64): Instruction {
  return make(InstructionClass.alu64 | AluOperation.end, dst, 0, 0, bits);
}

/** `dst = *(uN *)(src + offset)`, zero-extended. */
export function load(width: AccessWidth, dst: Register, src: Register, offset: number): Instruction {
  return make(InstructionClass.ldx | Mode.mem | sizeOfWidth[width], dst, src, offset, 0);
}

/** v4: `dst = *(sN *)(src + offset)`, sign-extended to 64 bits. */
export function loadSigned(width: 1 | 2 | 4, dst: Register, src: Register, offset: number): Instruction {
  return make(InstructionClass.ldx | Mode.memsx | sizeOfWidth[width], dst, src, offset, 0);
}

/** `*(uN *)(dst + offset) = src`. */
export function store(width: AccessWidth, dst: Register, offset: number, src: Register): Instruction {
  return make(InstructionClass.stx | Mode.mem | sizeOfWidth[width], dst, src, offset, 0);
}

/** `*(uN *)(dst + offset) = imm`; for 8 bytes the immediate is sign-extended. */
export function storeImm(width: AccessWidth, dst: Register, offset: number, imm: number): Instruction {
  return make(InstructionClass.st | Mode.mem | sizeOfWidth[width], dst, 0, offset, signed32('store', imm));
}

/**
 * An atomic operation on `*(uN *)(dst + offset)`. The fetching ones and `xchg` put the old value in `src`;
 * `cmpxchg` compares with r0, stores `src`, and leaves the old value in r0. `loadAcquire` has its registers the
 * other way round: `dst` receives and `src` is the address; only it and `storeRelease` take 1 and 2 bytes.
 */
export function atomic(
  name: AtomicName,
  width: AccessWidth,
  dst: Register,
  offset: number,
  src: Register,
): Instruction {
  return make(
    InstructionClass.stx | Mode.atomic | sizeOfWidth[width],
    dst,
    src,
    offset,
    AtomicOperation[name],
  );
}

export function jump(distance: number): Instruction {
  return make(InstructionClass.jmp | JumpOperation.ja, 0, 0, distance, 0);
}

/** v4 `gotol`: a jump further than 32,767 slots. */
export function jumpLong(distance: number): Instruction {
  return make(InstructionClass.jmp32 | JumpOperation.ja, 0, 0, 0, signed32('gotol', distance));
}

/** `may_goto` (Linux 6.9): lets a loop without a provable bound end by the kernel's budget. */
export function mayGoto(distance: number): Instruction {
  return make(InstructionClass.jmp | JumpOperation.jcond, 0, 0, distance, 0);
}

export function jumpIf(name: ConditionName, dst: Register, src: Register, distance: number): Instruction {
  return make(InstructionClass.jmp | Source.register | JumpOperation[name], dst, src, distance, 0);
}

/** The immediate is sign-extended to 64 bits, also for the unsigned comparisons. */
export function jumpIfImm(name: ConditionName, dst: Register, imm: number, distance: number): Instruction {
  return make(InstructionClass.jmp | JumpOperation[name], dst, 0, distance, signed32(name, imm));
}

/** Compares the low halves. */
export function jumpIf32(name: ConditionName, dst: Register, src: Register, distance: number): Instruction {
  return make(InstructionClass.jmp32 | Source.register | JumpOperation[name], dst, src, distance, 0);
}

/** Compares the low half. */
export function jumpIf32Imm(name: ConditionName, dst: Register, imm: number, distance: number): Instruction {
  return make(InstructionClass.jmp32 | JumpOperation[name], dst, 0, distance, signed32(name, imm));
}

/** A helper by its number in `enum bpf_func_id`. */
export function callHelper(id: number): Instruction {
  return make(CALL, 0, PseudoCall.helper, 0, signed32('call', id));
}

/** A kernel function. The BTF id is the running kernel's, so it is usually 0 until the program is loaded. */
export function callKfunc(name: string, id = 0): Instruction {
  return make(CALL, 0, PseudoCall.kfunc, 0, signed32('call', id), { kind: 'kfunc', name });
}

/** A function of the same program, by its distance in slots from the next instruction. */
export function callFunction(name: string, distance: number): Instruction {
  return make(CALL, 0, PseudoCall.function, 0, signed32('call', distance), { kind: 'function', name });
}

export function exit(): Instruction {
  return make(EXIT, 0, 0, 0, 0);
}

function wide(dst: Register, src: number, imm: number, imm64: bigint, reference?: Reference): Instruction {
  const base = { opcode: LD_IMM64, dst, src, offset: 0, imm, imm64 };
  return reference === undefined ? base : { ...base, reference };
}

/** A 64-bit constant, signed or unsigned. Two slots. */
export function ldImm64(dst: Register, value: bigint): Instruction {
  if (value < -(1n << 63n) || value >= 1n << 64n) throw constantOutOfRange(value);
  return wide(dst, PseudoLoad.constant, Number(BigInt.asIntN(32, value)), BigInt.asUintN(64, value));
}

/** The address of a map; loading puts its descriptor in the lower half. Two slots. */
export function ldMap(dst: Register, map: string): Instruction {
  return wide(dst, PseudoLoad.mapFd, 0, 0n, { kind: 'map', map });
}

/**
 * The address of a byte in the value of a one-element array map (Linux 5.2). The upper half holds the offset in
 * bytes already; loading puts the map's descriptor in the lower half. Two slots.
 */
export function ldMapValue(dst: Register, map: string, offset: number): Instruction {
  const imm64 = BigInt.asUintN(32, BigInt(signed32('ldMapValue', offset))) << 32n;
  return wide(dst, PseudoLoad.mapValue, 0, imm64, { kind: 'mapValue', map, offset });
}

/**
 * The address of a function of the same program, for callbacks (Linux 5.13). The target is the slot of this
 * instruction + distance + 1, the rule of a call, although this instruction takes two slots.
 */
export function ldFunction(dst: Register, name: string, distance: number): Instruction {
  const imm = signed32('ldFunction', distance);
  return wide(dst, PseudoLoad.function, imm, BigInt.asUintN(32, BigInt(imm)), { kind: 'function', name });
}
