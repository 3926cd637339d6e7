/**
 * Addresses of the frame that are needed often are computed once.
 *
 * `r2 = r10; r2 += -16` are two instructions wherever a helper takes the address of a key or a buffer. A key that is
 * filled by one helper and given to two more is worth a register that survives calls: two instructions to make it
 * and one each time. With two uses nothing is won, so it begins with three. Where registers are short the allocator
 * makes the address again at each use, which is what stood there before.
 */
import type { Slot } from '../ir.ts';
import { type MachineBlock, type MachineFunction, MachineInstruction } from './form.ts';

const WORTH_A_REGISTER = 3;

interface Use {
  readonly block: MachineBlock;
  readonly instruction: MachineInstruction;
}

/** Runs on virtual registers, after selection. */
export function shareFrameAddresses(fn: MachineFunction): void {
  for (const offsets of usesOf(fn).values()) {
    for (const uses of offsets.values()) {
      if (uses.length >= WORTH_A_REGISTER && dominatesAll(fn, uses)) share(fn, uses);
    }
  }
}

/** In the order of the blocks, which is a reverse postorder: what dominates all others comes first. */
function usesOf(fn: MachineFunction): Map<Slot, Map<number, Use[]>> {
  const slots = new Map<Slot, Map<number, Use[]>>();
  for (const block of fn.blocks) {
    for (const instruction of block.code) {
      if (instruction.kind !== 'frame' || instruction.frame === undefined) continue;
      const offsets = slots.get(instruction.frame) ?? new Map<number, Use[]>();
      slots.set(instruction.frame, offsets);
      const uses = offsets.get(instruction.offset) ?? [];
      offsets.set(instruction.offset, uses);
      uses.push({ block, instruction });
    }
  }
  return slots;
}

/** No way from the entry to another use goes around the block of the first one. */
function dominatesAll(fn: MachineFunction, uses: readonly Use[]): boolean {
  const first = uses[0].block;
  const others = new Set(uses.map(({ block }) => block));
  others.delete(first);
  const entry = fn.blocks[0];
  if (others.size === 0 || entry === first) return true;
  const seen = new Set([entry]);
  for (const block of seen) {
    if (others.has(block)) return false;
    for (const next of block.successors) if (next !== first) seen.add(next);
  }
  return true;
}

function share(fn: MachineFunction, uses: readonly Use[]): void {
  const register = fn.registers++;
  fn.scalar[register] = false;
  const [{ block, instruction: first }] = uses;
  const made = new MachineInstruction('frame', first.source);
  made.dst = register;
  made.frame = first.frame;
  made.offset = first.offset;
  for (const { block: at, instruction } of uses) {
    const move = new MachineInstruction('move', instruction.source);
    move.dst = instruction.dst;
    move.src = register;
    at.code[at.code.indexOf(instruction)] = move;
    if (instruction === first) block.code.splice(block.code.indexOf(move), 0, made);
  }
}
