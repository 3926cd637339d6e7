/**
 * User statically-defined trace points: notes that `<sys/sdt.h>` leaves, as they stand in the file.
 *
 * A note (name `stapsdt`, type 3) holds three words (address of the probe's nop, address of `.stapsdt.base` when
 * the note was written, address of the semaphore or 0) and three strings (provider, name, arguments). If the
 * file was moved after linking, `.stapsdt.base` lies elsewhere than the note says, and every address moved along.
 */
import { fileOffset } from './address.ts';
import type { ElfFile } from './file.ts';
import { readNotes } from './notes.ts';

export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** Where each argument is, in the assembler's words: `4@%edi -8@16(%rbp)`. */
  readonly arguments: string;
  /** Linked address of the probe. */
  readonly address: bigint;
  /** Where a uprobe goes; undefined where the address is not mapped executable. */
  readonly fileOffset: number | undefined;
  /** Linked address of the counter that turns the probe on; 0 for none. */
  readonly semaphore: bigint;
  /** Offset in the file of the counter, for a uprobe's reference counter. */
  readonly semaphoreOffset: number | undefined;
}

const STAPSDT_TYPE = 3;

/** All of a file, in the file's order; one probe may have several places. Throws ElfError where they are broken. */
export function* usdtNotes(file: ElfFile): Generator<UsdtNote, void, undefined> {
  const section = file.section('.note.stapsdt');
  if (!section) return;
  const base = file.section('.stapsdt.base')?.address;
  const word = file.header.bits / 8;
  for (const { name: writer, type, description } of readNotes(file.contents(section), section.alignment)) {
    if (writer !== 'stapsdt' || type !== STAPSDT_TYPE) continue;
    const moved = base === undefined ? 0n : base - description.word(word);
    const wrap = (address: bigint): bigint => BigInt.asUintN(file.header.bits, address + moved);
    const address = wrap(description.word(0));
    const counter = description.word(2 * word);
    const semaphore = counter === 0n ? 0n : wrap(counter);
    let at = 3 * word;
    const text = (): string => {
      const bytes = description.stringBytes(at);
      at += bytes.length + 1;
      return new TextDecoder().decode(bytes);
    };
    yield {
      provider: text(),
      name: text(),
      arguments: text(),
      address,
      fileOffset: fileOffset(file, address, { executable: true }),
      semaphore,
      semaphoreOffset: semaphore === 0n ? undefined : fileOffset(file, semaphore),
    };
  }
}
