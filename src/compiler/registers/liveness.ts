/**
 * Liveness: which registers are read later, at the end of each block.
 *
 * The usual backward iteration over bit sets, one 32-bit word for 32 registers. Blocks are visited from
 * the last to the first, so programs without loops settle in one round.
 */
import { type MachineBlock, type MachineFunction, NONE, readsOf, writeOf } from '../machine/form.ts';

export interface Liveness {
  /** Words of one set. */
  readonly words: number;
  /** Set of block i at i * words. */
  readonly liveIn: Uint32Array;
  readonly liveOut: Uint32Array;
}

export function liveness(fn: MachineFunction): Liveness {
  const words = (fn.registers + 31) >>> 5;
  const count = fn.blocks.length;
  const reads = new Uint32Array(count * words);
  const writes = new Uint32Array(count * words);
  const liveIn = new Uint32Array(count * words);
  const liveOut = new Uint32Array(count * words);
  const buffer = new Int32Array(8);
  for (const block of fn.blocks) summarize(block, block.index * words, reads, writes, buffer);
  for (let changed = true; changed; ) {
    changed = false;
    for (let b = count - 1; b >= 0; b--) {
      const at = b * words;
      for (const next of fn.blocks[b].successors) {
        const from = next.index * words;
        for (let w = 0; w < words; w++) liveOut[at + w] |= liveIn[from + w];
      }
      for (let w = 0; w < words; w++) {
        const now = (reads[at + w] | (liveOut[at + w] & ~writes[at + w])) >>> 0;
        if (now !== liveIn[at + w]) {
          liveIn[at + w] = now;
          changed = true;
        }
      }
    }
  }
  return { words, liveIn, liveOut };
}

/** What the block reads before it writes, and what it writes. */
function summarize(
  block: MachineBlock,
  at: number,
  reads: Uint32Array,
  writes: Uint32Array,
  buffer: Int32Array,
): void {
  const read = (r: number): void => {
    const bit = 1 << (r & 31);
    if ((writes[at + (r >>> 5)] & bit) === 0) reads[at + (r >>> 5)] |= bit;
  };
  for (const i of block.code) {
    const n = readsOf(i, buffer);
    for (let k = 0; k < n; k++) read(buffer[k]);
    const dst = writeOf(i);
    if (dst !== NONE) writes[at + (dst >>> 5)] |= 1 << (dst & 31);
    if (i.kind === 'call') writes[at] |= 0b111110;
  }
  const end = block.end;
  if (end.kind === 'exit') read(0);
  else if (end.kind === 'branch') {
    read(end.left);
    if (end.right !== NONE) read(end.right);
  }
}
