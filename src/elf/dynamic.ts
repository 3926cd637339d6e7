/** What a file asks of the dynamic linker: libraries by name, and where to look for them. */

import { fileOffset } from './address.ts';
import { SegmentType } from './constants.ts';
import type { ElfFile } from './file.ts';

export interface Needed {
  /** The dynamic linker itself; undefined of libraries and static programs. */
  readonly interpreter: string | undefined;
  /** DT_NEEDED: `libc.so.6` */
  readonly libraries: readonly string[];
  /** DT_RUNPATH, else DT_RPATH; `$ORIGIN` stands in it as it is. */
  readonly searchPath: readonly string[];
}

const Tag = { null: 0, needed: 1, stringTable: 5, rpath: 15, runpath: 29 } as const;
const MAX_DYNAMIC = 1 << 20;
const MAX_STRINGS = 1 << 26;
/** Names of one kind: no program needs half as many libraries. */
const MAX_TEXTS = 512;

/** Nothing of a static file. Throws ElfError where it is broken. */
export function neededLibraries(file: ElfFile): Needed {
  const { segments } = file;
  const named = segments.find(({ type }) => type === SegmentType.interpreter);
  const interpreter =
    named && file.range('the interpreter', named.offset, named.fileSize, MAX_DYNAMIC).string(0);
  const dynamic = segments.find(({ type }) => type === SegmentType.dynamic);
  if (!dynamic) return { interpreter, libraries: [], searchPath: [] };
  const view = file.range('the dynamic section', dynamic.offset, dynamic.fileSize, MAX_DYNAMIC);
  const word = view.wide ? 8 : 4;
  const entries: { readonly tag: number; readonly value: bigint }[] = [];
  for (let at = 0; at + 2 * word <= view.length; at += 2 * word) {
    const tag = view.size(at);
    if (tag === Tag.null) break;
    entries.push({ tag, value: view.word(at + word) });
  }
  const table = entries.find(({ tag }) => tag === Tag.stringTable);
  const start = table && fileOffset(file, table.value);
  if (start === undefined) return { interpreter, libraries: [], searchPath: [] };
  const strings = file.range(
    'the dynamic strings',
    start,
    Math.min(file.source.size - start, MAX_STRINGS),
    MAX_STRINGS,
  );
  const texts = (wanted: number): string[] =>
    entries
      .filter(({ tag }) => tag === wanted)
      .slice(0, MAX_TEXTS)
      .map(({ value }) => strings.string(Number(value)));
  const [path = texts(Tag.rpath)[0] ?? ''] = texts(Tag.runpath);
  return {
    interpreter,
    libraries: texts(Tag.needed),
    searchPath: path.split(':').filter((each) => each !== ''),
  };
}
