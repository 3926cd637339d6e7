/**
 * Machine form: BPF instructions whose registers are not chosen yet.
 *
 * Numbers 0 to 10 are the registers of the machine, larger ones are virtual. Arithmetic has two operands as
 * the hardware has it (`dst op= src`); selection puts a `mov` in front, and coalescing removes most of
 * those. Memory is addressed by a register or by a place in the frame, whose offset is known last.
 */
import type { AluName, AtomicName, ConditionName } from '../../asm/build.ts';
import type { KernelQuestion, Reference } from '../../asm/instruction.ts';
import type { SourceLine } from '../../kernel/spec.ts';
import type { Slot, Width } from '../ir.ts';

/** Numbers below are machine registers. */
export const FIRST_VIRTUAL = 11;
/** No register: an immediate or a place in the frame stands instead. */
export const NONE = -1;

export type MachineKind =
  /** dst = src */
  | 'move'
  /** dst = imm, sign-extended */
  | 'immediate'
  /** dst = wide or an address that loading fills in */
  | 'wide'
  /** dst = address of frame + offset */
  | 'frame'
  /** dst op= src or imm */
  | 'alu'
  /** dst = low 32 bits of src */
  | 'zeroExtend'
  /** dst = sign extension of the low `size` bytes of src (v4) */
  | 'signExtend'
  /** dst = dst with its low `size` bytes reversed */
  | 'swap'
  /** dst = -dst */
  | 'negate'
  /** dst = [base + offset] */
  | 'load'
  /** [base + offset] = src or imm */
  | 'store'
  /** [base + offset] op= src; src = old value if fetch. Compare-exchange reads and writes r0. */
  | 'atomic'
  /** r0 = callee(r1 .. r`imm`) */
  | 'call'
  /** dst = base condition src|imm ? 1 : 0; dst is none of the operands */
  | 'set';

/** One hidden class for all kinds: these objects are walked many times. */
export class MachineInstruction {
  readonly kind: MachineKind;
  dst: number = NONE;
  /** First operand of `set`, address of memory accesses. */
  base: number = NONE;
  src: number = NONE;
  imm = 0;
  offset = 0;
  size: 1 | 2 | 4 | 8 = 8;
  width: Width = 64;
  signed = false;
  fetch = false;
  alu: AluName = 'mov';
  atomic: AtomicName = 'add';
  condition: ConditionName = 'jeq';
  frame: Slot | undefined;
  wide = 0n;
  reference: Reference | undefined;
  /** What `imm`, `wide`, or the `offset` of a load answers. */
  question: KernelQuestion | undefined;
  /** `call`: what kind of thing `target` names. */
  callee: 'helper' | 'kfunc' | 'function' = 'helper';
  target = 0;
  source: SourceLine | undefined;

  constructor(kind: MachineKind, source?: SourceLine) {
    this.kind = kind;
    this.source = source;
  }
}

export type MachineEnd =
  | { readonly kind: 'jump'; target: MachineBlock; readonly source: SourceLine | undefined }
  | {
      readonly kind: 'branch';
      condition: ConditionName;
      readonly width: Width;
      left: number;
      /** NONE: compared with `imm`. */
      right: number;
      readonly imm: number;
      then: MachineBlock;
      otherwise: MachineBlock;
      readonly source: SourceLine | undefined;
    }
  | { readonly kind: 'exit'; readonly source: SourceLine | undefined };

export interface MachineBlock {
  readonly index: number;
  code: MachineInstruction[];
  end: MachineEnd;
  successors: MachineBlock[];
  predecessors: MachineBlock[];
  /** Loops around the block: how much an instruction in it costs. */
  readonly depth: number;
}

/** Blocks in reverse postorder, the entry first; no edge leads from a branch to a block with several predecessors. */
export interface MachineFunction {
  readonly name: string;
  readonly blocks: MachineBlock[];
  /** One past the largest register number. */
  registers: number;
  /** By register: the value is a scalar that a program may compare with bounds (not a pointer). */
  readonly scalar: boolean[];
  readonly slots: Slot[];
}

/** Registers that the instruction reads, put into `out`; returns how many. */
export function readsOf(i: MachineInstruction, out: Int32Array): number {
  let n = 0;
  switch (i.kind) {
    case 'move':
    case 'zeroExtend':
    case 'signExtend':
      out[n++] = i.src;
      break;
    case 'alu':
      out[n++] = i.dst;
      if (i.src !== NONE) out[n++] = i.src;
      break;
    case 'swap':
    case 'negate':
      out[n++] = i.dst;
      break;
    case 'load':
      if (i.base !== NONE) out[n++] = i.base;
      break;
    case 'store':
      if (i.base !== NONE) out[n++] = i.base;
      if (i.src !== NONE) out[n++] = i.src;
      break;
    case 'atomic':
      if (i.base !== NONE) out[n++] = i.base;
      out[n++] = i.src;
      if (i.atomic === 'cmpxchg') out[n++] = 0;
      break;
    case 'call':
      for (let r = 1; r <= i.imm; r++) out[n++] = r;
      break;
    case 'set':
      out[n++] = i.base;
      if (i.src !== NONE) out[n++] = i.src;
      break;
    default:
      break;
  }
  return n;
}

/** The register that the instruction writes, or NONE. A call also destroys r1 to r5. */
export function writeOf(i: MachineInstruction): number {
  switch (i.kind) {
    case 'store':
      return NONE;
    case 'atomic':
      return i.atomic === 'cmpxchg' ? 0 : i.fetch ? i.src : NONE;
    case 'call':
      return 0;
    default:
      return i.dst;
  }
}

/** The instruction makes its result from nothing: a spilled register need not be stored, only made again. */
export function isRematerializable(i: MachineInstruction): boolean {
  return i.kind === 'immediate' || i.kind === 'wide' || i.kind === 'frame';
}
