/**
 * `.BTF.ext`: what belongs to instructions - which function begins where, which line of the source an instruction
 * comes from, and the CO-RE relocations.
 *
 * A header, then three tables of the same form: the size of a record, and for each section of code its name, a
 * count, and the records, ascending. Records may be longer than what is known here. Offsets of instructions are in
 * bytes from the start of the section. Source: libbpf's btf.h, include/uapi/linux/bpf.h (struct bpf_core_relo).
 */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import type { ElfView } from '../../elf/view.ts';
import { type CoreKind, coreKinds } from '../spec.ts';
import type { ObjectImage } from './image.ts';

export interface FunctionRecord {
  readonly slot: number;
  readonly type: TypeId;
}

export interface LineRecord {
  readonly slot: number;
  /** Offsets into the strings of `.BTF`. */
  readonly file: number;
  readonly text: number;
  readonly line: number;
  readonly column: number;
}

export interface CoreRecord {
  readonly slot: number;
  readonly kind: CoreKind;
  readonly type: TypeId;
  readonly access: string;
}

export interface SectionRecords {
  readonly functions: readonly FunctionRecord[];
  readonly lines: readonly LineRecord[];
  readonly relocations: readonly CoreRecord[];
}

const MAGIC = 0xeb9f;
const SECTION = '.BTF.ext';

interface Table {
  /** From the end of the header. */
  readonly offset: number;
  readonly length: number;
  /** Bytes of the shortest record. */
  readonly least: number;
}

/** Records by the name of their section. Empty for objects without. Throws ObjectError. */
export function readExtension(image: ObjectImage): ReadonlyMap<string, SectionRecords> {
  const section = image.elf.section(SECTION);
  const { types } = image;
  if (section === undefined || types === undefined) return new Map();
  return image.within(SECTION, () => new Reader(image, types, image.contents(section)).read());
}

class Reader {
  readonly #image: ObjectImage;
  readonly #types: Btf;
  readonly #view: ElfView;
  readonly #found = new Map<
    string,
    { functions: FunctionRecord[]; lines: LineRecord[]; relocations: CoreRecord[] }
  >();

  constructor(image: ObjectImage, types: Btf, view: ElfView) {
    this.#image = image;
    this.#types = types;
    this.#view = view;
  }

  read(): ReadonlyMap<string, SectionRecords> {
    const view = this.#view;
    if (view.u16(0) !== MAGIC)
      throw this.#wrong(0, `it begins with 0x${view.u16(0).toString(16)}, not 0xeb9f`);
    if (view.u8(2) !== 1) throw this.#wrong(2, `version ${view.u8(2)} is not known, only 1`);
    const header = view.u32(4);
    if (header < 24 || header > view.length) throw this.#wrong(4, `a header of ${header} bytes`);
    const table = (at: number, least: number): Table => ({
      offset: header + view.u32(at),
      length: view.u32(at + 4),
      least,
    });
    this.#table(table(8, 8), (at, { functions }) => {
      functions.push({ slot: this.#slot(at), type: this.#type(at + 4) });
    });
    this.#table(table(16, 16), (at, { lines }) => {
      const place = view.u32(at + 12);
      lines.push({
        slot: this.#slot(at),
        file: view.u32(at + 4),
        text: view.u32(at + 8),
        line: place >>> 10,
        column: place & 0x3ff,
      });
    });
    if (header >= 32) {
      this.#table(table(24, 16), (at, { relocations }) => {
        const number = view.u32(at + 12);
        const kind = coreKinds[number];
        if (kind === undefined) throw this.#wrong(at + 12, `CO-RE relocation of the unknown kind ${number}`);
        const access = this.#types.string(view.u32(at + 8));
        relocations.push({ slot: this.#slot(at), kind, type: this.#type(at + 4), access });
      });
    }
    // Compilers write them in order; linkers may not.
    for (const { functions, lines, relocations } of this.#found.values()) {
      for (const list of [functions, lines, relocations]) list.sort((a, b) => a.slot - b.slot);
    }
    return this.#found;
  }

  #table(
    { offset, length, least }: Table,
    record: (at: number, into: NonNullable<ReturnType<typeof this.entry>>) => void,
  ): void {
    const view = this.#view;
    if (length === 0) return;
    view.check(offset, length);
    const end = offset + length;
    const size = view.u32(offset);
    if (size < least || size % 4 !== 0)
      throw this.#wrong(offset, `records of ${size} bytes, at least ${least} are needed`);
    for (let at = offset + 4; at < end; ) {
      if (at + 8 > end) throw this.#wrong(at, 'the last section of a table is cut off');
      const name = this.#types.string(view.u32(at));
      const count = view.u32(at + 4);
      if (count === 0) throw this.#wrong(at + 4, `no records for section "${name}"`);
      if (at + 8 + count * size > end)
        throw this.#wrong(at + 4, `${count} records for section "${name}" pass the end`);
      const into = this.entry(name);
      for (let i = 0; i < count; i++) record(at + 8 + i * size, into);
      at += 8 + count * size;
    }
  }

  entry(name: string): { functions: FunctionRecord[]; lines: LineRecord[]; relocations: CoreRecord[] } {
    let entry = this.#found.get(name);
    if (entry === undefined) this.#found.set(name, (entry = { functions: [], lines: [], relocations: [] }));
    return entry;
  }

  #slot(at: number): number {
    const bytes = this.#view.u32(at);
    if (bytes % 8 !== 0) throw this.#wrong(at, `an instruction at byte ${bytes}, which is no multiple of 8`);
    return bytes / 8;
  }

  #type(at: number): TypeId {
    const id = this.#view.u32(at);
    if (id >= this.#types.count)
      throw this.#wrong(at, `type ${id} does not exist, there are ${this.#types.count}`);
    return id;
  }

  #wrong(at: number, problem: string): Error {
    return this.#image.at(SECTION, at, problem);
  }
}
