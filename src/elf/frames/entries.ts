/**
 * The entries of `.eh_frame` and `.debug_frame`: which addresses a function has (FDE), and the instructions that tell,
 * from its first address to its last, how its frame is left. What functions have in common is in a CIE.
 *
 *     length, 0,            version, augmentation, factors, initial instructions       a CIE
 *     length, where the CIE is, first address, number of addresses, instructions       an FDE
 *
 * The two sections differ in how an FDE points to its CIE (`.eh_frame` counts back from the field, `.debug_frame` from
 * the start of the section) and in the form of addresses. Sources: DWARF 5, 6.4; Linux Standard Base, 10.6.
 */
import type { ElfView } from '../view.ts';
import { FrameReader, malformed } from './reader.ts';

export interface CommonEntry {
  readonly codeFactor: number;
  readonly dataFactor: number;
  readonly returnRegister: number;
  /** DW_EH_PE_* of the addresses of FDEs. */
  readonly pointerEncoding: number;
  /** FDEs have a sized augmentation before their instructions. */
  readonly augmented: boolean;
  /** The caller was interrupted, it did not call: its address is exact. */
  readonly signal: boolean;
  /** Where its instructions are in the section. */
  readonly from: number;
  readonly to: number;
}

export interface FrameEntry {
  readonly common: CommonEntry;
  /** Linked address. */
  readonly start: number;
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

export interface FrameSection {
  readonly view: ElfView;
  /** Where it is mapped, linked; 0 for `.debug_frame`. */
  readonly address: number;
  readonly kind: 'eh' | 'debug';
}

const LONG = 0xffffffff;

/** Compilers write some twenty bytes; every function runs its instructions, and files are made by strangers. */
const MAX_COMMON_BYTES = 1024;
const MAX_COMMONS = 1 << 16;

/**
 * The FDEs, in the order of the section. An entry that is broken is left out, one with a broken length ends the list.
 * Throws ElfError only for a section that lies outside of its file.
 */
export function* frameEntries(section: FrameSection): Generator<FrameEntry, void, undefined> {
  const { view, kind } = section;
  const commons = new Map<number, CommonEntry | undefined>();
  for (let at = 0; at + 4 <= view.length; ) {
    const reader = new FrameReader(view, at);
    let length = reader.u32();
    const long = length === LONG;
    if (long) {
      if (reader.at + 8 > view.length) return;
      length = reader.u64();
    }
    // A zero ends the section; linkers leave some in the middle when they put sections together.
    if (length === 0) {
      at = reader.at;
      continue;
    }
    const body = reader.at;
    const end = body + length;
    if (end > view.length) return;
    at = end;
    if (length < 4 || (long && kind === 'debug' && length < 8)) continue;
    const wide = long && kind === 'debug';
    const pointer = wide ? reader.u64() : reader.u32();
    if (isCommon(pointer, kind, wide)) continue;
    const commonAt = kind === 'eh' ? body - pointer : pointer;
    if (!commons.has(commonAt)) {
      if (commons.size >= MAX_COMMONS) return;
      commons.set(
        commonAt,
        attempt(() => readCommon(section, commonAt)),
      );
    }
    const common = commons.get(commonAt);
    const entry = common && attempt(() => readEntry(section, reader, common, end));
    if (entry) yield entry;
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as Error).name === 'ElfError') return undefined;
    throw error;
  }
}

function isCommon(pointer: number, kind: FrameSection['kind'], wide: boolean): boolean {
  if (kind === 'eh') return pointer === 0;
  // All ones, which as a number is not exact.
  return wide ? pointer >= 2 ** 63 : pointer === 0xffffffff;
}

function readEntry(
  { address }: FrameSection,
  reader: FrameReader,
  common: CommonEntry,
  end: number,
): FrameEntry | undefined {
  const start = reader.pointer(common.pointerEncoding, address);
  const size = reader.pointer(common.pointerEncoding & 0x0f, address);
  if (start === undefined || size === undefined || size <= 0) return undefined;
  if (common.augmented) reader.skip(reader.uleb());
  if (reader.at > end) return undefined;
  return { common, start, size, from: reader.at, to: end };
}

function readCommon({ view, kind }: FrameSection, at: number): CommonEntry | undefined {
  const reader = new FrameReader(view, at);
  let length = reader.u32();
  const long = length === LONG;
  if (long) length = reader.u64();
  const end = reader.at + length;
  if (end > view.length) throw malformed(reader, 'a common entry that is longer than the section');
  if (length > MAX_COMMON_BYTES) throw malformed(reader, `a common entry of ${length} bytes`);
  const wide = long && kind === 'debug';
  const id = wide ? reader.u64() : reader.u32();
  if (!isCommon(id, kind, wide)) throw malformed(reader, 'an entry whose common entry is none');
  const version = reader.u8();
  if (version !== 1 && version !== 3 && version !== 4) throw malformed(reader, `version ${version}`);
  const augmentation = Buffer.from(view.part(reader.at, end - reader.at).stringBytes(0)).toString('latin1');
  reader.skip(augmentation.length + 1);
  if (version === 4) {
    const [, segmentSize] = [reader.u8(), reader.u8()];
    if (segmentSize !== 0) throw malformed(reader, 'addresses with segments');
  }
  // A pointer of the C++ compiler before GCC 3.
  if (augmentation === 'eh') reader.skip(view.wide ? 8 : 4);
  const codeFactor = reader.uleb();
  const dataFactor = reader.sleb();
  const returnRegister = version === 1 ? reader.u8() : reader.uleb();
  let pointerEncoding = 0;
  let signal = false;
  const augmented = augmentation.startsWith('z');
  if (augmented) {
    const size = reader.uleb();
    const data = reader.at;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') pointerEncoding = reader.u8();
      else if (letter === 'L') reader.skip(1);
      else if (letter === 'P') reader.pointer(reader.u8(), 0);
      else if (letter === 'S') signal = true;
      // What others say is behind what is known; its size is.
      else break;
    }
    reader.at = data;
    reader.skip(size);
  } else if (augmentation !== '' && augmentation !== 'eh') {
    throw malformed(reader, `augmentation ${JSON.stringify(augmentation)}`);
  }
  if (reader.at > end) throw malformed(reader, 'a common entry that is too short');
  return {
    ...{ codeFactor, dataFactor, returnRegister, pointerEncoding, augmented, signal },
    ...{ from: reader.at, to: end },
  };
}
