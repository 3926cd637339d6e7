/**
 * Instruction selection: from the intermediate form to BPF instructions on virtual registers.
 *
 * Constants and addresses have no register of their own: they become immediates and frame offsets where
 * the instruction has a field for them, are made right in the argument register of a call, and
 * otherwise once in the block that needs them.
 *
 * A phi is a register that every predecessor writes at its end. The copies of one edge happen at
 * once in the form, so here they are put into an order in which none overwrites what another still
 * reads; a cycle is broken by a temporary.
 */
import type { AluName, AtomicName, ConditionName } from '../../asm/build.ts';
import type { Reference } from '../../asm/instruction.ts';
import type { SourceLine } from '../../kernel/spec.ts';
import { offsetTooFar, tooManyArguments } from '../errors.ts';
import { commutative } from '../evaluate.ts';
import { constantOf, isOperandOnly } from '../facts.ts';
import { dominators, loopDepths, operandKey } from '../graph.ts';
import {
  type AtomicOp,
  type BinaryOp,
  type Block,
  type CompareOp,
  type IrFunction,
  operandsOf,
  terminatorOperands,
  unreachable,
  type Value,
  type ValueOf,
  type Width,
} from '../ir.ts';
import {
  FIRST_VIRTUAL,
  type MachineBlock,
  type MachineEnd,
  type MachineFunction,
  MachineInstruction,
  type MachineKind,
  NONE,
} from './form.ts';

const aluOf = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'div',
  mod: 'mod',
  sdiv: 'sdiv',
  smod: 'smod',
  and: 'and',
  or: 'or',
  xor: 'xor',
  shl: 'lsh',
  lshr: 'rsh',
  ashr: 'arsh',
} as const satisfies Record<BinaryOp, AluName>;

const conditionOf = {
  eq: 'jeq',
  ne: 'jne',
  ult: 'jlt',
  ule: 'jle',
  ugt: 'jgt',
  uge: 'jge',
  slt: 'jslt',
  sle: 'jsle',
  sgt: 'jsgt',
  sge: 'jsge',
  test: 'jset',
} as const satisfies Record<CompareOp, ConditionName>;

const atomicOf = {
  add: ['add', 'fetchAdd'],
  and: ['and', 'fetchAnd'],
  or: ['or', 'fetchOr'],
  xor: ['xor', 'fetchXor'],
  exchange: ['xchg', 'xchg'],
  compareExchange: ['cmpxchg', 'cmpxchg'],
} as const satisfies Record<AtomicOp, readonly [AtomicName, AtomicName]>;

/** Blocks must be in reverse postorder, without critical edges, and free of constants and addresses. */
export function select(fn: IrFunction, signedMoves: boolean): MachineFunction {
  return new Selector(fn, signedMoves).run();
}

/** The constant as a sign-extended 32-bit immediate of an operation of that width, if it is one. */
const isImmediate = (value: bigint): boolean => BigInt.asIntN(32, value) === value;

function immediateOf(value: Value, width: Width): number | undefined {
  const c = constantOf(value);
  if (c === undefined) return undefined;
  const low = BigInt.asIntN(32, c);
  return width === 32 || low === c ? Number(low) : undefined;
}

class Selector {
  readonly #fn: IrFunction;
  readonly #signedMoves: boolean;
  readonly #blocks = new Map<Block, MachineBlock>();
  readonly #registers = new Map<Value, number>();
  readonly #uses = new Map<Value, number>();
  readonly #made: MachineFunction;
  /** Constants and addresses that the current block holds in a register already. */
  #local = new Map<string, number>();
  #code: MachineInstruction[] = [];
  #source: SourceLine | undefined;

  constructor(fn: IrFunction, signedMoves: boolean) {
    this.#fn = fn;
    this.#signedMoves = signedMoves;
    this.#made = { name: fn.name, blocks: [], registers: FIRST_VIRTUAL, scalar: [], slots: fn.slots };
  }

  run(): MachineFunction {
    const { blocks } = this.#fn;
    const depths = loopDepths(blocks, dominators(blocks));
    const exit: MachineEnd = { kind: 'exit', source: undefined };
    for (const [index, block] of blocks.entries()) {
      const made = { index, code: [], end: exit, successors: [], predecessors: [], depth: depths[index] };
      this.#blocks.set(block, made);
      this.#made.blocks.push(made);
      const use = (v: Value): void => {
        this.#uses.set(v, (this.#uses.get(v) ?? 0) + 1);
      };
      for (const value of block.values) for (const operand of operandsOf(value)) use(operand);
      if (block.terminator) for (const operand of terminatorOperands(block.terminator)) use(operand);
    }
    for (const block of blocks) this.#block(block);
    for (const block of this.#made.blocks) {
      if (block.end.kind === 'jump') block.successors = [block.end.target];
      else if (block.end.kind === 'branch') block.successors = [block.end.then, block.end.otherwise];
      for (const next of block.successors) next.predecessors.push(block);
    }
    return this.#made;
  }

  #block(block: Block): void {
    const made = this.#blocks.get(block)!;
    this.#code = made.code;
    this.#local = new Map();
    if (block === this.#fn.blocks[0]) this.#parameters();
    for (const value of block.values) {
      this.#source = value.source;
      this.#value(value);
    }
    const end = block.terminator!;
    this.#source = end.source;
    if (end.kind === 'jump') {
      this.#phiCopies(block, end.target);
      made.end = { kind: 'jump', target: this.#blocks.get(end.target)!, source: end.source };
    } else if (end.kind === 'branch') {
      const left = this.#register(end.left);
      const imm = immediateOf(end.right, end.width);
      const then = this.#blocks.get(end.then)!;
      made.end = {
        kind: 'branch',
        condition: conditionOf[end.op],
        width: end.width,
        left,
        right: imm === undefined ? this.#register(end.right) : NONE,
        imm: imm ?? 0,
        then,
        otherwise: this.#blocks.get(end.otherwise)!,
        source: end.source,
      };
    } else {
      this.#into(0, end.value);
      made.end = { kind: 'exit', source: end.source };
    }
  }

  // Registers

  #new(value?: Value): number {
    const register = this.#made.registers++;
    this.#made.scalar[register] = value === undefined || isVerifierScalar(value);
    return register;
  }

  #emit(kind: MachineKind): MachineInstruction {
    const made = new MachineInstruction(kind, this.#source);
    this.#code.push(made);
    return made;
  }

  #move(dst: number, src: number): void {
    const i = this.#emit('move');
    i.dst = dst;
    i.src = src;
  }

  /** The register of a value that an instruction defines. */
  #own(value: Value): number {
    let register = this.#registers.get(value);
    if (register === undefined) this.#registers.set(value, (register = this.#new(value)));
    return register;
  }

  /** A register that holds the value here. */
  #register(value: Value): number {
    if (!isOperandOnly(value)) return this.#own(value);
    const key = operandKey(value);
    let register = this.#local.get(key);
    if (register === undefined) {
      register = this.#new(value);
      this.#local.set(key, register);
      this.#into(register, value);
    }
    return register;
  }

  /** Puts the value into a given register. */
  #into(dst: number, value: Value): void {
    switch (value.kind) {
      case 'constant': {
        const imm = immediateOf(value, 64);
        if (imm !== undefined) {
          const i = this.#emit('immediate');
          i.dst = dst;
          i.imm = imm;
        } else if (value.value > 0n && value.value <= 0xffff_ffffn) {
          // A 32-bit move leaves the upper half zero: one slot instead of two.
          const i = this.#emit('immediate');
          i.dst = dst;
          i.width = 32;
          i.imm = Number(BigInt.asIntN(32, value.value));
        } else this.#wide(dst, value.value, undefined);
        return;
      }
      case 'slotAddress': {
        const i = this.#emit('frame');
        i.dst = dst;
        i.frame = value.slot;
        i.offset = value.offset;
        return;
      }
      case 'mapAddress':
        this.#wide(dst, 0n, { kind: 'map', map: value.map });
        return;
      case 'mapValueAddress':
        this.#wide(dst, 0n, { kind: 'mapValue', map: value.map, offset: value.offset });
        return;
      case 'kernelConstant': {
        const short = isImmediate(value.value);
        const i = this.#emit(short ? 'immediate' : 'wide');
        i.dst = dst;
        if (short) i.imm = Number(value.value);
        else i.wide = value.value;
        i.question = value.question;
        return;
      }
      case 'functionAddress':
        this.#wide(dst, 0n, { kind: 'function', name: value.name });
        return;
      default:
        this.#move(dst, this.#own(value));
    }
  }

  #wide(dst: number, wide: bigint, reference: Reference | undefined): void {
    const i = this.#emit('wide');
    i.dst = dst;
    i.wide = wide;
    i.reference = reference;
  }

  // Values

  #value(value: Value): void {
    switch (value.kind) {
      case 'binary':
        this.#binary(value);
        return;
      case 'extend':
        this.#extend(value);
        return;
      case 'byteSwap': {
        const dst = this.#own(value);
        this.#into(dst, value.value);
        const i = this.#emit('swap');
        i.dst = dst;
        i.size = (value.bits / 8) as 2 | 4 | 8;
        return;
      }
      case 'compare': {
        const base = this.#register(value.left);
        const imm = immediateOf(value.right, value.width);
        const src = imm === undefined ? this.#register(value.right) : NONE;
        const i = this.#emit('set');
        i.dst = this.#own(value);
        i.base = base;
        i.src = src;
        i.imm = imm ?? 0;
        i.width = value.width;
        i.condition = conditionOf[value.op];
        return;
      }
      case 'load': {
        const at = this.#address(value);
        const i = this.#emit('load');
        at(i);
        i.dst = this.#own(value);
        i.size = value.size;
        i.signed = value.signed;
        i.question = value.question;
        return;
      }
      case 'store':
        this.#store(value);
        return;
      case 'atomic':
        this.#atomic(value);
        return;
      case 'call':
        this.#call(value);
        return;
      case 'phi':
      case 'parameter':
      case 'constant':
      case 'slotAddress':
      case 'mapAddress':
      case 'mapValueAddress':
      case 'functionAddress':
      case 'kernelConstant':
        return;
      default:
        return unreachable(value);
    }
  }

  #parameters(): void {
    for (const block of this.#fn.blocks) {
      for (const value of block.values) {
        if (value.kind !== 'parameter') continue;
        this.#source = value.source;
        this.#move(this.#own(value), value.index + 1);
      }
    }
  }

  #binary(b: ValueOf<'binary'>): void {
    let { left, right } = b;
    const dst = this.#own(b);
    const asked = right.kind === 'kernelConstant' && isImmediate(right.value) ? right : undefined;
    const imm = asked ? Number(asked.value) : immediateOf(right, b.width);
    // What flows back into a loop's variable is best computed in the variable's register.
    if (imm === undefined && commutative.has(b.op) && feeds(b, right) && !feeds(b, left)) {
      [left, right] = [right, left];
    }
    if (b.op === 'sub' && constantOf(left) === 0n) {
      this.#into(dst, right);
      const i = this.#emit('negate');
      i.dst = dst;
      i.width = b.width;
      return;
    }
    const src = imm === undefined ? this.#register(right) : NONE;
    this.#into(dst, left);
    const i = this.#emit('alu');
    i.alu = aluOf[b.op];
    i.dst = dst;
    i.src = src;
    i.imm = imm ?? 0;
    i.question = asked?.question;
    i.width = b.width;
  }

  #extend(e: ValueOf<'extend'>): void {
    const dst = this.#own(e);
    if (!e.signed && e.from === 32) {
      const src = this.#register(e.value);
      const i = this.#emit('zeroExtend');
      i.dst = dst;
      i.src = src;
      return;
    }
    if (!e.signed) {
      this.#into(dst, e.value);
      const i = this.#emit('alu');
      i.alu = 'and';
      i.dst = dst;
      i.imm = e.from === 8 ? 0xff : 0xffff;
      return;
    }
    if (this.#signedMoves) {
      const src = this.#register(e.value);
      const i = this.#emit('signExtend');
      i.dst = dst;
      i.src = src;
      i.size = (e.from / 8) as 1 | 2 | 4;
      return;
    }
    this.#into(dst, e.value);
    for (const alu of ['lsh', 'arsh'] as const) {
      const i = this.#emit('alu');
      i.alu = alu;
      i.dst = dst;
      i.imm = 64 - e.from;
    }
  }

  /** Prepares the address; the result fills the fields of the instruction that is emitted after. */
  #address(value: { readonly base: Value; readonly offset: number }): (i: MachineInstruction) => void {
    const { base, offset } = value;
    if (base.kind === 'slotAddress') {
      return (i) => {
        i.frame = base.slot;
        i.offset = base.offset + offset;
      };
    }
    if (offset < -0x8000 || offset > 0x7fff) throw offsetTooFar(this.#fn.name, offset, this.#source);
    const register = this.#register(base);
    return (i) => {
      i.base = register;
      i.offset = offset;
    };
  }

  #store(value: ValueOf<'store'>): void {
    const at = this.#address(value);
    const put = (size: 1 | 2 | 4 | 8, extra: number, imm: number, src: number): void => {
      const i = this.#emit('store');
      at(i);
      i.offset += extra;
      i.size = size;
      i.imm = imm;
      i.src = src;
    };
    const c = constantOf(value.value);
    if (c === undefined) return put(value.size, 0, 0, this.#register(value.value));
    const low = Number(BigInt.asIntN(32, c));
    if (value.size < 8 || BigInt(low) === c) {
      if (!this.#joined(value, low)) put(value.size, 0, low, NONE);
      return;
    }
    // Two halves take two slots, a constant in a register three. Only where nobody can see a half.
    if (value.base.kind === 'slotAddress') {
      const high = Number(BigInt.asIntN(32, c >> 32n));
      const [first, second] = bigEndian ? [high, low] : [low, high];
      put(4, 0, first, NONE);
      put(4, 4, second, NONE);
      return;
    }
    put(8, 0, 0, this.#register(value.value));
  }

  /** Two constants stored side by side into a slot, one after the other, are one store of twice the size. */
  #joined(value: ValueOf<'store'>, imm: number): boolean {
    const { base, size } = value;
    const last = this.#code[this.#code.length - 1];
    if (base.kind !== 'slotAddress' || size === 8 || bigEndian) return false;
    const offset = base.offset + value.offset;
    const whole = size * 2;
    if (last?.kind !== 'store' || last.frame !== base.slot || last.src !== NONE || last.size !== size)
      return false;
    const first = Math.min(offset, last.offset);
    if (Math.abs(offset - last.offset) !== size || first % whole !== 0 || base.slot.align < whole)
      return false;
    const [low, high] = offset > last.offset ? [last.imm, imm] : [imm, last.imm];
    const bits = BigInt(size * 8);
    const joined = (BigInt(high) << bits) | BigInt.asUintN(size * 8, BigInt(low));
    const value64 = BigInt.asIntN(size * 16, joined);
    if (BigInt.asIntN(32, value64) !== value64) return false;
    last.size = whole as 2 | 4 | 8;
    last.offset = first;
    last.imm = Number(value64);
    return true;
  }

  #atomic(value: ValueOf<'atomic'>): void {
    const at = this.#address(value);
    let src: number;
    if (value.op === 'compareExchange') {
      src = this.#register(value.value);
      this.#into(0, value.expected!);
    } else if (value.fetch || value.op === 'exchange') {
      // The old value comes back in the operand's register, so it needs one of its own.
      src = this.#own(value);
      this.#into(src, value.value);
    } else src = this.#register(value.value);
    const i = this.#emit('atomic');
    at(i);
    i.src = src;
    i.size = value.size;
    i.atomic = atomicOf[value.op][value.fetch ? 1 : 0];
    i.fetch = value.fetch || value.op === 'exchange';
    if (value.op === 'compareExchange' && value.fetch) this.#move(this.#own(value), 0);
  }

  #call(value: ValueOf<'call'>): void {
    const { callee, args } = value;
    if (args.length > 5) throw tooManyArguments(this.#fn.name, callee.name, args.length);
    // Values first: what is made from nothing can be made when the registers of the others are taken.
    for (const [i, arg] of args.entries()) if (!isOperandOnly(arg)) this.#move(i + 1, this.#own(arg));
    for (const [i, arg] of args.entries()) if (isOperandOnly(arg)) this.#into(i + 1, arg);
    const i = this.#emit('call');
    i.imm = args.length;
    i.callee = callee.kind;
    if (callee.kind === 'helper') i.target = callee.id;
    else if (callee.kind === 'kfunc') {
      i.target = callee.btfId;
      i.reference = { kind: 'kfunc', name: callee.name };
    } else i.reference = { kind: 'function', name: callee.name };
    if ((this.#uses.get(value) ?? 0) > 0) this.#move(this.#own(value), 0);
  }

  #phiCopies(from: Block, to: Block): void {
    const copies: { dst: number; src: number }[] = [];
    const constants: [number, Value][] = [];
    for (const phi of to.values) {
      if (phi.kind !== 'phi') break;
      if ((this.#uses.get(phi) ?? 0) === 0) continue;
      const value = phi.incoming.get(from)!;
      const dst = this.#own(phi);
      if (isOperandOnly(value)) constants.push([dst, value]);
      else if (this.#own(value) !== dst) copies.push({ dst, src: this.#own(value) });
    }
    while (copies.length > 0) {
      const free = copies.findIndex((c) => !copies.some((other) => other !== c && other.src === c.dst));
      if (free >= 0) {
        const [copy] = copies.splice(free, 1);
        this.#move(copy.dst, copy.src);
        continue;
      }
      const saved = this.#new();
      const blocked = copies[0].dst;
      this.#made.scalar[saved] = this.#made.scalar[blocked];
      this.#move(saved, blocked);
      for (const copy of copies) if (copy.src === blocked) copy.src = saved;
    }
    for (const [dst, value] of constants) this.#into(dst, value);
  }
}

/** The value is what the phi gets over some edge. */
function feeds(value: Value, phi: Value): boolean {
  if (phi.kind !== 'phi') return false;
  for (const incoming of phi.incoming.values()) if (incoming === value) return true;
  return false;
}

/** Bounds belong to scalars; kernel and user addresses that only helpers read are scalars to the verifier. */
function isVerifierScalar(value: Value): boolean {
  const type = value.type;
  return type.kind === 'scalar' || type.provenance === 'kernelRaw' || type.provenance === 'user';
}

const bigEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;
