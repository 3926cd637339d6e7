/**
 * Functions: what the symbols of code sections name, with the records of `.BTF.ext` that belong to each.
 *
 * A function in a section of its own name (SEC) is the entry of a program; functions in `.text`, and static ones
 * anywhere, are called by others.
 */
import { decode } from '../../asm/decode.ts';
import { slotsOf } from '../../asm/instruction.ts';
import { SymbolBinding, SymbolType } from '../../elf/constants.ts';
import type { ElfSection } from '../../elf/header.ts';
import type { ElfSymbol } from '../../elf/symbols.ts';
import type { CodeLine, CoreRelocation, ObjectFunction, ObjectInstruction } from '../spec.ts';
import type { LineRecord, SectionRecords } from './extension.ts';
import type { ObjectImage } from './image.ts';

/** Slots of all functions together: many symbols may claim the same code. */
const MAX_SLOTS = 1 << 22;
const HIDDEN = 2;
const INTERNAL = 1;

export interface FoundFunction {
  readonly function: ObjectFunction;
  readonly section: ElfSection;
  readonly slots: number;
  /** Index in `instructions` by slot; -1 for the second half of a 64-bit load. */
  readonly indices: Int32Array;
  /** Whether it is the entry of a program. */
  readonly entry: boolean;
}

/** All functions, by section and then by place. Throws ObjectError. */
export function readFunctions(
  image: ObjectImage,
  extension: ReadonlyMap<string, SectionRecords>,
): FoundFunction[] {
  const found: FoundFunction[] = [];
  const keys = new Map<string, number>();
  const strings = new SourceTexts(image);
  let total = 0;
  for (const section of image.codeSections()) {
    if (section.size % 8 !== 0) throw image.at(section, section.size, 'code that is no multiple of 8 bytes');
    const code = image.contents(section);
    const symbols = functionSymbols(image, section);
    const records = extension.get(section.name);
    for (const [i, symbol] of symbols.entries()) {
      const start = Number(symbol.value);
      const end = symbol.size > 0 ? start + symbol.size : nextStart(symbols, i, section.size);
      if (start % 8 !== 0 || end % 8 !== 0 || end > section.size) {
        throw image.at(
          section,
          start,
          `function "${symbol.name}" ends at byte ${end}, of ${section.size}`,
          'bounds',
        );
      }
      total += (end - start) / 8;
      if (total > MAX_SLOTS) throw image.at(section, start, `more than ${MAX_SLOTS} instructions`, 'limit');
      if (end === start) continue;
      const bytes = code.bytes.subarray(start, end);
      const instructions: ObjectInstruction[] = image.within(section.name, () =>
        decode(bytes, { littleEndian: image.littleEndian }).map(({ reference: _, ...rest }) => rest),
      );
      const slots = (end - start) / 8;
      const range = { from: start / 8, to: end / 8 };
      found.push({
        section,
        slots,
        indices: indicesOf(instructions, slots),
        entry: section.name !== '.text' && symbol.binding !== SymbolBinding.local,
        function: {
          key: uniqueKey(keys, symbol.name),
          name: symbol.name,
          section: section.name,
          start: range.from,
          instructions,
          relocations: relocationsIn(records, range),
          lines: strings.lines(records?.lines ?? [], range),
          type: between(records?.functions ?? [], { from: range.from, to: range.from + 1 })[0]?.type,
          linkage: linkageOf(symbol),
          weak: symbol.binding === SymbolBinding.weak,
        },
      });
    }
  }
  return found;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function functionSymbols(image: ObjectImage, section: ElfSection): ElfSymbol[] {
  return image
    .symbolsIn(section.index)
    .filter(
      ({ type, binding, name }) =>
        type === SymbolType.function ||
        // clang before 8 gave functions no type; local ones without are labels.
        (type === SymbolType.none && binding !== SymbolBinding.local && name !== ''),
    )
    .sort((a, b) => Number(a.value - b.value) || a.index - b.index);
}

function nextStart(symbols: readonly ElfSymbol[], i: number, end: number): number {
  for (let at = i + 1; at < symbols.length; at++) {
    if (symbols[at]!.value > symbols[i]!.value) return Number(symbols[at]!.value);
  }
  return end;
}

function linkageOf({ binding, visibility }: ElfSymbol): ObjectFunction['linkage'] {
  if (binding === SymbolBinding.local) return 'static';
  return visibility === HIDDEN || visibility === INTERNAL ? 'hidden' : 'global';
}

function uniqueKey(keys: Map<string, number>, name: string): string {
  const count = (keys.get(name) ?? 0) + 1;
  keys.set(name, count);
  return count === 1 ? name : `${name}@${count}`;
}

function indicesOf(instructions: readonly ObjectInstruction[], slots: number): Int32Array {
  const indices = new Int32Array(slots).fill(-1);
  let slot = 0;
  for (const [index, instruction] of instructions.entries()) {
    indices[slot] = index;
    slot += slotsOf(instruction as Parameters<typeof slotsOf>[0]);
  }
  return indices;
}

function relocationsIn(records: SectionRecords | undefined, range: Range): CoreRelocation[] {
  return between(records?.relocations ?? [], range).map((record) => ({
    ...record,
    slot: record.slot - range.from,
  }));
}

/** The records of a range; they are in order (extension.ts). */
function between<T extends { readonly slot: number }>(records: readonly T[], { from, to }: Range): T[] {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (records[middle]!.slot < from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < records.length && records[end]!.slot < to) end++;
  return records.slice(low, end);
}

/** Names and texts of source lines, each made once. */
class SourceTexts {
  readonly #image: ObjectImage;
  readonly #texts = new Map<number, string>();

  constructor(image: ObjectImage) {
    this.#image = image;
  }

  lines(records: readonly LineRecord[], range: Range): CodeLine[] {
    // Line 0 is the compiler's way to say that it knows none: the one before goes on.
    const known = between(records, range).filter(({ line }) => line > 0);
    return known.map(({ slot, file, text, line, column }) => ({
      slot: slot - range.from,
      source: { file: this.#text(file), line, column, text: this.#text(text) },
    }));
  }

  #text(offset: number): string {
    const known = this.#texts.get(offset);
    if (known !== undefined) return known;
    // BTF's strings are read as bytes; sources are UTF-8.
    const text = this.#image.within('.BTF.ext', () =>
      Buffer.from(this.#image.types!.string(offset), 'latin1').toString('utf8'),
    );
    this.#texts.set(offset, text);
    return text;
  }
}
