/**
 * The intermediate form: what every front end lowers to and the only thing the back end reads.
 *
 * A module holds functions; a function is a control flow graph of blocks; a block holds instructions
 * in static single assignment form and ends with one terminator. A value *is* the instruction that
 * makes it. Variables of the source language exist only in the builder, which turns them into phis.
 *
 * The form is typed for people and for passes (`type`), but the machine is BPF: every value is one
 * 64-bit register. A 32-bit operation leaves the upper half zero, as the hardware rule of BPF says
 * (Documentation/bpf/standardization/instruction-set.rst).
 *
 * What is larger than a register lives in a `Slot` of the stack frame and is reached by its address.
 * Slots that would overflow the 512 bytes of a frame are moved to per-CPU scratch memory by a pass; no
 * front end has to know.
 */
import type { KernelQuestion } from '../asm/instruction.ts';
import type { TypeId } from '../btf/types.ts';
import type { SourceLine } from '../kernel/spec.ts';

export type Width = 32 | 64;
/** Bytes of a memory access. */
export type MemorySize = 1 | 2 | 4 | 8;

export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  /** Unsigned; division by zero gives 0, remainder by zero the dividend, as BPF defines it. */
  | 'div'
  | 'mod'
  /** Signed: one instruction from ISA v4 on, a sequence before it. */
  | 'sdiv'
  | 'smod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'lshr'
  | 'ashr';

export type CompareOp =
  | 'eq'
  | 'ne'
  | 'ult'
  | 'ule'
  | 'ugt'
  | 'uge'
  | 'slt'
  | 'sle'
  | 'sgt'
  | 'sge'
  /** (left & right) != 0 */
  | 'test';

export type AtomicOp = 'add' | 'and' | 'or' | 'xor' | 'exchange' | 'compareExchange';

/** Where a pointer points: it decides how memory behind it may be read. */
export type Provenance =
  /** The program's first argument: fixed offsets only. */
  | 'context'
  | 'stack'
  /** A value inside a map; null until checked unless it is a global. */
  | 'mapValue'
  /** A map itself. */
  | 'map'
  /** Memory of the ring buffer that was reserved and not yet submitted. */
  | 'ringRecord'
  /** A kernel object with a BTF type that the verifier lets us dereference. */
  | 'kernelTyped'
  /** A kernel address that only probe_read_kernel may read. */
  | 'kernelRaw'
  /** A user address: only probe_read_user or copy_from_user. */
  | 'user'
  | 'packet'
  | 'packetEnd'
  | 'function';

export type ValueType =
  | { readonly kind: 'scalar'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | {
      readonly kind: 'pointer';
      readonly provenance: Provenance;
      /** What it points to, in the BTF that the front end works with; undefined: bytes. */
      readonly target?: TypeId;
      readonly nullable: boolean;
    };

export interface Slot {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly align: 1 | 2 | 4 | 8;
  /** It must stay on the stack: it keeps pointers, or its address goes to a helper that takes no other. */
  readonly pinned?: boolean;
}

export type Callee =
  | {
      readonly kind: 'helper';
      /** Number in enum bpf_func_id. */
      readonly id: number;
      readonly name: string;
      /** The same arguments give the same result during one run of the program, and nothing is written. */
      readonly pure: boolean;
    }
  | { readonly kind: 'kfunc'; readonly btfId: number; readonly name: string; readonly pure: boolean }
  | { readonly kind: 'function'; readonly name: string };

interface Common {
  /** Unique within the function; printed as %id. */
  readonly id: number;
  readonly type: ValueType;
  readonly source?: SourceLine | undefined;
}

/** Operands are mutable: passes replace values in place. */
export type Value = Common &
  (
    | { readonly kind: 'constant'; readonly value: bigint /* signed 64-bit */ }
    /** 0 to 4. The context is parameter 0 of an entry function. */
    | { readonly kind: 'parameter'; readonly index: number }
    | { readonly kind: 'slotAddress'; readonly slot: Slot; readonly offset: number }
    | { readonly kind: 'mapAddress'; readonly map: string }
    | { readonly kind: 'mapValueAddress'; readonly map: string; readonly offset: number }
    | { readonly kind: 'functionAddress'; readonly name: string }
    /** A constant on this kernel only: nothing may be computed with it before the program runs. */
    | { readonly kind: 'kernelConstant'; readonly question: KernelQuestion; readonly value: bigint }
    | { readonly kind: 'binary'; readonly op: BinaryOp; readonly width: Width; left: Value; right: Value }
    /** Keeps the low `from` bits and widens them to 64. */
    | { readonly kind: 'extend'; readonly from: 8 | 16 | 32; readonly signed: boolean; value: Value }
    /** Reverses the low `bits` and clears the rest. */
    | { readonly kind: 'byteSwap'; readonly bits: 16 | 32 | 64; value: Value }
    /** 0 or 1. */
    | { readonly kind: 'compare'; readonly op: CompareOp; readonly width: Width; left: Value; right: Value }
    | {
        readonly kind: 'load';
        readonly size: MemorySize;
        readonly signed: boolean;
        base: Value;
        readonly offset: number;
        /** Nothing during the run changes it (context, read-only data): equal loads may be merged. */
        readonly invariant: boolean;
        /** What `offset` answers: another kernel may want another one, so nothing may be added to it. */
        readonly question?: KernelQuestion | undefined;
      }
    | {
        readonly kind: 'store';
        readonly size: MemorySize;
        base: Value;
        readonly offset: number;
        value: Value;
      }
    | {
        readonly kind: 'atomic';
        readonly op: AtomicOp;
        readonly size: 4 | 8;
        base: Value;
        readonly offset: number;
        value: Value;
        /** Only compareExchange. */
        expected?: Value | undefined;
        /** The old value is the result; without it the result may not be used. */
        readonly fetch: boolean;
      }
    | { readonly kind: 'call'; readonly callee: Callee; readonly args: Value[] }
    | { readonly kind: 'phi'; readonly incoming: Map<Block, Value> }
  );

export type ValueKind = Value['kind'];
export type ValueOf<K extends ValueKind> = Extract<Value, { kind: K }>;

export type Terminator =
  | { readonly kind: 'jump'; readonly target: Block; readonly source?: SourceLine | undefined }
  | {
      readonly kind: 'branch';
      readonly op: CompareOp;
      readonly width: Width;
      left: Value;
      right: Value;
      readonly then: Block;
      readonly otherwise: Block;
      readonly source?: SourceLine | undefined;
    }
  | { readonly kind: 'return'; value: Value; readonly source?: SourceLine | undefined };

export interface Block {
  readonly id: number;
  /** For reading: `then`, `loop`, `exit`. */
  readonly name: string;
  /** Phis first. */
  values: Value[];
  /** Set once the block is complete. */
  terminator?: Terminator;
  /** Kept by the builder; passes that change edges recompute it. */
  predecessors: Block[];
}

export interface IrFunction {
  readonly name: string;
  /** entry: called by the kernel; static: called by `call`; callback: its address is given to a helper. */
  readonly role: 'entry' | 'static' | 'callback';
  readonly parameters: readonly { readonly name: string; readonly type: ValueType }[];
  /** Entry block first. */
  readonly blocks: Block[];
  readonly slots: Slot[];
}

/** One program: its entry function first, then what it calls. */
export interface IrModule {
  readonly name: string;
  readonly functions: readonly IrFunction[];
  /** The kernel does not look at what the entry function returns. Default false. */
  readonly resultIgnored?: boolean;
}

export const scalar64: ValueType = { kind: 'scalar', bits: 64, signed: false };
export const scalar32: ValueType = { kind: 'scalar', bits: 32, signed: false };

/** The values that an instruction reads, in order. */
export function operandsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'binary':
    case 'compare':
      return [value.left, value.right];
    case 'extend':
    case 'byteSwap':
      return [value.value];
    case 'load':
      return [value.base];
    case 'store':
      return [value.base, value.value];
    case 'atomic':
      return value.expected ? [value.base, value.value, value.expected] : [value.base, value.value];
    case 'call':
      return value.args;
    case 'phi':
      return [...value.incoming.values()];
    case 'constant':
    case 'parameter':
    case 'slotAddress':
    case 'mapAddress':
    case 'mapValueAddress':
    case 'functionAddress':
    case 'kernelConstant':
      return [];
    default:
      return unreachable(value);
  }
}

/** Replaces each operand by what `replace` gives for it. */
export function mapOperands(value: Value, replace: (operand: Value) => Value): void {
  switch (value.kind) {
    case 'binary':
    case 'compare':
      value.left = replace(value.left);
      value.right = replace(value.right);
      return;
    case 'extend':
    case 'byteSwap':
      value.value = replace(value.value);
      return;
    case 'load':
      value.base = replace(value.base);
      return;
    case 'store':
      value.base = replace(value.base);
      value.value = replace(value.value);
      return;
    case 'atomic':
      value.base = replace(value.base);
      value.value = replace(value.value);
      if (value.expected) value.expected = replace(value.expected);
      return;
    case 'call':
      for (const [i, arg] of value.args.entries()) value.args[i] = replace(arg);
      return;
    case 'phi':
      for (const [block, incoming] of value.incoming) value.incoming.set(block, replace(incoming));
      return;
    case 'constant':
    case 'parameter':
    case 'slotAddress':
    case 'mapAddress':
    case 'mapValueAddress':
    case 'functionAddress':
    case 'kernelConstant':
      return;
    default:
      return unreachable(value);
  }
}

export function terminatorOperands(terminator: Terminator): readonly Value[] {
  switch (terminator.kind) {
    case 'jump':
      return [];
    case 'branch':
      return [terminator.left, terminator.right];
    case 'return':
      return [terminator.value];
    default:
      return unreachable(terminator);
  }
}

export function successorsOf(block: Block): readonly Block[] {
  const end = block.terminator;
  if (!end || end.kind === 'return') return [];
  return end.kind === 'jump' ? [end.target] : [end.then, end.otherwise];
}

/** True if the instruction must stay even when nobody reads its result. */
export function hasEffect(value: Value): boolean {
  switch (value.kind) {
    case 'store':
    case 'atomic':
      return true;
    case 'call':
      return value.callee.kind === 'function' || !value.callee.pure;
    default:
      return false;
  }
}

export function unreachable(value: never): never {
  throw new Error(`internal: unexpected ${JSON.stringify((value as { kind?: string }).kind ?? value)}`);
}
