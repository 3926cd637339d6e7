/** What tells two builds of a file apart, and where the symbols of a stripped file are. */
import { SectionType, SegmentType } from './constants.ts';
import { ElfError } from './errors.ts';
import type { ElfFile } from './file.ts';
import { GNU_BUILD_ID, readNotes } from './notes.ts';
import type { ElfView } from './view.ts';

/**
 * The build id: bytes (20 as a rule) that the linker made from the contents, the same in the file with the
 * debug information. Undefined without one. Looked for in the note segments, as the kernel does
 * (lib/buildid.c), and in the note sections of files that have no segments.
 */
export function buildId(file: ElfFile): Uint8Array | undefined {
  for (const { view, alignment } of noteViews(file)) {
    try {
      for (const note of readNotes(view, alignment)) {
        if (note.name === 'GNU' && note.type === GNU_BUILD_ID && note.description.length > 0) {
          return note.description.bytes;
        }
      }
    } catch (error) {
      if (!(error instanceof ElfError)) throw error; // a broken note ends its own list only
    }
  }
  return undefined;
}

function* noteViews(file: ElfFile): Generator<{ view: ElfView; alignment: number }, void, undefined> {
  for (const segment of file.segments) {
    if (segment.type !== SegmentType.note) continue;
    const view = file.range('a note segment', segment.offset, segment.fileSize, NOTES_LIMIT);
    yield { view, alignment: segment.alignment };
  }
  if (file.segments.length > 0) return;
  for (const section of file.sections) {
    if (section.type !== SectionType.note) continue;
    yield { view: file.contents(section, NOTES_LIMIT), alignment: section.alignment };
  }
}

/** Bytes of one list of notes. Core files have megabytes of them; programs some hundred bytes. */
const NOTES_LIMIT = 1 << 24;

export interface DebugLink {
  /** Name of the file with the debug information, without a directory; bytes that somebody else chose. */
  readonly name: Uint8Array;
  /** CRC-32 of that file (the polynomial of zlib). */
  readonly crc: number;
}

/** `.gnu_debuglink`: a name, padded to 4 bytes, and a checksum. Throws ElfError where it is broken. */
export function debugLink(file: ElfFile): DebugLink | undefined {
  const section = file.section('.gnu_debuglink');
  if (!section) return undefined;
  const view = file.contents(section, NOTES_LIMIT);
  const name = view.stringBytes(0);
  return { name, crc: view.u32(Math.ceil((name.length + 1) / 4) * 4) };
}
