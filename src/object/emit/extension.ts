/** `.BTF.ext`, the writing side of `read/extension.ts`: functions, lines and CO-RE relocations by section of code. */
import type { TypeId } from '../../btf/types.ts';
import { type CoreKind, coreKinds } from '../spec.ts';

/** Records of one section; places are in slots from its start. */
export interface CodeRecords {
  /** The section's name in the strings of `.BTF`. */
  readonly name: number;
  readonly functions: { readonly slot: number; readonly type: TypeId }[];
  /** struct bpf_line_info, four words each, with places in slots. */
  readonly lines: number[];
  readonly relocations: {
    readonly slot: number;
    readonly type: TypeId;
    /** In the strings of `.BTF`. */
    readonly access: number;
    readonly kind: CoreKind;
  }[];
}

const magic = 0xeb9f;
/** With the table of relocations, which the first form of the header had not. */
const headerWords = 8;
const slotBytes = 8;

/** Little-endian. */
export function encodeExtension(sections: readonly CodeRecords[]): Uint8Array<ArrayBuffer> {
  const tables = [
    table(2, sections, ({ functions }) => functions.map(({ slot, type }) => [slot * slotBytes, type])),
    table(4, sections, ({ lines }) => lineWords(lines)),
    table(4, sections, ({ relocations }) =>
      relocations.map(({ slot, type, access, kind }) => [
        slot * slotBytes,
        type,
        access,
        coreKinds.indexOf(kind),
      ]),
    ),
  ];
  const words = [magic | (1 << 16), headerWords * 4];
  let offset = 0;
  for (const { length } of tables) {
    words.push(offset, length * 4);
    offset += length * 4;
  }
  words.push(...tables.flat());
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  return bytes;
}

function lineWords(lines: readonly number[]): number[][] {
  const records: number[][] = [];
  for (let i = 0; i < lines.length; i += 4) {
    records.push([lines[i]! * slotBytes, ...lines.slice(i + 1, i + 4)]);
  }
  return records;
}

/** Words of one table: the size of a record, then each section with something in it. Empty if none has. */
function table(
  recordWords: number,
  sections: readonly CodeRecords[],
  recordsOf: (section: CodeRecords) => readonly (readonly number[])[],
): number[] {
  const words: number[] = [];
  for (const section of sections) {
    const records = recordsOf(section);
    if (records.length > 0) words.push(section.name, records.length, ...records.flat());
  }
  return words.length === 0 ? [] : [recordWords * 4, ...words];
}
