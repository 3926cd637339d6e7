/**
 * Names and source lines for the verifier: the BTF that a collection loads, and the func_info and
 * line_info records of its programs.
 *
 * A line_info record names its file and its text by offsets into the strings of the program's BTF, so
 * the strings of all programs are appended to the collection's BTF before that is loaded, once. The
 * kernel is strict (kernel/bpf/verifier.c, check_btf_line): records ascend, none points into the second
 * half of a 64-bit load, and each function has one at its first instruction. Front ends give lines where
 * they know them; what is missing at a function's start is taken from the nearest line, because a program
 * refused for its comments would be absurd.
 *
 * Formats: include/uapi/linux/btf.h, struct bpf_func_info and bpf_line_info in include/uapi/linux/bpf.h.
 */
import { type Instruction, slotsOf } from '../../asm/instruction.ts';
import { littleEndian } from '../../sys/layout.ts';
import { badSpec } from '../errors.ts';
import type { FunctionInfo, LineInfo, ProgramSpec } from '../spec.ts';

const headerSize = 24;
const magic = 0xeb9f;

export const functionRecordSize = 8;
export const lineRecordSize = 16;

/** Collects strings for the end of a BTF's string section. */
export class StringTail {
  readonly #offsets = new Map<string, number>();
  readonly #parts: Uint8Array[] = [];
  #end: number;

  /** `start`: bytes of the string section so far. */
  constructor(start: number) {
    this.#end = start;
  }

  /** The offset of a string, added when it is new. */
  offset(text: string): number {
    // A NUL would end the string for the kernel anyway.
    const clean = text.replaceAll('\0', ' ');
    const known = this.#offsets.get(clean);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(`${clean}\0`);
    const at = this.#end;
    this.#offsets.set(clean, at);
    this.#parts.push(bytes);
    this.#end += bytes.length;
    return at;
  }

  get parts(): readonly Uint8Array[] {
    return this.#parts;
  }
}

interface Sections {
  readonly types: Uint8Array;
  readonly strings: Uint8Array;
}

/** Types and strings of an encoded BTF in this machine's byte order; one `int` when there is none. */
export function sectionsOf(btf: Uint8Array | undefined): Sections {
  if (btf === undefined) {
    // The kernel refuses BTF without types ("No type found"): a 4-byte int called `int`.
    const types = new Uint32Array([1, 1 << 24, 4, 32]);
    return { types: new Uint8Array(types.buffer), strings: new TextEncoder().encode('\0int\0') };
  }
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength);
  if (btf.length < headerSize || view.getUint16(0, littleEndian) !== magic) {
    throw badSpec('BTF', 'it does not begin with a BTF header in the byte order of this machine');
  }
  const word = (at: number): number => view.getUint32(at, littleEndian);
  const start = word(4);
  const section = (offset: number, size: number): Uint8Array => {
    if (start + offset + size > btf.length) throw badSpec('BTF', 'a section reaches past its end');
    return btf.subarray(start + offset, start + offset + size);
  };
  return { types: section(word(8), word(12)), strings: section(word(16), word(20)) };
}

/** An encoded BTF from its parts. */
export function joinSections({ types, strings }: Sections, tail: StringTail): Uint8Array {
  const added = tail.parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(headerSize + types.length + strings.length + added);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, magic, littleEndian);
  view.setUint8(2, 1);
  const words = [headerSize, 0, types.length, types.length, strings.length + added];
  for (const [i, word] of words.entries()) view.setUint32(4 + i * 4, word, littleEndian);
  bytes.set(types, headerSize);
  bytes.set(strings, headerSize + types.length);
  let at = headerSize + types.length + strings.length;
  for (const part of tail.parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Slots where an instruction begins. */
function starts(instructions: readonly Instruction[]): Set<number> {
  const slots = new Set<number>();
  let slot = 0;
  for (const instruction of instructions) {
    slots.add(slot);
    slot += slotsOf(instruction);
  }
  return slots;
}

/** struct bpf_func_info of a program: { slot, type id }. */
export function functionRecords(functions: readonly FunctionInfo[]): Uint32Array {
  const sorted = [...functions].sort((a, b) => a.slot - b.slot);
  return new Uint32Array(sorted.flatMap(({ slot, type }) => [slot, type]));
}

/** The lines to send: ascending, on real instructions, one at the start of each function. */
export function usableLines(spec: ProgramSpec): LineInfo[] {
  const places = starts(spec.instructions);
  const bySlot = new Map<number, LineInfo>();
  for (const line of spec.lines ?? []) if (places.has(line.slot)) bySlot.set(line.slot, line);
  const given = [...bySlot.values()].sort((a, b) => a.slot - b.slot);
  if (given.length === 0) return [];
  for (const slot of functionStarts(spec)) {
    if (bySlot.has(slot) || !places.has(slot)) continue;
    const near = given.find((line) => line.slot > slot) ?? given.at(-1);
    if (near !== undefined) bySlot.set(slot, { slot, source: near.source });
  }
  return [...bySlot.values()].sort((a, b) => a.slot - b.slot);
}

/** First slots of all functions: named ones, and what calls and callbacks refer to. */
function functionStarts(spec: ProgramSpec): Set<number> {
  const found = new Set<number>([0]);
  for (const { slot } of spec.functions ?? []) found.add(slot);
  let slot = 0;
  for (const instruction of spec.instructions) {
    if (instruction.reference?.kind === 'function') found.add(slot + instruction.imm + 1);
    slot += slotsOf(instruction);
  }
  return found;
}

/** struct bpf_line_info: { slot, file name, text, line << 10 | column }. */
export function lineRecords(lines: readonly LineInfo[], tail: StringTail): Uint32Array {
  return new Uint32Array(
    lines.flatMap(({ slot, source }) => [
      slot,
      tail.offset(source.file),
      tail.offset(source.text.trim()),
      ((Math.min(source.line, 0x3fffff) << 10) | Math.min(source.column, 1023)) >>> 0,
    ]),
  );
}
