/**
 * The interference graph: two registers that hold different values at the same time cannot be one.
 *
 * Edges are kept twice, as a square of bits for "do they?" and as lists for "who does?". A `mov` makes no
 * edge between its two sides: they hold the same value, and becoming one register is what we want of
 * them. Moves are collected on the way, weighed by the loops around them.
 */
import {
  FIRST_VIRTUAL,
  type MachineFunction,
  type MachineInstruction,
  NONE,
  readsOf,
  writeOf,
} from '../machine/form.ts';
import { liveness } from './liveness.ts';

export interface Move {
  readonly dst: number;
  readonly src: number;
  readonly weight: number;
}

export const LOOP_WEIGHT = [1, 10, 100, 1000, 10000] as const;

export class InterferenceGraph {
  readonly count: number;
  readonly #bits: Uint32Array;
  readonly #words: number;
  readonly neighbours: number[][] = [];
  readonly degree: Int32Array;
  readonly moves: Move[] = [];
  /** What spilling the register would cost in executed instructions; infinite for machine registers. */
  readonly cost: Float64Array;
  /** The register occurs in the program. */
  readonly occurs: Uint8Array;

  constructor(count: number) {
    this.count = count;
    this.#words = (count + 31) >>> 5;
    this.#bits = new Uint32Array(count * this.#words);
    for (let r = 0; r < count; r++) this.neighbours.push([]);
    this.degree = new Int32Array(count);
    this.cost = new Float64Array(count);
    this.occurs = new Uint8Array(count);
  }

  interferes(a: number, b: number): boolean {
    return (this.#bits[a * this.#words + (b >>> 5)] & (1 << (b & 31))) !== 0;
  }

  connect(a: number, b: number): void {
    if (a === b) return;
    const at = a * this.#words + (b >>> 5);
    const bit = 1 << (b & 31);
    if ((this.#bits[at] & bit) !== 0) return;
    this.#bits[at] |= bit;
    this.#bits[b * this.#words + (a >>> 5)] |= 1 << (a & 31);
    this.neighbours[a].push(b);
    this.neighbours[b].push(a);
    this.degree[a]++;
    this.degree[b]++;
  }
}

export function buildGraph(fn: MachineFunction): InterferenceGraph {
  const graph = new InterferenceGraph(fn.registers);
  const { words, liveOut } = liveness(fn);
  const live = new Uint32Array(words);
  const buffer = new Int32Array(8);
  const { cost, occurs } = graph;

  /** `dst` is written while everything in `live` (and not `except`) keeps its value. */
  const define = (dst: number, except: number): void => {
    for (let w = 0; w < words; w++) {
      let rest = live[w];
      while (rest !== 0) {
        const low = rest & -rest;
        const other = (w << 5) + (31 - Math.clz32(low));
        rest ^= low;
        if (other !== except) graph.connect(dst, other);
      }
    }
  };

  for (let a = 0; a < FIRST_VIRTUAL; a++) {
    cost[a] = Number.POSITIVE_INFINITY;
    for (let b = 0; b < a; b++) graph.connect(a, b);
  }
  for (const block of fn.blocks) {
    const weight = LOOP_WEIGHT[block.depth];
    live.set(liveOut.subarray(block.index * words, (block.index + 1) * words));
    const read = (r: number): void => {
      live[r >>> 5] |= 1 << (r & 31);
      cost[r] += weight;
      occurs[r] = 1;
    };
    const end = block.end;
    if (end.kind === 'exit') read(0);
    else if (end.kind === 'branch') {
      read(end.left);
      if (end.right !== NONE) read(end.right);
    }
    for (let k = block.code.length - 1; k >= 0; k--) {
      const i = block.code[k];
      if (i.kind === 'alu' && i.src !== NONE && k > 0) preferDying(block.code[k - 1], i, live);
      const dst = writeOf(i);
      const n = readsOf(i, buffer);
      if (i.kind === 'move') graph.moves.push({ dst: i.dst, src: i.src, weight });
      if (dst !== NONE) {
        // The result of `set` is written before its operands are read.
        if (i.kind === 'set') for (let j = 0; j < n; j++) graph.connect(dst, buffer[j]);
        define(dst, i.kind === 'move' ? i.src : NONE);
        cost[dst] += weight;
        occurs[dst] = 1;
      }
      if (i.kind === 'call') for (let r = 1; r <= 5; r++) define(r, NONE);
      if (dst !== NONE) live[dst >>> 5] &= ~(1 << (dst & 31));
      if (i.kind === 'call') live[0] &= ~0b111110;
      for (let j = 0; j < n; j++) read(buffer[j]);
    }
  }
  return graph;
}

/**
 * `d = a; d += b` leaves `a` readable and needs a register beside it if `a` is read again. When only `b` ends
 * here, `d = b; d += a` is the better order: `d` takes over the register of `b` and the move goes.
 */
function preferDying(move: MachineInstruction, alu: MachineInstruction, live: Uint32Array): void {
  if (move.kind !== 'move' || move.dst !== alu.dst || alu.src === alu.dst || !commutes.has(alu.alu)) return;
  const alive = (r: number): boolean => (live[r >>> 5] & (1 << (r & 31))) !== 0;
  if (!alive(move.src) || alive(alu.src)) return;
  const kept = move.src;
  move.src = alu.src;
  alu.src = kept;
}

const commutes: ReadonlySet<string> = new Set(['add', 'mul', 'and', 'or', 'xor']);
