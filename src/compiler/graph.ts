/**
 * The control flow graph: order, predecessors, dominators, loops.
 *
 * Dominators follow Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001): an
 * intersection of paths in the tree built so far, repeated over the reverse postorder until it is stable.
 */
import type { KernelQuestion } from '../asm/instruction.ts';
import type { Btf } from '../btf/btf.ts';
import { type Block, type IrFunction, operandsOf, terminatorOperands, type Value } from './ir.ts';

/** One past the largest id of a value: where a pass numbers what it adds. */
export function nextValueId(fn: IrFunction): number {
  let next = 0;
  const see = (value: Value): void => {
    if (value.id >= next) next = value.id + 1;
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      see(value);
      for (const operand of operandsOf(value)) see(operand);
    }
    if (block.terminator) for (const operand of terminatorOperands(block.terminator)) see(operand);
  }
  return next;
}

export function nextBlockId(fn: IrFunction): number {
  let next = 0;
  for (const block of fn.blocks) if (block.id >= next) next = block.id + 1;
  return next;
}

/** Blocks that can be reached, each before its successors except along back edges. */
export function reversePostorder(entry: Block): Block[] {
  const order: Block[] = [];
  const seen = new Set<Block>([entry]);
  const stack: Block[] = [entry];
  const progress: number[] = [0];
  while (stack.length > 0) {
    const top = stack.length - 1;
    const block = stack[top];
    const step = progress[top]++;
    const end = block.terminator;
    let next: Block | undefined;
    // The last successor is visited first, so that `then` comes right behind its branch in the result.
    if (end?.kind === 'jump') next = step === 0 ? end.target : undefined;
    else if (end?.kind === 'branch') next = step === 0 ? end.otherwise : step === 1 ? end.then : undefined;
    const last = end === undefined || end.kind === 'return' || step >= (end.kind === 'jump' ? 1 : 2);
    if (last) {
      order.push(block);
      stack.pop();
      progress.pop();
    } else if (next && !seen.has(next)) {
      seen.add(next);
      stack.push(next);
      progress.push(0);
    }
  }
  return order.reverse();
}

/**
 * Drops blocks that nothing reaches, orders the rest, and makes predecessors and phis agree with the edges
 * that are left. Every pass that changes edges ends with it.
 */
export function tidyGraph(fn: IrFunction): void {
  const order = reversePostorder(fn.blocks[0]);
  fn.blocks.splice(0, fn.blocks.length, ...order);
  for (const block of order) block.predecessors = [];
  for (const block of order) {
    const end = block.terminator;
    if (end?.kind === 'jump') end.target.predecessors.push(block);
    else if (end?.kind === 'branch') {
      end.then.predecessors.push(block);
      if (end.otherwise !== end.then) end.otherwise.predecessors.push(block);
    }
  }
  for (const block of order) {
    for (const value of block.values) {
      if (value.kind !== 'phi') break;
      if (value.incoming.size === block.predecessors.length) continue;
      for (const from of value.incoming.keys()) {
        if (!block.predecessors.includes(from)) value.incoming.delete(from);
      }
    }
  }
}

/** Sends the edges of `block` that lead to `from` to `to` instead. Phis are the caller's. */
export function retarget(block: Block, from: Block, to: Block): void {
  const end = block.terminator;
  if (end?.kind === 'jump' && end.target === from) block.terminator = { ...end, target: to };
  else if (end?.kind === 'branch') {
    const then = end.then === from ? to : end.then;
    const otherwise = end.otherwise === from ? to : end.otherwise;
    block.terminator = { ...end, then, otherwise };
  }
}

export interface Dominators {
  /** Position in the order that the tree was made from. */
  readonly index: ReadonlyMap<Block, number>;
  /** Position of the immediate dominator; the entry's is its own. */
  readonly parent: Int32Array;
  readonly children: readonly (readonly number[])[];
  dominates(a: Block, b: Block): boolean;
}

/** `order` is a reverse postorder whose first block is the entry, and predecessors are right. */
export function dominators(order: readonly Block[]): Dominators {
  const count = order.length;
  const index = new Map<Block, number>();
  for (let i = 0; i < count; i++) index.set(order[i], i);
  const parent = new Int32Array(count).fill(-1);
  if (count > 0) parent[0] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 1; i < count; i++) {
      let found = -1;
      for (const p of order[i].predecessors) {
        let a = index.get(p) ?? -1;
        if (a < 0 || parent[a] < 0) continue;
        if (found < 0) {
          found = a;
          continue;
        }
        let b = found;
        while (a !== b) {
          while (a > b) a = parent[a];
          while (b > a) b = parent[b];
        }
        found = a;
      }
      if (found !== parent[i]) {
        parent[i] = found;
        changed = true;
      }
    }
  }
  const children: number[][] = order.map(() => []);
  for (let i = 1; i < count; i++) if (parent[i] >= 0) children[parent[i]].push(i);
  return {
    index,
    parent,
    children,
    dominates(a, b) {
      const want = index.get(a) ?? -1;
      let at = index.get(b) ?? -1;
      while (at > want) at = parent[at];
      return at === want;
    },
  };
}

/** How many loops surround each block, by position in `order`. */
export function loopDepths(order: readonly Block[], tree: Dominators): Uint8Array {
  const depth = new Uint8Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const body = new Set<number>();
    for (const from of order[i].predecessors) {
      const at = tree.index.get(from) ?? -1;
      // A back edge: its target dominates its origin. The loop is what reaches the origin without the target.
      if (at < i || !tree.dominates(order[i], from)) continue;
      body.add(i);
      const work = [at];
      for (let k = work.pop(); k !== undefined; k = work.pop()) {
        if (body.has(k)) continue;
        body.add(k);
        for (const p of order[k].predecessors) work.push(tree.index.get(p) ?? i);
      }
    }
    for (const k of body) if (depth[k] < 4) depth[k]++;
  }
  return depth;
}

/**
 * Splits every edge from a branch to a block with several predecessors, and gives an entry with
 * predecessors a block in front. Then each edge has a place where copies for phis can stand, and a block
 * that is entered by a branch is entered by it alone. Blocks that stay empty vanish from the final layout.
 */
export function splitCriticalEdges(fn: IrFunction): void {
  let id = nextBlockId(fn);
  const added: Block[] = [];
  const entry = fn.blocks[0];
  if (entry.predecessors.length > 0) {
    const front: Block = {
      id: id++,
      name: 'entry',
      values: [],
      predecessors: [],
      terminator: { kind: 'jump', target: entry },
    };
    entry.predecessors.push(front);
    // A phi in the entry would need a value for the first time through, which the form cannot state.
    fn.blocks.unshift(front);
  }
  for (const block of fn.blocks) {
    const end = block.terminator;
    if (end?.kind !== 'branch') continue;
    for (const target of [end.then, end.otherwise]) {
      if (target.predecessors.length < 2) continue;
      const edge: Block = {
        id: id++,
        name: 'edge',
        values: [],
        predecessors: [block],
        terminator: { kind: 'jump', target, source: end.source },
      };
      retarget(block, target, edge);
      target.predecessors[target.predecessors.indexOf(block)] = edge;
      for (const phi of target.values) {
        if (phi.kind !== 'phi') break;
        const value = phi.incoming.get(block);
        if (!value) continue;
        phi.incoming.delete(block);
        phi.incoming.set(edge, value);
      }
      added.push(edge);
    }
  }
  if (added.length > 0) {
    fn.blocks.push(...added);
    tidyGraph(fn);
  }
}

/** Values that stand for others from now on; chains are followed. */
export class Replacements {
  readonly #by = new Map<Value, Value>();

  get size(): number {
    return this.#by.size;
  }

  has(value: Value): boolean {
    return this.#by.has(value);
  }

  set(from: Value, to: Value): void {
    this.#by.set(from, to);
  }

  readonly resolve = (value: Value): Value => {
    let v = value;
    for (let next = this.#by.get(v); next !== undefined; next = this.#by.get(v)) v = next;
    return v;
  };
}

/** Operands in a form that equal constants and addresses share, though each is a value of its own. */
export function operandKey(value: Value): string {
  switch (value.kind) {
    case 'constant':
      return `#${value.value}`;
    case 'slotAddress':
      return `&${value.slot.id}+${value.offset}`;
    case 'mapAddress':
      return `m${value.map}`;
    case 'mapValueAddress':
      return `v${value.offset},${value.map}`;
    case 'functionAddress':
      return `f${value.name}`;
    case 'kernelConstant':
      return questionKey(value.question);
    default:
      return `%${value.id}`;
  }
}

const numbers = new WeakMap<Btf, number>();
let tables = 0;

/** Equal for equal questions: modules number their types alike, so the table counts. */
export function questionKey({ kind, types, root, path }: KernelQuestion): string {
  if (!numbers.has(types)) numbers.set(types, ++tables);
  return `q${numbers.get(types)},${kind},${root},${path.join('.')}`;
}
