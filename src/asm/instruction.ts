/**
 * A BPF instruction as plain data.
 *
 * Encoding (8 bytes, or 16 for a 64-bit immediate load) is described in the kernel's
 * Documentation/bpf/standardization/instruction-set.rst; the constants are those of
 * include/uapi/linux/bpf.h and bpf_common.h.
 */
import type { Btf } from '../btf/btf.ts';
import type { TypeId } from '../btf/types.ts';

export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** What an instruction names and only the loader can fill in: descriptors exist when maps do. */
export type Reference =
  /** `ld_imm64`: the address of a map. */
  | { readonly kind: 'map'; readonly map: string }
  /** `ld_imm64`: the address of a byte in the value of a one-element array map. */
  | { readonly kind: 'mapValue'; readonly map: string; readonly offset: number }
  /** `ld_imm64` or `call`: a function of the same program, already resolved to an instruction distance. */
  | { readonly kind: 'function'; readonly name: string }
  /** `call` of a kernel function, by its BTF id in vmlinux (imm holds the id). */
  | { readonly kind: 'kfunc'; readonly name: string };

/**
 * A number that the kernel's types decide: where a member lies, how large it is, how a bitfield is cut out, what an
 * enumerator is. A program that is loaded where it was made has the answer in the instruction; an object takes the
 * question along (CO-RE).
 */
export interface KernelQuestion {
  readonly kind:
    | 'fieldOffset'
    | 'fieldSize'
    | 'fieldLeftShift'
    | 'fieldRightShift'
    | 'typeSize'
    | 'enumValue';
  /** The types that `root` is among: of the kernel that the program was made for, or of one of its modules. */
  readonly types: Btf;
  /** What has a name: a struct or union, for `enumValue` an enum. */
  readonly root: TypeId;
  /**
   * Members from the root on, each one of what the last leads to or of an anonymous struct in that, and elements of
   * arrays as numbers; the name of the enumerator; nothing for `typeSize`.
   */
  readonly path: readonly (string | number)[];
}

export interface Instruction {
  /** Class, source bit or size and mode, operation: the first byte. */
  readonly opcode: number;
  readonly dst: Register;
  readonly src: number;
  /** Signed 16 bits. */
  readonly offset: number;
  /** Signed 32 bits; for `ld_imm64` the lower half. */
  readonly imm: number;
  /** Only `ld_imm64`: the whole constant, as an unsigned 64-bit number. The instruction takes two slots. */
  readonly imm64?: bigint;
  readonly reference?: Reference;
  /** Another kernel may want another number: in `offset` of a load, else in `imm`. */
  readonly question?: KernelQuestion;
}

/** Slots of 8 bytes that the instruction takes: jumps and the kernel's counts are in slots. */
export function slotsOf(instruction: Instruction): 1 | 2 {
  return instruction.imm64 === undefined ? 1 : 2;
}
