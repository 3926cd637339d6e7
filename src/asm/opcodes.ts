/**
 * The numbers of the BPF instruction set, as they stand in the first byte and in `src`, `offset` and `imm`.
 *
 * Source: the kernel's include/uapi/linux/bpf_common.h and bpf.h, and
 * Documentation/bpf/standardization/instruction-set.rst (RFC 9669).
 */

/** The low three bits of every opcode. */
export const InstructionClass = {
  ld: 0x00,
  ldx: 0x01,
  st: 0x02,
  stx: 0x03,
  alu32: 0x04,
  jmp: 0x05,
  jmp32: 0x06,
  alu64: 0x07,
} as const;
export type InstructionClass = (typeof InstructionClass)[keyof typeof InstructionClass];

export const CLASS_MASK = 0x07;

/** Arithmetic and jumps: whether the second operand is `imm` or the register `src`. */
export const Source = { immediate: 0x00, register: 0x08 } as const;

/** Arithmetic and jumps: the operation, in the high four bits. */
export const OPERATION_MASK = 0xf0;

export const AluOperation = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
  /** Byte order. In class alu32 the source bit says to which order; in alu64 it is an unconditional swap (v4). */
  end: 0xd0,
} as const;

export const JumpOperation = {
  ja: 0x00,
  jeq: 0x10,
  jgt: 0x20,
  jge: 0x30,
  jset: 0x40,
  jne: 0x50,
  jsgt: 0x60,
  jsge: 0x70,
  call: 0x80,
  exit: 0x90,
  jlt: 0xa0,
  jle: 0xb0,
  jslt: 0xc0,
  jsle: 0xd0,
  /** `may_goto` (Linux 6.9): falls through until the verifier's loop budget is spent, then jumps. */
  jcond: 0xe0,
} as const;

/** Loads and stores: width, in bits 3 and 4. */
export const Size = { u32: 0x00, u16: 0x08, u8: 0x10, u64: 0x18 } as const;
export const SIZE_MASK = 0x18;

/** Loads and stores: addressing mode, in the high three bits. */
export const Mode = {
  imm: 0x00,
  abs: 0x20,
  ind: 0x40,
  mem: 0x60,
  /** Load with sign extension: v4, Linux 6.6. */
  memsx: 0x80,
  atomic: 0xc0,
} as const;
export const MODE_MASK = 0xe0;

/** `imm` of an atomic instruction. */
export const AtomicOperation = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  fetchAdd: 0x01,
  fetchOr: 0x41,
  fetchAnd: 0x51,
  fetchXor: 0xa1,
  xchg: 0xe1,
  cmpxchg: 0xf1,
  /** Linux 6.15; `dst` receives, `src` is the address. */
  loadAcquire: 0x100,
  /** Linux 6.15; `dst` is the address, `src` the value. */
  storeRelease: 0x110,
} as const;

/** `src` of `ld_imm64`: what the constant stands for (BPF_PSEUDO_*). */
export const PseudoLoad = {
  constant: 0,
  mapFd: 1,
  mapValue: 2,
  btfId: 3,
  function: 4,
  mapIndex: 5,
  mapIndexValue: 6,
} as const;

/** `src` of `call`: what `imm` stands for (BPF_PSEUDO_CALL, BPF_PSEUDO_KFUNC_CALL). */
export const PseudoCall = { helper: 0, function: 1, kfunc: 2 } as const;

/** BPF_LD | BPF_IMM | BPF_DW: the only instruction of two slots. */
export const LD_IMM64 = 0x18;
export const CALL = 0x85;
export const EXIT = 0x95;
