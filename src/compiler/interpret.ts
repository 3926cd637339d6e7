/**
 * Runs the intermediate form on plain memory: what a program means, independent of how it is compiled.
 *
 * Tests compare compiled programs with it. Registers are signed 64-bit bigints, addresses are positions in
 * one flat memory, and helpers are the caller's.
 */

import { invalidForm } from './errors.ts';
import { evaluateBinary, evaluateByteSwap, evaluateCompare, evaluateExtend } from './evaluate.ts';
import {
  type AtomicOp,
  type Block,
  type Callee,
  type IrFunction,
  type IrModule,
  type MemorySize,
  type Slot,
  unreachable,
  type Value,
} from './ir.ts';

const littleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Flat memory whose addresses are numbers from 4096 up, so that null points nowhere. */
export class FlatMemory {
  static readonly base = 4096;
  readonly #view: DataView;
  #next = 0;

  constructor(bytes: number = 1 << 16) {
    this.#view = new DataView(new ArrayBuffer(bytes));
  }

  /** Address of fresh zeroed bytes, aligned to 8. */
  allocate(bytes: number): bigint {
    const at = this.#next;
    this.#next += Math.ceil(bytes / 8) * 8;
    if (this.#next > this.#view.byteLength) throw new RangeError('interpreter: out of memory');
    return BigInt(at + FlatMemory.base);
  }

  /** Forgets everything allocated since `mark`. */
  release(mark: number): void {
    new Uint8Array(this.#view.buffer, mark, this.#next - mark).fill(0);
    this.#next = mark;
  }

  get mark(): number {
    return this.#next;
  }

  bytes(address: bigint, length: number): Uint8Array {
    return new Uint8Array(this.#view.buffer, this.#at(address, length), length);
  }

  #at(address: bigint, length: number): number {
    const at = Number(BigInt.asUintN(64, address)) - FlatMemory.base;
    if (at < 0 || at + length > this.#view.byteLength)
      throw new RangeError(`interpreter: bad address ${address}`);
    return at;
  }

  /** Zero-extended. */
  read(address: bigint, size: MemorySize): bigint {
    const at = this.#at(address, size);
    if (size === 8) return this.#view.getBigInt64(at, littleEndian);
    if (size === 4) return BigInt(this.#view.getUint32(at, littleEndian));
    return BigInt(size === 2 ? this.#view.getUint16(at, littleEndian) : this.#view.getUint8(at));
  }

  write(address: bigint, size: MemorySize, value: bigint): void {
    const at = this.#at(address, size);
    if (size === 8) this.#view.setBigUint64(at, BigInt.asUintN(64, value), littleEndian);
    else if (size === 4) this.#view.setUint32(at, Number(BigInt.asUintN(32, value)), littleEndian);
    else if (size === 2) this.#view.setUint16(at, Number(BigInt.asUintN(16, value)), littleEndian);
    else this.#view.setUint8(at, Number(BigInt.asUintN(8, value)));
  }
}

export interface Host {
  readonly memory: FlatMemory;
  /** Address of the value of a one-element map. */
  mapValue(map: string): bigint;
  /** What a helper or kernel function returns. */
  call(callee: Exclude<Callee, { kind: 'function' }>, args: readonly bigint[]): bigint;
  /** Steps after which a run counts as endless. */
  readonly limit: number;
  /** Told of each value that is computed. Default: nobody. */
  readonly watch?: (value: Value, result: bigint) => void;
}

/** The result of the entry function. Throws RangeError for a bad address or an endless run. */
export function interpret(module: IrModule, args: readonly bigint[], host: Host): bigint {
  return new Interpreter(module, host).run(module.functions[0], args);
}

export function evaluateAtomic(op: AtomicOp, old: bigint, value: bigint, expected: bigint): bigint {
  switch (op) {
    case 'add':
      return old + value;
    case 'and':
      return old & value;
    case 'or':
      return old | value;
    case 'xor':
      return old ^ value;
    case 'exchange':
      return value;
    case 'compareExchange':
      return old === expected ? value : old;
    default:
      return unreachable(op);
  }
}

class Interpreter {
  readonly #module: IrModule;
  readonly #host: Host;
  #steps = 0;

  constructor(module: IrModule, host: Host) {
    this.#module = module;
    this.#host = host;
  }

  run(fn: IrFunction, args: readonly bigint[]): bigint {
    const { memory } = this.#host;
    const mark = memory.mark;
    const slots = new Map<Slot, bigint>();
    for (const slot of fn.slots) slots.set(slot, memory.allocate(slot.size));
    const values = new Map<Value, bigint>();
    const get = (value: Value): bigint => {
      switch (value.kind) {
        case 'constant':
        case 'kernelConstant':
          return value.value;
        case 'slotAddress':
          return slots.get(value.slot)! + BigInt(value.offset);
        case 'mapValueAddress':
          return this.#host.mapValue(value.map) + BigInt(value.offset);
        case 'mapAddress':
        case 'functionAddress':
          return 0n;
        default: {
          const known = values.get(value);
          if (known === undefined) throw invalidForm(fn.name, `%${value.id} is read before it has a value`);
          return known;
        }
      }
    };
    let block = fn.blocks[0];
    let from: Block | undefined;
    for (;;) {
      const came = from;
      const phis: [Value, bigint][] = [];
      for (const value of block.values) {
        if (value.kind === 'phi' && came) phis.push([value, get(value.incoming.get(came)!)]);
      }
      for (const [phi, value] of phis) {
        values.set(phi, value);
        this.#host.watch?.(phi, value);
      }
      for (const value of block.values) {
        if (++this.#steps > this.#host.limit) throw new RangeError('interpreter: too many steps');
        const result = value.kind === 'phi' ? undefined : this.#step(value, get, args);
        if (result === undefined) continue;
        values.set(value, BigInt.asIntN(64, result));
        this.#host.watch?.(value, BigInt.asIntN(64, result));
      }
      const end = block.terminator!;
      if (++this.#steps > this.#host.limit) throw new RangeError('interpreter: too many steps');
      from = block;
      if (end.kind === 'return') {
        const result = get(end.value);
        memory.release(mark);
        return result;
      }
      if (end.kind === 'jump') block = end.target;
      else
        block = evaluateCompare(end.op, end.width, get(end.left), get(end.right)) ? end.then : end.otherwise;
    }
  }

  #step(value: Value, get: (v: Value) => bigint, args: readonly bigint[]): bigint | undefined {
    const { memory } = this.#host;
    const address = (base: Value, offset: number): bigint => get(base) + BigInt(offset);
    switch (value.kind) {
      case 'parameter':
        return args[value.index];
      case 'binary':
        return evaluateBinary(value.op, value.width, get(value.left), get(value.right));
      case 'compare':
        return evaluateCompare(value.op, value.width, get(value.left), get(value.right)) ? 1n : 0n;
      case 'extend':
        return evaluateExtend(value.from, value.signed, get(value.value));
      case 'byteSwap':
        return evaluateByteSwap(value.bits, get(value.value));
      case 'load': {
        const read = memory.read(address(value.base, value.offset), value.size);
        return value.signed ? BigInt.asIntN(value.size * 8, read) : read;
      }
      case 'store':
        memory.write(address(value.base, value.offset), value.size, get(value.value));
        return undefined;
      case 'atomic': {
        const at = address(value.base, value.offset);
        const old = memory.read(at, value.size);
        const bits = value.size * 8;
        const expected = value.expected ? get(value.expected) : 0n;
        const cut = (v: bigint): bigint => (bits === 64 ? BigInt.asIntN(64, v) : BigInt.asUintN(32, v));
        memory.write(at, value.size, evaluateAtomic(value.op, old, get(value.value), cut(expected)));
        return value.fetch ? old : undefined;
      }
      case 'call': {
        const passed = value.args.map(get);
        if (value.callee.kind !== 'function') return this.#host.call(value.callee, passed);
        const { name } = value.callee;
        const callee = this.#module.functions.find((fn) => fn.name === name);
        if (!callee) throw invalidForm(name, 'called, but not in the module');
        return this.run(callee, passed);
      }
      case 'constant':
      case 'slotAddress':
      case 'mapAddress':
      case 'mapValueAddress':
      case 'functionAddress':
      case 'kernelConstant':
        return get(value);
      case 'phi':
        return undefined;
      default:
        return unreachable(value);
    }
  }
}
