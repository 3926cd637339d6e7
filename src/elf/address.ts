/**
 * From addresses to bytes of the file, and back.
 *
 * A symbol has an address as the linker saw it; a uprobe is placed at an offset of the file. The segment that
 * maps the address has both: offset = address - p_vaddr + p_offset. A position-independent file is mapped
 * elsewhere in each process, but page by page from the same offsets, so this holds for it too.
 */
import { SegmentFlag, SegmentType } from './constants.ts';
import type { ElfFile } from './file.ts';
import type { ElfSegment } from './header.ts';

export interface AddressOptions {
  /** Only segments that are mapped executable; default false. */
  readonly executable?: boolean;
}

/** Offset in the file of a linked address; undefined where no segment maps it from the file. */
export function fileOffset(file: ElfFile, address: bigint, options: AddressOptions = {}): number | undefined {
  for (const segment of file.segments) {
    if (!isLoaded(segment, options) || address < segment.address) continue;
    const inside = address - segment.address;
    if (inside < BigInt(segment.fileSize)) return segment.offset + Number(inside);
  }
  return undefined;
}

/** The linked address of a byte of the file; undefined where it is not mapped. */
export function addressOfOffset(
  file: ElfFile,
  offset: number,
  options: AddressOptions = {},
): bigint | undefined {
  for (const segment of file.segments) {
    if (!isLoaded(segment, options)) continue;
    const inside = offset - segment.offset;
    if (inside >= 0 && inside < segment.fileSize) return segment.address + BigInt(inside);
  }
  return undefined;
}

function isLoaded({ type, flags }: ElfSegment, { executable = false }: AddressOptions): boolean {
  return type === SegmentType.load && (!executable || (flags & SegmentFlag.executable) !== 0);
}
