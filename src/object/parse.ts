/**
 * From the bytes of an object to its spec. No kernel is asked: the same bytes give the same spec everywhere.
 *
 * Hostile input is expected: every offset is checked where it enters, and what is wrong is an ObjectError with
 * file, section and offset.
 */
import type { Btf } from '../btf/btf.ts';
import { SectionType } from '../elf/constants.ts';
import { ObjectError } from './errors.ts';
import { type FoundFunction, readFunctions } from './read/code.ts';
import { readArenaData, readDataSections, readExterns } from './read/data.ts';
import { readExtension } from './read/extension.ts';
import { ObjectImage, withPlace } from './read/image.ts';
import { isLegacySection, readLegacyMaps } from './read/legacy-maps.ts';
import { readMaps } from './read/maps.ts';
import { resolveReferences } from './read/references.ts';
import { readStructOps } from './read/struct-ops.ts';
import { matchSection } from './sections.ts';
import type { ObjectMap, ObjectProgram, ObjectSpec } from './spec.ts';

export interface ParseOptions {
  /** What messages call the file, and what its name is made from. Default 'object.bpf.o'. */
  readonly file?: string;
  /**
   * Accept only what libbpf accepts: no legacy maps, no names behind exact SEC names, no unknown members of map
   * definitions. Default false.
   */
  readonly strict?: boolean;
}

/** Reads a compiled BPF object. Throws ObjectError. */
export function parseObject(bytes: Uint8Array, options: ParseOptions = {}): ObjectSpec {
  const file = options.file ?? 'object.bpf.o';
  return withPlace(file, undefined, () => read(bytes, file, options.strict ?? false));
}

/** `opensnoop` of `/tmp/opensnoop.bpf.o`. */
export function objectNameOf(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1);
  return base.replace(/(?:\.bpf)?\.o$/, '').replace(/[^A-Za-z0-9_]/g, '_') || 'object';
}

function read(bytes: Uint8Array, file: string, strict: boolean): ObjectSpec {
  const image = new ObjectImage(bytes, file);
  const name = objectNameOf(file);
  const functions = readFunctions(image, readExtension(image));
  const data = readDataSections(image, name);
  const { externs, kconfig } = readExterns(image, name);
  const defined = readMaps(image, { strict });
  const legacy = readLegacyMaps(image, strict);
  const inArena = readArenaData(
    image,
    defined.map(({ map }) => map),
  );
  const dataNames = new Map([...data].map(([section, map]) => [section, map.name]));
  if (inArena !== undefined) dataNames.set(inArena.section, inArena.arena.name);
  const mapSection = image.elf.section('.maps')?.index;
  const places = new Map<string, string>();
  for (const { map, offset } of defined) places.set(`${mapSection}:${offset}`, map.name);
  for (const { map, section, offset } of legacy) places.set(`${section}:${offset}`, map.name);
  resolveReferences(image, {
    functions,
    data: dataNames,
    maps: places,
    mapSections: new Set(
      image.elf.sections
        .filter((one) => one.index === mapSection || isLegacySection(one))
        .map(({ index }) => index),
    ),
    externs,
    kconfig: kconfig?.name,
  });
  const maps: ObjectMap[] = [
    ...defined.map(({ map }) => (map.name === inArena?.arena.name ? inArena.arena : map)),
    ...legacy.map(({ map }) => map),
    ...data.values(),
    ...(kconfig === undefined ? [] : [kconfig]),
    ...readStructOps(image, functions),
  ];
  unique(file, maps);
  return {
    name,
    file,
    littleEndian: image.littleEndian,
    license: licenseOf(image),
    version: versionOf(image),
    types: image.types,
    functions: new Map(functions.map(({ function: one }) => [one.key, one])),
    programs: functions.filter(({ entry }) => entry).map((found) => programOf(image, found, strict)),
    maps,
    externs,
  };
}

function unique(file: string, maps: readonly ObjectMap[]): void {
  const names = new Set<string>();
  for (const { name } of maps) {
    if (names.has(name)) throw new ObjectError('map', { file }, `two maps are called "${name}"`);
    names.add(name);
  }
}

function licenseOf(image: ObjectImage): string {
  const section = image.elf.section('license');
  if (section === undefined || section.type === SectionType.nobits || section.size === 0) return '';
  const { bytes } = image.contents(section);
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
}

function versionOf(image: ObjectImage): number | undefined {
  const section = image.elf.section('version');
  if (section === undefined || section.type === SectionType.nobits) return undefined;
  if (section.size !== 4) throw image.at(section, undefined, `${section.size} bytes instead of 4`);
  return image.contents(section).u32(0);
}

function programOf(image: ObjectImage, found: FoundFunction, strict: boolean): ObjectProgram {
  const { key, name, section: written, type } = found.function;
  const automatic = !written.startsWith('?');
  const section = automatic ? written : written.slice(1);
  const match = matchSection(section, { strict });
  const callback = type === undefined ? undefined : exceptionCallback(image.types, type);
  return {
    name,
    function: key,
    section,
    rule: match?.rule,
    target: match?.target ?? '',
    autoload: automatic,
    autoattach: true,
    flags: 0,
    ...(callback === undefined ? {} : { exceptionCallback: callback }),
  };
}

/** Declaration tags of functions by the function, found once an object. */
const callbacks = new WeakMap<Btf, Map<number, string>>();
const PREFIX = 'exception_callback:';

function exceptionCallback(types: Btf | undefined, id: number): string | undefined {
  if (types === undefined) return undefined;
  let found = callbacks.get(types);
  if (found === undefined) {
    callbacks.set(types, (found = new Map()));
    for (let at = 1; at < types.count; at++) {
      if (types.kind(at) !== 'declTag' || !types.name(at).startsWith(PREFIX)) continue;
      const tag = types.type(at);
      if (tag.kind === 'declTag') found.set(tag.target, tag.name.slice(PREFIX.length));
    }
  }
  return found.get(id);
}
