/** Notes: small named records by which tools leave messages in a file. */
import { outside } from './errors.ts';
import type { ElfView } from './view.ts';

export interface ElfNote {
  /** Who wrote it: `GNU`, `stapsdt`, `Go`. */
  readonly name: string;
  /** Means something only together with the name. */
  readonly type: number;
  readonly description: ElfView;
}

/** `NT_GNU_BUILD_ID` of notes named GNU. */
export const GNU_BUILD_ID = 3;

/**
 * The notes of a section or segment, in order.
 *
 * A note is three 32-bit words (name size, description size, type), the name with its NUL, and the description;
 * both are padded to 4 bytes, also in 64-bit files. Only where the alignment is 8, as in `.note.gnu.property`,
 * they are padded to 8. The last description may lack its padding.
 *
 * Throws ElfError `bounds` at a note that is longer than what holds it.
 */
export function* readNotes(view: ElfView, alignment: number): Generator<ElfNote, void, undefined> {
  const unit = alignment === 8 ? 8 : 4;
  const padded = (at: number): number => Math.ceil(at / unit) * unit;
  for (let at = 0; at + 12 <= view.length; ) {
    const nameSize = view.u32(at);
    const size = view.u32(at + 4);
    const start = padded(at + 12 + nameSize);
    if (start + size > view.length)
      throw outside('a note', view.start + at, start + size - at, view.what, view.length);
    const named = view.bytes.subarray(at + 12, at + 12 + Math.min(nameSize, 256));
    const end = named.indexOf(0);
    yield {
      name: String.fromCharCode(...(end < 0 ? named : named.subarray(0, end))),
      type: view.u32(at + 8),
      description: view.part(start, size, 'a note'),
    };
    at = padded(start + size);
  }
}
