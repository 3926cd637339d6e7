/**
 * Runs BPF instructions on plain memory, written from the instruction set's document alone
 * (Documentation/bpf/standardization/instruction-set.rst): the judge of what the compiler emits.
 *
 * Deliberately shares no code with the compiler. Registers are unsigned 64-bit bigints; reading a register
 * that nothing has written is an error, as for the verifier.
 */
import { type Instruction, slotsOf } from '../../src/asm/instruction.ts';

export interface InterpreterHost {
  /** Little-endian load and store by address. */
  read(address: bigint, size: number): bigint;
  write(address: bigint, size: number, value: bigint): void;
  /** Address of a fresh stack of 512 bytes, and its return. */
  pushStack(): bigint;
  popStack(): void;
  mapValue(map: string): bigint;
  /** Result of helper `id` or kernel function. */
  call(id: number, args: readonly (bigint | undefined)[]): bigint;
  readonly limit: number;
}

const u64 = (v: bigint): bigint => BigInt.asUintN(64, v);
const u32 = (v: bigint): bigint => BigInt.asUintN(32, v);
const sizes = [4, 2, 1, 8] as const;

export function runBpf(
  program: readonly Instruction[],
  args: readonly bigint[],
  host: InterpreterHost,
): bigint {
  const bySlot: (Instruction | undefined)[] = [];
  for (const instruction of program) {
    bySlot.push(instruction);
    if (slotsOf(instruction) === 2) bySlot.push(undefined);
  }
  let steps = 0;

  const callFunction = (start: number, passed: readonly (bigint | undefined)[]): bigint => {
    const r: (bigint | undefined)[] = new Array(11).fill(undefined);
    for (const [i, arg] of passed.entries()) r[i + 1] = arg;
    r[10] = host.pushStack() + 512n;
    let pc = start;
    const get = (n: number): bigint => {
      const v = r[n];
      if (v === undefined) throw new Error(`slot ${pc}: r${n} was never written`);
      return v;
    };
    for (;;) {
      if (++steps > host.limit) throw new Error('too many steps');
      const i = bySlot[pc];
      if (!i) throw new Error(`no instruction at slot ${pc}`);
      const kind = i.opcode & 7;
      const size = sizes[(i.opcode >> 3) & 3];
      const set = (n: number, v: bigint): void => {
        if (n === 10) throw new Error(`slot ${pc}: r10 is read-only`);
        r[n] = u64(v);
      };
      const operand = (): bigint => ((i.opcode & 8) !== 0 ? get(i.src) : u64(BigInt(i.imm)));
      switch (kind) {
        case 0: // ld_imm64
          if (i.reference?.kind === 'mapValue')
            set(i.dst, host.mapValue(i.reference.map) + BigInt(i.reference.offset));
          else if (i.reference?.kind === 'map') set(i.dst, 1n);
          else set(i.dst, i.imm64!);
          pc += 2;
          continue;
        case 1: {
          const loaded = host.read(get(i.src) + BigInt(i.offset), size);
          set(i.dst, i.opcode >> 5 === 4 ? BigInt.asIntN(size * 8, loaded) : loaded);
          break;
        }
        case 2:
          host.write(get(i.dst) + BigInt(i.offset), size, BigInt(i.imm));
          break;
        case 3: {
          const at = get(i.dst) + BigInt(i.offset);
          const value = get(i.src);
          if (i.opcode >> 5 === 3) {
            host.write(at, size, value);
            break;
          }
          const old = host.read(at, size);
          const cut = (v: bigint): bigint => BigInt.asUintN(size * 8, v);
          switch (i.imm & 0xf0) {
            case 0x00:
              host.write(at, size, old + value);
              break;
            case 0x40:
              host.write(at, size, old | value);
              break;
            case 0x50:
              host.write(at, size, old & value);
              break;
            case 0xa0:
              host.write(at, size, old ^ value);
              break;
            case 0xe0:
              host.write(at, size, value);
              break;
            case 0xf0:
              if (cut(get(0)) === old) host.write(at, size, value);
              set(0, old);
              break;
            default:
              throw new Error(`slot ${pc}: atomic ${i.imm}`);
          }
          if ((i.imm & 1) !== 0 && (i.imm & 0xf0) !== 0xf0) set(i.src, old);
          break;
        }
        case 4:
        case 7:
          set(i.dst, alu(i, kind === 7, (i.opcode & 0xf0) === 0xb0 ? 0n : get(i.dst), operand));
          break;
        default: {
          const op = i.opcode & 0xf0;
          if (i.opcode === 0x95) {
            host.popStack();
            return get(0);
          }
          if (i.opcode === 0x85) {
            const result =
              i.src === 1 ? callFunction(pc + i.imm + 1, r.slice(1, 6)) : host.call(i.imm, r.slice(1, 6));
            set(0, result);
            for (let n = 1; n <= 5; n++) r[n] = undefined;
          } else if (op === 0) pc += kind === 6 ? i.imm : i.offset;
          else if (taken(op, kind === 6 ? 32 : 64, get(i.dst), operand())) pc += i.offset;
        }
      }
      pc++;
    }
  };
  return callFunction(0, args);
}

function alu(i: Instruction, wide: boolean, dst: bigint, operand: () => bigint): bigint {
  const bits = wide ? 64 : 32;
  const cut = (v: bigint): bigint => BigInt.asUintN(bits, v);
  const signed = (v: bigint): bigint => BigInt.asIntN(bits, v);
  const op = i.opcode & 0xf0;
  if (op === 0x80) return cut(-dst);
  if (op === 0xd0) {
    // Byte order; in class alu32 the source bit asks for big endian. This interpreter's machine is little endian.
    const value = BigInt.asUintN(i.imm, dst);
    if (!wide && (i.opcode & 8) === 0) return value;
    let swapped = 0n;
    for (let k = 0; k < i.imm; k += 8) swapped = (swapped << 8n) | ((value >> BigInt(k)) & 0xffn);
    return swapped;
  }
  const src = operand();
  const a = cut(dst);
  const b = cut(src);
  const shift = b & BigInt(bits - 1);
  switch (op) {
    case 0x00:
      return cut(a + b);
    case 0x10:
      return cut(a - b);
    case 0x20:
      return cut(a * b);
    case 0x30:
      if (b === 0n) return 0n;
      return i.offset === 1 ? cut(signed(a) / signed(b)) : a / b;
    case 0x40:
      return a | b;
    case 0x50:
      return a & b;
    case 0x60:
    case 0x70:
    case 0xc0:
      if ((i.opcode & 8) === 0 && shift !== b) throw new Error('shift by an immediate beyond the width');
      return op === 0x60 ? cut(a << shift) : op === 0x70 ? a >> shift : cut(signed(a) >> shift);
    case 0x90:
      if (b === 0n) return a;
      return i.offset === 1 ? cut(signed(a) % signed(b)) : a % b;
    case 0xa0:
      return a ^ b;
    case 0xb0:
      return i.offset === 0 ? b : cut(BigInt.asIntN(i.offset, src));
    default:
      throw new Error(`alu operation ${op}`);
  }
}

function taken(op: number, bits: 32 | 64, left: bigint, right: bigint): boolean {
  const a = bits === 32 ? u32(left) : u64(left);
  const b = bits === 32 ? u32(right) : u64(right);
  const x = BigInt.asIntN(bits, left);
  const y = BigInt.asIntN(bits, right);
  switch (op) {
    case 0x10:
      return a === b;
    case 0x20:
      return a > b;
    case 0x30:
      return a >= b;
    case 0x40:
      return (a & b) !== 0n;
    case 0x50:
      return a !== b;
    case 0x60:
      return x > y;
    case 0x70:
      return x >= y;
    case 0xa0:
      return a < b;
    case 0xb0:
      return a <= b;
    case 0xc0:
      return x < y;
    case 0xd0:
      return x <= y;
    default:
      throw new Error(`jump operation ${op}`);
  }
}
