/** .debug_aranges: which addresses belong to which unit, written beside the entries for exactly this question. */
import { unknown } from './errors.ts';
import type { Section } from './sections.ts';

/** Calls `add` for each range. Throws DwarfError where the section is broken; what came before counts. */
export function readAddressRanges(
  section: Section,
  add: (low: number, high: number, unit: number) => void,
): void {
  const { name } = section;
  const reader = section.reader(0, section.size);
  while (!reader.done) {
    const start = reader.offset;
    let length = reader.u32();
    const wide = length === 0xffffffff;
    if (wide) length = reader.u64();
    const set = reader.part(reader.offset, length);
    reader.skip(length);
    const version = set.u16();
    if (version !== 2) throw unknown(name, start, 'version', version);
    const unit = set.word(wide);
    const addressSize = set.u8();
    const segmentSize = set.u8();
    if ((addressSize !== 4 && addressSize !== 8) || segmentSize !== 0) {
      throw unknown(name, start, 'size of addresses', addressSize);
    }
    // Pairs are aligned to their own size from the start of the set.
    const pair = addressSize * 2;
    set.seek(start + Math.ceil((set.offset - start) / pair) * pair);
    while (set.end - set.offset >= pair) {
      const low = set.sized(addressSize);
      const size = set.sized(addressSize);
      if (low === 0 && size === 0) break;
      add(low, low + size, unit);
    }
  }
}
