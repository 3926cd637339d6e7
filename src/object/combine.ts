/**
 * Linking objects with each other: what one declares extern and another defines.
 *
 * Works on specs, before loading. Types are put behind each other, sections of variables of one name too; a
 * global function, map or variable exists once. Of two definitions a weak one gives way; two that are not weak are
 * an error, except for maps that are the same (headers define some, such as those of USDT).
 */

import { PseudoLoad } from '../asm/opcodes.ts';
import { Btf } from '../btf/btf.ts';
import { encodeBtf } from '../btf/encode.ts';
import { alignOf } from '../btf/layout.ts';
import type { BtfType, TypeId } from '../btf/types.ts';
import { ObjectError } from './errors.ts';
import { renumbered } from './load/local-types.ts';
import { dataMapName } from './read/data.ts';
import type {
  DataSection,
  ObjectExtern,
  ObjectFunction,
  ObjectInstruction,
  ObjectMap,
  ObjectProgram,
  ObjectReference,
  ObjectSpec,
  ObjectVariable,
} from './spec.ts';

/** Where sections of two objects meet: more than any type of C asks for. */
const SECTION_ALIGNMENT = 64;

export interface CombineOptions {
  /** Part of the names of data maps. Default: that of the first object. */
  readonly name?: string;
}

/** One spec of several, in their order. Throws ObjectError for what is defined twice, or differs. */
export function combineObjects(specs: readonly ObjectSpec[], options: CombineOptions = {}): ObjectSpec {
  const [first, ...rest] = specs;
  if (first === undefined) throw new RangeError('there is no object to combine');
  if (rest.length === 0 && options.name === undefined) return first;
  return new Combination(first, options.name ?? first.name, specs).result();
}

interface Definition {
  readonly reference: Exclude<ObjectReference, { kind: 'extern' }>;
  readonly weak: boolean;
  readonly file: string;
}

class Combination {
  readonly #first: ObjectSpec;
  readonly #name: string;
  readonly #specs: readonly ObjectSpec[];
  readonly #functions = new Map<string, ObjectFunction>();
  readonly #programs: ObjectProgram[] = [];
  readonly #maps = new Map<string, ObjectMap>();
  readonly #externs = new Map<string, ObjectExtern>();
  /** Global names and what they stand for. */
  readonly #defined = new Map<string, Definition>();

  constructor(first: ObjectSpec, name: string, specs: readonly ObjectSpec[]) {
    this.#first = first;
    this.#name = name;
    this.#specs = specs;
  }

  result(): ObjectSpec {
    const { types, shifts } = this.#types();
    for (const [index, spec] of this.#specs.entries()) {
      if (spec.littleEndian !== this.#first.littleEndian)
        throw wrong(spec, 'it has another byte order than the others');
      if (spec.license !== this.#first.license) {
        throw wrong(
          spec,
          `its license is "${spec.license}", that of ${this.#first.file} "${this.#first.license}"`,
        );
      }
      this.#add(spec, types, shifts[index]!);
    }
    for (const [key, one] of this.#functions) {
      this.#functions.set(key, {
        ...one,
        instructions: one.instructions.map((instruction) => this.#resolved(instruction)),
      });
    }
    return {
      ...this.#first,
      name: this.#name,
      file: this.#specs.map(({ file }) => file).join('+'),
      types,
      functions: this.#functions,
      programs: this.#programs,
      maps: [...this.#maps.values()],
      externs: [...this.#externs.values()],
    };
  }

  /** All types behind each other; those of a later object get higher ids. */
  #types(): { readonly types: Btf | undefined; readonly shifts: readonly number[] } {
    const all: BtfType[] = [];
    const shifts = this.#specs.map(({ types }) => {
      const shift = all.length;
      for (let id = 1; id < (types?.count ?? 1); id++) {
        all.push(renumbered(types!.type(id), (old) => (old === 0 ? 0 : old + shift)));
      }
      return shift;
    });
    const types = all.length === 0 ? undefined : Btf.parse(encodeBtf(all, this.#first.littleEndian));
    return { types, shifts };
  }

  #add(spec: ObjectSpec, types: Btf | undefined, shift: number): void {
    const to = (id: TypeId): TypeId => (id === 0 ? 0 : id + shift);
    const maybe = (id: TypeId | undefined): TypeId | undefined => (id === undefined ? undefined : to(id));
    /** Names of this object's maps in the whole, and where its variables begin there. */
    const maps = new Map<string, { readonly name: string; readonly at: (offset: number) => number }>();
    for (const extern of spec.externs)
      if (extern.kind !== 'kconfig') this.#extern(spec, { ...extern, type: maybe(extern.type) });
    for (const map of spec.maps) {
      if (map.data?.kind === 'kconfig') maps.set(map.name, this.#kconfig(spec, map, types!, to));
      else if (map.data?.kind === 'arena') {
        throw wrong(spec, `the variables in arena "${map.name}" would move, which combining does not do yet`);
      } else if (map.data !== undefined) maps.set(map.name, this.#section(spec, map, to));
      else maps.set(map.name, { name: this.#map(spec, map, to), at: (offset) => offset });
    }
    const keys = this.#keys(spec);
    for (const [key, one] of spec.functions) {
      const kept = keys.get(key)!;
      if (kept.dropped) continue;
      const type = maybe(one.type);
      this.#functions.set(kept.key, {
        ...one,
        key: kept.key,
        type,
        relocations: one.relocations.map((relocation) => ({ ...relocation, type: to(relocation.type) })),
        instructions: one.instructions.map((instruction) => renamed(instruction, maps, keys)),
      });
    }
    for (const program of spec.programs) {
      if (this.#programs.some(({ name }) => name === program.name)) {
        throw wrong(spec, `program "${program.name}" is defined twice`);
      }
      this.#programs.push({ ...program, function: keys.get(program.function)!.key });
    }
    for (const [name, map] of this.#maps) {
      if (
        map.structOps === undefined ||
        maps.get(name)?.name !== name ||
        !spec.maps.some((one) => one.name === name)
      )
        continue;
      const functions = new Map(
        [...map.structOps.functions].map(([member, key]) => [member, keys.get(key)?.key ?? key]),
      );
      this.#maps.set(name, { ...map, structOps: { ...map.structOps, functions } });
    }
  }

  /** Keys of this object's functions in the whole; of two global ones of a name, one is dropped. */
  #keys(spec: ObjectSpec): Map<string, { readonly key: string; readonly dropped: boolean }> {
    const keys = new Map<string, { readonly key: string; readonly dropped: boolean }>();
    for (const [key, one] of spec.functions) {
      if (one.linkage !== 'static') {
        const kept = this.#define(spec, one.name, { kind: 'function', name: one.name }, one.weak);
        keys.set(key, { key: one.name, dropped: !kept });
        continue;
      }
      let free = key;
      for (
        let i = 2;
        this.#functions.has(free) ||
        this.#isGlobal(free) ||
        [...keys.values()].some((used) => used.key === free);
        i++
      ) {
        free = `${one.name}@${i}`;
      }
      keys.set(key, { key: free, dropped: false });
    }
    return keys;
  }

  /** A static function must not take the key of a global one, whichever object comes first. */
  #isGlobal(key: string): boolean {
    return this.#specs.some(({ functions }) => {
      const one = functions.get(key);
      return one !== undefined && one.linkage !== 'static';
    });
  }

  /** Whether this definition is the one that counts. */
  #define(spec: ObjectSpec, name: string, reference: Definition['reference'], weak: boolean): boolean {
    const before = this.#defined.get(name);
    if (before !== undefined && weak) return false;
    if (before !== undefined && !before.weak)
      throw wrong(spec, `"${name}" is defined in ${before.file} as well`);
    this.#defined.set(name, { reference, weak, file: spec.file });
    return true;
  }

  #map(spec: ObjectSpec, map: ObjectMap, to: (id: TypeId) => TypeId): string {
    const before = this.#maps.get(map.name);
    if (before !== undefined) {
      const differs = (['type', 'keySize', 'valueSize', 'maxEntries', 'flags', 'pinning'] as const).find(
        (part) => before[part] !== map[part],
      );
      if (differs !== undefined)
        throw wrong(spec, `map "${map.name}" has another ${differs} than in the objects before`);
      return map.name;
    }
    this.#maps.set(map.name, movedMap(map, to));
    this.#define(spec, map.name, { kind: 'map', map: map.name }, true);
    return map.name;
  }

  /** Variables of one section behind those of the objects before. */
  #section(
    spec: ObjectSpec,
    map: ObjectMap,
    to: (id: TypeId) => TypeId,
  ): { readonly name: string; readonly at: (offset: number) => number } {
    const data = map.data!;
    const name = dataMapName(this.#name, data.section);
    const before = this.#maps.get(name);
    const start =
      before === undefined
        ? 0
        : Math.ceil(before.data!.contents.length / SECTION_ALIGNMENT) * SECTION_ALIGNMENT;
    const contents = new Uint8Array(start + data.contents.length);
    if (before !== undefined) contents.set(before.data!.contents);
    contents.set(data.contents, start);
    const variables = data.variables.map((variable) => movedVariable(variable, to, start));
    for (const variable of variables) {
      if (variable.static) continue;
      this.#define(spec, variable.name, { kind: 'mapValue', map: name, offset: variable.offset }, false);
    }
    const type = before?.data?.type ?? (data.type === undefined ? undefined : to(data.type));
    const merged: DataSection = {
      ...data,
      contents,
      type,
      variables: [...(before?.data?.variables ?? []), ...variables],
    };
    const { valueType: _, ...plain } = map;
    this.#maps.set(name, {
      ...plain,
      name,
      valueSize: contents.length,
      flags: map.flags | (before?.flags ?? 0),
      ...(type === undefined ? {} : { valueType: type }),
      data: merged,
    });
    return { name, at: (offset) => offset + start };
  }

  /** Options that several objects ask for are there once. */
  #kconfig(
    spec: ObjectSpec,
    map: ObjectMap,
    types: Btf,
    to: (id: TypeId) => TypeId,
  ): { readonly name: string; readonly at: (offset: number) => number } {
    const name = dataMapName(this.#name, '.kconfig');
    const places = new Map<number, number>();
    for (const extern of spec.externs) {
      if (extern.kind !== 'kconfig' || extern.type === undefined) continue;
      const data = this.#maps.get(name)?.data;
      const known = this.#externs.get(extern.name);
      if (known?.offset !== undefined) {
        if (known.size !== extern.size)
          throw wrong(spec, `"${extern.name}" has another size than in the objects before`);
        places.set(extern.offset!, known.offset);
        continue;
      }
      const type = to(extern.type);
      const alignment = alignOf(types, type);
      const offset = Math.ceil((data?.contents.length ?? 0) / alignment) * alignment;
      places.set(extern.offset!, offset);
      this.#externs.set(extern.name, { ...extern, type, offset });
      const own = map.data!.variables.find((variable) => variable.name === extern.name)!;
      const variable = { ...movedVariable(own, to, 0), offset };
      const contents = new Uint8Array(offset + (extern.size ?? 0));
      const section = data?.type ?? to(map.data!.type!);
      const merged: DataSection = {
        ...map.data!,
        contents,
        type: section,
        variables: [...(data?.variables ?? []), variable],
      };
      this.#maps.set(name, { ...map, name, valueSize: contents.length, valueType: section, data: merged });
    }
    return { name, at: (offset) => places.get(offset) ?? offset };
  }

  #extern(spec: ObjectSpec, extern: ObjectExtern): void {
    const before = this.#externs.get(extern.name);
    if (before !== undefined && before.kind !== extern.kind) {
      throw wrong(spec, `"${extern.name}" is of another kind in the objects before`);
    }
    // Who needs it makes it needed.
    if (before === undefined || before.weak) this.#externs.set(extern.name, extern);
  }

  /** References to what another object defines; what none does stays, and is an error when it is loaded. */
  #resolved(instruction: ObjectInstruction): ObjectInstruction {
    const { reference } = instruction;
    if (reference?.kind !== 'extern') return instruction;
    const found = this.#defined.get(reference.name)?.reference;
    if (found === undefined) return instruction;
    if (instruction.imm64 === undefined) return { ...instruction, reference: found };
    const moved = found.kind === 'mapValue' ? { ...found, offset: found.offset + reference.addend } : found;
    const src =
      found.kind === 'mapValue'
        ? PseudoLoad.mapValue
        : found.kind === 'map'
          ? PseudoLoad.mapFd
          : PseudoLoad.function;
    return { ...instruction, src, reference: moved };
  }
}

function wrong(spec: ObjectSpec, problem: string): ObjectError {
  return new ObjectError('relocation', { file: spec.file }, `combine: ${problem}`);
}

function movedMap(map: ObjectMap, to: (id: TypeId) => TypeId): ObjectMap {
  return {
    ...map,
    ...(map.keyType === undefined ? {} : { keyType: to(map.keyType) }),
    ...(map.valueType === undefined ? {} : { valueType: to(map.valueType) }),
    ...(map.inner === undefined ? {} : { inner: movedMap(map.inner, to) }),
    ...(map.structOps === undefined ? {} : { structOps: { ...map.structOps, type: to(map.structOps.type) } }),
  };
}

function movedVariable(variable: ObjectVariable, to: (id: TypeId) => TypeId, start: number): ObjectVariable {
  return {
    ...variable,
    type: to(variable.type),
    variable: to(variable.variable),
    offset: variable.offset + start,
  };
}

/** References by the names of the whole. */
function renamed(
  instruction: ObjectInstruction,
  maps: ReadonlyMap<string, { readonly name: string; readonly at: (offset: number) => number }>,
  keys: ReadonlyMap<string, { readonly key: string }>,
): ObjectInstruction {
  const { reference } = instruction;
  switch (reference?.kind) {
    case 'function':
      return {
        ...instruction,
        reference: { kind: 'function', name: keys.get(reference.name)?.key ?? reference.name },
      };
    case 'map':
      return {
        ...instruction,
        reference: { kind: 'map', map: maps.get(reference.map)?.name ?? reference.map },
      };
    case 'mapValue': {
      const map = maps.get(reference.map);
      if (map === undefined) return instruction;
      return {
        ...instruction,
        reference: { kind: 'mapValue', map: map.name, offset: map.at(reference.offset) },
      };
    }
    default:
      return instruction;
  }
}
