/**
 * Builds one function in static single assignment form while the front end walks its source once.
 *
 * Source variables are read and written freely; phis appear where control flow joins. The method is
 * the one of Braun et al., "Simple and Efficient Construction of Static Single Assignment Form"
 * (2013): a block whose predecessors are all known is *sealed*; a read in an unsealed block leaves an
 * incomplete phi that sealing completes. A loop header is the typical block that stays unsealed until
 * its back edge exists:
 *
 *     const head = b.block('loop');
 *     b.jump(head); b.enter(head);        // not sealed: the back edge is still missing
 *     ...body, reads and writes...
 *     b.jump(head); b.seal(head);         // now every phi of `head` gets its operands
 *
 * Phis that turn out to merge one value only are replaced by it in `finish`.
 */
import type { KernelQuestion } from '../asm/instruction.ts';
import type { SourceLine } from '../kernel/spec.ts';
import {
  type AtomicOp,
  type BinaryOp,
  type Block,
  type Callee,
  type CompareOp,
  type IrFunction,
  type MemorySize,
  mapOperands,
  type Slot,
  scalar64,
  successorsOf,
  type Terminator,
  type Value,
  type ValueOf,
  type ValueType,
  type Width,
} from './ir.ts';

/** A variable of the source language: only the builder knows it. */
export interface Variable {
  readonly name: string;
  readonly type: ValueType;
}

type NewValue = Value extends infer V ? (V extends Value ? Omit<V, 'id' | 'type' | 'source'> : never) : never;

export class FunctionBuilder {
  readonly function: IrFunction;
  /** Attached to each instruction that is made from now on. */
  source: SourceLine | undefined;
  #block: Block;
  #nextValue = 0;
  #nextBlock = 0;
  readonly #parameters: Value[] = [];
  readonly #sealed = new Set<Block>();
  readonly #definitions = new Map<Variable, Map<Block, Value>>();
  readonly #incomplete = new Map<Block, { variable: Variable; phi: ValueOf<'phi'> }[]>();

  constructor(name: string, role: IrFunction['role'], parameters: IrFunction['parameters']) {
    this.function = { name, role, parameters, blocks: [], slots: [] };
    this.#block = this.block('entry');
    this.seal(this.#block);
    for (const [index, parameter] of parameters.entries()) {
      this.#parameters.push(this.#add({ kind: 'parameter', index }, parameter.type));
    }
  }

  // Blocks

  block(name: string): Block {
    const block: Block = { id: this.#nextBlock++, name, values: [], predecessors: [] };
    this.function.blocks.push(block);
    return block;
  }

  /** Where instructions go from now on. */
  enter(block: Block): void {
    this.#block = block;
  }

  get current(): Block {
    return this.#block;
  }

  /** False after a return or jump: what follows in the source cannot be reached. */
  get open(): boolean {
    return this.#block.terminator === undefined;
  }

  /** All predecessors of the block are known: its phis can be completed. */
  seal(block: Block): void {
    this.#sealed.add(block);
    for (const { variable, phi } of this.#incomplete.get(block) ?? []) this.#fill(variable, phi, block);
    this.#incomplete.delete(block);
  }

  /** Enters and seals: for every block but loop headers. */
  begin(block: Block): void {
    this.seal(block);
    this.enter(block);
  }

  jump(target: Block): void {
    this.#end({ kind: 'jump', target, source: this.source });
  }

  branch(op: CompareOp, left: Value, right: Value, then: Block, otherwise: Block, width: Width = 64): void {
    this.#end({ kind: 'branch', op, width, left, right, then, otherwise, source: this.source });
  }

  return(value: Value): void {
    this.#end({ kind: 'return', value, source: this.source });
  }

  // Variables

  variable(name: string, type: ValueType = scalar64): Variable {
    return { name, type };
  }

  write(variable: Variable, value: Value): void {
    this.#define(variable, this.#block, value);
  }

  read(variable: Variable): Value {
    return this.#readIn(variable, this.#block);
  }

  // Values

  parameter(index: number): Value {
    return this.#parameters[index];
  }

  slot(name: string, size: number, align: Slot['align'] = 8, pinned = false): Slot {
    const slot = { id: this.function.slots.length, name, size, align, ...(pinned ? { pinned } : {}) };
    this.function.slots.push(slot);
    return slot;
  }

  constant(value: bigint | number, type: ValueType = scalar64): Value {
    return this.#add({ kind: 'constant', value: BigInt.asIntN(64, BigInt(value)) }, type);
  }

  slotAddress(slot: Slot, offset = 0): Value {
    return this.#add({ kind: 'slotAddress', slot, offset }, pointer('stack'));
  }

  mapAddress(map: string): Value {
    return this.#add({ kind: 'mapAddress', map }, pointer('map'));
  }

  mapValueAddress(map: string, offset = 0): Value {
    return this.#add({ kind: 'mapValueAddress', map, offset }, pointer('mapValue'));
  }

  functionAddress(name: string): Value {
    return this.#add({ kind: 'functionAddress', name }, pointer('function'));
  }

  /** `value`: the answer of the kernel that the front end works with. */
  kernelConstant(question: KernelQuestion, value: bigint): Value {
    return this.#add({ kind: 'kernelConstant', question, value }, scalar64);
  }

  binary(op: BinaryOp, left: Value, right: Value, width: Width = 64, type: ValueType = scalar64): Value {
    return this.#add({ kind: 'binary', op, width, left, right }, type);
  }

  extend(value: Value, from: 8 | 16 | 32, signed: boolean): Value {
    return this.#add({ kind: 'extend', from, signed, value }, { kind: 'scalar', bits: 64, signed });
  }

  byteSwap(value: Value, bits: 16 | 32 | 64): Value {
    return this.#add({ kind: 'byteSwap', bits, value }, { kind: 'scalar', bits, signed: false });
  }

  compare(op: CompareOp, left: Value, right: Value, width: Width = 64): Value {
    return this.#add(
      { kind: 'compare', op, width, left, right },
      { kind: 'scalar', bits: 32, signed: false },
    );
  }

  load(
    size: MemorySize,
    base: Value,
    offset: number,
    options: { signed?: boolean; invariant?: boolean; type?: ValueType; question?: KernelQuestion } = {},
  ): Value {
    const { signed = false, invariant = false, type = scalar64, question } = options;
    return this.#add({ kind: 'load', size, signed, base, offset, invariant, question }, type);
  }

  store(size: MemorySize, base: Value, offset: number, value: Value): void {
    this.#add({ kind: 'store', size, base, offset, value }, scalar64);
  }

  atomic(
    op: AtomicOp,
    size: 4 | 8,
    base: Value,
    offset: number,
    value: Value,
    options: { fetch?: boolean; expected?: Value } = {},
  ): Value {
    const { fetch = false, expected } = options;
    return this.#add({ kind: 'atomic', op, size, base, offset, value, expected, fetch }, scalar64);
  }

  call(callee: Callee, args: readonly Value[], type: ValueType = scalar64): Value {
    return this.#add({ kind: 'call', callee, args: [...args] }, type);
  }

  /**
   * The finished function: blocks that nothing reaches are gone, and so are phis that merge one value.
   * Every reachable block must be sealed and terminated by now.
   */
  finish(): IrFunction {
    const blocks = this.function.blocks;
    const reached = reachable(blocks[0]);
    blocks.splice(0, blocks.length, ...blocks.filter((block) => reached.has(block)));
    for (const block of blocks) {
      if (!this.#sealed.has(block)) throw new Error(`internal: block ${block.name} was never sealed`);
      block.predecessors = block.predecessors.filter((p) => reached.has(p));
      for (const value of block.values) {
        if (value.kind !== 'phi') continue;
        for (const from of value.incoming.keys()) if (!reached.has(from)) value.incoming.delete(from);
      }
    }
    removeTrivialPhis(blocks);
    return this.function;
  }

  #add(value: NewValue, type: ValueType): Value {
    const made = { ...value, id: this.#nextValue++, type, source: this.source } as Value;
    this.#openBlock().values.push(made);
    return made;
  }

  /** Code after a return still needs a place: a block without predecessors, dropped by `finish`. */
  #openBlock(): Block {
    if (!this.open) this.begin(this.block('unreachable'));
    return this.#block;
  }

  #end(terminator: Terminator): void {
    const block = this.#openBlock();
    block.terminator = terminator;
    for (const next of new Set(successorsOf(block))) next.predecessors.push(block);
  }

  #define(variable: Variable, block: Block, value: Value): void {
    let byBlock = this.#definitions.get(variable);
    if (!byBlock) this.#definitions.set(variable, (byBlock = new Map()));
    byBlock.set(block, value);
  }

  #readIn(variable: Variable, block: Block): Value {
    const known = this.#definitions.get(variable)?.get(block);
    if (known) return known;
    let value: Value;
    if (!this.#sealed.has(block)) {
      const phi = this.#phi(variable, block);
      const list = this.#incomplete.get(block) ?? [];
      list.push({ variable, phi });
      this.#incomplete.set(block, list);
      value = phi;
    } else if (block.predecessors.length === 1) {
      value = this.#readIn(variable, block.predecessors[0]);
    } else if (block.predecessors.length === 0) {
      // Only in unreachable code, or for a variable that the front end let be read before any write.
      value = { kind: 'constant', value: 0n, id: this.#nextValue++, type: variable.type };
      block.values.unshift(value);
    } else {
      const phi = this.#phi(variable, block);
      this.#define(variable, block, phi); // breaks the cycle of a loop
      this.#fill(variable, phi, block);
      value = phi;
    }
    this.#define(variable, block, value);
    return value;
  }

  #phi(variable: Variable, block: Block): ValueOf<'phi'> {
    const phi: ValueOf<'phi'> = {
      kind: 'phi',
      incoming: new Map(),
      id: this.#nextValue++,
      type: variable.type,
    };
    block.values.unshift(phi);
    return phi;
  }

  #fill(variable: Variable, phi: ValueOf<'phi'>, block: Block): void {
    for (const from of block.predecessors) phi.incoming.set(from, this.#readIn(variable, from));
  }
}

function pointer(provenance: Extract<ValueType, { kind: 'pointer' }>['provenance']): ValueType {
  return { kind: 'pointer', provenance, nullable: false };
}

function reachable(entry: Block): Set<Block> {
  const seen = new Set([entry]);
  const work = [entry];
  for (let block = work.pop(); block; block = work.pop()) {
    if (!block.terminator) throw new Error(`internal: block ${block.name} does not end`);
    for (const next of successorsOf(block)) {
      if (seen.has(next)) continue;
      seen.add(next);
      work.push(next);
    }
  }
  return seen;
}

/** A phi of itself and one other value is that value; replacing one can make another trivial. */
function removeTrivialPhis(blocks: readonly Block[]): void {
  const replacement = new Map<Value, Value>();
  const resolve = (value: Value): Value => {
    let v = value;
    for (let next = replacement.get(v); next; next = replacement.get(v)) v = next;
    return v;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      for (const phi of block.values) {
        if (phi.kind !== 'phi') break;
        if (replacement.has(phi)) continue;
        const merged = new Set([...phi.incoming.values()].map(resolve));
        merged.delete(phi);
        if (merged.size !== 1) continue;
        replacement.set(phi, [...merged][0]);
        changed = true;
      }
    }
  }
  if (replacement.size === 0) return;
  for (const block of blocks) {
    block.values = block.values.filter((value) => !replacement.has(value));
    for (const value of block.values) mapOperands(value, resolve);
    const end = block.terminator;
    if (end?.kind === 'branch') {
      end.left = resolve(end.left);
      end.right = resolve(end.right);
    } else if (end?.kind === 'return') end.value = resolve(end.value);
  }
}
