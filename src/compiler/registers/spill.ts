/**
 * Spilling: registers that got no colour live in the frame, and instructions work on short-lived copies.
 *
 * A value that one instruction makes from nothing (a constant, an address) is made again before each use and
 * takes no memory. Others are stored, always as whole registers aligned to 8 bytes: only of those does
 * the verifier remember what it knows.
 *
 * One thing it does not do (before Linux 6.9): when the program compares a *copy* of a spilled number with
 * a bound, the spilled one stays unbounded. So the copy that a branch has compared is stored again on the
 * edges behind the branch where the value is still wanted; what is loaded there later has the bound.
 * Pointers do not need it: checking one copy against null marks all, in memory too.
 */

import type { Slot } from '../ir.ts';
import {
  isRematerializable,
  type MachineBlock,
  type MachineFunction,
  MachineInstruction,
  NONE,
  writeOf,
} from '../machine/form.ts';
import { liveness } from './liveness.ts';

/** A copy that was loaded may serve later instructions of the block, but not for long: registers are short. */
const REUSE_DISTANCE = 8;

export interface Spilled {
  readonly slots: Slot[];
  /** Registers made here that must not be spilled again. */
  readonly temporary: Set<number>;
}

/** By register: the one instruction that defines it, if it can be made again; undefined otherwise. */
export function rematerializable(fn: MachineFunction): (MachineInstruction | undefined)[] {
  const found: (MachineInstruction | undefined)[] = [];
  const defined = new Uint8Array(fn.registers);
  for (const block of fn.blocks) {
    for (const i of block.code) {
      const dst = writeOf(i);
      if (dst === NONE) continue;
      if (defined[dst] === 0 && isRematerializable(i)) found[dst] = i;
      else found[dst] = undefined;
      defined[dst] = 1;
    }
  }
  return found;
}

export function spill(
  fn: MachineFunction,
  registers: readonly number[],
  representative: Int32Array,
  state: Spilled,
  reuse: boolean,
): void {
  rename(fn, registers, representative);
  new Spiller(fn, new Set(registers.map((r) => representative[r])), state, reuse).run();
}

/** Registers that were coalesced and spilled together are one. */
function rename(fn: MachineFunction, registers: readonly number[], representative: Int32Array): void {
  const members = new Set(registers);
  const to = (r: number): number => (members.has(r) ? representative[r] : r);
  for (const r of registers) if (fn.scalar[r]) fn.scalar[representative[r]] = true;
  for (const block of fn.blocks) {
    for (const i of block.code) {
      i.dst = to(i.dst);
      i.src = to(i.src);
      i.base = to(i.base);
    }
    block.code = block.code.filter((i) => i.kind !== 'move' || i.dst !== i.src);
    if (block.end.kind === 'branch') {
      block.end.left = to(block.end.left);
      block.end.right = to(block.end.right);
    }
  }
}

/** A register that holds the value of a spilled one for a while. */
interface Copy {
  readonly copy: number;
  /** Position behind which it holds. */
  readonly at: number;
  /** Made by a `mov` only to be read again: undone if nobody does. */
  readonly move?: MachineInstruction;
  readonly store?: MachineInstruction;
  used: boolean;
}

class Spiller {
  readonly #fn: MachineFunction;
  readonly #spilled: ReadonlySet<number>;
  readonly #state: Spilled;
  readonly #reuse: boolean;
  readonly #remade: (MachineInstruction | undefined)[];
  readonly #slots = new Map<number, Slot>();
  #out: MachineInstruction[] = [];
  /** Copies that are still good. */
  readonly #copies = new Map<number, Copy>();

  constructor(fn: MachineFunction, spilled: ReadonlySet<number>, state: Spilled, reuse: boolean) {
    this.#fn = fn;
    this.#spilled = spilled;
    this.#state = state;
    this.#reuse = reuse;
    this.#remade = rematerializable(fn);
  }

  run(): void {
    const { words, liveIn } = liveness(this.#fn);
    const restores: [MachineBlock, MachineInstruction][] = [];
    for (const block of this.#fn.blocks) {
      this.#out = [];
      for (const [k, i] of block.code.entries()) this.#instruction(i, block.code[k + 1]);
      const end = block.end;
      if (end.kind === 'branch') {
        for (const side of ['left', 'right'] as const) {
          const register = end[side];
          if (!this.#spilled.has(register)) continue;
          const copy = this.#load(register, end);
          end[side] = copy;
          if (!this.#fn.scalar[register] || this.#remade[register]) continue;
          for (const next of block.successors) {
            const wanted = liveIn[next.index * words + (register >>> 5)] & (1 << (register & 31));
            if (wanted === 0) continue;
            const store = new MachineInstruction('store', end.source);
            store.frame = this.#slot(register);
            store.src = copy;
            restores.push([next, store]);
          }
        }
      }
      this.#forgetAll();
      block.code = this.#out.filter((i) => i.kind !== 'move' || i.dst !== i.src);
    }
    for (const [block, store] of restores) block.code.unshift(store);
  }

  #slot(register: number): Slot {
    let slot = this.#slots.get(register);
    if (!slot) {
      slot = {
        id: -1 - this.#state.slots.length,
        name: `spill${this.#state.slots.length}`,
        size: 8,
        align: 8,
      };
      this.#slots.set(register, slot);
      this.#state.slots.push(slot);
    }
    return slot;
  }

  #temporary(of: number, reusable: boolean): number {
    const made = this.#fn.registers++;
    this.#fn.scalar[made] = this.#fn.scalar[of] ?? true;
    if (!reusable) this.#state.temporary.add(made);
    return made;
  }

  #load(register: number, at: { readonly source: MachineInstruction['source'] }): number {
    const known = this.#known(register);
    if (known !== undefined) return known;
    const copy = this.#temporary(register, this.#reuse);
    this.#loadInto(copy, register, at.source);
    if (this.#reuse) this.#copies.set(register, { copy, at: this.#out.length, used: true });
    return copy;
  }

  #known(register: number): number | undefined {
    const known = this.#copies.get(register);
    if (!known || this.#out.length - known.at > REUSE_DISTANCE) return undefined;
    known.used = true;
    return known.copy;
  }

  #forget(register: number): void {
    const known = this.#copies.get(register);
    if (!known) return;
    this.#copies.delete(register);
    if (known.used || !known.move || !known.store) return;
    known.store.src = known.move.src;
    known.move.dst = known.move.src;
  }

  #forgetAll(): void {
    for (const register of [...this.#copies.keys()]) this.#forget(register);
  }

  #loadInto(dst: number, register: number, source: MachineInstruction['source']): void {
    const again = this.#remade[register];
    if (again) {
      const made = new MachineInstruction(again.kind, source);
      Object.assign(made, again, { dst, source });
      this.#out.push(made);
      return;
    }
    const load = new MachineInstruction('load', source);
    load.dst = dst;
    load.frame = this.#slot(register);
    this.#out.push(load);
  }

  #store(register: number, from: number, source: MachineInstruction['source']): MachineInstruction {
    const store = new MachineInstruction('store', source);
    store.frame = this.#slot(register);
    store.src = from;
    this.#out.push(store);
    return store;
  }

  #instruction(i: MachineInstruction, next: MachineInstruction | undefined): void {
    const spilled = this.#spilled;
    const dst = writeOf(i);
    const writes = dst !== NONE && spilled.has(dst);
    if (writes && this.#remade[dst] === i) return;
    if (i.kind === 'move') {
      if (spilled.has(i.src) && !writes) {
        const known = this.#known(i.src);
        if (known !== undefined) {
          i.src = known;
          this.#out.push(i);
        } else this.#loadInto(i.dst, i.src, i.source);
        return;
      }
    }
    const chained = writes && continues(next, dst);
    if (writes && !chained && i.kind === 'move' && !spilled.has(i.src)) {
      this.#forget(dst);
      if (!this.#reuse) {
        this.#store(dst, i.src, i.source);
        return;
      }
      const copy = this.#temporary(dst, true);
      i.dst = copy;
      this.#out.push(i);
      const store = this.#store(dst, copy, i.source);
      this.#copies.set(dst, { copy, at: this.#out.length, move: i, store, used: false });
      return;
    }
    if (writes && !chained && i.kind === 'immediate' && i.width === 64 && !i.question) {
      this.#forget(dst);
      const store = new MachineInstruction('store', i.source);
      store.frame = this.#slot(dst);
      store.imm = i.imm;
      this.#out.push(store);
      return;
    }
    // A read operand that is also written (`dst op= src`) is one register for both.
    const both = writes && readsOwnResult(i);
    if (i.base !== NONE && spilled.has(i.base)) i.base = this.#load(i.base, i);
    const sameSource = both && i.src === dst && i.kind === 'alu';
    if (i.src !== NONE && spilled.has(i.src) && !(both && i.src === dst)) i.src = this.#load(i.src, i);
    if (writes) {
      let copy = both ? this.#open(dst) : undefined;
      if (copy === undefined) {
        copy = this.#temporary(dst, this.#reuse);
        if (both) this.#loadInto(copy, dst, i.source);
      }
      this.#forget(dst);
      if (i.kind === 'atomic') i.src = copy;
      else i.dst = copy;
      if (sameSource) i.src = copy;
      this.#out.push(i);
      if (chained) this.#chain = { register: dst, copy };
      else {
        this.#store(dst, copy, i.source);
        if (this.#reuse) this.#copies.set(dst, { copy, at: this.#out.length, used: true });
      }
      return;
    }
    this.#out.push(i);
    if (i.kind === 'call') this.#forgetAll();
  }

  /** The copy that the instruction before left unstored, because this one goes on with it. */
  #chain: { readonly register: number; readonly copy: number } | undefined;

  #open(register: number): number | undefined {
    const chain = this.#chain;
    this.#chain = undefined;
    return chain?.register === register ? chain.copy : undefined;
  }
}

/** The instruction reads the register that it writes. */
function readsOwnResult(i: MachineInstruction): boolean {
  return i.kind === 'alu' || i.kind === 'swap' || i.kind === 'negate' || (i.kind === 'atomic' && i.fetch);
}

/** The next instruction reads and overwrites the register: its value in between need not reach memory. */
function continues(next: MachineInstruction | undefined, register: number): boolean {
  if (!next || next.kind === 'atomic' || !readsOwnResult(next) || next.dst !== register) return false;
  return next.src !== register;
}
