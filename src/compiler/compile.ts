/**
 * The back end's one door: intermediate form in, BPF instructions out.
 *
 * Passes that make the form smaller run until they find nothing more; then addresses move into instructions,
 * instructions are selected on virtual registers, coloured, placed, and the functions of the program are put one
 * after the other. The input is changed: it is the compiler's from here on.
 *
 * Everything is deterministic: the same form gives the same bytes.
 */
import { type Instruction, slotsOf } from '../asm/instruction.ts';
import type { LineInfo } from '../kernel/spec.ts';
import { type EmittedFunction, emit, sameLine } from './emit.ts';
import { recursiveCall, stackTooDeep, unknownFunction } from './errors.ts';
import { isOperandOnly } from './facts.ts';
import { alignUp, type Frame, layOut, STACK_SIZE, slotConflicts } from './frame.ts';
import { splitCriticalEdges, tidyGraph } from './graph.ts';
import {
  type IrFunction,
  type IrModule,
  operandsOf,
  type Slot,
  terminatorOperands,
  type Value,
} from './ir.ts';
import { setBeforeBranches } from './machine/before-branch.ts';
import { shareFrameAddresses } from './machine/frame-addresses.ts';
import { dropResult } from './machine/result.ts';
import { select } from './machine/select.ts';
import { foldAddresses } from './passes/addresses.ts';
import { shareReturns, straighten } from './passes/branches.ts';
import { shareCommon } from './passes/cse.ts';
import { removeDead } from './passes/dead.ts';
import { fold } from './passes/fold.ts';
import { legalize } from './passes/legalize.ts';
import { demotable, demoteSlots } from './passes/slots.ts';
import { allocate } from './registers/allocate.ts';

export interface Target {
  /**
   * Default 'v3' (Linux 5.1). 'v4' (Linux 6.6) has signed division and remainder, loads and moves with sign
   * extension, an unconditional byte swap and long jumps.
   */
  readonly isa?: 'v3' | 'v4';
  /**
   * A per-CPU array map for what does not fit on the stack. The caller creates it, with values of at least
   * `offset + scratchBytes` bytes, when the result says that it is used.
   */
  readonly scratch?: {
    readonly map: string;
    /** Element; default 0. */
    readonly index?: number;
    /** First byte of the element that this program may use, a multiple of 8; default 0. */
    readonly offset?: number;
  };
}

export interface CompiledFunction {
  readonly name: string;
  /** Where it begins, in slots of 8 bytes. */
  readonly slot: number;
  readonly role: IrFunction['role'];
  readonly parameters: IrFunction['parameters'];
}

export interface CompiledProgram {
  /** Jumps and calls within the program are resolved; maps and kernel functions are not. */
  readonly instructions: Instruction[];
  /** The entry function first. */
  readonly functions: readonly CompiledFunction[];
  /** Slots strictly increase; every function begins with a line if any line is known. */
  readonly lines: readonly LineInfo[];
  /** Stack that each function needs. */
  readonly frames: readonly { readonly function: string; readonly bytes: number }[];
  /** Bytes of the scratch element in use behind its offset; 0 if the map is not needed. */
  readonly scratchBytes: number;
}

interface Compiled {
  readonly fn: IrFunction;
  readonly options: GenerateOptions;
  emitted: EmittedFunction;
  frame: Frame;
}

/** Minimum kernel: 5.1 for v3, 5.3 when the program has loops. Throws CompileError. */
export function compileModule(module: IrModule, target: Target = {}): CompiledProgram {
  const v4 = target.isa === 'v4';
  for (const fn of module.functions) optimize(fn, v4);
  const calls = callGraph(module);
  const needed = reachedFrom(module.functions[0].name, calls);
  const compiled: Compiled[] = [];
  for (const fn of module.functions) {
    if (!needed.has(fn.name)) continue;
    const options = { v4, resultIgnored: fn.role === 'entry' && module.resultIgnored === true };
    compiled.push({ fn, options, ...generate(fn, options) });
  }
  const scratchBytes = fitStacks(compiled, calls, target);
  return link(compiled, scratchBytes);
}

/** All passes on the intermediate form. */
export function optimize(fn: IrFunction, v4: boolean): void {
  for (const block of fn.blocks) block.values = block.values.filter((value) => !isOperandOnly(value));
  tidyGraph(fn);
  const options = { signedLoads: v4 };
  fold(fn, options);
  removeDead(fn);
  for (let round = 0; round < 4; round++) {
    const shared = shareCommon(fn);
    const straight = straighten(fn);
    if (!shared && !straight) break;
    const folded = fold(fn, options);
    removeDead(fn);
    if (!folded && !straight) break;
  }
  if (legalize(fn, { signedOperations: v4 })) fold(fn, options);
  foldAddresses(fn);
  removeDead(fn);
  shareReturns(fn);
}

interface GenerateOptions {
  readonly v4: boolean;
  readonly resultIgnored: boolean;
}

function generate(
  fn: IrFunction,
  { v4, resultIgnored }: GenerateOptions,
): { emitted: EmittedFunction; frame: Frame } {
  splitCriticalEdges(fn);
  const conflicts = slotConflicts(fn);
  const machine = select(fn, v4);
  shareFrameAddresses(machine);
  const { spillSlots } = allocate(machine);
  if (resultIgnored) dropResult(machine);
  setBeforeBranches(machine);
  const frame = layOut(usedSlots(fn), spillSlots, conflicts);
  return { emitted: emit(machine, frame, { v4 }), frame };
}

/** Slots that some instruction still refers to. */
function usedSlots(fn: IrFunction): Slot[] {
  const used = new Set<Slot>();
  const see = (value: Value): void => {
    if (value.kind === 'slotAddress') used.add(value.slot);
  };
  for (const block of fn.blocks) {
    for (const value of block.values) for (const operand of operandsOf(value)) see(operand);
    if (block.terminator) for (const operand of terminatorOperands(block.terminator)) see(operand);
  }
  return fn.slots.filter((slot) => used.has(slot));
}

// Stack depth

/** Which functions each one calls or hands out as callback: a callback runs on the stack of its caller. */
function callGraph(module: IrModule): Map<string, Set<string>> {
  const names = new Set(module.functions.map((fn) => fn.name));
  const graph = new Map<string, Set<string>>();
  for (const fn of module.functions) {
    const callees = new Set<string>();
    const add = (name: string): void => {
      if (!names.has(name)) throw unknownFunction(fn.name, name);
      callees.add(name);
    };
    for (const block of fn.blocks) {
      for (const value of block.values) {
        if (value.kind === 'call' && value.callee.kind === 'function') add(value.callee.name);
        for (const operand of operandsOf(value)) if (operand.kind === 'functionAddress') add(operand.name);
      }
    }
    graph.set(fn.name, callees);
  }
  return graph;
}

/** The functions that are left when calls have been folded away: the verifier refuses any other. */
function reachedFrom(entry: string, calls: Map<string, Set<string>>): Set<string> {
  const reached = new Set([entry]);
  for (const name of reached) for (const callee of calls.get(name) ?? []) reached.add(callee);
  return reached;
}

/** The verifier counts each frame in steps of 32 bytes, and an empty one as one step. */
function frameCost(bytes: number): number {
  return alignUp(Math.max(bytes, 1), 32);
}

/** The chain of calls from the entry that needs most stack. */
function deepest(
  compiled: readonly Compiled[],
  calls: Map<string, Set<string>>,
): { chain: string[]; bytes: number } {
  const frames = new Map(compiled.map(({ fn, frame }) => [fn.name, frame.bytes]));
  const known = new Map<string, { chain: string[]; bytes: number }>();
  const measure = (name: string, above: readonly string[]): { chain: string[]; bytes: number } => {
    const done = known.get(name);
    if (done) return done;
    if (above.includes(name)) throw recursiveCall([...above.slice(above.indexOf(name)), name]);
    const path = [...above, name];
    let below: { chain: string[]; bytes: number } = { chain: [], bytes: 0 };
    for (const callee of calls.get(name) ?? []) {
      const found = measure(callee, path);
      if (found.bytes > below.bytes) below = found;
    }
    const own = frames.get(name) ?? 0;
    // A program of one function may use all 512 bytes; steps matter only when frames add up.
    const result = { chain: [name, ...below.chain], bytes: frameCost(own) + below.bytes };
    known.set(name, result);
    return result;
  };
  return measure(compiled[0].fn.name, []);
}

/** What is not larger is moved to scratch memory last: its address takes a register, or as much of the stack. */
const WORD = 8;
/** So many words must be there to be moved: the address of scratch memory, its key and spilled registers take some. */
const FEW_WORDS = 6;

function usedDemotable(fn: IrFunction): Slot[] {
  const used = new Set(usedSlots(fn));
  return demotable(fn).filter((slot) => used.has(slot));
}

interface Moving {
  readonly victim: Compiled;
  /** The largest first. */
  readonly slots: readonly Slot[];
}

/** Which function of a chain gives up slots, and which it can: buffers first, then the words of the one with most. */
function toMove(chain: readonly Compiled[]): Moving | undefined {
  const all = chain.map((victim): Moving => ({ victim, slots: usedDemotable(victim.fn) }));
  const buffers = all.map(({ victim, slots }) => ({
    victim,
    slots: slots.filter(({ size }) => size > WORD),
  }));
  const [largest] = buffers.sort((a, b) => (b.slots[0]?.size ?? 0) - (a.slots[0]?.size ?? 0));
  if (largest && largest.slots.length > 0) return largest;
  const [most] = all.sort((a, b) => b.slots.length - a.slots.length);
  return most && most.slots.length >= FEW_WORDS ? most : undefined;
}

function largestText(chain: readonly Compiled[]): string {
  const [largest] = chain.flatMap(({ fn }) => usedDemotable(fn)).sort((a, b) => b.size - a.size);
  return largest === undefined ? '' : `, the largest buffer is ${largest.name} with ${largest.size} bytes`;
}

/** Moves the largest slots of the deepest chain to scratch memory until every chain fits. */
function fitStacks(compiled: Compiled[], calls: Map<string, Set<string>>, target: Target): number {
  const { scratch } = target;
  const start = scratch?.offset ?? 0;
  let used = 0;
  for (;;) {
    const worst = deepest(compiled, calls);
    if (worst.bytes <= STACK_SIZE) return used;
    const chain = compiled.filter(({ fn }) => worst.chain.includes(fn.name));
    const moving = scratch && toMove(chain);
    if (!moving) throw stackTooDeep(worst.chain, worst.bytes, largestText(chain));
    const { victim, slots } = moving;
    // All at once that this function has to give up, so that it looks its memory up once.
    let excess = worst.bytes - STACK_SIZE;
    const offsets = new Map<Slot, number>();
    for (const slot of slots) {
      if (excess <= -8 && offsets.size > 0 && slot.size > WORD) break;
      used = alignUp(used, 8);
      offsets.set(slot, start + used);
      used += slot.size;
      excess -= alignUp(slot.size, 8);
    }
    demoteSlots(victim.fn, { map: scratch.map, index: scratch.index ?? 0, offsets });
    tidyGraph(victim.fn);
    foldAddresses(victim.fn);
    shareCommon(victim.fn);
    removeDead(victim.fn);
    shareReturns(victim.fn);
    Object.assign(victim, generate(victim.fn, victim.options));
  }
}

// Putting functions together

function link(compiled: readonly Compiled[], scratchBytes: number): CompiledProgram {
  const starts = new Map<string, number>();
  const functions: CompiledFunction[] = [];
  let slot = 0;
  for (const { fn, emitted } of compiled) {
    starts.set(fn.name, slot);
    functions.push({ name: fn.name, slot, role: fn.role, parameters: fn.parameters });
    slot += emitted.slots;
  }
  const instructions: Instruction[] = [];
  const lines: LineInfo[] = [];
  const first = compiled.flatMap(({ emitted }) => emitted.lines)[0];
  for (const { fn, emitted } of compiled) {
    const start = starts.get(fn.name)!;
    let at = start;
    for (const instruction of emitted.instructions) {
      instructions.push(resolved(instruction, at, starts));
      at += slotsOf(instruction);
    }
    // The kernel refuses line information that does not begin with each function.
    const opening = emitted.lines[0] ?? first;
    if (!opening) continue;
    lines.push({ slot: start, source: opening.source });
    for (const line of emitted.lines) {
      const previous = lines[lines.length - 1];
      if (start + line.slot > previous.slot && !sameLine(line.source, previous.source)) {
        lines.push({ slot: start + line.slot, source: line.source });
      }
    }
  }
  const frames = compiled.map(({ fn, frame }) => ({ function: fn.name, bytes: frame.bytes }));
  return { instructions, functions, lines, frames, scratchBytes };
}

function resolved(instruction: Instruction, at: number, starts: ReadonlyMap<string, number>): Instruction {
  if (instruction.reference?.kind !== 'function') return instruction;
  const distance = starts.get(instruction.reference.name)! - at - 1;
  if (instruction.imm64 === undefined) return { ...instruction, imm: distance };
  return { ...instruction, imm: distance, imm64: BigInt.asUintN(32, BigInt(distance)) };
}
