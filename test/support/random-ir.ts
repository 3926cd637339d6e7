/**
 * Random programs in the intermediate form, the same for the same seed: arithmetic, branches, bounded loops,
 * variables that become phis, slots, a map value, calls that destroy registers, functions of the program.
 *
 * A program reads its input from the map value `g` (64 bytes at 0), writes results at 64 and up, and returns
 * a mixture of what it computed. No address ever becomes part of a result.
 */
import { FunctionBuilder, type Variable } from '../../src/compiler/builder.ts';
import type {
  AtomicOp,
  BinaryOp,
  Callee,
  CompareOp,
  IrFunction,
  IrModule,
  MemorySize,
  Slot,
  Value,
  Width,
} from '../../src/compiler/ir.ts';

export const GLOBALS = 'g';
export const GLOBALS_SIZE = 256;

export interface RandomOptions {
  /** About how many statements. */
  readonly size: number;
  /** sdiv, smod and the like are drawn too; they are legal in every instruction set. */
  readonly functions?: boolean;
  /** A helper that takes no arguments and whose result is not used. */
  readonly barrier: number;
  /** Helpers with arguments, answered by the test's host: not for the kernel. */
  readonly traced?: boolean;
}

const binaryOps: readonly BinaryOp[] = [
  'add',
  'add',
  'sub',
  'mul',
  'div',
  'mod',
  'sdiv',
  'smod',
  'and',
  'and',
  'or',
  'xor',
  'shl',
  'lshr',
  'ashr',
];
const compareOps: readonly CompareOp[] = [
  'eq',
  'ne',
  'ult',
  'ule',
  'ugt',
  'uge',
  'slt',
  'sle',
  'sgt',
  'sge',
  'test',
];
const memorySizes: readonly MemorySize[] = [1, 2, 4, 8];
const atomicOps: readonly AtomicOp[] = ['add', 'and', 'or', 'xor', 'exchange', 'compareExchange'];

export function randomModule(seed: number, options: RandomOptions): IrModule {
  const random = generator(seed);
  const callees: string[] = [];
  const functions: IrFunction[] = [];
  if (options.functions && random(2) === 0) {
    for (let i = 0; i <= random(2); i++) {
      const name = `helper${i}`;
      functions.push(
        new Writer(random, { ...options, size: Math.ceil(options.size / 4) }, []).function(name, 'static'),
      );
      callees.push(name);
    }
  }
  const entry = new Writer(random, options, callees).function('entry', 'entry');
  const called = functions.filter((fn) => calls(entry, fn.name));
  return { name: 'random', functions: [entry, ...called] };
}

function calls(fn: IrFunction, name: string): boolean {
  return fn.blocks.some((block) =>
    block.values.some((v) => v.kind === 'call' && v.callee.kind === 'function' && v.callee.name === name),
  );
}

type Random = (below: number) => number;

/** xorshift32: enough for drawing programs, and the same everywhere. */
function generator(seed: number): Random {
  let state = (seed * 2654435761 + 0x9e3779b9) >>> 0 || 1;
  for (let i = 0; i < 4; i++) step();
  function step(): number {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  }
  return (below) => step() % below;
}

class Writer {
  readonly #random: Random;
  readonly #options: RandomOptions;
  readonly #callees: readonly string[];
  #b!: FunctionBuilder;
  #variables: Variable[] = [];
  #slots: Slot[] = [];
  /** Values that every later point of the current nesting may read, innermost last. */
  #scopes: Value[][] = [];
  #depth = 0;
  #budget: number;

  constructor(random: Random, options: RandomOptions, callees: readonly string[]) {
    this.#random = random;
    this.#options = options;
    this.#callees = callees;
    this.#budget = options.size;
  }

  function(name: string, role: IrFunction['role']): IrFunction {
    const scalar = { kind: 'scalar', bits: 64, signed: false } as const;
    const context = { kind: 'pointer', provenance: 'context', nullable: false } as const;
    const parameters =
      role === 'entry'
        ? [{ name: 'ctx', type: context }]
        : [
            { name: 'a', type: scalar },
            { name: 'b', type: scalar },
          ];
    const b = new FunctionBuilder(name, role, parameters);
    this.#b = b;
    this.#scopes = [[]];
    if (role !== 'entry') this.#scopes[0].push(b.parameter(0), b.parameter(1));
    for (let i = 0; i < 1 + this.#random(3); i++) {
      const slot = b.slot(`s${i}`, [4, 8, 16, 24][this.#random(4)], 8);
      this.#slots.push(slot);
      for (let at = 0; at < slot.size; at += 4)
        b.store(4, b.slotAddress(slot), at, b.constant(this.#random(100)));
    }
    for (let i = 0; i < 4 + this.#random(4); i++) this.#scopes[0].push(this.#input());
    for (let i = 0; i < 2 + this.#random(5); i++) {
      const variable = b.variable(`v${i}`);
      b.write(variable, this.#operand());
      this.#variables.push(variable);
    }
    this.#statements();
    let result = this.#operand();
    for (const variable of this.#variables) {
      result = b.binary('xor', b.binary('mul', result, b.constant(31)), b.read(variable));
    }
    for (const slot of this.#slots) {
      const at = this.#random(slot.size / 4) * 4;
      result = b.binary('add', result, b.load(4, b.slotAddress(slot), at));
    }
    b.store(8, b.mapValueAddress(GLOBALS), 64, result);
    b.return(result);
    return b.finish();
  }

  #input(): Value {
    const size = memorySizes[this.#random(4)];
    const offset = this.#random(64 / size) * size;
    return this.#b.load(size, this.#b.mapValueAddress(GLOBALS), offset, {
      signed: size < 8 && this.#random(3) === 0,
    });
  }

  #constant(): Value {
    const b = this.#b;
    switch (this.#random(8)) {
      case 0:
        return b.constant(0);
      case 1:
        return b.constant(1n << BigInt(this.#random(64)));
      case 2:
        return b.constant((1n << BigInt(this.#random(64))) - 1n);
      case 3:
        return b.constant(-1n - BigInt(this.#random(300)));
      case 4:
        return b.constant((BigInt(this.#random(0xffff)) << 40n) | BigInt(this.#random(0x7fffffff)));
      case 5:
        return b.constant([0xffn, 0xffffn, 0xffffffffn, 0x80000000n, 32n, 63n][this.#random(6)]);
      default:
        return b.constant(this.#random(70));
    }
  }

  #operand(): Value {
    const draw = this.#random(10);
    if (draw < 2) return this.#constant();
    if (draw < 4 && this.#variables.length > 0) {
      return this.#b.read(this.#variables[this.#random(this.#variables.length)]);
    }
    const all = this.#scopes.flat();
    if (all.length === 0) return this.#constant();
    // Young values more often than old ones: that makes chains for the folding rules.
    const back = Math.min(this.#random(all.length), this.#random(all.length));
    return all[all.length - 1 - back];
  }

  #remember(value: Value): void {
    this.#scopes[this.#scopes.length - 1].push(value);
  }

  #statements(): void {
    const count = 1 + this.#random(8);
    for (let i = 0; i < count || (this.#depth === 0 && this.#budget > 0); i++) {
      if (this.#budget <= 0) return;
      this.#budget--;
      this.#statement();
    }
  }

  #statement(): void {
    const b = this.#b;
    const width: Width = this.#random(3) === 0 ? 32 : 64;
    const draw = this.#random(26);
    if (draw < 10) {
      const op = binaryOps[this.#random(binaryOps.length)];
      this.#remember(b.binary(op, this.#operand(), this.#operand(), width));
    } else if (draw < 12) {
      this.#remember(
        b.extend(this.#operand(), ([8, 16, 32] as const)[this.#random(3)], this.#random(2) === 0),
      );
    } else if (draw === 12)
      this.#remember(b.byteSwap(this.#operand(), ([16, 32, 64] as const)[this.#random(3)]));
    else if (draw === 13)
      this.#remember(b.compare(this.#comparison(), this.#operand(), this.#operand(), width));
    else if (draw < 16) this.#write();
    else if (draw === 16) this.#memory();
    else if (draw === 17) this.#atomic();
    else if (draw === 18) this.#remember(this.#input());
    else if (draw === 19) this.#call();
    else if (draw < 24) this.#if();
    else if (this.#depth < 2) this.#loop();
  }

  #comparison(): CompareOp {
    return compareOps[this.#random(compareOps.length)];
  }

  #write(): void {
    const b = this.#b;
    const one = this.#variables[this.#random(this.#variables.length)];
    const other = this.#variables[this.#random(this.#variables.length)];
    if (this.#random(3) > 0) return b.write(one, this.#operand());
    // Exchanged: in a loop that makes phis which read one another.
    const kept = b.read(one);
    b.write(one, b.read(other));
    b.write(other, kept);
  }

  #memory(): void {
    const b = this.#b;
    const slot = this.#slots[this.#random(this.#slots.length)];
    const fits = memorySizes.filter((size) => size <= slot.size);
    const size = fits[this.#random(fits.length)];
    const offset = this.#random(slot.size / size) * size;
    if (this.#random(2) === 0) b.store(size, b.slotAddress(slot), offset, this.#operand());
    else if (this.#random(3) === 0)
      b.store(size, b.mapValueAddress(GLOBALS, 64), 8 + this.#random(8) * 8, this.#operand());
    else this.#remember(b.load(size, b.slotAddress(slot, this.#random(2) === 0 ? offset : 0), 0));
  }

  #atomic(): void {
    const b = this.#b;
    const op = atomicOps[this.#random(atomicOps.length)];
    const size = this.#random(2) === 0 ? 4 : 8;
    const needsFetch = op === 'exchange' || op === 'compareExchange';
    const fetch = needsFetch || this.#random(2) === 0;
    const base = b.mapValueAddress(GLOBALS, 128);
    const expected = op === 'compareExchange' ? { expected: this.#operand() } : {};
    const old = b.atomic(op, size, base, this.#random(8) * 8, this.#operand(), { fetch, ...expected });
    if (fetch) this.#remember(old);
  }

  #call(): void {
    const b = this.#b;
    if (this.#callees.length > 0 && this.#random(2) === 0) {
      const callee: Callee = { kind: 'function', name: this.#callees[this.#random(this.#callees.length)] };
      this.#remember(b.call(callee, [this.#operand(), this.#operand()]));
      return;
    }
    if (this.#options.traced && this.#random(2) === 0) {
      const args = Array.from({ length: this.#random(6) }, () => this.#operand());
      this.#remember(b.call({ kind: 'helper', id: 1000 + args.length, name: 'traced', pure: false }, args));
      return;
    }
    b.call({ kind: 'helper', id: this.#options.barrier, name: 'barrier', pure: false }, []);
  }

  #condition(
    then: string,
    otherwise: string,
  ): readonly [ReturnType<FunctionBuilder['block']>, ReturnType<FunctionBuilder['block']>] {
    const b = this.#b;
    const yes = b.block(then);
    const no = b.block(otherwise);
    const width: Width = this.#random(4) === 0 ? 32 : 64;
    if (this.#random(3) === 0) {
      // `x && y`, `x || y` as front ends write them: a variable that is 0, 1 or a comparison.
      const flag = b.variable('flag');
      const more = b.block('more');
      const ask = b.block('ask');
      const and = this.#random(2) === 0;
      b.write(flag, b.constant(and ? 0 : 1));
      const first = b.compare(this.#comparison(), this.#operand(), this.#operand(), width);
      if (and) b.branch('ne', first, b.constant(0), more, ask);
      else b.branch('ne', first, b.constant(0), ask, more);
      b.begin(more);
      b.write(flag, b.compare(this.#comparison(), this.#operand(), this.#operand(), width));
      b.jump(ask);
      b.begin(ask);
      b.branch(this.#random(2) === 0 ? 'ne' : 'eq', b.read(flag), b.constant(this.#random(2)), yes, no);
    } else b.branch(this.#comparison(), this.#operand(), this.#operand(), yes, no, width);
    return [yes, no];
  }

  #nested(): void {
    this.#scopes.push([]);
    this.#depth++;
    this.#statements();
    this.#depth--;
    this.#scopes.pop();
  }

  #if(): void {
    if (this.#depth > 4) return;
    const b = this.#b;
    const [yes, no] = this.#condition('then', 'else');
    const join = b.block('join');
    b.begin(yes);
    this.#nested();
    if (this.#depth < 2 && this.#random(12) === 0)
      b.return(this.#random(2) === 0 ? b.constant(7) : this.#operand());
    else b.jump(join);
    b.begin(no);
    if (this.#random(2) === 0) this.#nested();
    b.jump(join);
    b.begin(join);
  }

  #loop(): void {
    const b = this.#b;
    const i = b.variable('i');
    b.write(i, b.constant(0));
    const head = b.block('head');
    const body = b.block('body');
    const out = b.block('out');
    b.jump(head);
    b.enter(head);
    b.branch('ult', b.read(i), b.constant(1 + this.#random(5)), body, out);
    b.begin(body);
    this.#scopes.push([b.read(i)]);
    this.#depth++;
    this.#statements();
    if (this.#random(3) === 0) {
      // `if (...) break;`
      const more = b.block('more');
      b.branch(this.#comparison(), this.#operand(), this.#operand(), out, more);
      b.begin(more);
    }
    this.#depth--;
    this.#scopes.pop();
    b.write(i, b.binary('add', b.read(i), b.constant(1)));
    b.jump(head);
    b.seal(head);
    b.begin(out);
  }
}
