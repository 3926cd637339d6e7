/**
 * Graph colouring after Chaitin and Briggs, with conservative coalescing.
 *
 * 1. Coalesce: the two sides of a `mov` that do not interfere become one register, if that cannot make the
 *    graph harder to colour. For two virtual registers: the union has fewer than K neighbours of high
 *    degree (Briggs). For a machine register: every neighbour of the other side conflicts with it already
 *    or has a low degree (George).
 * 2. Simplify: registers with fewer than K neighbours are taken out; they can always be coloured later. When
 *    none is left, the one that is cheapest to spill for its degree goes, in the hope of luck (Briggs).
 * 3. Select: put back in the opposite order, each gets a colour that no neighbour has: best that of the
 *    other side of one of its moves. Without a free colour it is spilled.
 *
 * K is 10: r0 to r9. A call conflicts r0 to r5 with everything that lives across it, which leaves r6 to r9
 * to such values without a further rule.
 */
import { FIRST_VIRTUAL, type MachineFunction } from '../machine/form.ts';
import { buildGraph, type InterferenceGraph, type Move } from './interference.ts';

const K = 10;

export interface Colouring {
  /** Machine register of each virtual one; -1 for those that are spilled or do not occur. */
  readonly colour: Int32Array;
  /** Those that found no register, with what was coalesced into them. */
  readonly spilled: readonly number[];
  /** Which register stands for each after coalescing. */
  readonly representative: Int32Array;
}

/**
 * `cheap`: registers whose value can be made again from nothing, which are spilled first. `temporary`: made
 * by spilling, alive for one instruction: spilling them again would not help.
 */
export function colour(
  fn: MachineFunction,
  cheap: (register: number) => boolean,
  temporary: (register: number) => boolean,
): Colouring {
  const graph = buildGraph(fn);
  const alias = coalesce(graph, temporary);
  const find = (r: number): number => representativeOf(alias, r);

  // Simplify
  const stack: number[] = [];
  const removed = new Uint8Array(graph.count);
  const degree = graph.degree;
  const low: number[] = [];
  const waiting = new Set<number>();
  for (let r = FIRST_VIRTUAL; r < graph.count; r++) {
    if (alias[r] !== r || graph.occurs[r] === 0) continue;
    if (degree[r] < K) low.push(r);
    else waiting.add(r);
  }
  // The first ones are taken last, and so get the first choice of colours.
  low.reverse();
  const remove = (r: number): void => {
    removed[r] = 1;
    stack.push(r);
    for (const n of graph.neighbours[r]) {
      if (alias[n] !== n || removed[n] === 1 || n < FIRST_VIRTUAL) continue;
      if (degree[n]-- === K) {
        waiting.delete(n);
        low.push(n);
      }
    }
  };
  for (;;) {
    const easy = low.pop();
    if (easy !== undefined) {
      if (removed[easy] === 0) remove(easy);
      continue;
    }
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (const r of waiting) {
      let price = graph.cost[r] / degree[r];
      if (cheap(r)) price *= 0.25;
      if (temporary(r)) price += 1e9;
      if (price < least || best < 0) {
        least = price;
        best = r;
      }
    }
    if (best < 0) break;
    waiting.delete(best);
    remove(best);
  }

  // Select
  const colours = new Int32Array(graph.count).fill(-1);
  for (let r = 0; r < FIRST_VIRTUAL; r++) colours[r] = r;
  const partners = partnersOf(graph.moves, find);
  const spilled: number[] = [];
  for (let r = stack.pop(); r !== undefined; r = stack.pop()) {
    let taken = 1 << 10;
    for (const n of graph.neighbours[r]) {
      const c = colours[find(n)];
      if (c >= 0) taken |= 1 << c;
    }
    let chosen = -1;
    for (const partner of partners.get(r) ?? []) {
      const c = colours[find(partner)];
      if (c >= 0 && (taken & (1 << c)) === 0) {
        chosen = c;
        break;
      }
    }
    for (let c = 0; chosen < 0 && c < K; c++) if ((taken & (1 << c)) === 0) chosen = c;
    if (chosen < 0) spilled.push(r);
    else colours[r] = chosen;
  }
  for (let r = FIRST_VIRTUAL; r < graph.count; r++) if (alias[r] !== r) colours[r] = colours[find(r)];
  // A register that was coalesced into a spilled one is spilled with it, into the same place.
  const all: number[] = [];
  if (spilled.length > 0) {
    const gone = new Set(spilled);
    for (let r = FIRST_VIRTUAL; r < graph.count; r++) {
      if (graph.occurs[r] === 1 && gone.has(find(r))) {
        colours[r] = -1;
        all.push(r);
      }
    }
  }
  for (let r = 0; r < graph.count; r++) alias[r] = find(r);
  return { colour: colours, spilled: all, representative: alias };
}

/** Merges what moves connect; the result says for each register which one stands for it. */
function coalesce(graph: InterferenceGraph, temporary: (register: number) => boolean): Int32Array {
  const alias = new Int32Array(graph.count);
  for (let r = 0; r < graph.count; r++) alias[r] = r;
  const find = (r: number): number => representativeOf(alias, r);
  const seen = new Int32Array(graph.count);
  let stamp = 0;
  const { degree, neighbours } = graph;

  const safe = (a: number, b: number): boolean => {
    if (a < FIRST_VIRTUAL) {
      for (const n of neighbours[b]) {
        if (alias[n] !== n || n < FIRST_VIRTUAL) continue;
        if (degree[n] >= K && !graph.interferes(n, a)) return false;
      }
      return true;
    }
    stamp++;
    let significant = 0;
    for (const side of [a, b]) {
      for (const n of neighbours[side]) {
        if (alias[n] !== n || seen[n] === stamp) continue;
        seen[n] = stamp;
        // A common neighbour loses one when its two neighbours become one.
        const common = graph.interferes(n, a) && graph.interferes(n, b) ? 1 : 0;
        if (n < FIRST_VIRTUAL || degree[n] - common >= K) significant++;
      }
    }
    return significant < K;
  };
  const merge = (into: number, from: number): void => {
    alias[from] = into;
    graph.cost[into] += graph.cost[from];
    graph.occurs[into] = 1;
    for (const n of neighbours[from]) {
      if (alias[n] !== n) continue;
      if (graph.interferes(into, n)) degree[n]--;
      else {
        degree[n]--;
        graph.connect(into, n);
      }
    }
  };

  let open = [...graph.moves].sort((x, y) => y.weight - x.weight);
  for (let changed = true; changed && open.length > 0; ) {
    changed = false;
    const later: Move[] = [];
    for (const move of open) {
      let a = find(move.dst);
      let b = find(move.src);
      if (a === b) continue;
      if (b < FIRST_VIRTUAL) [a, b] = [b, a];
      // Two machine registers, or r10: the move stays.
      if (b < FIRST_VIRTUAL || a === 10 || graph.interferes(a, b)) continue;
      // A temporary of one instruction must stay one: merged with a long life it could need spilling again.
      if (temporary(a) !== temporary(b) && a >= FIRST_VIRTUAL) continue;
      if (safe(a, b)) {
        merge(a, b);
        changed = true;
      } else later.push(move);
    }
    open = later;
  }
  return alias;
}

function partnersOf(moves: readonly Move[], find: (r: number) => number): Map<number, number[]> {
  const partners = new Map<number, number[]>();
  const add = (a: number, b: number): void => {
    const list = partners.get(a);
    if (list) list.push(b);
    else partners.set(a, [b]);
  };
  for (const { dst, src } of moves) {
    const a = find(dst);
    const b = find(src);
    if (a === b) continue;
    add(a, b);
    add(b, a);
  }
  return partners;
}

/** Follows the chain of merged registers, and shortens it on the way. */
function representativeOf(alias: Int32Array, register: number): number {
  let at = register;
  while (alias[at] !== at) {
    alias[at] = alias[alias[at]];
    at = alias[at];
  }
  return at;
}
