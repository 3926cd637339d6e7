/**
 * From machine blocks to instructions: the order of blocks, jumps, and what is left of the frame.
 *
 * Blocks stay in reverse postorder, so that most jumps are falls. Empty blocks vanish: whoever jumps to one
 * jumps on. A jump to a lone `exit` is an `exit`. Distances are filled in when the place of every block
 * is known; where 16 bits are too few, a v4 jump with 32 takes over.
 */
import {
  type AluName,
  alu32,
  alu32Imm,
  alu64,
  alu64Imm,
  atomic,
  bswap,
  type ConditionName,
  callFunction,
  callHelper,
  exit,
  jump,
  jumpIf,
  jumpIf32,
  jumpIf32Imm,
  jumpIfImm,
  jumpLong,
  ldFunction,
  ldImm64,
  ldMap,
  ldMapValue,
  load,
  loadSigned,
  mov32,
  mov32Imm,
  mov64,
  mov64Imm,
  movsx64,
  neg32,
  neg64,
  store,
  storeImm,
  toBigEndian,
  toLittleEndian,
} from '../asm/build.ts';
import { type Instruction, type Register, slotsOf } from '../asm/instruction.ts';
import { CALL, PseudoCall } from '../asm/opcodes.ts';
import type { SourceLine } from '../kernel/spec.ts';
import { invalidForm, jumpTooFar } from './errors.ts';
import type { Frame } from './frame.ts';
import { unreachable } from './ir.ts';
import {
  type MachineBlock,
  type MachineEnd,
  type MachineFunction,
  type MachineInstruction,
  NONE,
} from './machine/form.ts';

const FRAME_POINTER: Register = 10;
const bigEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

export interface EmittedLine {
  readonly slot: number;
  readonly source: SourceLine;
}

export interface EmittedFunction {
  readonly name: string;
  /** Distances to other functions are still 0. */
  readonly instructions: Instruction[];
  readonly lines: EmittedLine[];
  readonly slots: number;
}

export interface EmitOptions {
  /** bswap, gotol: ISA v4. */
  readonly v4: boolean;
}

const oppositeCondition: Readonly<Partial<Record<ConditionName, ConditionName>>> = {
  jeq: 'jne',
  jne: 'jeq',
  jgt: 'jle',
  jle: 'jgt',
  jge: 'jlt',
  jlt: 'jge',
  jsgt: 'jsle',
  jsle: 'jsgt',
  jsge: 'jslt',
  jslt: 'jsge',
};

/** A place in the code that is not known yet: an instruction made when distances are. */
interface Pending {
  readonly block: MachineBlock;
  make(distance: number): Instruction;
}

type Item = { readonly instruction: Instruction } | { readonly jump: Pending; long: boolean };

export function emit(fn: MachineFunction, frame: Frame, options: EmitOptions): EmittedFunction {
  return new Emitter(fn, frame, options).run();
}

class Emitter {
  readonly #fn: MachineFunction;
  readonly #frame: Frame;
  readonly #options: EmitOptions;
  readonly #items: Item[] = [];
  readonly #sources: (SourceLine | undefined)[] = [];
  readonly #starts = new Map<MachineBlock, number>();
  #source: SourceLine | undefined;

  constructor(fn: MachineFunction, frame: Frame, options: EmitOptions) {
    this.#fn = fn;
    this.#frame = frame;
    this.#options = options;
  }

  run(): EmittedFunction {
    const order = placeBlocks(this.#fn);
    for (const [k, block] of order.entries()) {
      this.#starts.set(block, this.#items.length);
      for (const i of block.code) {
        this.#source = i.source;
        this.#instruction(i);
      }
      this.#source = block.end.source;
      this.#end(block.end, order[k + 1]);
    }
    return this.#resolve();
  }

  #push(instruction: Instruction): void {
    this.#items.push({ instruction });
    this.#sources.push(this.#source);
  }

  #pushJump(block: MachineBlock, make: (distance: number) => Instruction): void {
    this.#items.push({ jump: { block, make }, long: false });
    this.#sources.push(this.#source);
  }

  #end(end: MachineEnd, next: MachineBlock | undefined): void {
    switch (end.kind) {
      case 'exit':
        this.#push(exit());
        return;
      case 'jump':
        this.#goto(end.target, next);
        return;
      case 'branch': {
        const { then, otherwise, condition } = end;
        const opposite = oppositeCondition[condition];
        if (then === otherwise) return this.#goto(then, next);
        if (then === next && opposite) this.#branch(opposite, end, otherwise);
        else {
          this.#branch(condition, end, then);
          this.#goto(otherwise, next);
        }
        return;
      }
      default:
        return unreachable(end);
    }
  }

  #goto(target: MachineBlock, next: MachineBlock | undefined): void {
    if (target === next) return;
    if (isBareExit(target)) this.#push(exit());
    else this.#pushJump(target, jump);
  }

  #branch(
    condition: ConditionName,
    end: Extract<MachineEnd, { kind: 'branch' }>,
    target: MachineBlock,
  ): void {
    const left = end.left as Register;
    const right = end.right as Register;
    const { imm, width } = end;
    if (end.right === NONE) {
      this.#pushJump(target, (distance) =>
        width === 64
          ? jumpIfImm(condition, left, imm, distance)
          : jumpIf32Imm(condition, left, imm, distance),
      );
    } else {
      this.#pushJump(target, (distance) =>
        width === 64 ? jumpIf(condition, left, right, distance) : jumpIf32(condition, left, right, distance),
      );
    }
  }

  #at(i: MachineInstruction): { register: Register; offset: number } {
    if (i.frame === undefined) return { register: i.base as Register, offset: i.offset };
    const offset = this.#frame.offsets.get(i.frame);
    if (offset === undefined) throw invalidForm(this.#fn.name, `the slot ${i.frame.name} has no place`);
    return { register: FRAME_POINTER, offset: offset + i.offset };
  }

  #instruction(i: MachineInstruction): void {
    const dst = i.dst as Register;
    const src = i.src as Register;
    switch (i.kind) {
      case 'move':
        this.#push(mov64(dst, src));
        return;
      case 'immediate':
        this.#push(asking(i.width === 64 ? mov64Imm(dst, i.imm) : mov32Imm(dst, i.imm), i));
        return;
      case 'wide':
        this.#wide(i);
        return;
      case 'frame': {
        const { offset } = this.#at(i);
        this.#push(mov64(dst, FRAME_POINTER));
        if (offset !== 0) this.#push(alu64Imm('add', dst, offset));
        return;
      }
      case 'alu':
        this.#alu(i.alu, i);
        return;
      case 'zeroExtend':
        this.#push(mov32(dst, src));
        return;
      case 'signExtend':
        this.#push(movsx64(dst, src, (i.size * 8) as 8 | 16 | 32));
        return;
      case 'swap': {
        const bits = (i.size * 8) as 16 | 32 | 64;
        this.#push(
          this.#options.v4
            ? bswap(dst, bits)
            : bigEndian
              ? toLittleEndian(dst, bits)
              : toBigEndian(dst, bits),
        );
        return;
      }
      case 'negate':
        this.#push(i.width === 64 ? neg64(dst) : neg32(dst));
        return;
      case 'load': {
        const { register, offset } = this.#at(i);
        const made =
          i.signed && i.size < 8
            ? loadSigned(i.size as 1 | 2 | 4, dst, register, offset)
            : load(i.size, dst, register, offset);
        this.#push(asking(made, i));
        return;
      }
      case 'store': {
        const { register, offset } = this.#at(i);
        this.#push(
          i.src === NONE ? storeImm(i.size, register, offset, i.imm) : store(i.size, register, offset, src),
        );
        return;
      }
      case 'atomic': {
        const { register, offset } = this.#at(i);
        this.#push(atomic(i.atomic, i.size, register, offset, src));
        return;
      }
      case 'call':
        this.#call(i);
        return;
      case 'set': {
        const left = i.base as Register;
        const wide = i.width === 64;
        this.#push(mov64Imm(dst, 1));
        if (i.src === NONE) this.#push((wide ? jumpIfImm : jumpIf32Imm)(i.condition, left, i.imm, 1));
        else this.#push((wide ? jumpIf : jumpIf32)(i.condition, left, src, 1));
        this.#push(mov64Imm(dst, 0));
        return;
      }
      default:
        return unreachable(i.kind);
    }
  }

  #alu(name: AluName, i: MachineInstruction): void {
    const dst = i.dst as Register;
    if (i.src === NONE) {
      this.#push(asking((i.width === 64 ? alu64Imm : alu32Imm)(name, dst, i.imm), i));
    } else this.#push((i.width === 64 ? alu64 : alu32)(name, dst, i.src as Register));
  }

  #wide(i: MachineInstruction): void {
    const dst = i.dst as Register;
    const reference = i.reference;
    switch (reference?.kind) {
      case 'map':
        return this.#push(ldMap(dst, reference.map));
      case 'mapValue':
        return this.#push(ldMapValue(dst, reference.map, reference.offset));
      case 'function':
        return this.#push(ldFunction(dst, reference.name, 0));
      default:
        return this.#push(asking(ldImm64(dst, i.wide), i));
    }
  }

  #call(i: MachineInstruction): void {
    if (i.callee === 'helper') this.#push(callHelper(i.target));
    else if (i.callee === 'function' && i.reference?.kind === 'function') {
      this.#push(callFunction(i.reference.name, 0));
    } else {
      this.#push({
        opcode: CALL,
        dst: 0,
        src: PseudoCall.kfunc,
        offset: 0,
        imm: i.target,
        ...(i.reference ? { reference: i.reference } : {}),
      });
    }
  }

  /** Places are sums of sizes; a jump that turns out too long grows by a `gotol`, until none does. */
  #resolve(): EmittedFunction {
    const items = this.#items;
    const slotOf = new Int32Array(items.length + 1);
    for (let settled = false; !settled; ) {
      settled = true;
      let slot = 0;
      for (const [k, item] of items.entries()) {
        slotOf[k] = slot;
        slot +=
          'instruction' in item ? slotsOf(item.instruction) : item.long && isCondition(item.jump) ? 3 : 1;
      }
      slotOf[items.length] = slot;
      for (const [k, item] of items.entries()) {
        if ('instruction' in item || item.long) continue;
        const distance = slotOf[this.#starts.get(item.jump.block)!] - slotOf[k] - 1;
        if (distance >= -0x8000 && distance <= 0x7fff) continue;
        if (!this.#options.v4) throw jumpTooFar(this.#fn.name, distance);
        item.long = true;
        settled = false;
      }
    }
    const instructions: Instruction[] = [];
    const lines: EmittedLine[] = [];
    let last: SourceLine | undefined;
    for (const [k, item] of items.entries()) {
      const source = this.#sources[k];
      if (source && !sameLine(source, last)) {
        lines.push({ slot: slotOf[k], source });
        last = source;
      }
      if ('instruction' in item) {
        instructions.push(item.instruction);
        continue;
      }
      const target = slotOf[this.#starts.get(item.jump.block)!];
      if (!item.long) instructions.push(item.jump.make(target - slotOf[k] - 1));
      else if (!isCondition(item.jump)) instructions.push(jumpLong(target - slotOf[k] - 1));
      else {
        // if cond goto +1; goto +1; gotol target
        instructions.push(item.jump.make(1), jump(1), jumpLong(target - slotOf[k] - 3));
      }
    }
    return { name: this.#fn.name, instructions, lines, slots: slotOf[items.length] };
  }
}

/** With the question that its immediate is the answer to. */
function asking(instruction: Instruction, { question }: MachineInstruction): Instruction {
  return question ? { ...instruction, question } : instruction;
}

function isCondition(pending: Pending): boolean {
  return pending.make !== jump;
}

export function sameLine(a: SourceLine, b: SourceLine | undefined): boolean {
  return a === b || (b !== undefined && a.line === b.line && a.column === b.column && a.file === b.file);
}

function isBareExit(block: MachineBlock): boolean {
  return block.code.length === 0 && block.end.kind === 'exit';
}

/** Skips empty blocks, then orders what can still be reached. */
function placeBlocks(fn: MachineFunction): MachineBlock[] {
  const goal = (block: MachineBlock): MachineBlock => {
    let at = block;
    for (let hops = 0; hops < fn.blocks.length; hops++) {
      if (at.code.length > 0 || at.end.kind !== 'jump') return at;
      at = at.end.target;
    }
    return at;
  };
  for (const block of fn.blocks) {
    const end = block.end;
    if (end.kind === 'jump') end.target = goal(end.target);
    else if (end.kind === 'branch') {
      const then = goal(end.then);
      const otherwise = goal(end.otherwise);
      block.end = { ...end, then, otherwise };
    }
  }
  const order = orderBlocks(goal(fn.blocks[0]));
  // A jump to a lone `exit` becomes an `exit` of its own, so that nobody may be left to come to that one: the
  // verifier refuses what cannot be reached.
  const wanted = new Set<MachineBlock>(order.slice(0, 1));
  for (const [k, block] of order.entries()) {
    const end = block.end;
    if (end.kind === 'branch') wanted.add(end.then).add(end.otherwise);
    else if (end.kind === 'jump' && (order[k + 1] === end.target || !isBareExit(end.target))) {
      wanted.add(end.target);
    }
  }
  return order.filter((block) => wanted.has(block));
}

/**
 * Reverse postorder by depth-first search. Of the two ways out of a branch the one visited last follows
 * directly; that is the longer one, so that short ways out (`return 0` after a failed check) lie behind.
 */
function orderBlocks(entry: MachineBlock): MachineBlock[] {
  const order: MachineBlock[] = [];
  const seen = new Set<MachineBlock>([entry]);
  const stack: { block: MachineBlock; ways: MachineBlock[]; next: number }[] = [];
  const push = (block: MachineBlock): void => {
    const end = block.end;
    let ways: MachineBlock[] = [];
    if (end.kind === 'jump') ways = [end.target];
    else if (end.kind === 'branch') {
      const cold = end.then.end.kind === 'exit' && end.otherwise.end.kind !== 'exit';
      ways = cold ? [end.then, end.otherwise] : [end.otherwise, end.then];
    }
    stack.push({ block, ways, next: 0 });
  };
  push(entry);
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    if (top.next === top.ways.length) {
      order.push(top.block);
      stack.pop();
      continue;
    }
    const way = top.ways[top.next++];
    if (seen.has(way)) continue;
    seen.add(way);
    push(way);
  }
  return order.reverse();
}
