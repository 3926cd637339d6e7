/**
 * Which messages of the trace pipe are a package's own, told by the formats that its programs print.
 *
 * A format is the first argument of bpf_trace_printk or bpf_trace_vprintk. Code that clang makes has it in one of two
 * forms: the address of a byte in .rodata (`static const char fmt[]`), or bytes on the stack that constants were
 * stored to (`char fmt[]`, as bpf_printk was before). So each function is walked from top to bottom with what is
 * known of registers and stack. Jumps are not followed: what is found is one format for each call, or that it cannot
 * be told; one such call, and every message counts as the package's own.
 */
import {
  AluOperation,
  CLASS_MASK,
  InstructionClass,
  JumpOperation,
  MODE_MASK,
  Mode,
  OPERATION_MASK,
  SIZE_MASK,
  Size,
  Source,
} from '../../asm/opcodes.ts';
import type { ObjectFunction, ObjectInstruction, ObjectSpec } from '../../object/spec.ts';

/** enum bpf_func_id */
const tracePrintk = 6;
const traceVprintk = 177;
/** Formats are constants of a program; one that is longer is none. */
const longestFormat = 1024;
/** The kernel cuts messages at 1023 bytes: their ends tell nothing then. */
const cutLength = 1000;

type Known =
  | { readonly kind: 'number'; readonly value: bigint }
  | { readonly kind: 'stack'; readonly offset: number }
  | { readonly kind: 'data'; readonly map: string; readonly offset: number };

/**
 * The formats of all calls, once each; one that could not be told is undefined. One character is one byte.
 * Empty for an object that prints nothing.
 */
export function printkFormats(spec: ObjectSpec): (string | undefined)[] {
  const found = new Set<string | undefined>();
  const data = new Map(
    spec.maps.flatMap(({ name, data: section }) => (section ? [[name, section.contents] as const] : [])),
  );
  for (const code of spec.functions.values()) {
    for (const format of new Walk(code, data, spec.littleEndian).formats()) found.add(format);
  }
  return [...found];
}

/** Whether a message may come from one of the formats. Unknown formats may be anything. */
export function ownMessages(formats: readonly (string | undefined)[]): (message: Uint8Array) => boolean {
  const patterns = formats.flatMap((format) => (format === undefined ? [] : [literalParts(format)]));
  if (patterns.length < formats.length) return () => true;
  return (message) => {
    const text = Buffer.from(message.buffer, message.byteOffset, message.length).toString('latin1');
    return patterns.some((parts) => text.length >= cutLength || fits(text, parts));
  };
}

/** What stands between the conversions of a format: for `a %d b` these are `a ` and ` b`. */
export function literalParts(format: string): string[] {
  const parts = [''];
  // Flags and width, then the letters: %-5d %llu %pI4 %pks. The line feed at the end is not part of messages.
  for (const [token] of format
    .replace(/\n+$/, '')
    .matchAll(/%%|%[-+ #0]*\d*(?:\.\d+)?(?:p(?:[Kx]|[BsS]|[ku]s|[iI][46])?|[hlzj]*[a-zA-Z])|[\s\S]/g)) {
    if (token === '%%') parts[parts.length - 1] += '%';
    else if (token.length > 1) parts.push('');
    else parts[parts.length - 1] += token;
  }
  return parts;
}

/** First part at the start, last part at the end, the others in between, each as early as it can be. */
function fits(text: string, parts: readonly string[]): boolean {
  const [first = '', ...others] = parts;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const next = text.indexOf(part, at);
    if (next < 0) return false;
    at = next + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

class Walk {
  readonly #code: ObjectFunction;
  readonly #data: ReadonlyMap<string, Uint8Array>;
  readonly #registers: (Known | undefined)[] = [];
  readonly #littleEndian: boolean;
  /** Bytes by their offset from the frame pointer. */
  readonly #stack = new Map<number, number>();

  constructor(code: ObjectFunction, data: ReadonlyMap<string, Uint8Array>, littleEndian: boolean) {
    this.#code = code;
    this.#littleEndian = littleEndian;
    this.#data = data;
    this.#registers[10] = { kind: 'stack', offset: 0 };
  }

  *formats(): Generator<string | undefined> {
    for (const instruction of this.#code.instructions) {
      if (isCall(instruction)) {
        if (instruction.src === 0 && (instruction.imm === tracePrintk || instruction.imm === traceVprintk)) {
          yield this.#format();
        }
        for (let register = 0; register < 6; register++) this.#registers[register] = undefined;
      } else this.#step(instruction);
    }
  }

  #format(): string | undefined {
    const [, at, size] = this.#registers;
    if (at === undefined || size?.kind !== 'number') return undefined;
    const length = Number(size.value);
    if (!(length > 0 && length <= longestFormat)) return undefined;
    let text = '';
    for (let i = 0; i < length; i++) {
      const byte = this.#byteAt(at, i);
      if (byte === undefined) return undefined;
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #byteAt(place: Known, i: number): number | undefined {
    if (place.kind === 'stack') return this.#stack.get(place.offset + i);
    if (place.kind === 'data') return this.#data.get(place.map)?.[place.offset + i];
    return undefined;
  }

  #step(instruction: ObjectInstruction): void {
    const { opcode, dst, src, offset, imm, imm64, reference } = instruction;
    if (imm64 !== undefined) {
      this.#registers[dst] =
        reference === undefined
          ? { kind: 'number', value: imm64 }
          : reference.kind === 'mapValue'
            ? { kind: 'data', map: reference.map, offset: reference.offset }
            : undefined;
      return;
    }
    switch (opcode & CLASS_MASK) {
      case InstructionClass.alu64:
      case InstructionClass.alu32:
        this.#registers[dst] = this.#computed(instruction);
        return;
      case InstructionClass.ld:
        // Packet access of old: the result is in register 0.
        this.#registers[0] = undefined;
        return;
      case InstructionClass.ldx:
        this.#registers[dst] = undefined;
        return;
      case InstructionClass.st:
        this.#store(dst, offset, opcode, { kind: 'number', value: BigInt(imm) });
        return;
      case InstructionClass.stx:
        this.#store(dst, offset, opcode, this.#registers[src]);
        return;
    }
  }

  /** Moves, and constants added to an address: all that making an argument takes. */
  #computed({ opcode, dst, src, offset, imm }: ObjectInstruction): Known | undefined {
    const narrow = (opcode & CLASS_MASK) === InstructionClass.alu32;
    const operand: Known | undefined =
      (opcode & Source.register) === 0 ? { kind: 'number', value: BigInt(imm) } : this.#registers[src];
    const operation = opcode & OPERATION_MASK;
    if (operation === AluOperation.mov && offset === 0) {
      if (!narrow) return operand;
      return operand?.kind === 'number'
        ? { kind: 'number', value: BigInt.asUintN(32, operand.value) }
        : undefined;
    }
    const before = this.#registers[dst];
    if (operation !== AluOperation.add || narrow || operand?.kind !== 'number') return undefined;
    const by = Number(BigInt.asIntN(64, operand.value));
    if (before?.kind === 'stack' || before?.kind === 'data') return { ...before, offset: before.offset + by };
    return undefined;
  }

  #store(base: number, offset: number, opcode: number, value: Known | undefined): void {
    const to = this.#registers[base];
    if (to?.kind !== 'stack') return;
    const width = { [Size.u8]: 1, [Size.u16]: 2, [Size.u32]: 4, [Size.u64]: 8 }[opcode & SIZE_MASK] ?? 8;
    const known = value?.kind === 'number' && (opcode & MODE_MASK) === Mode.mem ? value.value : undefined;
    for (let i = 0; i < width; i++) {
      const at = to.offset + offset + (this.#littleEndian ? i : width - 1 - i);
      if (known === undefined) this.#stack.delete(at);
      else this.#stack.set(at, Number((known >> BigInt(8 * i)) & 0xffn));
    }
  }
}

function isCall({ opcode }: ObjectInstruction): boolean {
  return (
    ((opcode & CLASS_MASK) === InstructionClass.jmp || (opcode & CLASS_MASK) === InstructionClass.jmp32) &&
    (opcode & OPERATION_MASK) === JumpOperation.call
  );
}
