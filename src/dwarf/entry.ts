/**
 * An entry of debug information (DIE): a tag and attributes, read when they are asked for.
 *
 * Entries stand one behind the other, each followed by its children where it has some, up to a zero. Who wants the next
 * one on the same level has to skip all of its children, unless the producer wrote where they end (DW_AT_sibling).
 */
import type { Abbreviation } from './abbreviations.ts';
import { At, Form, Tag } from './constants.ts';
import { noEntry, unknown } from './errors.ts';
import { MAX_CHAIN } from './limits.ts';
import type { Reader } from './reader.ts';
import type { Unit } from './unit.ts';

export class Entry {
  readonly unit: Unit;
  /** In the unit's section. */
  readonly offset: number;
  readonly tag: number;
  /** Offset behind the attributes: of the first child, or of the next entry. */
  readonly end: number;
  readonly hasChildren: boolean;
  readonly #shape: Abbreviation;
  readonly #reader: Reader;
  readonly #positions: readonly number[];

  /** @param reader behind the code of the abbreviation */
  constructor(unit: Unit, offset: number, shape: Abbreviation, reader: Reader) {
    this.unit = unit;
    this.offset = offset;
    this.tag = shape.tag;
    this.hasChildren = shape.hasChildren;
    this.#shape = shape;
    this.#reader = reader;
    const positions: number[] = [];
    for (const form of shape.forms) {
      positions.push(reader.at);
      unit.skip(reader, form);
    }
    this.#positions = positions;
    this.end = reader.offset;
  }

  has(name: number): boolean {
    return this.#shape.names.includes(name);
  }

  /** The names of its attributes. */
  get attributes(): readonly number[] {
    return this.#shape.names;
  }

  /** Puts the reader at the value of an attribute, and gives its form; undefined without one. */
  #find(name: number): { readonly form: number; readonly index: number } | undefined {
    const index = this.#shape.names.indexOf(name);
    if (index < 0) return undefined;
    let form = this.#shape.forms[index]!;
    this.#reader.at = this.#positions[index]!;
    if (form === Form.indirect) form = this.#reader.uleb();
    return { form, index };
  }

  form(name: number): number | undefined {
    return this.#find(name)?.form;
  }

  flag(name: number): boolean {
    const found = this.#find(name);
    if (!found) return false;
    return found.form === Form.flagPresent || this.#reader.u8() !== 0;
  }

  /** A constant or an offset into another section; undefined where there is none, or where it is no plain number. */
  number(name: number): number | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const reader = this.#reader;
    switch (found.form) {
      case Form.data1:
      case Form.flag:
        return reader.u8();
      case Form.data2:
        return reader.u16();
      case Form.data4:
        return reader.u32();
      case Form.data8:
        return reader.u64();
      case Form.udata:
        return reader.uleb();
      case Form.sdata:
        return reader.sleb();
      case Form.implicitConst:
        return Number(this.#shape.implicit.get(found.index) ?? 0n);
      case Form.secOffset:
        return reader.word(this.unit.header.wide);
      default:
        return undefined;
    }
  }

  /** A constant with all of its bits, as the form has it: `data` forms do not tell whether they are signed. */
  constant(name: number): bigint | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const reader = this.#reader;
    switch (found.form) {
      case Form.data8:
        return reader.big64();
      case Form.udata:
        return reader.bigLeb(false);
      case Form.sdata:
        return reader.bigLeb(true);
      case Form.implicitConst:
        return this.#shape.implicit.get(found.index);
      default: {
        const plain = this.number(name);
        return plain === undefined ? undefined : BigInt(plain);
      }
    }
  }

  /** An address of the program. */
  address(name: number): number | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const { unit } = this;
    const reader = this.#reader;
    switch (found.form) {
      case Form.addr:
        return reader.sized(unit.header.addressSize);
      case Form.addrx:
      case Form.gnuAddrIndex:
        return unit.indexedAddress(reader.uleb());
      case Form.addrx1:
        return unit.indexedAddress(reader.u8());
      case Form.addrx2:
        return unit.indexedAddress(reader.u16());
      case Form.addrx3:
        return unit.indexedAddress(reader.u24());
      case Form.addrx4:
        return unit.indexedAddress(reader.u32());
      default:
        return undefined;
    }
  }

  /** Undefined too where the text is in a supplementary file, which is not read. */
  text(name: number): string | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const { unit } = this;
    const reader = this.#reader;
    switch (found.form) {
      case Form.string:
        return reader.text();
      case Form.strp:
        return unit.info.text('debug_str', reader.word(unit.header.wide));
      case Form.lineStrp:
        return unit.info.text('debug_line_str', reader.word(unit.header.wide));
      case Form.strx:
      case Form.gnuStrIndex:
        return unit.indexedText(reader.uleb());
      case Form.strx1:
        return unit.indexedText(reader.u8());
      case Form.strx2:
        return unit.indexedText(reader.u16());
      case Form.strx3:
        return unit.indexedText(reader.u24());
      case Form.strx4:
        return unit.indexedText(reader.u32());
      default:
        return undefined;
    }
  }

  /** The entry that an attribute refers to; undefined where that is in a file that is not read. */
  reference(name: number): Entry | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const { unit } = this;
    const reader = this.#reader;
    switch (found.form) {
      case Form.ref1:
        return unit.entryInside(reader.u8());
      case Form.ref2:
        return unit.entryInside(reader.u16());
      case Form.ref4:
        return unit.entryInside(reader.u32());
      case Form.ref8:
        return unit.entryInside(reader.u64());
      case Form.refUdata:
        return unit.entryInside(reader.uleb());
      case Form.refAddr: {
        const { version, addressSize, wide } = unit.header;
        return unit.info.entryAt(version <= 2 ? reader.sized(addressSize) : reader.word(wide));
      }
      case Form.refSig8:
        return unit.info.typeBySignature(reader.big64());
      default:
        return undefined;
    }
  }

  /** The bytes of a block or an expression. */
  block(name: number): Reader | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const reader = this.#reader;
    let size: number;
    switch (found.form) {
      case Form.block1:
        size = reader.u8();
        break;
      case Form.block2:
        size = reader.u16();
        break;
      case Form.block4:
        size = reader.u32();
        break;
      case Form.block:
      case Form.exprloc:
        size = reader.uleb();
        break;
      case Form.data16:
        size = 16;
        break;
      default:
        return undefined;
    }
    return reader.part(reader.offset, size);
  }

  /** Where a list of ranges or locations is: an offset into its section, or an index into the unit's table. */
  list(name: number): { readonly offset: number } | { readonly index: number } | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const reader = this.#reader;
    switch (found.form) {
      case Form.secOffset:
        return { offset: reader.word(this.unit.header.wide) };
      case Form.rnglistx:
      case Form.loclistx:
        return { index: reader.uleb() };
      // Before version 4 there was no form for offsets.
      case Form.data4:
        return { offset: reader.u32() };
      case Form.data8:
        return { offset: reader.u64() };
      default:
        return undefined;
    }
  }

  /** Its children, one after the other; theirs are skipped. */
  *children(): Generator<Entry, void, undefined> {
    if (!this.hasChildren) return;
    let offset = this.end;
    for (;;) {
      const child = this.unit.entryAt(offset);
      if (!child) return;
      yield child;
      offset = child.after();
    }
  }

  /** Offset of the next entry on its level. */
  after(): number {
    if (!this.hasChildren) return this.end;
    if (this.#shape.sibling >= 0) return this.unit.checkedSibling(this, this.reference(At.sibling)?.offset);
    return this.unit.skipChildren(this.end);
  }

  /** `DW_AT_name`, its own or that of what it stands for. */
  get name(): string | undefined {
    return this.inherited((entry) => entry.text(At.name));
  }

  /**
   * The first answer along the entries that this one stands for: a copy of a function refers to the abstract one, and
   * that, outside of its class, to the declaration in it.
   */
  inherited<T>(ask: (entry: Entry) => T | undefined): T | undefined {
    let entry: Entry | undefined = this;
    for (let step = 0; entry && step < MAX_CHAIN; step++) {
      const answer = ask(entry);
      if (answer !== undefined) return answer;
      entry = entry.reference(At.abstractOrigin) ?? entry.reference(At.specification);
    }
    return undefined;
  }
}

/** Reads the entry at the position of a reader; undefined for the zero that ends a list of children. */
export function readEntry(unit: Unit, reader: Reader): Entry | undefined {
  const offset = reader.offset;
  const code = reader.uleb();
  return code === 0 ? undefined : new Entry(unit, offset, unit.abbreviations.get(code, offset), reader);
}

/** The first entry of a unit, which describes it. */
export function checkRoot(entry: Entry | undefined, unit: Unit): Entry {
  const { section, offset } = unit.header;
  if (!entry) throw noEntry(section, offset);
  switch (entry.tag) {
    case Tag.compileUnit:
    case Tag.partialUnit:
    case Tag.typeUnit:
    case Tag.skeletonUnit:
      return entry;
    default:
      throw unknown(section, entry.offset, 'tag of a unit', entry.tag);
  }
}
