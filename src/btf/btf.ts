import { nearestNames } from '../text/nearest.ts';
import { badBase, noSuchType } from './errors.ts';
import type { Measures } from './kept-index.ts';
import { decodeIndex, encodeIndex } from './kept-index.ts';
import type { FoundMember, TypeTable } from './layout.ts';
import { alignOf, findMember, sizeOf, stripModifiers } from './layout.ts';
import { materialise } from './materialise.ts';
import { essentialName, NameLookup } from './names.ts';
import { kindNames, parseFrame, scanRecords } from './records.ts';
import { Strings } from './strings.ts';
import type { BtfKind, BtfType, TypeId } from './types.ts';

export interface BtfOptions {
  /** What a module's (split) BTF continues: its ids and strings come after those of the base. */
  readonly base?: Btf;
  /** Bytes of a pointer, which BTF does not say. Default 8. */
  readonly pointerSize?: 4 | 8;
  /** What `index()` gave for the same bytes; one of others is not used. Saves the pass over the records. */
  readonly index?: Uint8Array | undefined;
}

/**
 * The types of a kernel, a module or an object, read where they lie.
 *
 * Parsing only finds the records (about 5 ms for a kernel's 126,000); a type becomes an object when it is asked
 * for, and is kept. The bytes are borrowed: they must not change while the `Btf` is used.
 * `/sys/kernel/btf/vmlinux` exists since Linux 5.4, that of modules since 5.11. Every error is a `BtfError`.
 */
export class Btf implements TypeTable {
  /** One more than the highest id, with those of the base; id 0 is `void`. */
  readonly count: number;
  readonly littleEndian: boolean;
  readonly pointerSize: 4 | 8;
  readonly base: Btf | undefined;
  readonly #firstId: TypeId;
  readonly #starts: Uint32Array;
  readonly #words: Uint32Array;
  readonly #strings: Strings;
  readonly #names: NameLookup;
  readonly #types = new Map<TypeId, BtfType>();
  #flavoured: ReadonlyMap<string, readonly string[]> | undefined;

  private constructor(bytes: Uint8Array, { base, pointerSize, index }: BtfOptions) {
    if (base?.base !== undefined) throw badBase('is itself split');
    const frame = parseFrame(bytes);
    if (base !== undefined && base.littleEndian !== frame.littleEndian)
      throw badBase('has another byte order');
    this.littleEndian = frame.littleEndian;
    this.pointerSize = pointerSize ?? base?.pointerSize ?? 8;
    this.base = base;
    this.#words = frame.words;
    this.#strings = new Strings(frame.strings, base === undefined ? new Uint8Array() : base.#strings.own);
    this.#firstId = base?.count ?? 1;
    const kept = index === undefined ? undefined : decodeIndex(index, this.#measures());
    this.#starts = kept?.starts ?? scanRecords(frame.words, this.#firstId, this.#strings.end);
    this.count = this.#firstId + this.#starts.length;
    const records = {
      starts: this.#starts,
      words: frame.words,
      strings: this.#strings,
      firstId: this.#firstId,
    };
    this.#names = new NameLookup(records, kept?.hashes);
  }

  /**
   * Reads BTF of either byte order. Checks the header, the sections, and that every record and its name lie
   * inside; what a record refers to is checked when it is read.
   */
  static parse(bytes: Uint8Array, options: BtfOptions = {}): Btf {
    return new Btf(bytes, options);
  }

  /** The index of these types, for `parse` of the same bytes in another process. */
  index(): Uint8Array {
    return encodeIndex({ starts: this.#starts, hashes: this.#names.hashes() }, this.#measures());
  }

  /** The type as a plain object; the same object each time. */
  type(id: TypeId): BtfType {
    const known = this.#types.get(id);
    if (known !== undefined) return known;
    if (id < this.#firstId && this.base !== undefined) return this.base.type(id);
    const type: BtfType =
      id === 0 ? { kind: 'void' } : materialise(this.#words, this.#start(id), id, this.#strings, this.count);
    this.#types.set(id, type);
    return type;
  }

  /** Cheaper than `type(id).kind`: makes no object. */
  kind(id: TypeId): BtfKind {
    if (id === 0) return 'void';
    if (id < this.#firstId && this.base !== undefined) return this.base.kind(id);
    return kindNames[(this.#words[this.#start(id) + 1]! >>> 24) & 0x1f]!;
  }

  /** Empty for types without a name. */
  name(id: TypeId): string {
    if (id === 0) return '';
    if (id < this.#firstId && this.base !== undefined) return this.base.name(id);
    return this.#strings.text(this.#words[this.#start(id)]!);
  }

  /** A string by its offset, for what stands beside BTF and shares its strings (`.BTF.ext`); a byte a character. */
  string(offset: number): string {
    return this.#strings.text(offset);
  }

  /** The lowest id of that name, of that kind if one is given. */
  find(name: string, kind?: BtfKind): TypeId | undefined {
    const inBase = this.base?.find(name, kind);
    if (inBase !== undefined) return inBase;
    const ids = this.#names.ids(name);
    return kind === undefined ? ids[0] : ids.find((id) => this.kind(id) === kind);
  }

  /** All ids of that name, ascending, of that kind if one is given. */
  findAll(name: string, kind?: BtfKind): TypeId[] {
    const own = this.#names.ids(name).filter((id) => kind === undefined || this.kind(id) === kind);
    return this.base === undefined ? own : [...this.base.findAll(name, kind), ...own];
  }

  /**
   * All ids of that name, ascending, and of the name with a CO-RE flavour (`NAME___v2`): what a relocation about
   * NAME may mean.
   */
  findFlavours(name: string): TypeId[] {
    const own = [name, ...(this.#flavours().get(name) ?? [])].flatMap((one) => [...this.#names.ids(one)]);
    own.sort((a, b) => a - b);
    return this.base === undefined ? own : [...this.base.findFlavours(name), ...own];
  }

  /** Names with a flavour by the name without: few, found once by a search of the strings. */
  #flavours(): ReadonlyMap<string, readonly string[]> {
    if (this.#flavoured !== undefined) return this.#flavoured;
    const found = new Map<string, string[]>();
    for (const name of this.#strings.holding('___')) {
      const essential = essentialName(name);
      if (essential === name) continue;
      const list = found.get(essential);
      if (list === undefined) found.set(essential, [name]);
      else if (!list.includes(name)) list.push(name);
    }
    return (this.#flavoured = found);
  }

  /** Names near to one that was not found, nearest first, at most three: for error messages. Takes ~50 ms in vmlinux. */
  suggest(name: string, kind?: BtfKind): string[] {
    return nearestNames(name, new Set(this.namesOf(kind)));
  }

  /** Every name, in the order of ids, with repetitions; only of one kind if it is given. */
  *namesOf(kind?: BtfKind): Generator<string> {
    if (this.base !== undefined) yield* this.base.namesOf(kind);
    yield* this.ownNamesOf(kind);
  }

  /** As `namesOf`, without those of the base. */
  *ownNamesOf(kind?: BtfKind): Generator<string> {
    for (let id = this.#firstId; id < this.count; id++) {
      if (kind !== undefined && this.kind(id) !== kind) continue;
      const name = this.name(id);
      if (name !== '') yield name;
    }
  }

  /** What is left without typedefs, const, volatile, restrict and type tags. */
  strip(id: TypeId): TypeId {
    return stripModifiers(this, id);
  }

  /** Bytes; throws for what has none (void, functions, forward declarations). */
  sizeOf(id: TypeId): number {
    return sizeOf(this, id);
  }

  /** Bytes; 1 for a packed struct. */
  alignOf(id: TypeId): number {
    return alignOf(this, id);
  }

  /** A member by name, also through anonymous structs and unions; offsets count from the outer start. */
  member(id: TypeId, name: string): FoundMember | undefined {
    return findMember(this, id, name);
  }

  #measures(): Measures {
    return { firstId: this.#firstId, words: this.#words.length, stringsEnd: this.#strings.end };
  }

  #start(id: TypeId): number {
    const index = id - this.#firstId;
    const start = this.#starts[index];
    if (start === undefined) throw noSuchType(id, this.count);
    return start;
  }
}
