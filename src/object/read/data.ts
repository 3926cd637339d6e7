/**
 * Global variables: each data section becomes a map of one element.
 *
 * clang writes DATASECs without sizes, and global variables in them without offsets: the section headers and the
 * symbols have both. Static variables have their offsets.
 */
import { alignOf, sizeOf } from '../../btf/layout.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { SectionFlag, SectionType, SymbolBinding } from '../../elf/constants.ts';
import type { ElfSection } from '../../elf/header.ts';
import { MapFlag } from '../../kernel/map/kind.ts';
import { MapType } from '../../kernel/spec.ts';
import type { DataSection, ObjectExtern, ObjectMap, ObjectVariable } from '../spec.ts';
import type { ObjectImage } from './image.ts';

/** Bytes of one section of variables; the kernel takes arrays of at most 2 GiB, and `.bss` costs no file. */
const MAX_DATA = 1 << 28;

const KCONFIG = '.kconfig';

/** Where compilers put variables of address space 1, which `__arena` stands for. */
const ARENA = '.addr_space.1';

function kindOf(section: ElfSection): 'data' | 'rodata' | 'bss' | undefined {
  const match = /^\.(data|rodata|bss)(?:\.|$)/.exec(section.name);
  if (match === null || (section.flags & SectionFlag.alloc) === 0) return undefined;
  const kind = match[1] as 'data' | 'rodata' | 'bss';
  if (section.type === SectionType.nobits) return 'bss';
  return section.type === SectionType.progbits ? kind : undefined;
}

/** Maps for the data sections, by the index of their section. Empty sections make none. */
export function readDataSections(image: ObjectImage, objectName: string): Map<number, ObjectMap> {
  const maps = new Map<number, ObjectMap>();
  for (const section of image.elf.sections) {
    const kind = kindOf(section);
    if (kind === undefined || section.size === 0) continue;
    if (section.size > MAX_DATA)
      throw image.at(section, undefined, `${section.size} bytes of variables`, 'limit');
    const contents = new Uint8Array(section.size);
    if (kind !== 'bss') contents.set(image.contents(section).bytes);
    const type = image.types?.find(section.name, 'section');
    const data: DataSection = {
      section: section.name,
      kind,
      contents,
      type,
      variables: type === undefined ? [] : variablesOf(image, section, type),
    };
    maps.set(section.index, dataMap(objectName, data));
  }
  return maps;
}

/**
 * Variables in an arena: they are no map of their own, but what the object's arena begins with. Answers the index of
 * their section and the arena with them; undefined for an object without any.
 */
export function readArenaData(
  image: ObjectImage,
  maps: readonly ObjectMap[],
): { readonly section: number; readonly arena: ObjectMap } | undefined {
  const section = image.elf.sections.find(({ name }) => name === ARENA);
  if (section === undefined || section.size === 0) return undefined;
  if (section.size > MAX_DATA)
    throw image.at(section, undefined, `${section.size} bytes of variables`, 'limit');
  const [arena, another] = maps.filter(({ type }) => type === MapType.arena);
  if (arena === undefined || another !== undefined) {
    const found = arena === undefined ? 'no arena' : 'several arenas';
    const hint = 'variables that are __arena need exactly one map of BPF_MAP_TYPE_ARENA';
    throw image.at(section, undefined, `the object has ${found}`, 'map', hint);
  }
  const contents = new Uint8Array(section.size);
  if (section.type !== SectionType.nobits) contents.set(image.contents(section).bytes);
  const type = image.types?.find(ARENA, 'section');
  const variables = type === undefined ? [] : variablesOf(image, section, type);
  const data: DataSection = { section: ARENA, kind: 'arena', contents, type, variables };
  return { section: section.index, arena: { ...arena, data } };
}

function variablesOf(image: ObjectImage, section: ElfSection, id: TypeId): ObjectVariable[] {
  const types = image.types!;
  return image.within(section.name, () => {
    const type = types.type(id);
    if (type.kind !== 'section') return [];
    const symbols = new Map(
      image
        .symbolsIn(section.index)
        .filter(({ binding }) => binding !== SymbolBinding.local)
        .map((symbol) => [symbol.name, symbol]),
    );
    const variables: ObjectVariable[] = [];
    for (const { type: variable, offset: written, size } of type.variables) {
      const declared = types.type(variable);
      if (declared.kind !== 'variable')
        throw image.at(section, written, `type ${variable} in its BTF is no variable`);
      const symbol = declared.linkage === 0 ? undefined : symbols.get(declared.name);
      // Linked objects have the right offsets already, and the same symbols.
      const offset = symbol === undefined ? written : Number(symbol.value);
      if (offset + size > section.size) {
        throw image.at(
          section,
          offset,
          `variable "${declared.name}" of ${size} bytes passes its end`,
          'bounds',
        );
      }
      const hidden = symbol !== undefined && (symbol.visibility === 1 || symbol.visibility === 2);
      variables.push({
        name: declared.name,
        type: declared.type,
        variable,
        offset,
        size,
        static: declared.linkage === 0 || hidden,
      });
    }
    return variables.sort((a, b) => a.offset - b.offset);
  });
}

/**
 * The name by which tools know such a map: eight characters of the object's, and the section's, fifteen together.
 * Sections with a name of their own (`.rodata.mine`) go by that alone.
 */
export function dataMapName(objectName: string, section: string): string {
  if (section.indexOf('.', 1) >= 0) return section;
  const room = Math.max(0, 15 - section.length);
  return `${objectName.slice(0, Math.min(8, room))}${section}`;
}

function dataMap(objectName: string, data: DataSection): ObjectMap {
  const constant = data.kind === 'rodata' || data.kind === 'kconfig';
  // Only what somebody outside may want to see needs to be mapped into memory.
  const seen =
    data.kind !== 'kconfig' && (data.type === undefined || data.variables.some((one) => !one.static));
  return {
    name: dataMapName(objectName, data.section),
    type: MapType.array,
    keySize: 4,
    valueSize: data.contents.length,
    maxEntries: 1,
    flags: (constant ? MapFlag.readOnlyProgram : 0) | (seen ? MapFlag.mmapable : 0),
    ...(data.type === undefined ? {} : { valueType: data.type }),
    pinning: false,
    autocreate: true,
    data,
  };
}

/** What `.kconfig` and `.ksyms` in BTF declare, and the map of the former. */
export function readExterns(
  image: ObjectImage,
  objectName: string,
): { readonly externs: ObjectExtern[]; readonly kconfig: ObjectMap | undefined } {
  const { types } = image;
  if (types === undefined) return { externs: [], kconfig: undefined };
  return image.within('.BTF', () => {
    const weak = new Map(
      image.symbols
        .filter((symbol) => symbol.section === 0 && symbol.name !== '')
        .map((symbol) => [symbol.name, symbol.binding === SymbolBinding.weak]),
    );
    const externs: ObjectExtern[] = [];
    const ksyms = types.find('.ksyms', 'section');
    if (ksyms !== undefined) {
      for (const variable of sectionTypes(types.type(ksyms))) {
        const type = types.type(variable);
        if (type.kind !== 'variable' && type.kind !== 'function') continue;
        if (!weak.has(type.name)) continue;
        const common = { name: type.name, weak: weak.get(type.name)! };
        if (type.kind === 'function') externs.push({ ...common, kind: 'kfunc', type: variable });
        else {
          const typeless = types.kind(types.strip(type.type)) === 'void';
          externs.push({ ...common, kind: 'ksym', type: typeless ? undefined : type.type });
        }
      }
    }
    const kconfig = readKconfig(image, types.find(KCONFIG, 'section'), weak, objectName);
    return { externs: [...externs, ...kconfig.externs], kconfig: kconfig.map };
  });
}

function sectionTypes(type: BtfType): TypeId[] {
  return type.kind === 'section' ? type.variables.map((one) => one.type) : [];
}

/** Laid out here, since no section of the file has them: the widest first, so that nothing is between them. */
function readKconfig(
  image: ObjectImage,
  id: TypeId | undefined,
  weak: ReadonlyMap<string, boolean>,
  objectName: string,
): { readonly externs: ObjectExtern[]; readonly map: ObjectMap | undefined } {
  const types = image.types!;
  if (id === undefined) return { externs: [], map: undefined };
  const found = sectionTypes(types.type(id)).flatMap((variable) => {
    const type = types.type(variable);
    if (type.kind !== 'variable' || !weak.has(type.name)) return [];
    return [
      {
        name: type.name,
        variable,
        type: type.type,
        size: sizeOf(types, type.type),
        align: alignOf(types, type.type),
      },
    ];
  });
  found.sort((a, b) => b.align - a.align || b.size - a.size || (a.name < b.name ? -1 : 1));
  let end = 0;
  const externs: ObjectExtern[] = [];
  const variables: ObjectVariable[] = [];
  for (const { name, variable, type, size, align } of found) {
    const offset = Math.ceil(end / align) * align;
    end = offset + size;
    if (end > 1 << 16) throw image.at(KCONFIG, offset, 'more than 64 KiB of configuration', 'limit');
    externs.push({ name, kind: 'kconfig', weak: weak.get(name)!, type, offset, size });
    variables.push({ name, type, variable, offset, size, static: false });
  }
  if (externs.length === 0) return { externs, map: undefined };
  const data: DataSection = {
    section: KCONFIG,
    kind: 'kconfig',
    contents: new Uint8Array(end),
    type: id,
    variables,
  };
  return { externs, map: dataMap(objectName, data) };
}
