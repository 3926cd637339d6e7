/**
 * The call-frame information of a whole file as one table: from which byte of the file on which rule (rule.ts) is in
 * force. Counted in bytes of the file and not in addresses, so that the table serves wherever the file is mapped.
 *
 * Neighbours with the same rule are one row; holes between functions are rows of `none`. A big library has some ten
 * thousand rows, a browser some million.
 */
import { inflateSync } from 'node:zlib';
import { Machine, SectionFlag, SegmentFlag, SegmentType } from '../constants.ts';
import { ElfError } from '../errors.ts';
import type { ElfFile } from '../file.ts';
import type { ElfSegment } from '../header.ts';
import { MAX_CONTENTS } from '../limits.ts';
import { ElfView } from '../view.ts';
import { type FrameEntry, type FrameSection, frameEntries } from './entries.ts';
import { interpret } from './interpret.ts';
import { FrameReader } from './reader.ts';
import { RuleKind } from './rule.ts';

export interface UnwindTable {
  readonly count: number;
  /** Bytes from the start of the file, ascending. */
  readonly positions: Float64Array;
  /** In force up to the next position; the last row is one of `none`. */
  readonly rules: Uint32Array;
}

/** Rows kept of one file: eight million take 96 MiB. */
const MAX_ROWS = 1 << 23;
const MAX_ENTRIES = 1 << 22;

/** PT_GNU_EH_FRAME */
const SEGMENT_EH_FRAME = 0x6474e550;

/**
 * The table of a file of this machine's kind (x86-64); undefined where it has no call-frame information. Throws
 * ElfError for a broken file; what is broken inside of the information is left out.
 */
export function unwindTable(file: ElfFile): UnwindTable | undefined {
  if (file.header.machine !== Machine.x86_64 || file.header.bits !== 64) return undefined;
  const code = file.segments.filter(
    ({ type, flags }) => type === SegmentType.load && (flags & SegmentFlag.executable) !== 0,
  );
  for (const find of [ehFrame, debugFrame]) {
    const section = find(file);
    if (!section) continue;
    const table = tableOf(section, code);
    if (table.count > 0) return table;
  }
  return undefined;
}

/** `.eh_frame`, by its section, or by the segment that leads to it in files without sections. */
function ehFrame(file: ElfFile): FrameSection | undefined {
  const section = sectionNamed(file, '.eh_frame');
  if (section) return { view: file.contents(section), address: Number(section.address), kind: 'eh' };
  const header = file.segments.find(({ type }) => type === SEGMENT_EH_FRAME);
  if (!header) return undefined;
  const reader = new FrameReader(file.range('.eh_frame_hdr', header.offset, header.fileSize, MAX_CONTENTS));
  if (reader.u8() !== 1) return undefined;
  const encoding = reader.u8();
  reader.skip(2);
  const address = reader.pointer(encoding, Number(header.address), Number(header.address));
  const holder = file.segments.find(
    (each) =>
      each.type === SegmentType.load &&
      address !== undefined &&
      address >= Number(each.address) &&
      address < Number(each.address) + each.fileSize,
  );
  if (address === undefined || !holder) return undefined;
  // Where it ends nothing says: a length of zero in it does, or the segment.
  const inside = address - Number(holder.address);
  const size = Math.min(holder.fileSize - inside, MAX_CONTENTS);
  return { view: file.range('.eh_frame', holder.offset + inside, size), address, kind: 'eh' };
}

/** `.debug_frame`: of files that throw nothing, as Go's; it may be compressed. */
function debugFrame(file: ElfFile): FrameSection | undefined {
  const section = sectionNamed(file, '.debug_frame');
  if (!section) return undefined;
  const view = file.contents(section);
  const plain = (section.flags & SectionFlag.compressed) === 0 ? view : inflated(view);
  return plain && { view: plain, address: 0, kind: 'debug' };
}

/** A file whose section headers are broken or gone still has its segments. */
function sectionNamed(file: ElfFile, name: string): ReturnType<ElfFile['section']> {
  try {
    const section = file.section(name);
    return section && section.size > 0 && section.type !== 8 ? section : undefined;
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    return undefined;
  }
}

const ELFCOMPRESS_ZLIB = 1;
/** `Elf64_Chdr`: type, padding, size, alignment. */
const COMPRESSION_HEADER = 24;

function inflated(view: ElfView): ElfView | undefined {
  const size = view.size(8);
  if (view.u32(0) !== ELFCOMPRESS_ZLIB || size > MAX_CONTENTS) return undefined;
  try {
    const bytes = inflateSync(view.bytes.subarray(COMPRESSION_HEADER), {
      maxOutputLength: Math.max(size, 1),
    });
    return new ElfView(bytes, 0, view.what, view.littleEndian, view.wide);
  } catch {
    return undefined;
  }
}

function tableOf(section: FrameSection, code: readonly ElfSegment[]): UnwindTable {
  const entries: { readonly entry: FrameEntry; readonly position: number }[] = [];
  for (const entry of frameEntries(section)) {
    if (entries.length >= MAX_ENTRIES) break;
    const position = positionIn(code, entry);
    if (position !== undefined) entries.push({ entry, position });
  }
  entries.sort((a, b) => a.position - b.position);
  const rows = new Rows();
  let end = 0;
  for (const { entry, position } of entries) {
    if (rows.count >= MAX_ROWS) break;
    if (position > end) rows.add(end, RuleKind.none);
    // Of two functions that claim the same bytes, the later one has them.
    const shift = position - entry.start;
    try {
      interpret(section.view, entry, (address, rule) => rows.add(address + shift, rule));
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
      rows.add(position, RuleKind.unsupported);
    }
    end = position + entry.size;
  }
  if (rows.count > 0) rows.add(end, RuleKind.none);
  return rows.table();
}

/** Where the first byte of a function is in the file; undefined if not all of it is in one segment of code. */
function positionIn(code: readonly ElfSegment[], { start, size }: FrameEntry): number | undefined {
  for (const segment of code) {
    const inside = start - Number(segment.address);
    if (inside >= 0 && inside + size <= segment.fileSize) return segment.offset + inside;
  }
  return undefined;
}

class Rows {
  #positions = new Float64Array(1024);
  #rules = new Uint32Array(1024);
  count = 0;

  add(position: number, rule: number): void {
    while (this.count > 0 && this.#positions[this.count - 1]! >= position) this.count--;
    if (this.count > 0 && this.#rules[this.count - 1] === rule) return;
    // One function can claim more rows than there is memory; what ends its last row still has a place.
    if (this.count >= MAX_ROWS && rule !== RuleKind.none) return;
    if (this.count === this.#rules.length) this.#grow();
    this.#positions[this.count] = position;
    this.#rules[this.count++] = rule;
  }

  #grow(): void {
    const positions = new Float64Array(this.count * 2);
    const rules = new Uint32Array(this.count * 2);
    positions.set(this.#positions);
    rules.set(this.#rules);
    this.#positions = positions;
    this.#rules = rules;
  }

  table(): UnwindTable {
    const { count } = this;
    return { count, positions: this.#positions.slice(0, count), rules: this.#rules.slice(0, count) };
  }
}

/** The rule for a byte of the file. */
export function ruleAt({ count, positions, rules }: UnwindTable, position: number): number {
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (positions[middle]! <= position) from = middle + 1;
    else to = middle;
  }
  return from === 0 ? RuleKind.none : rules[from - 1]!;
}
