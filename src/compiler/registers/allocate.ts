/** Register allocation: colour, spill what did not fit, until everything has a register. */
import type { Slot } from '../ir.ts';
import { FIRST_VIRTUAL, type MachineFunction } from '../machine/form.ts';
import { colour } from './color.ts';
import { rematerializable, type Spilled, spill } from './spill.ts';

export interface Allocation {
  /** Frame memory of spilled values. */
  readonly spillSlots: readonly Slot[];
}

/** Replaces every virtual register of the function by one of r0 to r9. */
export function allocate(fn: MachineFunction): Allocation {
  const state: Spilled = { slots: [], temporary: new Set() };
  for (let round = 0; ; round++) {
    if (round > 50) throw new Error(`internal: register allocation of ${fn.name} does not end`);
    let again: ReturnType<typeof rematerializable> | undefined;
    const result = colour(
      fn,
      // Asked only when something must be spilled.
      (r) => {
        again ??= rematerializable(fn);
        return again[r] !== undefined;
      },
      (r) => state.temporary.has(r),
    );
    if (result.spilled.length === 0) {
      apply(fn, result.colour);
      return { spillSlots: state.slots };
    }
    spill(fn, result.spilled, result.representative, state, round === 0);
  }
}

function apply(fn: MachineFunction, colours: Int32Array): void {
  const to = (r: number): number => (r < FIRST_VIRTUAL ? r : colours[r]);
  for (const block of fn.blocks) {
    let kept = 0;
    for (const i of block.code) {
      i.dst = to(i.dst);
      i.src = to(i.src);
      i.base = to(i.base);
      if (i.kind !== 'move' || i.dst !== i.src) block.code[kept++] = i;
    }
    block.code.length = kept;
    if (block.end.kind === 'branch') {
      block.end.left = to(block.end.left);
      block.end.right = to(block.end.right);
    }
  }
}
