/**
 * Slots that do not fit into the frame move to per-CPU scratch memory: one element of a per-CPU array map.
 *
 * The function looks the element up once, behind what it decides without that memory (most calls of a hook end at a
 * filter), and leaves with 0 in the impossible case that it is not there (the verifier wants the question asked). Addresses of moved slots become that pointer plus
 * an offset. Each function of a program has its own part of the element, so a call cannot overwrite what
 * its caller keeps. Available since per-CPU arrays, Linux 4.6.
 */
import { dominators, loopDepths, nextBlockId, nextValueId, reversePostorder } from '../graph.ts';
import {
  type Block,
  type Callee,
  type IrFunction,
  mapOperands,
  operandsOf,
  type Slot,
  scalar64,
  successorsOf,
  terminatorOperands,
  type Value,
  type ValueType,
} from '../ir.ts';

const lookup: Callee = { kind: 'helper', id: 1, name: 'map_lookup_elem', pure: false };

/**
 * Slots that memory of a map can replace. Not those that keep pointers: the verifier forbids storing them
 * there; and not those given to kernel functions, whose state (iterators, dynptrs) must lie on the stack.
 */
export function demotable(fn: IrFunction): Slot[] {
  const pinned = new Set<Slot>();
  const behind = (value: Value): Slot | undefined => {
    let v = value;
    while (v.kind === 'binary') v = v.left;
    return v.kind === 'slotAddress' ? v.slot : undefined;
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      if (value.kind === 'store' && isPointer(value.value)) {
        const slot = behind(value.base);
        if (slot) pinned.add(slot);
      } else if (value.kind === 'call' && value.callee.kind !== 'function') {
        const kernel = value.callee.kind === 'kfunc' || stackOnly.has(value.callee.id);
        if (kernel) for (const arg of value.args) if (arg.kind === 'slotAddress') pinned.add(arg.slot);
      }
    }
  }
  return fn.slots
    .filter((slot) => !slot.pinned && !pinned.has(slot))
    .sort((a, b) => b.size - a.size || a.id - b.id);
}

/** Helpers whose pointer argument must be a stack address: the dynptr family (Linux 5.19). */
const stackOnly: ReadonlySet<number> = new Set([197, 198, 199, 200, 201, 202, 203]);

function isPointer(value: Value): boolean {
  const { type } = value;
  return type.kind === 'pointer' && type.provenance !== 'kernelRaw' && type.provenance !== 'user';
}

export interface ScratchPlace {
  readonly map: string;
  /** Element of the per-CPU array. */
  readonly index: number;
  /** Byte in the element where each slot begins. */
  readonly offsets: ReadonlyMap<Slot, number>;
}

export function demoteSlots(fn: IrFunction, place: ScratchPlace): void {
  let id = nextValueId(fn);
  let blockId = nextBlockId(fn);
  const home = homeOf(fn, place.offsets);
  const constant = (value: bigint): Value => ({ kind: 'constant', value, id: id++, type: scalar64 });
  const pointer = (provenance: 'stack' | 'map' | 'mapValue', nullable = false): ValueType => ({
    kind: 'pointer',
    provenance,
    nullable,
  });
  const key: Slot = { id: nextSlotId(fn), name: 'scratch key', size: 4, align: 4 };
  fn.slots.push(key);
  const keyAddress: Value = { kind: 'slotAddress', slot: key, offset: 0, id: id++, type: pointer('stack') };
  const map: Value = { kind: 'mapAddress', map: place.map, id: id++, type: pointer('map') };
  const base: Value = {
    kind: 'call',
    callee: lookup,
    args: [map, keyAddress],
    id: id++,
    type: pointer('mapValue', true),
  };
  const then: Block = {
    id: blockId++,
    name: 'no scratch',
    values: [],
    predecessors: [home],
    terminator: { kind: 'return', value: constant(0n) },
  };
  // The block is cut in two: what comes first stays, the rest is reached with the element at hand.
  const first = home.values.findIndex((value) => value.kind !== 'phi' && value.kind !== 'parameter');
  const cut = first < 0 ? home.values.length : first;
  const rest: Block = {
    id: blockId++,
    name: 'scratch',
    values: home.values.slice(cut),
    predecessors: [home],
    ...(home.terminator ? { terminator: home.terminator } : {}),
  };
  for (const next of successorsOf(home)) {
    next.predecessors = next.predecessors.map((from) => (from === home ? rest : from));
    for (const value of next.values) {
      const incoming = value.kind === 'phi' ? value.incoming.get(home) : undefined;
      if (value.kind !== 'phi' || !incoming) continue;
      value.incoming.delete(home);
      value.incoming.set(rest, incoming);
    }
  }
  home.values = [
    ...home.values.slice(0, cut),
    {
      kind: 'store',
      size: 4,
      base: keyAddress,
      offset: 0,
      value: constant(BigInt(place.index)),
      id: id++,
      type: scalar64,
    },
    base,
  ];
  home.terminator = {
    kind: 'branch',
    op: 'eq',
    width: 64,
    left: base,
    right: constant(0n),
    then,
    otherwise: rest,
  };
  fn.blocks.splice(fn.blocks.indexOf(home) + 1, 0, rest);
  fn.blocks.push(then);
  const moved = (value: Value): number | undefined =>
    value.kind === 'slotAddress' ? place.offsets.get(value.slot) : undefined;
  for (const block of fn.blocks) {
    if (block === home) continue;
    const out: Value[] = [];
    const address = (value: Value, into: Value[]): Value => {
      const offset = moved(value);
      if (offset === undefined || value.kind !== 'slotAddress') return value;
      const distance = offset + value.offset;
      if (distance === 0) return base;
      const made: Value = {
        kind: 'binary',
        op: 'add',
        width: 64,
        left: base,
        right: constant(BigInt(distance)),
        id: id++,
        type: pointer('mapValue'),
        source: value.source,
      };
      into.push(made);
      return made;
    };
    for (const value of block.values) {
      if (value.kind === 'phi') {
        for (const [from, operand] of value.incoming) value.incoming.set(from, address(operand, from.values));
      } else if (operandsOf(value).some((operand) => moved(operand) !== undefined)) {
        mapOperands(value, (operand) => address(operand, out));
      }
      out.push(value);
    }
    const end = block.terminator;
    if (end?.kind === 'branch') {
      end.left = address(end.left, out);
      end.right = address(end.right, out);
    } else if (end?.kind === 'return') end.value = address(end.value, out);
    block.values = out;
  }
  for (let i = fn.slots.length - 1; i >= 0; i--) if (place.offsets.has(fn.slots[i])) fn.slots.splice(i, 1);
}

/**
 * Where the element is looked up: the last block that every use passes, outside of loops, and before anything is
 * acquired.
 */
function homeOf(fn: IrFunction, slots: ReadonlyMap<Slot, number>): Block {
  const order = reversePostorder(fn.blocks[0]);
  const tree = dominators(order);
  const depths = loopDepths(order, tree);
  let at: number | undefined;
  const use = (block: Block): void => {
    let other = tree.index.get(block);
    if (other === undefined) return;
    at ??= other;
    while (at !== other) {
      if (at > other) at = tree.parent[at]!;
      else other = tree.parent[other]!;
    }
  };
  const isMoved = (value: Value): boolean => value.kind === 'slotAddress' && slots.has(value.slot);
  for (const block of order) {
    for (const value of block.values) {
      if (value.kind === 'phi') {
        for (const [from, operand] of value.incoming) if (isMoved(operand)) use(from);
      } else if (operandsOf(value).some(isMoved)) use(block);
    }
    if (block.terminator && terminatorOperands(block.terminator).some(isMoved)) use(block);
  }
  at ??= 0;
  const held = behindAcquisitions(order);
  while (at > 0 && (depths[at]! > 0 || held.has(order[at]!))) at = tree.parent[at]!;
  return order[at]!;
}

/** bpf_ringbuf_reserve: what it gives has to be given back before the program may leave. */
const reserve = 131;

/** Blocks that are reached with something in hand that a program must not leave with. Rather too many than too few. */
function behindAcquisitions(order: readonly Block[]): Set<Block> {
  const reached = new Set<Block>();
  const acquires = (value: Value): boolean =>
    value.kind === 'call' &&
    (value.callee.kind === 'kfunc' || (value.callee.kind === 'helper' && value.callee.id === reserve));
  const work = order.filter((block) => block.values.some(acquires)).flatMap(successorsOf);
  for (let block = work.pop(); block; block = work.pop()) {
    if (reached.has(block)) continue;
    reached.add(block);
    work.push(...successorsOf(block));
  }
  return reached;
}

function nextSlotId(fn: IrFunction): number {
  return fn.slots.reduce((most, slot) => Math.max(most, slot.id + 1), 0);
}
