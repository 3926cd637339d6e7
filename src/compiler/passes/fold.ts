/**
 * Folding: constants are computed, identities removed, operations replaced by cheaper ones.
 *
 * Values are visited in reverse postorder, so that operands are simple already. A rule that looks
 * *through* an operand (`(x + 1) + 2`) fires only if nobody else reads that operand: the program may have
 * compared it with a bound, and the verifier knows the bound for that register alone. Recomputing
 * the sum from `x` would lose it.
 */
import { commutative, evaluateBinary, evaluateByteSwap, evaluateExtend } from '../evaluate.ts';
import { constantOf, fitsSigned, usedBits } from '../facts.ts';
import { nextValueId, Replacements, reversePostorder, tidyGraph } from '../graph.ts';
import {
  type BinaryOp,
  type IrFunction,
  mapOperands,
  operandsOf,
  scalar32,
  scalar64,
  terminatorOperands,
  type Value,
  type ValueOf,
  type ValueType,
  type Width,
} from '../ir.ts';
import { foldBranch, foldCompare } from './conditions.ts';

const FULL = -1n;
const U32 = 0xffff_ffffn;

export interface FoldOptions {
  /** Sign-extending loads exist (v4). */
  readonly signedLoads: boolean;
}

/** Folds until nothing changes any more; true if something did. */
export function fold(fn: IrFunction, options: FoldOptions): boolean {
  let any = false;
  for (let round = 0; round < 8; round++) {
    if (!new Folder(fn, options).run()) return any;
    any = true;
  }
  return any;
}

export class Folder {
  readonly #fn: IrFunction;
  readonly #options: FoldOptions;
  readonly #replaced: Replacements = new Replacements();
  readonly #uses: number[] = [];
  #next: number;
  #out: Value[] = [];
  #changed = false;
  #source: Value['source'];

  constructor(fn: IrFunction, options: FoldOptions) {
    this.#fn = fn;
    this.#options = options;
    this.#next = nextValueId(fn);
  }

  run(): boolean {
    const order = reversePostorder(this.#fn.blocks[0]);
    const count = (v: Value) => {
      this.#uses[v.id] = (this.#uses[v.id] ?? 0) + 1;
    };
    for (const block of order) {
      for (const value of block.values) for (const operand of operandsOf(value)) count(operand);
      if (block.terminator) for (const operand of terminatorOperands(block.terminator)) count(operand);
    }
    let edges = false;
    for (const block of order) {
      const values = block.values;
      this.#out = [];
      for (const value of values) {
        mapOperands(value, this.#replaced.resolve);
        this.#source = value.source;
        const better = this.#simplify(value);
        if (better === undefined) this.#out.push(value);
        else {
          this.#replaced.set(value, better);
          this.#changed = true;
        }
      }
      const end = block.terminator;
      if (end?.kind === 'branch') {
        end.left = this.#replaced.resolve(end.left);
        end.right = this.#replaced.resolve(end.right);
        this.#source = end.source;
        const better = foldBranch(end, this);
        if (better) {
          block.terminator = better;
          this.#changed = true;
          edges ||= better.kind === 'jump';
        }
      } else if (end?.kind === 'return') end.value = this.#replaced.resolve(end.value);
      block.values = this.#out;
    }
    if (this.#replaced.size > 0) this.#rename();
    if (edges) tidyGraph(this.#fn);
    return this.#changed;
  }

  /** Phis and loops can have read a value before it was replaced. */
  #rename(): void {
    const resolve = this.#replaced.resolve;
    for (const block of this.#fn.blocks) {
      for (const value of block.values) mapOperands(value, resolve);
      const end = block.terminator;
      if (end?.kind === 'branch') {
        end.left = resolve(end.left);
        end.right = resolve(end.right);
      } else if (end?.kind === 'return') end.value = resolve(end.value);
    }
  }

  // What the rules build with

  /** Only one instruction reads the value, so a rule may look through it. */
  isPrivate(value: Value): boolean {
    return (this.#uses[value.id] ?? 0) <= 1;
  }

  constant(value: bigint, type: ValueType = scalar64): Value {
    return { kind: 'constant', value: BigInt.asIntN(64, value), id: this.#next++, type };
  }

  binary(op: BinaryOp, width: Width, left: Value, right: Value, type: ValueType): Value {
    return this.#made({
      kind: 'binary',
      op,
      width,
      left,
      right,
      id: this.#next++,
      type,
      source: this.#source,
    });
  }

  extend(from: 8 | 16 | 32, signed: boolean, value: Value): Value {
    const type: ValueType = { kind: 'scalar', bits: 64, signed };
    return this.#made({ kind: 'extend', from, signed, value, id: this.#next++, type, source: this.#source });
  }

  compare(value: Omit<ValueOf<'compare'>, 'id' | 'source' | 'type'>): Value {
    return this.#made({ ...value, id: this.#next++, type: scalar32, source: this.#source });
  }

  #made(value: Value): Value {
    const better = this.#simplify(value);
    if (better) return better;
    this.#uses[value.id] = 1;
    for (const operand of operandsOf(value)) this.#uses[operand.id] = (this.#uses[operand.id] ?? 0) + 1;
    this.#out.push(value);
    return value;
  }

  /** What the value is better written as, already placed; undefined to keep it. */
  #simplify(value: Value): Value | undefined {
    switch (value.kind) {
      case 'binary':
        return this.#binary(value);
      case 'extend':
        return this.#extend(value);
      case 'compare':
        return foldCompare(value, this);
      case 'byteSwap': {
        const c = constantOf(value.value);
        if (c !== undefined) return this.constant(evaluateByteSwap(value.bits, c), value.type);
        const inner = value.value;
        if (inner.kind === 'byteSwap' && inner.bits === 64 && value.bits === 64) return inner.value;
        return undefined;
      }
      case 'phi': {
        let same: Value | undefined;
        for (const incoming of value.incoming.values()) {
          const operand = this.#replaced.resolve(incoming);
          if (operand === value || operand === same) continue;
          if (same === undefined) same = operand;
          else return undefined;
        }
        return same;
      }
      case 'store':
        value.value = this.#stored(value.value, value.size * 8);
        return undefined;
      default:
        return undefined;
    }
  }

  /** What a store of `bits` may read instead: it ignores what an extension or a mask does above them. */
  #stored(value: Value, bits: number): Value {
    let v = value;
    for (;;) {
      if (v.kind === 'extend' && v.from >= bits) v = v.value;
      else if (v.kind === 'binary' && v.op === 'and' && bits < 64) {
        const mask = constantOf(v.right);
        if (mask === undefined || BigInt.asUintN(bits, mask) !== BigInt.asUintN(bits, FULL)) break;
        v = v.left;
      } else break;
    }
    if (v !== value) this.#changed = true;
    return v;
  }

  #extend(e: ValueOf<'extend'>): Value | undefined {
    const { from, signed, value: inner } = e;
    const c = constantOf(inner);
    if (c !== undefined) return this.constant(evaluateExtend(from, signed, c), e.type);
    if (signed ? fitsSigned(inner, from) : usedBits(inner) <= from) return inner;
    // One form for what a mask can do: rules about masks then need not know of extensions.
    if (!signed && from < 32)
      return this.binary('and', 64, inner, this.constant((1n << BigInt(from)) - 1n), e.type);
    if (!this.isPrivate(inner)) return undefined;
    if (inner.kind === 'extend' && inner.from >= from) return this.extend(from, signed, inner.value);
    if (inner.kind === 'binary' && inner.op === 'and' && inner.width === 64) {
      const mask = constantOf(inner.right);
      const all = (1n << BigInt(from)) - 1n;
      if (mask !== undefined && (mask & all) === all) return this.extend(from, signed, inner.left);
    }
    if (
      signed &&
      this.#options.signedLoads &&
      inner.kind === 'load' &&
      !inner.signed &&
      inner.size * 8 === from
    ) {
      // The load stays where it is: memory may change between it and here.
      (inner as { signed: boolean }).signed = true;
      return inner;
    }
    if (!signed && from === 32 && inner.kind === 'binary' && inner.width === 64 && narrows(inner)) {
      return this.binary(inner.op, 32, inner.left, inner.right, e.type);
    }
    return undefined;
  }

  #binary(b: ValueOf<'binary'>): Value | undefined {
    const { op, width, type } = b;
    const left = constantOf(b.left);
    let right = constantOf(b.right);
    if (left !== undefined && right !== undefined) {
      return this.constant(evaluateBinary(op, width, left, right), type);
    }
    if (left !== undefined && commutative.has(op)) return this.binary(op, width, b.right, b.left, type);
    if (left === 0n && (op === 'shl' || op === 'lshr' || op === 'ashr' || op === 'div' || op === 'sdiv')) {
      return this.constant(0n, type);
    }
    if (width === 32) {
      const x = this.#low(b.left);
      const y = this.#low(b.right);
      if (x !== b.left || y !== b.right) return this.binary(op, 32, x, y, type);
    }
    if (right === undefined) return b.left === b.right ? this.#sameOperands(b) : undefined;
    right = width === 32 ? BigInt.asIntN(32, right) : right;
    const whole = (v: Value) => (width === 64 ? v : this.extend(32, false, v));
    switch (op) {
      case 'add':
        if (right === 0n) return whole(b.left);
        break;
      case 'sub':
        if (right === 0n) return whole(b.left);
        // Not for pointers into a packet or the context, whose subtraction the verifier treats specially.
        if (right !== -(1n << 63n) && b.left.type.kind === 'scalar') {
          return this.binary('add', width, b.left, this.constant(-right), type);
        }
        return undefined;
      case 'mul':
        if (right === 0n) return this.constant(0n, type);
        if (right === 1n) return whole(b.left);
        if (powerOfTwo(right, width) > 0) return this.#shift('shl', b, powerOfTwo(right, width));
        break;
      case 'div':
        if (right === 0n) return this.constant(0n, type);
        if (right === 1n) return whole(b.left);
        if (powerOfTwo(right, width) > 0) return this.#shift('lshr', b, powerOfTwo(right, width));
        return undefined;
      case 'mod':
        if (right === 0n) return whole(b.left);
        if (right === 1n) return this.constant(0n, type);
        if (powerOfTwo(right, width) > 0) {
          return this.binary('and', width, b.left, this.constant(BigInt.asUintN(width, right) - 1n), type);
        }
        return undefined;
      case 'sdiv':
        if (right === 0n) return this.constant(0n, type);
        return right === 1n ? whole(b.left) : undefined;
      case 'smod':
        if (right === 0n) return whole(b.left);
        return right === 1n || right === -1n ? this.constant(0n, type) : undefined;
      case 'and':
        return this.#mask(b, right);
      case 'or':
        if (right === FULL) return this.constant(width === 64 ? FULL : U32, type);
        if (right === 0n) return whole(b.left);
        break;
      case 'xor':
        if (right === 0n) return whole(b.left);
        break;
      case 'shl':
      case 'lshr':
      case 'ashr':
        return this.#shifted(b, right);
    }
    // (x op c1) op c2 = x op (c1 op c2) for the associative ones that reach this point.
    const inner = b.left;
    if (inner.kind === 'binary' && inner.op === op && inner.width === width && this.isPrivate(inner)) {
      const c = constantOf(inner.right);
      if (c !== undefined) {
        return this.binary(op, width, inner.left, this.constant(evaluateBinary(op, width, c, right)), type);
      }
    }
    if (op === 'add' && width === 64) return this.#address(b.left, right, type);
    return undefined;
  }

  /** The operand of a 32-bit operation: what an extension does above its 32 bits does not matter. */
  #low(value: Value): Value {
    return value.kind === 'extend' && value.from === 32 && this.isPrivate(value) ? value.value : value;
  }

  #sameOperands(b: ValueOf<'binary'>): Value | undefined {
    if (b.left.type.kind !== 'scalar') return undefined;
    if (b.op === 'sub' || b.op === 'xor') return this.constant(0n, b.type);
    if ((b.op === 'and' || b.op === 'or') && b.width === 64) return b.left;
    return undefined;
  }

  /** A constant distance from an address that is itself constant. */
  #address(left: Value, by: bigint, type: ValueType): Value | undefined {
    if (by < -0x7fff_ffffn || by > 0x7fff_ffffn) return undefined;
    if (left.kind !== 'slotAddress' && left.kind !== 'mapValueAddress') return undefined;
    const offset = left.offset + Number(by);
    const size = left.kind === 'slotAddress' ? left.slot.size : 0x7fff_ffff;
    if (offset < 0 || offset > size) return undefined;
    return { ...left, offset, type, id: this.#next++ };
  }

  #shift(op: BinaryOp, b: ValueOf<'binary'>, by: number): Value {
    return this.binary(op, b.width, b.left, this.constant(BigInt(by)), b.type);
  }

  #mask(b: ValueOf<'binary'>, mask: bigint): Value | undefined {
    const { width, left, type } = b;
    if (mask === 0n) return this.constant(0n, type);
    if (mask === FULL) return width === 64 ? left : this.extend(32, false, left);
    const bits = usedBits(left);
    if (bits < 64) {
      const all = (1n << BigInt(Math.min(bits, width))) - 1n;
      if ((mask & all) === all && (bits <= width || width === 64)) return left;
    }
    if (width === 64 && mask === U32) return this.extend(32, false, left);
    // An immediate is 32 bits with a sign: a mask with the top one of 32 bits set fits only the 32-bit form.
    if (width === 64 && mask > 0x7fff_ffffn && mask < U32) return this.binary('and', 32, left, b.right, type);
    if (!this.isPrivate(left)) return undefined;
    if (left.kind === 'binary' && left.op === 'and' && left.width === width) {
      const inner = constantOf(left.right);
      if (inner !== undefined) {
        return this.binary(
          'and',
          width,
          left.left,
          this.constant(evaluateBinary('and', width, inner, mask)),
          type,
        );
      }
    }
    if (left.kind === 'extend' && mask > 0n && mask < 1n << BigInt(left.from)) {
      return this.binary('and', width, left.value, b.right, type);
    }
    return undefined;
  }

  #shifted(b: ValueOf<'binary'>, amount: bigint): Value | undefined {
    const { op, width, left, type } = b;
    const by = amount & BigInt(width - 1);
    if (by !== amount) return this.binary(op, width, left, this.constant(by), type);
    if (by === 0n) return width === 64 ? left : this.extend(32, false, left);
    if (op === 'lshr' && usedBits(left) <= Number(by)) return this.constant(0n, type);
    if (left.kind !== 'binary' || left.width !== width || !this.isPrivate(left)) return undefined;
    const inner = constantOf(left.right);
    if (inner === undefined) return undefined;
    const before = inner & BigInt(width - 1);
    if (left.op === op) {
      const sum = before + by;
      if (sum < BigInt(width)) return this.binary(op, width, left.left, this.constant(sum), type);
      return op === 'ashr' ? undefined : this.constant(0n, type);
    }
    if (left.op === 'shl' && before === by && width === 64 && (op === 'lshr' || op === 'ashr')) {
      const kept = 64 - Number(by);
      if (kept === 32 || kept === 16 || kept === 8) {
        return this.extend(kept, op === 'ashr', left.left);
      }
    }
    return undefined;
  }
}

/** The exponent if the constant is a power of two of that width, else -1. */
function powerOfTwo(value: bigint, width: Width): number {
  const v = BigInt.asUintN(width, value);
  if (v === 0n || (v & (v - 1n)) !== 0n) return -1;
  return v.toString(2).length - 1;
}

/** The low 32 bits of the result depend on the low 32 bits of the operands only, which are no pointers. */
function narrows(b: ValueOf<'binary'>): boolean {
  if (b.left.type.kind !== 'scalar' || b.right.type.kind !== 'scalar') return false;
  switch (b.op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'and':
    case 'or':
    case 'xor':
      return true;
    case 'shl': {
      const by = constantOf(b.right);
      return by !== undefined && by >= 0n && by < 32n;
    }
    default:
      return false;
  }
}
