/** What an expression became while it is lowered. */
import type { KernelQuestion } from '../../asm/instruction.ts';
import type { Value } from '../../compiler/ir.ts';
import type { Memory } from '../../script/emit/emitter.ts';
import type { StructMember, Type } from '../types/type.ts';

/** A number or an address in a register: always the exact value of its type, widened to 64 bits. */
export interface Scalar {
  readonly kind: 'scalar';
  readonly value: Value;
  readonly type: Type;
  /** Of an address: how what is behind it may be read. Default: as the pointer's type says. */
  readonly memory?: Memory | undefined;
}

/** Bytes in memory, laid out by types/layout.ts or as the kernel has them. */
export interface Place {
  readonly kind: 'place';
  readonly base: Value;
  readonly offset: number;
  readonly type: Type;
  readonly memory: Memory;
  readonly bitfield?: StructMember['bitfield'];
  /** A pointer that is read here need not have the type that the verifier believes it has. */
  readonly inUnion?: boolean | undefined;
  /** Nothing writes here while the program runs. */
  readonly invariant?: boolean | undefined;
  /** Text in it may have anything behind its NUL: not written by us. */
  readonly foreign?: boolean | undefined;
  /** In programs for other kernels: which part of which struct it is. */
  readonly within?: Within | undefined;
}

/** Holds for the place with this base and type, at offset 0. */
export interface Within {
  readonly base: Value;
  readonly type: Type;
  readonly question: KernelQuestion;
  /** What the answer, here `offset`, counts from. */
  readonly from: Value;
  readonly offset: number;
}

/** Text that is known before running; without its NUL. */
export interface Text {
  readonly kind: 'text';
  readonly bytes: Uint8Array;
  readonly type: Type;
}

/**
 * Bytes that do not exist yet: `write` puts them where they are wanted, so that they are never copied. It writes every
 * byte of a value of type `as`, which has the same kind and may be wider.
 */
export interface Made {
  readonly kind: 'made';
  readonly type: Type;
  write(to: Value, offset: number, as: Type): void;
  /**
   * Of text: writes at most `size` characters and a NUL, for which there is a byte more; zeros if it cannot be read.
   * Gives the number of bytes with the NUL, or a negative error.
   */
  writeText?(to: Value, offset: number, size: number): Value;
}

/** Something with named parts and no bytes of its own: arguments that the kernel passes in registers. */
export interface Parts {
  readonly kind: 'parts';
  readonly type: Type;
  part(name: string): Lowered;
  /** All of them as a struct, where that is wanted: `print(args)`. Default: part by part. */
  readonly whole?: Made;
}

export type Lowered = { readonly kind: 'none' } | Scalar | Place | Text | Made | Parts;

export const nothing: Lowered = { kind: 'none' };
