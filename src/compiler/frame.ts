/**
 * The stack frame: which slots may share memory, and where each lies.
 *
 * A slot is alive at a point if some access was possible before it and some access is possible after it.
 * Two slots that are never alive together may overlap. Accesses are loads, stores and calls that get the
 * address, also through sums, phis and results made of it; an address that is itself stored somewhere
 * could be used at any time, so such a slot shares with none.
 */
import { type Block, type IrFunction, operandsOf, type Slot, terminatorOperands, type Value } from './ir.ts';

/** Bytes of stack that a chain of BPF functions may use: MAX_BPF_STACK, include/linux/filter.h. */
export const STACK_SIZE = 512;

/** Frames up to this size are laid out without looking for what could be shared: it would save nothing. */
const AMPLE = 128;

export class SlotConflicts {
  readonly #count: number;
  readonly #index: Map<Slot, number>;
  readonly #bits: Uint8Array;

  constructor(slots: readonly Slot[]) {
    this.#count = slots.length;
    this.#index = new Map(slots.map((slot, i) => [slot, i]));
    this.#bits = new Uint8Array(slots.length * slots.length);
  }

  add(a: number, b: number): void {
    this.#bits[a * this.#count + b] = 1;
    this.#bits[b * this.#count + a] = 1;
  }

  /** Slots that the analysis has not seen conflict with all. */
  conflict(a: Slot, b: Slot): boolean {
    const i = this.#index.get(a);
    const k = this.#index.get(b);
    return i === undefined || k === undefined || this.#bits[i * this.#count + k] === 1;
  }
}

/** Which slots each value may point into; 'escaped' are those whose address was stored. */
function pointsInto(fn: IrFunction): { points: Map<Value, Set<number>>; escaped: Set<number> } {
  const index = new Map(fn.slots.map((slot, i) => [slot, i]));
  const points = new Map<Value, Set<number>>();
  const escaped = new Set<number>();
  const used = new Set<number>();
  const none: ReadonlySet<number> = new Set();
  const of = (value: Value): ReadonlySet<number> => {
    if (value.kind !== 'slotAddress') return points.get(value) ?? none;
    let set = points.get(value);
    if (!set) {
      const i = index.get(value.slot)!;
      points.set(value, (set = new Set([i])));
      used.add(i);
    }
    return set;
  };
  const derived: Value[] = [];
  for (const block of fn.blocks) {
    for (const value of block.values) {
      for (const operand of operandsOf(value)) of(operand);
      if (value.kind === 'store' || value.kind === 'atomic') continue;
      const flows = value.kind === 'binary' || value.kind === 'phi' || value.kind === 'call';
      if (flows) derived.push(value);
    }
    if (block.terminator) for (const operand of terminatorOperands(block.terminator)) of(operand);
  }
  for (let changed = used.size > 0; changed; ) {
    changed = false;
    for (const value of derived) {
      // Of calls only those with a pointer as result can hand back what they were given.
      if (value.kind === 'call' && (value.type.kind !== 'pointer' || value.type.provenance === 'mapValue'))
        continue;
      for (const operand of operandsOf(value)) {
        for (const slot of of(operand)) {
          let set = points.get(value);
          if (!set) points.set(value, (set = new Set()));
          if (!set.has(slot)) {
            set.add(slot);
            changed = true;
          }
        }
      }
    }
  }
  for (const block of fn.blocks) {
    for (const value of block.values) {
      if (value.kind !== 'store' && value.kind !== 'atomic') continue;
      for (const slot of of(value.value)) escaped.add(slot);
    }
  }
  return { points, escaped };
}

interface Span {
  first: number;
  last: number;
}

export function slotConflicts(fn: IrFunction): SlotConflicts {
  const conflicts = new SlotConflicts(fn.slots);
  const count = fn.slots.length;
  const total = fn.slots.reduce((sum, slot) => sum + slot.size, 0);
  if (count < 2) return conflicts;
  if (total <= AMPLE) {
    for (let a = 0; a < count; a++) for (let b = 0; b < a; b++) conflicts.add(a, b);
    return conflicts;
  }
  const { points, escaped } = pointsInto(fn);
  const spans = new Map<Block, Map<number, Span>>();
  for (const block of fn.blocks) {
    const own = new Map<number, Span>();
    const touch = (value: Value, at: number): void => {
      for (const slot of points.get(value) ?? []) {
        const span = own.get(slot);
        if (span) span.last = at;
        else own.set(slot, { first: at, last: at });
      }
    };
    for (const [at, value] of block.values.entries()) {
      // A phi reads its operands on the edges; what it gives is touched where it is used.
      if (value.kind !== 'phi') for (const operand of operandsOf(value)) touch(operand, at);
    }
    if (block.terminator) for (const o of terminatorOperands(block.terminator)) touch(o, block.values.length);
    spans.set(block, own);
  }
  const before = reach(fn.blocks, spans, (b) => b.predecessors);
  const after = reach([...fn.blocks].reverse(), spans, (b) => successors(b));
  for (const block of fn.blocks) {
    const own = spans.get(block)!;
    const live: [number, number, number][] = [];
    for (let slot = 0; slot < count; slot++) {
      const span = own.get(slot);
      const into = before.get(block)!.has(slot);
      const out = after.get(block)!.has(slot);
      if (!span && !(into && out)) continue;
      live.push([slot, into ? -1 : span!.first, out ? Number.POSITIVE_INFINITY : span!.last]);
    }
    for (let a = 0; a < live.length; a++) {
      for (let b = 0; b < a; b++) {
        const [s, from, to] = live[a];
        const [t, start, end] = live[b];
        if (from <= end && start <= to) conflicts.add(s, t);
      }
    }
  }
  for (const slot of escaped) for (let other = 0; other < count; other++) conflicts.add(slot, other);
  return conflicts;
}

function successors(block: Block): Block[] {
  const end = block.terminator;
  return end?.kind === 'jump' ? [end.target] : end?.kind === 'branch' ? [end.then, end.otherwise] : [];
}

/** For each block the slots that are touched in blocks from which it is reached over `sources`. */
function reach(
  order: readonly Block[],
  spans: ReadonlyMap<Block, ReadonlyMap<number, Span>>,
  sources: (block: Block) => readonly Block[],
): Map<Block, Set<number>> {
  const sets = new Map<Block, Set<number>>(order.map((block) => [block, new Set<number>()]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of order) {
      const set = sets.get(block)!;
      const size = set.size;
      for (const from of sources(block)) {
        for (const slot of sets.get(from)!) set.add(slot);
        for (const slot of spans.get(from)!.keys()) set.add(slot);
      }
      changed ||= set.size !== size;
    }
  }
  return sets;
}

export interface Frame {
  /** Offset from r10 of each slot: negative. */
  readonly offsets: ReadonlyMap<Slot, number>;
  /** Bytes below r10. */
  readonly bytes: number;
}

/** Places slots: the largest first, each as close to r10 as its conflicts allow. */
export function layOut(slots: readonly Slot[], spills: readonly Slot[], conflicts: SlotConflicts): Frame {
  const placed: { slot: Slot; from: number; to: number }[] = [];
  const offsets = new Map<Slot, number>();
  let bytes = 0;
  const place = (slot: Slot, shares: boolean): void => {
    const size = Math.max(slot.size, 1);
    const rivals = placed
      .filter((p) => !shares || conflicts.conflict(p.slot, slot))
      .sort((a, b) => a.from - b.from);
    // Distances below r10: the slot takes [end - size, end). Its lowest address must be aligned.
    let end = alignUp(size, slot.align);
    for (const rival of rivals) {
      if (end - size < rival.to && rival.from < end) end = alignUp(rival.to + size, slot.align);
    }
    // One more look: moving on past one rival can run into an earlier listed, longer one.
    for (let clean = false; !clean; ) {
      clean = true;
      for (const rival of rivals) {
        if (end - size < rival.to && rival.from < end) {
          end = alignUp(rival.to + size, slot.align);
          clean = false;
        }
      }
    }
    placed.push({ slot, from: end - size, to: end });
    offsets.set(slot, -end);
    bytes = Math.max(bytes, end);
  };
  const order = [...slots].sort((a, b) => b.size - a.size || a.id - b.id);
  for (const slot of order) place(slot, true);
  for (const slot of spills) place(slot, false);
  return { offsets, bytes: alignUp(bytes, 8) };
}

export function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
