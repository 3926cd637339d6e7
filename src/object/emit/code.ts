/** Sections of code: programs by SEC name, functions that they call in `.text`, and what all of them wait for. */
import { encode } from '../../asm/encode.ts';
import { type Instruction, slotsOf } from '../../asm/instruction.ts';
import type { TypeId } from '../../btf/types.ts';
import { SectionFlag, SectionType, SymbolBinding, SymbolType } from '../../elf/constants.ts';
import type { ElfWriter, SymbolHandle } from '../../elf/write.ts';
import { lineRecords, type StringTail, usableLines } from '../../kernel/program/debug-info.ts';
import type { FunctionInfo, ProgramSpec } from '../../kernel/spec.ts';
import type { CodeRecords } from './extension.ts';
import type { LocalTypes } from './local-types.ts';

/** Relocations of BPF objects: a 64-bit load, a call. LLVM's ELFRelocs/BPF.def. */
const Relocation = { address: 1, call: 10 } as const;

const slotBytes = 8;
const text = '.text';

/** What instructions outside of this file's own code refer to. */
export interface Symbols {
  /** Maps, and sections of data. */
  readonly maps: ReadonlyMap<string, SymbolHandle>;
  /** Kernel functions. */
  readonly externs: ReadonlyMap<string, SymbolHandle>;
}

type Wanted =
  | { readonly kind: 'map' | 'extern'; readonly name: string }
  /** The start of `.text`: the instruction holds the distance. */
  | { readonly kind: 'text' };

interface Section {
  readonly name: string;
  readonly instructions: Instruction[];
  slots: number;
  readonly records: CodeRecords;
  readonly functions: { readonly name: string; readonly slot: number; readonly slots: number }[];
  readonly waiting: { readonly slot: number; readonly type: number; readonly wanted: Wanted }[];
}

/** A function of a program on its own. */
interface Part {
  readonly info: FunctionInfo;
  readonly instructions: readonly Instruction[];
  readonly slots: number;
}

export class CodeSections {
  readonly #strings: StringTail;
  readonly #local: LocalTypes | undefined;
  readonly #entries: ReadonlyMap<string, TypeId>;
  readonly #sections = new Map<string, Section>();

  /** `strings`: what is added to `.BTF`. `entries`: types of programs, by their symbols. */
  constructor(strings: StringTail, local: LocalTypes | undefined, entries: ReadonlyMap<string, TypeId>) {
    this.#strings = strings;
    this.#entries = entries;
    this.#local = local;
  }

  get records(): readonly CodeRecords[] {
    return [...this.#sections.values()].map(({ records }) => records);
  }

  /** Puts a program into the section of its SEC name. Copies behind the first share its functions. */
  add(program: ProgramSpec, sec: string, copy: number): void {
    const [entry, ...called] = partsOf(program);
    if (entry === undefined) throw new Error(`internal: ${program.name} has no functions`);
    const starts = this.#placesOf(program, called);
    if (copy === 0)
      for (const part of called) this.#place(program, part, text, nameIn(program, part), starts);
    this.#place(program, entry, sec, symbolName(program.name, copy), starts);
  }

  readonly #starts = new Map<ProgramSpec, ReadonlyMap<string, number>>();

  /** Where in `.text` the functions begin that the program calls. */
  #placesOf(program: ProgramSpec, called: readonly Part[]): ReadonlyMap<string, number> {
    const known = this.#starts.get(program);
    if (known !== undefined) return known;
    const starts = new Map<string, number>();
    let slot = this.#sections.get(text)?.slots ?? 0;
    for (const { info, slots } of called) {
      starts.set(info.name, slot);
      slot += slots;
    }
    this.#starts.set(program, starts);
    return starts;
  }

  #section(name: string): Section {
    let section = this.#sections.get(name);
    if (section === undefined) {
      const records = { name: this.#strings.offset(name), functions: [], lines: [], relocations: [] };
      section = { name, instructions: [], slots: 0, records, functions: [], waiting: [] };
      this.#sections.set(name, section);
    }
    return section;
  }

  #place(
    program: ProgramSpec,
    { info, instructions, slots }: Part,
    sectionName: string,
    name: string,
    starts: ReadonlyMap<string, number>,
  ): void {
    const section = this.#section(sectionName);
    const { records } = section;
    const base = section.slots;
    section.functions.push({ name, slot: base, slots });
    const type = (sectionName === text ? undefined : this.#entries.get(name)) ?? info.type;
    if (type !== 0) records.functions.push({ slot: base, type });
    const lines = usableLines(program)
      .filter(({ slot }) => slot >= info.slot && slot < info.slot + slots)
      .map((line) => ({ ...line, slot: line.slot - info.slot + base }));
    records.lines.push(...lineRecords(lines, this.#strings));
    for (const instruction of instructions) {
      const { question } = instruction;
      if (question !== undefined) {
        const { type, access } = this.#local!.answer(question);
        const { kind } = question;
        records.relocations.push({
          ...{ slot: section.slots, type, kind },
          access: this.#strings.offset(access),
        });
      }
      section.instructions.push(this.#waiting(section, instruction, starts));
      section.slots += slotsOf(instruction);
    }
  }

  /** The instruction as compilers leave it for a loader. */
  #waiting(section: Section, instruction: Instruction, starts: ReadonlyMap<string, number>): Instruction {
    const { reference } = instruction;
    if (reference === undefined) return instruction;
    const wait = (type: number, wanted: Wanted): void => {
      section.waiting.push({ slot: section.slots, type, wanted });
    };
    const { address, call } = Relocation;
    switch (reference.kind) {
      case 'map':
        wait(address, { kind: 'map', name: reference.map });
        return { ...instruction, src: 0, imm: 0, imm64: 0n };
      case 'mapValue':
        wait(address, { kind: 'map', name: reference.map });
        return { ...instruction, src: 0, imm: reference.offset, imm64: BigInt(reference.offset) };
      case 'function': {
        const slot = starts.get(reference.name);
        if (slot === undefined) throw new Error(`internal: no function ${reference.name}`);
        const isCall = instruction.imm64 === undefined;
        wait(isCall ? call : address, { kind: 'text' });
        if (isCall) return { ...instruction, imm: slot - 1 };
        return { ...instruction, imm: slot * slotBytes, imm64: BigInt(slot * slotBytes) };
      }
      case 'kfunc':
        wait(call, { kind: 'extern', name: reference.name });
        return { ...instruction, src: 1, offset: 0, imm: -1 };
    }
  }

  /** Sections, symbols and relocations. */
  write(elf: ElfWriter, symbols: Symbols): void {
    const { local, global } = SymbolBinding;
    const numbers = new Map<Section, number>();
    for (const section of this.#sections.values()) {
      const number = elf.section({
        ...{ name: section.name, type: SectionType.progbits, alignment: slotBytes },
        flags: SectionFlag.alloc | SectionFlag.executable,
        data: encode(section.instructions, { littleEndian: true }),
      });
      numbers.set(section, number);
      for (const { name, slot, slots } of section.functions) {
        elf.symbol({
          ...{ name, binding: section.name === text ? local : global, type: SymbolType.function },
          ...{ section: number, value: slot * slotBytes, size: slots * slotBytes },
        });
      }
    }
    const code = this.#sections.get(text);
    for (const [section, number] of numbers) {
      for (const { slot, type, wanted } of section.waiting) {
        const symbol =
          wanted.kind === 'text'
            ? elf.sectionSymbol(numbers.get(code!)!)
            : (wanted.kind === 'map' ? symbols.maps : symbols.externs).get(wanted.name);
        if (symbol === undefined) throw new Error(`internal: nothing is called ${JSON.stringify(wanted)}`);
        elf.relocate(number, slot * slotBytes, symbol, type);
      }
    }
  }
}

/** Of a program that stands in the object several times. */
export function symbolName(program: string, copy: number): string {
  return copy === 0 ? program : `${program}_${copy + 1}`;
}

/** Unique in the object: programs name their functions alike. */
function nameIn(program: ProgramSpec, { info }: Part): string {
  return `${program.name}_${info.name}`;
}

/** The functions of a program, the entry first. */
function partsOf({ functions = [], instructions }: ProgramSpec): Part[] {
  const sorted = [...functions].sort((a, b) => a.slot - b.slot);
  const lists = sorted.map((): Instruction[] => []);
  let [slot, current] = [0, 0];
  for (const instruction of instructions) {
    while (sorted[current + 1] !== undefined && sorted[current + 1]!.slot <= slot) current++;
    lists[current]?.push(instruction);
    slot += slotsOf(instruction);
  }
  return sorted.map((info, i) => ({
    info,
    instructions: lists[i]!,
    slots: (sorted[i + 1]?.slot ?? slot) - info.slot,
  }));
}
