/**
 * Instructions as text, one a line, in the notation of the kernel's verifier log and bpftool
 * (kernel/bpf/disasm.c), so that our emitted code can be compared with what the kernel shows.
 *
 * Differs from the kernel: jump distances are written `goto +5` (there `goto pc+5`), and what only the loader
 * knows is shown by name: `r1 = map[counts]`, `r1 = map[globals]+16`, `call +7 <helper_body>`.
 */
import type { Instruction } from './instruction.ts';
import { slotsOf } from './instruction.ts';
import {
  AluOperation,
  AtomicOperation,
  CLASS_MASK,
  InstructionClass,
  JumpOperation,
  LD_IMM64,
  MODE_MASK,
  Mode,
  OPERATION_MASK,
  PseudoCall,
  PseudoLoad,
  SIZE_MASK,
  Size,
  Source,
} from './opcodes.ts';

export interface DisassembleOptions {
  /** Name of a helper by number; default: shown as `call unknown#N`, the kernel's word for it. */
  readonly helperName?: (id: number) => string | undefined;
}

const aluSigns: ReadonlyMap<number, string> = new Map([
  [AluOperation.add, '+='],
  [AluOperation.sub, '-='],
  [AluOperation.mul, '*='],
  [AluOperation.div, '/='],
  [AluOperation.or, '|='],
  [AluOperation.and, '&='],
  [AluOperation.lsh, '<<='],
  [AluOperation.rsh, '>>='],
  [AluOperation.mod, '%='],
  [AluOperation.xor, '^='],
  [AluOperation.mov, '='],
  [AluOperation.arsh, 's>>='],
]);

const conditionSigns: ReadonlyMap<number, string> = new Map([
  [JumpOperation.jeq, '=='],
  [JumpOperation.jgt, '>'],
  [JumpOperation.jge, '>='],
  [JumpOperation.jset, '&'],
  [JumpOperation.jne, '!='],
  [JumpOperation.jsgt, 's>'],
  [JumpOperation.jsge, 's>='],
  [JumpOperation.jlt, '<'],
  [JumpOperation.jle, '<='],
  [JumpOperation.jslt, 's<'],
  [JumpOperation.jsle, 's<='],
]);

const bitsOfSize: ReadonlyMap<number, number> = new Map([
  [Size.u8, 8],
  [Size.u16, 16],
  [Size.u32, 32],
  [Size.u64, 64],
]);

const atomicSigns: ReadonlyMap<number, string> = new Map([
  [AtomicOperation.add, '+='],
  [AtomicOperation.or, '|='],
  [AtomicOperation.and, '&='],
  [AtomicOperation.xor, '^='],
]);

const fetchNames: ReadonlyMap<number, string> = new Map([
  [AtomicOperation.fetchAdd, 'add'],
  [AtomicOperation.fetchOr, 'or'],
  [AtomicOperation.fetchAnd, 'and'],
  [AtomicOperation.fetchXor, 'xor'],
]);

/** The whole program; each line begins with its slot number, which is what jumps count in. */
export function disassemble(instructions: readonly Instruction[], options: DisassembleOptions = {}): string {
  const lines: string[] = [];
  let slot = 0;
  for (const instruction of instructions) {
    lines.push(`${String(slot).padStart(4)}: ${instructionText(instruction, options)}\n`);
    slot += slotsOf(instruction);
  }
  return lines.join('');
}

/** One instruction; an unknown one is shown by its fields and never throws. */
export function instructionText(instruction: Instruction, options: DisassembleOptions = {}): string {
  switch (instruction.opcode & CLASS_MASK) {
    case InstructionClass.alu32:
    case InstructionClass.alu64:
      return aluText(instruction);
    case InstructionClass.jmp:
    case InstructionClass.jmp32:
      return jumpText(instruction, options);
    case InstructionClass.ldx:
      return loadText(instruction);
    case InstructionClass.st:
    case InstructionClass.stx:
      return storeText(instruction);
    default:
      return legacyLoadText(instruction);
  }
}

function unknown({ opcode, dst, src, offset, imm }: Instruction): string {
  return `unknown opcode 0x${opcode.toString(16).padStart(2, '0')} (dst ${dst}, src ${src}, offset ${offset}, imm ${imm})`;
}

function plus(value: number): string {
  return value < 0 ? String(value) : `+${value}`;
}

function aluText(instruction: Instruction): string {
  const { opcode, dst, src, offset, imm } = instruction;
  const is64 = (opcode & CLASS_MASK) === InstructionClass.alu64;
  const byRegister = (opcode & Source.register) !== 0;
  const letter = is64 ? 'r' : 'w';
  const operation = opcode & OPERATION_MASK;
  if (operation === AluOperation.neg)
    return byRegister ? unknown(instruction) : `${letter}${dst} = -${letter}${dst}`;
  if (operation === AluOperation.end) {
    if (imm !== 16 && imm !== 32 && imm !== 64) return unknown(instruction);
    if (is64) return byRegister ? unknown(instruction) : `r${dst} = bswap${imm} r${dst}`;
    return `r${dst} = ${byRegister ? 'be' : 'le'}${imm} r${dst}`;
  }
  let sign = aluSigns.get(operation);
  if (sign === undefined) return unknown(instruction);
  if (operation === AluOperation.mov && offset !== 0) {
    if (byRegister && (offset === 8 || offset === 16 || (offset === 32 && is64))) {
      return `${letter}${dst} = (s${offset})${letter}${src}`;
    }
    if (byRegister && is64 && offset === 1) {
      return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`;
    }
    if (byRegister && is64 && offset === -1) return `r${dst} = &(void __percpu *)(r${src})`;
    return unknown(instruction);
  }
  if (offset !== 0) {
    if (offset !== 1 || (operation !== AluOperation.div && operation !== AluOperation.mod)) {
      return unknown(instruction);
    }
    sign = `s${sign}`;
  }
  return `${letter}${dst} ${sign} ${byRegister ? `${letter}${src}` : imm}`;
}

function jumpText(instruction: Instruction, options: DisassembleOptions): string {
  const { opcode, dst, src, offset, imm } = instruction;
  const long = (opcode & CLASS_MASK) === InstructionClass.jmp32;
  const byRegister = (opcode & Source.register) !== 0;
  const operation = opcode & OPERATION_MASK;
  if (operation === JumpOperation.ja && !byRegister)
    return long ? `gotol ${plus(imm)}` : `goto ${plus(offset)}`;
  const sign = conditionSigns.get(operation);
  if (sign !== undefined) {
    const letter = long ? 'w' : 'r';
    const right = byRegister ? `${letter}${src}` : `0x${(imm >>> 0).toString(16)}`;
    return `if ${letter}${dst} ${sign} ${right} goto ${plus(offset)}`;
  }
  if (long || byRegister) return unknown(instruction);
  if (operation === JumpOperation.exit) return 'exit';
  if (operation === JumpOperation.call) return callText(instruction, options);
  if (operation === JumpOperation.jcond && src === 0) return `may_goto ${plus(offset)}`;
  return unknown(instruction);
}

function callText(instruction: Instruction, options: DisassembleOptions): string {
  const { src, imm, reference } = instruction;
  switch (src) {
    case PseudoCall.helper:
      return `call ${options.helperName?.(imm) ?? 'unknown'}#${imm}`;
    case PseudoCall.function:
      return `call ${plus(imm)}${reference?.kind === 'function' ? ` <${reference.name}>` : ''}`;
    case PseudoCall.kfunc:
      return `call ${reference?.kind === 'kfunc' ? reference.name : 'kernel-function'}#${imm}`;
    default:
      return unknown(instruction);
  }
}

function loadText(instruction: Instruction): string {
  const { opcode, dst, src, offset } = instruction;
  const mode = opcode & MODE_MASK;
  const bits = bitsOfSize.get(opcode & SIZE_MASK)!;
  if (mode === Mode.mem) return `r${dst} = *(u${bits} *)(r${src} ${plus(offset)})`;
  if (mode === Mode.memsx && bits !== 64) return `r${dst} = *(s${bits} *)(r${src} ${plus(offset)})`;
  return unknown(instruction);
}

function storeText(instruction: Instruction): string {
  const { opcode, dst, src, offset, imm } = instruction;
  const mode = opcode & MODE_MASK;
  const bits = bitsOfSize.get(opcode & SIZE_MASK)!;
  const place = `*(u${bits} *)(r${dst} ${plus(offset)})`;
  const byRegister = (opcode & CLASS_MASK) === InstructionClass.stx;
  if (mode === Mode.mem) return `${place} = ${byRegister ? `r${src}` : imm}`;
  if (mode !== Mode.atomic || !byRegister) return unknown(instruction);
  if (imm === AtomicOperation.loadAcquire) {
    return `r${dst} = load_acquire((u${bits} *)(r${src} ${plus(offset)}))`;
  }
  const address = `(u${bits} *)(r${dst} ${plus(offset)})`;
  if (imm === AtomicOperation.storeRelease) return `store_release(${address}, r${src})`;
  if (bits !== 32 && bits !== 64) return unknown(instruction);
  const sign = atomicSigns.get(imm);
  if (sign !== undefined) return `lock ${place} ${sign} r${src}`;
  const prefix = bits === 64 ? 'atomic64' : 'atomic';
  const fetch = fetchNames.get(imm);
  if (fetch !== undefined) return `r${src} = ${prefix}_fetch_${fetch}(${address}, r${src})`;
  if (imm === AtomicOperation.xchg) return `r${src} = ${prefix}_xchg(${address}, r${src})`;
  if (imm === AtomicOperation.cmpxchg) return `r0 = ${prefix}_cmpxchg(${address}, r0, r${src})`;
  return unknown(instruction);
}

/** Class ld: the 64-bit constant, and packet loads kept from classic BPF. */
function legacyLoadText(instruction: Instruction): string {
  const { opcode, src, imm } = instruction;
  if (opcode === LD_IMM64) return wideText(instruction);
  const mode = opcode & MODE_MASK;
  const bits = bitsOfSize.get(opcode & SIZE_MASK)!;
  if (bits === 64) return unknown(instruction);
  if (mode === Mode.abs) return `r0 = *(u${bits} *)skb[${imm}]`;
  if (mode === Mode.ind) return `r0 = *(u${bits} *)skb[r${src} ${plus(imm)}]`;
  return unknown(instruction);
}

function wideText({ dst, src, imm, imm64, reference }: Instruction): string {
  const value = imm64 ?? 0n;
  const high = Number(BigInt.asIntN(32, value >> 32n));
  switch (src) {
    case PseudoLoad.constant:
      return `r${dst} = 0x${value.toString(16)}`;
    case PseudoLoad.mapFd:
      return `r${dst} = map[${reference?.kind === 'map' ? reference.map : `fd:${imm}`}]`;
    case PseudoLoad.mapValue:
      return reference?.kind === 'mapValue'
        ? `r${dst} = map[${reference.map}]${plus(reference.offset)}`
        : `r${dst} = map[fd:${imm}][0]${plus(high)}`;
    case PseudoLoad.btfId:
      return `r${dst} = btf[id:${imm}]`;
    case PseudoLoad.function:
      return `r${dst} = function ${plus(imm)}${reference?.kind === 'function' ? ` <${reference.name}>` : ''}`;
    case PseudoLoad.mapIndex:
      return `r${dst} = map[index:${imm}]`;
    case PseudoLoad.mapIndexValue:
      return `r${dst} = map[index:${imm}][0]${plus(high)}`;
    default:
      return `r${dst} = unknown ${src} 0x${value.toString(16)}`;
  }
}
