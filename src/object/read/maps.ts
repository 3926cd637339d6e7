/**
 * Map definitions: `struct { __uint(type, ...); __type(key, ...); ... } name SEC(".maps")`.
 *
 * Every fact is in the types: a number is the length of an array behind a pointer (`__uint`) or the value of an
 * enumerator (`__ulong`), a type is what a pointer points to (`__type`), and initial slots are relocations into
 * the flexible array at the end (`__array(values, ...)`). The bytes of the section are zero.
 */
import type { Btf } from '../../btf/btf.ts';
import type { Member, TypeId } from '../../btf/types.ts';
import type { ElfSection } from '../../elf/header.ts';
import { MapType } from '../../kernel/spec.ts';
import { didYouMean, nearestNames } from '../../text/nearest.ts';
import type { ObjectError } from '../errors.ts';
import type { ObjectMap } from '../spec.ts';
import type { ObjectImage } from './image.ts';

const SECTION = '.maps';
/** A slot of `values` is a pointer in the object. */
const SLOT = 8;
/** Slots that are kept; the kernel's own limit on entries is far higher, but nobody writes them down. */
const MAX_SLOTS = 1 << 16;

export interface FoundMap {
  readonly map: ObjectMap;
  /** In `.maps`. */
  readonly offset: number;
  readonly size: number;
}

export interface MapOptions {
  /** Unknown members of a definition are errors. */
  readonly strict: boolean;
}

/** Maps defined in `.maps`, in the order of the section. Throws ObjectError. */
export function readMaps(image: ObjectImage, options: MapOptions): FoundMap[] {
  const section = image.elf.section(SECTION);
  if (section === undefined || section.size === 0) return [];
  const { types } = image;
  const id = types?.find(SECTION, 'section');
  if (types === undefined || id === undefined) {
    throw image.at(section, undefined, 'map definitions without types', 'map', 'compile with -g');
  }
  return image.within(SECTION, () => {
    const found = definitions(image, types, id, section, options);
    fillSlots(image, section, found);
    return found.map(({ map, slots, offset, size }) => ({
      map: slots.size === 0 ? map : { ...map, slots: slotList(slots) },
      offset,
      size,
    }));
  });
}

interface Definition extends FoundMap {
  /** Bytes from the start of the definition to `values`. */
  readonly valuesAt: number | undefined;
  readonly slots: Map<number, string>;
}

function definitions(
  image: ObjectImage,
  types: Btf,
  id: TypeId,
  section: ElfSection,
  options: MapOptions,
): Definition[] {
  const type = types.type(id);
  if (type.kind !== 'section') return [];
  const symbols = new Map(image.symbolsIn(section.index).map((symbol) => [symbol.name, symbol]));
  const found: Definition[] = [];
  for (const { type: variable, size } of type.variables) {
    const declared = types.type(variable);
    if (declared.kind !== 'variable')
      throw image.at(SECTION, undefined, `type ${variable} in its BTF is no variable`);
    const { name, linkage } = declared;
    // Another object defines it.
    if (linkage === 2) continue;
    if (linkage !== 1)
      throw image.at(SECTION, undefined, `map "${name}" is static: maps must be global`, 'map');
    const symbol = symbols.get(name);
    if (symbol === undefined) throw image.at(SECTION, undefined, `map "${name}" has no symbol`, 'map');
    const offset = Number(symbol.value);
    if (offset + size > section.size)
      throw image.at(SECTION, offset, `map "${name}" passes its end`, 'bounds');
    const reader = new DefinitionReader(image, types, name, options);
    const { map, valuesAt } = reader.read(declared.type, name, false);
    found.push({ map, offset, size, valuesAt, slots: new Map() });
  }
  return found.sort((a, b) => a.offset - b.offset);
}

class DefinitionReader {
  readonly #image: ObjectImage;
  readonly #types: Btf;
  readonly #name: string;
  readonly #options: MapOptions;

  constructor(image: ObjectImage, types: Btf, name: string, options: MapOptions) {
    this.#image = image;
    this.#types = types;
    this.#name = name;
    this.#options = options;
  }

  read(id: TypeId, name: string, inner: boolean): { map: ObjectMap; valuesAt: number | undefined } {
    const types = this.#types;
    const definition = types.type(types.strip(id));
    if (definition.kind !== 'struct')
      throw this.#wrong(`its definition is a ${definition.kind}, not a struct`);
    const seen = new Map<string, number | bigint>();
    let keyType: TypeId | undefined;
    let valueType: TypeId | undefined;
    let innerMap: ObjectMap | undefined;
    let valuesAt: number | undefined;
    for (const [index, member] of definition.members.entries()) {
      switch (member.name) {
        case 'type':
        case 'max_entries':
        case 'map_flags':
        case 'numa_node':
        case 'key_size':
        case 'value_size':
        case 'pinning':
        case 'map_extra':
          seen.set(member.name, this.#number(member));
          break;
        case 'key':
          keyType = this.#pointed(member);
          break;
        case 'value':
          valueType = this.#pointed(member);
          break;
        case 'values': {
          if (inner) throw this.#wrong('maps in maps in maps are not possible');
          if (index !== definition.members.length - 1) throw this.#wrong('"values" must be its last member');
          valuesAt = member.bitOffset / 8;
          innerMap = this.#values(member, name);
          break;
        }
        default:
          if (this.#options.strict || isMistyped(member.name, definition.members)) {
            throw this.#wrong(`unknown member "${member.name}"`, nearHint(member.name, definitionMembers));
          }
      }
    }
    const number = (field: string): number => Number(seen.get(field) ?? 0);
    const type = number('type');
    const map: ObjectMap = {
      name,
      type: type as MapType,
      keySize: this.#size('key', seen.get('key_size'), keyType),
      valueSize: this.#size('value', seen.get('value_size'), valueType),
      maxEntries: number('max_entries'),
      flags: number('map_flags'),
      ...(keyType === undefined ? {} : { keyType }),
      ...(valueType === undefined ? {} : { valueType }),
      ...(seen.has('numa_node') ? { numaNode: number('numa_node') } : {}),
      ...(seen.has('map_extra') ? { extra: BigInt(seen.get('map_extra')!) } : {}),
      pinning: this.#pinning(number('pinning'), inner),
      ...(innerMap === undefined ? {} : { inner: innerMap }),
      autocreate: true,
    };
    if (type === 0) throw this.#wrong('it has no type (__uint(type, BPF_MAP_TYPE_...))');
    this.#settle(map, valuesAt);
    return { map, valuesAt };
  }

  /** What the kernel wants of some types whatever the definition says. */
  #settle(map: ObjectMap, valuesAt: number | undefined): void {
    const nested = map.type === MapType.arrayOfMaps || map.type === MapType.hashOfMaps;
    if (valuesAt !== undefined && !nested && map.type !== MapType.programArray) {
      throw this.#wrong('only maps of maps and program arrays have "values"');
    }
    if (nested || map.type === MapType.programArray) {
      map.valueSize = 4;
      if (map.keySize === 0 && map.type !== MapType.hashOfMaps) map.keySize = 4;
    }
  }

  #number(member: Member): number | bigint {
    const types = this.#types;
    const type = types.type(types.strip(member.type));
    if (type.kind === 'pointer') {
      const array = types.type(types.strip(type.target));
      if (array.kind !== 'array') throw this.#wrong(`"${member.name}" is no number (write __uint)`);
      return array.length;
    }
    if (type.kind === 'enum' || type.kind === 'enum64') {
      const first = type.values[0];
      if (first === undefined) throw this.#wrong(`"${member.name}" has no value`);
      return BigInt.asUintN(64, first.value);
    }
    throw this.#wrong(`"${member.name}" is no number (write __uint)`);
  }

  #pointed(member: Member): TypeId {
    const types = this.#types;
    const type = types.type(types.strip(member.type));
    if (type.kind !== 'pointer') throw this.#wrong(`"${member.name}" is no type (write __type)`);
    return type.target;
  }

  #size(what: 'key' | 'value', written: number | bigint | undefined, type: TypeId | undefined): number {
    if (type === undefined) return Number(written ?? 0);
    const size = this.#types.sizeOf(type);
    if (written !== undefined && Number(written) !== size) {
      throw this.#wrong(`${what}_size is ${written}, its ${what} has ${size} bytes`);
    }
    return size;
  }

  /** The inner map's shape; undefined for program arrays, whose values are functions. */
  #values(member: Member, name: string): ObjectMap | undefined {
    const types = this.#types;
    const array = types.type(types.strip(member.type));
    if (array.kind !== 'array' || array.length !== 0)
      throw this.#wrong('"values" is no array without a length');
    const pointer = types.type(types.strip(array.element));
    if (pointer.kind !== 'pointer') throw this.#wrong('"values" is no array of pointers');
    const target = types.strip(pointer.target);
    const kind = types.kind(target);
    if (kind === 'prototype') return undefined;
    if (kind !== 'struct') throw this.#wrong(`"values" are neither maps nor programs (${kind})`);
    return this.read(target, `${name}.inner`, true).map;
  }

  #pinning(number: number, inner: boolean): boolean {
    if (number === 0) return false;
    if (number !== 1) throw this.#wrong(`pinning ${number} is neither 0 (none) nor 1 (by name)`);
    if (inner) throw this.#wrong('inner maps cannot be pinned by name');
    return true;
  }

  #wrong(problem: string, hint?: string): ObjectError {
    return this.#image.at(SECTION, undefined, `map "${this.#name}": ${problem}`, 'map', hint);
  }
}

const definitionMembers: readonly string[] = [
  'type',
  'max_entries',
  'map_flags',
  'numa_node',
  'key_size',
  'key',
  'value_size',
  'value',
  'values',
  'pinning',
  'map_extra',
];

/** Members of later days are left alone, `max_entris` is not: it stands where `max_entries` is missing. */
function isMistyped(name: string, members: readonly Member[]): boolean {
  const [near] = nearestNames(name, definitionMembers);
  return near !== undefined && !members.some((member) => member.name === near);
}

function nearHint(name: string, known: readonly string[]): string | undefined {
  return didYouMean(nearestNames(name, known));
}

/** Slots from the relocations of `.maps`: each names what stands at its place. */
function fillSlots(image: ObjectImage, section: ElfSection, found: readonly Definition[]): void {
  for (const { entry, symbol } of image.relocationsOf(section)) {
    const { offset } = entry;
    const holder = found.find((one) => one.offset <= offset && offset < one.offset + one.size);
    // `values` has no length, so its slots lie behind the last member but inside the symbol.
    const { valuesAt } = holder ?? {};
    if (holder === undefined || valuesAt === undefined) {
      throw image.at(
        SECTION,
        offset,
        `a slot for "${symbol.name}" belongs to no map with values`,
        'relocation',
      );
    }
    const inside = offset - holder.offset - valuesAt;
    if (inside < 0 || inside % SLOT !== 0) {
      throw image.at(SECTION, offset, `a slot of map "${holder.map.name}" is misplaced`, 'relocation');
    }
    if (inside / SLOT >= MAX_SLOTS) throw image.at(SECTION, offset, `more than ${MAX_SLOTS} slots`, 'limit');
    const isMap = symbol.section === section.index;
    const wantsMaps = holder.map.inner !== undefined;
    if (isMap !== wantsMaps) {
      const wanted = wantsMaps ? 'maps' : 'programs';
      throw image.at(
        SECTION,
        offset,
        `"${symbol.name}" in map "${holder.map.name}", which holds ${wanted}`,
        'relocation',
      );
    }
    holder.slots.set(inside / SLOT, symbol.name);
  }
}

function slotList(slots: ReadonlyMap<number, string>): (string | undefined)[] {
  const length = Math.max(...slots.keys()) + 1;
  return Array.from({ length }, (_, index) => slots.get(index));
}
