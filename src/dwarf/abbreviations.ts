/**
 * The shapes of entries: tag, and the attributes with their forms. A table is parsed as far as its codes are asked for,
 * since most questions look at the first entry of a unit and no further.
 */
import { At, Form } from './constants.ts';
import { tooMany, unknown } from './errors.ts';
import { MAX_ATTRIBUTES } from './limits.ts';
import type { Reader } from './reader.ts';

export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly names: readonly number[];
  readonly forms: readonly number[];
  /** By index; for DW_FORM_implicit_const, which has its value here. */
  readonly implicit: ReadonlyMap<number, bigint>;
  /** Index of DW_AT_sibling, or -1. */
  readonly sibling: number;
  /** Bytes of all attributes together; -1 where that depends on the entry. */
  readonly size: number;
}

export class AbbreviationTable {
  readonly #reader: Reader;
  readonly #known = new Map<number, Abbreviation>();
  readonly #sizes: FormSizes;
  #whole = false;

  /** @param reader at the table's first byte */
  constructor(reader: Reader, sizes: FormSizes) {
    this.#reader = reader;
    this.#sizes = sizes;
  }

  /** Throws DwarfError for a code that the table does not have. */
  get(code: number, at: number): Abbreviation {
    const known = this.#known.get(code);
    if (known) return known;
    while (!this.#whole) {
      const found = this.#next();
      if (found === undefined) break;
      if (found === code) return this.#known.get(code)!;
    }
    throw unknown('debug_info', at, 'abbreviation', code);
  }

  #next(): number | undefined {
    const reader = this.#reader;
    const code = reader.done ? 0 : reader.uleb();
    if (code === 0) {
      this.#whole = true;
      return undefined;
    }
    const tag = reader.uleb();
    const hasChildren = reader.u8() !== 0;
    const names: number[] = [];
    const forms: number[] = [];
    const implicit = new Map<number, bigint>();
    let size = 0;
    for (;;) {
      const name = reader.uleb();
      const form = reader.uleb();
      if (form === Form.implicitConst) implicit.set(names.length, reader.bigLeb(true));
      if (name === 0 && form === 0) break;
      if (names.length >= MAX_ATTRIBUTES)
        throw tooMany(reader.section, reader.offset, 'attributes', MAX_ATTRIBUTES);
      names.push(name);
      forms.push(form);
      const each = fixedSize(form, this.#sizes);
      size = size < 0 || each < 0 ? -1 : size + each;
    }
    const made = { tag, hasChildren, names, forms, implicit, sibling: names.indexOf(At.sibling), size };
    // The first of a code counts, as it does when one reads from the start.
    if (!this.#known.has(code)) this.#known.set(code, made);
    return code;
  }
}

/** What sizes of forms depend on. */
export interface FormSizes {
  /** The 64-bit format. */
  readonly wide: boolean;
  readonly version: number;
  readonly addressSize: number;
}

/** Bytes of a form; -1 where its value says. */
export function fixedSize(form: number, { wide, version, addressSize }: FormSizes): number {
  switch (form) {
    case Form.flagPresent:
    case Form.implicitConst:
      return 0;
    case Form.data1:
    case Form.flag:
    case Form.ref1:
    case Form.strx1:
    case Form.addrx1:
      return 1;
    case Form.data2:
    case Form.ref2:
    case Form.strx2:
    case Form.addrx2:
      return 2;
    case Form.strx3:
    case Form.addrx3:
      return 3;
    case Form.data4:
    case Form.ref4:
    case Form.strx4:
    case Form.addrx4:
    case Form.refSup4:
      return 4;
    case Form.data8:
    case Form.ref8:
    case Form.refSig8:
    case Form.refSup8:
      return 8;
    case Form.data16:
      return 16;
    case Form.addr:
      return addressSize;
    case Form.refAddr:
      // An address in version 2, an offset since.
      return version <= 2 ? addressSize : wide ? 8 : 4;
    case Form.strp:
    case Form.lineStrp:
    case Form.secOffset:
    case Form.strpSup:
    case Form.gnuRefAlt:
    case Form.gnuStrpAlt:
      return wide ? 8 : 4;
    default:
      return -1;
  }
}

/** Moves behind an attribute. */
export function skipForm(reader: Reader, form: number, sizes: FormSizes): void {
  const size = fixedSize(form, sizes);
  if (size >= 0) return reader.skip(size);
  switch (form) {
    case Form.udata:
    case Form.sdata:
    case Form.refUdata:
    case Form.strx:
    case Form.addrx:
    case Form.loclistx:
    case Form.rnglistx:
    case Form.gnuAddrIndex:
    case Form.gnuStrIndex:
      return reader.skipLeb();
    case Form.string:
      return reader.skipText();
    case Form.block1:
      return reader.skip(reader.u8());
    case Form.block2:
      return reader.skip(reader.u16());
    case Form.block4:
      return reader.skip(reader.u32());
    case Form.block:
    case Form.exprloc:
      return reader.skip(reader.uleb());
    case Form.indirect: {
      const inner = reader.uleb();
      // One that names itself would never end; an implicit constant has no place for its value.
      if (inner === Form.indirect || inner === Form.implicitConst)
        throw unknown(reader.section, reader.offset, 'form', inner);
      return skipForm(reader, inner, sizes);
    }
    default:
      throw unknown(reader.section, reader.offset, 'form', form);
  }
}
