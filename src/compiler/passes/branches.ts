/**
 * Control flow made straighter:
 *  - a block that is the only successor of its only predecessor becomes a part of it;
 *  - a block that only asks what its predecessors know already (`a && b` leaves such) is skipped: each
 *    predecessor that knows the answer jumps to where the answer leads, and one that has computed a
 *    comparison for it branches on the comparison itself;
 *  - a branch whose two ways do nothing before they meet is no branch;
 *  - blocks that return the same value share one `return`.
 */
import { evaluateCompare } from '../evaluate.ts';
import { constantOf } from '../facts.ts';
import { nextBlockId, tidyGraph } from '../graph.ts';
import {
  type Block,
  type IrFunction,
  mapOperands,
  operandsOf,
  type Terminator,
  terminatorOperands,
  type Value,
  type ValueOf,
} from '../ir.ts';

type Branch = Extract<Terminator, { kind: 'branch' }>;

/** True if something changed. */
export function straighten(fn: IrFunction): boolean {
  let any = false;
  for (let round = 0; round < 8; round++) {
    const threaded = threadKnown(fn);
    if (threaded) tidyGraph(fn);
    const needless = dropNeedless(fn);
    if (needless) tidyGraph(fn);
    const merged = mergeChains(fn);
    if (!threaded && !needless && !merged) break;
    any = true;
  }
  return any;
}

/** A branch whose ways are empty blocks, or none, up to the block where they meet with the same values. */
function dropNeedless(fn: IrFunction): boolean {
  let changed = false;
  for (const block of fn.blocks) {
    const end = block.terminator;
    if (end?.kind !== 'branch') continue;
    const [a, fromA] = emptyWay(end.then, block);
    const [b, fromB] = emptyWay(end.otherwise, block);
    if (a !== b || a === block) continue;
    const phis = a.values.filter((value): value is ValueOf<'phi'> => value.kind === 'phi');
    if (!phis.every((phi) => sameValue(phi.incoming.get(fromA)!, phi.incoming.get(fromB)!))) continue;
    block.terminator = { kind: 'jump', target: a, source: end.source };
    for (const phi of phis) {
      const value = phi.incoming.get(fromA)!;
      phi.incoming.set(block, value);
    }
    if (!a.predecessors.includes(block)) a.predecessors.push(block);
    // The blocks in between go when nothing else leads to them.
    tidyGraph(fn);
    changed = true;
  }
  return changed;
}

/** Where a way leads when it is at most one empty block, and the block over which it arrives. */
function emptyWay(first: Block, from: Block): readonly [Block, Block] {
  const end = first.terminator;
  if (
    first.values.length === 0 &&
    end?.kind === 'jump' &&
    first.predecessors.length === 1 &&
    end.target !== first
  ) {
    return [end.target, first];
  }
  return [first, from];
}

function sameValue(a: Value, b: Value): boolean {
  return a === b || (a.kind === 'constant' && b.kind === 'constant' && a.value === b.value);
}

/** Appends a block to the only block that leads to it. */
function mergeChains(fn: IrFunction): boolean {
  let changed = false;
  for (const block of fn.blocks) {
    for (;;) {
      const end = block.terminator;
      if (end?.kind !== 'jump') break;
      const next = end.target;
      if (next === block || next === fn.blocks[0] || next.predecessors.length !== 1) break;
      const replaced = new Map<Value, Value>();
      for (const value of next.values) {
        if (value.kind === 'phi') replaced.set(value, value.incoming.get(block)!);
        else block.values.push(value);
      }
      block.terminator = next.terminator!;
      next.values = [];
      // Unreachable from here on; tidyGraph drops it.
      next.predecessors = [];
      if (replaced.size > 0) renameAll(fn, replaced);
      moveEdges(next, block);
      changed = true;
    }
  }
  if (changed) tidyGraph(fn);
  return changed;
}

/** What `from` led to is led to by `to` now. */
function moveEdges(from: Block, to: Block): void {
  const end = to.terminator!;
  const targets = end.kind === 'jump' ? [end.target] : end.kind === 'branch' ? [end.then, end.otherwise] : [];
  for (const target of targets) {
    const at = target.predecessors.indexOf(from);
    if (at >= 0) target.predecessors[at] = to;
    for (const phi of target.values) {
      if (phi.kind !== 'phi') break;
      const value = phi.incoming.get(from);
      if (value === undefined) continue;
      phi.incoming.delete(from);
      phi.incoming.set(to, value);
    }
  }
}

function renameAll(fn: IrFunction, replaced: ReadonlyMap<Value, Value>): void {
  const resolve = (value: Value): Value => {
    let v = value;
    for (let next = replaced.get(v); next; next = replaced.get(v)) v = next;
    return v;
  };
  for (const block of fn.blocks) {
    for (const value of block.values) mapOperands(value, resolve);
    const end = block.terminator;
    if (end?.kind === 'branch') {
      end.left = resolve(end.left);
      end.right = resolve(end.right);
    } else if (end?.kind === 'return') end.value = resolve(end.value);
  }
}

function threadKnown(fn: IrFunction): boolean {
  let changed = false;
  let readers: Map<Value, Set<Block>> | undefined;
  for (const block of fn.blocks) {
    const end = block.terminator;
    if (end?.kind !== 'branch' || block.predecessors.length < 2) continue;
    if (end.then === block || end.otherwise === block) continue;
    const phi = askedPhi(block, end);
    if (!phi) continue;
    readers ??= readersOf(fn);
    // Its phis may be read here and on the edges out of here only: elsewhere a new phi would be needed.
    if (!block.values.every((v) => v.kind !== 'phi' || readOnlyAt(readers!, v, block))) continue;
    for (const from of [...block.predecessors]) {
      const exit = from.terminator;
      if (exit?.kind !== 'jump' && exit?.kind !== 'branch') continue;
      const incoming = phi.incoming.get(from)!;
      const instead = answer(end, phi, incoming, exit, block);
      if (!instead) continue;
      leave(block, from, instead);
      changed = true;
    }
    if (changed) readers = undefined;
  }
  return changed;
}

/** The phi of this block that its branch compares with a constant, if the block does nothing else. */
function askedPhi(block: Block, end: Branch): ValueOf<'phi'> | undefined {
  if (!block.values.every((value) => value.kind === 'phi')) return undefined;
  const { left, right } = end;
  return left.kind === 'phi' && block.values.includes(left) && right.kind === 'constant' ? left : undefined;
}

/** What the predecessor should end with instead of going to the asking block; undefined to leave it. */
function answer(
  end: Branch,
  phi: ValueOf<'phi'>,
  incoming: Value,
  exit: Terminator,
  block: Block,
): Terminator | undefined {
  const right = constantOf(end.right)!;
  const known = constantOf(incoming);
  if (known !== undefined) {
    const target = evaluateCompare(end.op, end.width, known, right) ? end.then : end.otherwise;
    if (exit.kind === 'jump') return { ...exit, target };
    if (exit.kind === 'branch') {
      const other = exit.then === block ? exit.otherwise : exit.then;
      // Two edges between the same blocks cannot bring two values.
      if (other === block || (other === target && target.values[0]?.kind === 'phi')) return undefined;
      const then = exit.then === block ? target : exit.then;
      const otherwise = exit.otherwise === block ? target : exit.otherwise;
      return { ...exit, then, otherwise };
    }
    return undefined;
  }
  if (incoming.kind === 'compare' && exit.kind === 'jump' && end.left === phi) {
    return { ...end, left: incoming };
  }
  return undefined;
}

/** Replaces the edge `from` -> `block` by the edges of `instead`, and tells the phis behind. */
function leave(block: Block, from: Block, instead: Terminator): void {
  const end = block.terminator as Branch;
  const before = from.terminator!;
  const had = before.kind === 'branch' ? [before.then, before.otherwise] : [];
  from.terminator = instead;
  const targets =
    instead.kind === 'branch'
      ? [instead.then, instead.otherwise]
      : instead.kind === 'jump'
        ? [instead.target]
        : [];
  for (const target of new Set(targets)) {
    if (target !== end.then && target !== end.otherwise) continue;
    if (had.includes(target)) continue;
    for (const phi of target.values) {
      if (phi.kind !== 'phi') break;
      const value = phi.incoming.get(block);
      if (value === undefined) continue;
      const through =
        value.kind === 'phi' && block.values.includes(value) ? value.incoming.get(from)! : value;
      phi.incoming.set(from, through);
    }
    target.predecessors.push(from);
  }
  block.predecessors = block.predecessors.filter((p) => p !== from);
  for (const phi of block.values) if (phi.kind === 'phi') phi.incoming.delete(from);
}

function readersOf(fn: IrFunction): Map<Value, Set<Block>> {
  const readers = new Map<Value, Set<Block>>();
  const note = (value: Value, block: Block): void => {
    const set = readers.get(value);
    if (set) set.add(block);
    else readers.set(value, new Set([block]));
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      if (value.kind === 'phi') for (const [from, v] of value.incoming) note(v, from);
      else for (const v of operandsOf(value)) note(v, block);
    }
    if (block.terminator) for (const v of terminatorOperands(block.terminator)) note(v, block);
  }
  return readers;
}

function readOnlyAt(readers: Map<Value, Set<Block>>, value: Value, block: Block): boolean {
  const set = readers.get(value);
  return !set || (set.size === 1 && set.has(block));
}

/** Sends blocks that return the same value to one block that does nothing else. Run last. */
export function shareReturns(fn: IrFunction): void {
  const first = new Map<string, { block: Block; shared: Block | undefined }>();
  let id = nextBlockId(fn);
  const added: Block[] = [];
  for (const block of fn.blocks) {
    const end = block.terminator;
    if (end?.kind !== 'return') continue;
    const key = end.value.kind === 'constant' ? `#${end.value.value}` : `%${end.value.id}`;
    const earlier = first.get(key);
    const bare = block.values.length === 0 && block !== fn.blocks[0];
    if (!earlier) {
      first.set(key, { block, shared: bare ? block : undefined });
      continue;
    }
    let shared = earlier.shared;
    if (!shared) {
      const made: Block = { id: id++, name: 'exit', values: [], predecessors: [], terminator: end };
      shared = bare ? block : made;
      if (!bare) added.push(made);
      earlier.shared = shared;
      earlier.block.terminator = { kind: 'jump', target: shared, source: earlier.block.terminator?.source };
    }
    if (shared !== block) block.terminator = { kind: 'jump', target: shared, source: end.source };
  }
  if (first.size > 0) {
    fn.blocks.push(...added);
    skipBare(fn);
    tidyGraph(fn);
  }
}

/** Edges to a block that only jumps go where it jumps to, if no phi there would notice. */
function skipBare(fn: IrFunction): void {
  const goal = (block: Block): Block => {
    let at = block;
    for (let hops = 0; hops < 16; hops++) {
      const end = at.terminator;
      if (end?.kind !== 'jump' || at.values.length > 0 || end.target.values[0]?.kind === 'phi') break;
      at = end.target;
    }
    return at;
  };
  for (const block of fn.blocks) {
    const end = block.terminator;
    if (end?.kind === 'jump') {
      const target = goal(end.target);
      if (target !== end.target) block.terminator = { ...end, target };
    } else if (end?.kind === 'branch') {
      const then = goal(end.then);
      const otherwise = goal(end.otherwise);
      if (then !== end.then || otherwise !== end.otherwise) block.terminator = { ...end, then, otherwise };
    }
  }
}
