/**
 * What instructions refer to, from the relocations of their section.
 *
 * A relocation's own type says little that is true across compilers, so the instruction decides, as in libbpf: a call
 * goes to a function, a 64-bit load takes an address - of a map, of a variable, of a function, of something in the
 * kernel. Where the symbol is a whole section the instruction itself holds the offset. Calls inside of a section
 * have no relocation: they are distances, which hold until functions move.
 */
import { CALL, LD_IMM64, PseudoCall, PseudoLoad } from '../../asm/opcodes.ts';
import { SymbolType } from '../../elf/constants.ts';
import type { ElfSymbol } from '../../elf/symbols.ts';
import type { ObjectExtern, ObjectFunction, ObjectInstruction, ObjectReference } from '../spec.ts';
import type { FoundFunction } from './code.ts';
import type { ObjectImage } from './image.ts';

/** What symbols may stand for. */
export interface Referable {
  readonly functions: readonly FoundFunction[];
  /** Name of the map of a data section, by the section's index. */
  readonly data: ReadonlyMap<number, string>;
  /** Name of a defined map, by `section:offset`. */
  readonly maps: ReadonlyMap<string, string>;
  readonly mapSections: ReadonlySet<number>;
  readonly externs: readonly ObjectExtern[];
  /** Name of the map of `.kconfig`. */
  readonly kconfig: string | undefined;
}

/** Sections that compilers write for newer kernels, and that are not loaded here. */
const notYet: ReadonlyMap<string, string> = new Map([
  ['.jumptables', 'jump tables (gotox) are not supported'],
]);

/** Functions by where they begin, and by any slot inside. */
export class FunctionPlaces {
  readonly #bySection = new Map<number, FoundFunction[]>();

  constructor(functions: readonly FoundFunction[]) {
    for (const one of functions) {
      const list = this.#bySection.get(one.section.index);
      if (list === undefined) this.#bySection.set(one.section.index, [one]);
      else list.push(one);
    }
  }

  startingAt(section: number, slot: number): ObjectFunction | undefined {
    const { list, first } = this.#before(section, slot);
    const found = list[first];
    return found?.function.start === slot ? found.function : undefined;
  }

  /** All functions that hold the slot: several when one has two names. */
  holding(section: number, slot: number): FoundFunction[] {
    const { list, first } = this.#before(section, slot);
    const start = list[first]?.function.start;
    const holding: FoundFunction[] = [];
    for (let at = first; list[at] !== undefined && list[at]!.function.start === start; at++) {
      if (slot < list[at]!.function.start + list[at]!.slots) holding.push(list[at]!);
    }
    return holding;
  }

  /** The first of the functions that begin nearest at or before the slot; -1 where none does. */
  #before(
    section: number,
    slot: number,
  ): { readonly list: readonly FoundFunction[]; readonly first: number } {
    const list = this.#bySection.get(section) ?? [];
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[middle]!.function.start <= slot) low = middle + 1;
      else high = middle;
    }
    let first = low - 1;
    while (first > 0 && list[first - 1]!.function.start === list[first]!.function.start) first--;
    return { list, first };
  }
}

/** Puts references into the instructions of all functions. Throws ObjectError. */
export function resolveReferences(image: ObjectImage, referable: Referable): void {
  const places = new FunctionPlaces(referable.functions);
  const externs = new Map(referable.externs.map((one) => [one.name, one]));
  for (const section of new Set(referable.functions.map((one) => one.section))) {
    for (const { entry, symbol } of image.relocationsOf(section)) {
      if (entry.offset % 8 !== 0) {
        throw image.at(section, entry.offset, 'a relocation between two instructions', 'relocation');
      }
      const slot = entry.offset / 8;
      for (const holder of places.holding(section.index, slot)) {
        const index = holder.indices[slot - holder.function.start]!;
        const instruction = holder.function.instructions[index];
        if (instruction === undefined) {
          throw image.at(
            section,
            entry.offset,
            'a relocation of the second half of an instruction',
            'relocation',
          );
        }
        const refer = new Referring(image, referable, places, externs, section.name, entry.offset);
        holder.function.instructions[index] = refer.instruction(instruction, symbol);
      }
    }
  }
  for (const found of referable.functions) resolveLocalCalls(image, found, places);
}

/** Calls by distance, and calls whose function was told apart by nothing else. */
function resolveLocalCalls(image: ObjectImage, found: FoundFunction, places: FunctionPlaces): void {
  const { instructions, start, section } = found.function;
  for (let slot = 0; slot < found.slots; slot++) {
    const index = found.indices[slot]!;
    const instruction = instructions[index];
    if (instruction === undefined || instruction.reference !== undefined) continue;
    const call = instruction.opcode === CALL && instruction.src === PseudoCall.function;
    const pointer = instruction.opcode === LD_IMM64 && instruction.src === PseudoLoad.function;
    if (!call && !pointer) continue;
    const target = start + slot + instruction.imm + 1;
    const called = places.startingAt(found.section.index, target);
    if (called === undefined) {
      throw image.at(
        section,
        (start + slot) * 8,
        `a call to instruction ${target}, where no function begins`,
        'relocation',
      );
    }
    instructions[index] = { ...instruction, reference: { kind: 'function', name: called.key } };
  }
}

class Referring {
  readonly #image: ObjectImage;
  readonly #referable: Referable;
  readonly #places: FunctionPlaces;
  readonly #externs: ReadonlyMap<string, ObjectExtern>;
  readonly #section: string;
  readonly #offset: number;

  constructor(
    image: ObjectImage,
    referable: Referable,
    places: FunctionPlaces,
    externs: ReadonlyMap<string, ObjectExtern>,
    section: string,
    offset: number,
  ) {
    this.#image = image;
    this.#referable = referable;
    this.#places = places;
    this.#externs = externs;
    this.#section = section;
    this.#offset = offset;
  }

  instruction(instruction: ObjectInstruction, symbol: ElfSymbol): ObjectInstruction {
    if (instruction.opcode === CALL) return this.#call(instruction, symbol);
    if (instruction.opcode === LD_IMM64) return this.#load(instruction, symbol);
    throw this.#wrong(
      `an instruction with opcode 0x${instruction.opcode.toString(16)} refers to "${symbol.name}"`,
    );
  }

  #call(instruction: ObjectInstruction, symbol: ElfSymbol): ObjectInstruction {
    if (symbol.section === 0) {
      const extern = this.#externs.get(symbol.name);
      if (extern?.kind !== 'kfunc') {
        return { ...instruction, imm: -1, reference: { kind: 'extern', name: symbol.name, addend: 0 } };
      }
      const { name } = extern;
      return { ...instruction, src: PseudoCall.kfunc, imm: 0, offset: 0, reference: { kind: 'kfunc', name } };
    }
    if (instruction.src !== PseudoCall.function) {
      throw this.#wrong(`a call of a helper refers to "${symbol.name}"`);
    }
    const target = this.#slot(symbol.value) + instruction.imm + 1;
    return { ...instruction, reference: this.#function(symbol, target) };
  }

  #load(instruction: ObjectInstruction, symbol: ElfSymbol): ObjectInstruction {
    const reference = this.#address(instruction, symbol);
    const src = {
      map: PseudoLoad.mapFd,
      mapValue: PseudoLoad.mapValue,
      function: PseudoLoad.function,
      ksym: PseudoLoad.constant,
      kfunc: PseudoLoad.constant,
      extern: PseudoLoad.constant,
    }[reference.kind];
    return { ...instruction, src, imm: 0, imm64: 0n, reference };
  }

  #address(instruction: ObjectInstruction, symbol: ElfSymbol): ObjectReference {
    const { section, value } = symbol;
    if (section === 0) {
      const extern = this.#externs.get(symbol.name);
      if (extern === undefined) return { kind: 'extern', name: symbol.name, addend: instruction.imm };
      if (extern.kind === 'kconfig') {
        const map = this.#referable.kconfig;
        if (map === undefined || extern.offset === undefined)
          throw this.#wrong(`"${symbol.name}" has no place`);
        return { kind: 'mapValue', map, offset: extern.offset };
      }
      return { kind: 'ksym', name: extern.name };
    }
    const data = this.#referable.data.get(section);
    if (data !== undefined) {
      const offset = Number(value) + instruction.imm;
      if (!Number.isSafeInteger(offset) || offset < -0x8000_0000 || offset > 0x7fff_ffff) {
        throw this.#wrong(`offset ${offset} into the variables of "${data}"`);
      }
      return { kind: 'mapValue', map: data, offset };
    }
    if (this.#referable.mapSections.has(section)) {
      // The symbol of a map, or of its section with the offset in the instruction.
      const offset = Number(value) + (symbol.type === SymbolType.section ? instruction.imm : 0);
      const map = this.#referable.maps.get(`${section}:${offset}`);
      if (map === undefined) throw this.#wrong(`no map at byte ${offset} of the section of "${symbol.name}"`);
      return { kind: 'map', map };
    }
    if (instruction.imm % 8 !== 0)
      throw this.#wrong(`a pointer into the middle of an instruction of "${symbol.name}"`);
    return this.#function(symbol, this.#slot(value) + instruction.imm / 8);
  }

  #function(symbol: ElfSymbol, slot: number): ObjectReference {
    const called = this.#places.startingAt(symbol.section, slot);
    if (called === undefined) {
      const section = this.#image.elf.sections[symbol.section]?.name ?? `number ${symbol.section}`;
      const feature = notYet.get(section);
      if (feature !== undefined) {
        throw this.#image.at(this.#section, this.#offset, `${feature} ("${symbol.name}")`, 'unsupported');
      }
      throw this.#wrong(
        `"${symbol.name}" is neither map, variable nor function (section ${section}, slot ${slot})`,
      );
    }
    return { kind: 'function', name: called.key };
  }

  #slot(value: bigint): number {
    if (value % 8n !== 0n) throw this.#wrong(`a symbol in the middle of an instruction (byte ${value})`);
    return Number(value / 8n);
  }

  #wrong(problem: string): Error {
    return this.#image.at(this.#section, this.#offset, problem, 'relocation');
  }
}
