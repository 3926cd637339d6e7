/** `.struct_ops`: structures of functions that the kernel will call, as maps. */
import { sizeOf } from '../../btf/layout.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import type { ElfSection } from '../../elf/header.ts';
import { MapType } from '../../kernel/spec.ts';
import type { ObjectMap } from '../spec.ts';
import type { FoundFunction } from './code.ts';
import type { ObjectImage } from './image.ts';
import { FunctionPlaces } from './references.ts';

/** BPF_F_LINK: include/uapi/linux/bpf.h. */
const LINK = 1 << 13;

/** Structures of functions, in the order of their sections. Throws ObjectError. */
export function readStructOps(image: ObjectImage, functions: readonly FoundFunction[]): ObjectMap[] {
  const { types } = image;
  if (types === undefined) return [];
  const places = new FunctionPlaces(functions);
  const maps: ObjectMap[] = [];
  for (const section of image.elf.sections) {
    const match = /^(\??)\.struct_ops(\.link)?$/.exec(section.name);
    const id = types.find(section.name, 'section');
    if (match === null || section.size === 0 || id === undefined) continue;
    image.within(section.name, () => {
      const type = types.type(id);
      if (type.kind !== 'section') return;
      const reader = new Reader(image, section, places);
      for (const { type: variable } of type.variables) {
        maps.push(reader.map(variable, { link: match[2] !== undefined, automatic: match[1] === '' }));
      }
    });
  }
  return maps;
}

class Reader {
  readonly #image: ObjectImage;
  readonly #section: ElfSection;
  readonly #places: FunctionPlaces;

  constructor(image: ObjectImage, section: ElfSection, places: FunctionPlaces) {
    this.#image = image;
    this.#section = section;
    this.#places = places;
  }

  map(variable: TypeId, options: { readonly link: boolean; readonly automatic: boolean }): ObjectMap {
    const types = this.#image.types!;
    const declared = types.type(variable);
    if (declared.kind !== 'variable') throw this.#wrong(undefined, `type ${variable} is no variable`);
    const struct = types.strip(declared.type);
    const type = types.type(struct);
    if (type.kind !== 'struct')
      throw this.#wrong(undefined, `"${declared.name}" is a ${type.kind}, not a struct`);
    const symbol = this.#image.symbolsIn(this.#section.index).find(({ name }) => name === declared.name);
    if (symbol === undefined) throw this.#wrong(undefined, `"${declared.name}" has no symbol`);
    const start = Number(symbol.value);
    const size = sizeOf(types, struct);
    const view = this.#image.contents(this.#section);
    const contents = view.part(start, size).bytes.slice();
    return {
      name: declared.name,
      type: MapType.structOps,
      keySize: 4,
      valueSize: size,
      maxEntries: 1,
      flags: options.link ? LINK : 0,
      pinning: false,
      autocreate: options.automatic,
      structOps: {
        type: struct,
        typeName: type.name,
        contents,
        link: options.link,
        functions: this.#functions(declared.name, type, start, size),
      },
    };
  }

  #functions(
    name: string,
    type: Extract<BtfType, { kind: 'struct' | 'union' }>,
    start: number,
    size: number,
  ): ReadonlyMap<string, string> {
    const functions = new Map<string, string>();
    for (const { entry, symbol } of this.#image.relocationsOf(this.#section)) {
      const inside = entry.offset - start;
      if (inside < 0 || inside >= size) continue;
      const member = type.members.find(({ bitOffset }) => bitOffset === inside * 8);
      if (member === undefined) throw this.#wrong(entry.offset, `"${name}" has no member at byte ${inside}`);
      const slot = Number(symbol.value) / 8 + this.#addend(entry.offset) / 8;
      const called = this.#places.startingAt(symbol.section, slot);
      if (called === undefined) throw this.#wrong(entry.offset, `"${name}.${member.name}" is no function`);
      functions.set(member.name, called.key);
    }
    return functions;
  }

  /** REL relocations have what is added in the place itself: 0 unless the symbol is a section. */
  #addend(offset: number): number {
    return this.#image.contents(this.#section).size(offset);
  }

  #wrong(offset: number | undefined, problem: string): Error {
    return this.#image.at(this.#section, offset, problem);
  }
}
