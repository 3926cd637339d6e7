/**
 * Constants that one way of a branch sets are set before the branch.
 *
 *     if r1 == r2 goto +2                    r3 = 1
 *     r3 = 33                                if r1 == r2 goto +1
 *     goto +1                      becomes   r3 = 33
 *     r3 = 1
 *
 * A way that does nothing else becomes empty, and where two ways meet again that is one jump less: the other way
 * overwrites what it does not want. What the branch compares, and what the other way still reads, stays.
 */
import { liveness } from '../registers/liveness.ts';
import { FIRST_VIRTUAL, type MachineBlock, type MachineFunction, type MachineInstruction } from './form.ts';

/** More than this many would make the other way slower for nothing. */
const most = 2;

/** Runs on machine registers, after allocation. */
export function setBeforeBranches(fn: MachineFunction): void {
  // Inner branches first: what they leave empty makes the ways around them shorter.
  for (const block of [...fn.blocks].reverse()) {
    const end = block.end;
    if (end.kind !== 'branch' || end.then === end.otherwise) continue;
    if (!take(fn, block, end.then, end.otherwise)) take(fn, block, end.otherwise, end.then);
  }
}

/** Empties `way`, if it may be. */
function take(fn: MachineFunction, block: MachineBlock, way: MachineBlock, other: MachineBlock): boolean {
  const { end, code } = way;
  if (end.kind !== 'jump' || code.length === 0 || code.length > most) return false;
  if (way.predecessors.length !== 1 || way.depth < block.depth) return false;
  if (block.end.kind !== 'branch') return false;
  const { left, right } = block.end;
  const { liveIn, words } = liveness({ ...fn, registers: FIRST_VIRTUAL });
  const free = (i: MachineInstruction): boolean =>
    i.kind === 'immediate' &&
    i.dst !== left &&
    i.dst !== right &&
    (liveIn[other.index * words]! & (1 << i.dst)) === 0;
  if (!code.every(free) || !leads(other, end.target, block)) return false;
  block.code.push(...code);
  way.code = [];
  return true;
}

/** Some way from `from` comes to `to` without passing `around`. */
function leads(from: MachineBlock, to: MachineBlock, around: MachineBlock): boolean {
  const seen = new Set([from]);
  for (const block of seen) {
    if (block === to) return true;
    for (const next of block.successors) if (next !== around) seen.add(next);
  }
  return false;
}
