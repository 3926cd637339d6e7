/**
 * Map definitions from before BTF: `struct bpf_map_def name SEC("maps")`, five numbers and whatever a loader added.
 * libbpf refuses them since 1.0; objects of other loaders still have them.
 */
import { SymbolBinding, SymbolType } from '../../elf/constants.ts';
import type { ElfSection } from '../../elf/header.ts';
import type { MapType } from '../../kernel/spec.ts';
import type { ObjectMap } from '../spec.ts';
import type { ObjectImage } from './image.ts';

/** type, key_size, value_size, max_entries, map_flags */
const WORDS = 5;

export interface LegacyMap {
  readonly map: ObjectMap;
  readonly section: number;
  readonly offset: number;
}

export function isLegacySection({ name }: ElfSection): boolean {
  return name === 'maps' || name.startsWith('maps/');
}

/** Maps of `maps` and `maps/...`. Throws ObjectError. */
export function readLegacyMaps(image: ObjectImage, strict: boolean): LegacyMap[] {
  const found: LegacyMap[] = [];
  for (const section of image.elf.sections.filter(isLegacySection)) {
    if (section.size === 0) continue;
    if (strict) {
      throw image.at(
        section,
        undefined,
        'map definitions without types are obsolete',
        'map',
        'define maps in SEC(".maps")',
      );
    }
    const symbols = image
      .symbolsIn(section.index)
      .filter(
        ({ type, binding, name }) =>
          name !== '' && type !== SymbolType.section && binding !== SymbolBinding.local,
      )
      .sort((a, b) => Number(a.value - b.value));
    if (symbols.length === 0) throw image.at(section, undefined, 'maps without symbols', 'map');
    const size = section.size / symbols.length;
    if (size < WORDS * 4 || size % 4 !== 0) {
      throw image.at(
        section,
        undefined,
        `${symbols.length} maps do not share ${section.size} bytes evenly`,
        'map',
      );
    }
    const view = image.contents(section);
    for (const symbol of symbols) {
      const offset = Number(symbol.value);
      const words = image.within(section.name, () =>
        Array.from({ length: size / 4 }, (_, i) => view.u32(offset + i * 4)),
      );
      if (words.slice(WORDS).some((word) => word !== 0)) {
        throw image.at(
          section,
          offset,
          `map "${symbol.name}" has members that are not known here`,
          'map',
          'define it in SEC(".maps")',
        );
      }
      const [type = 0, keySize = 0, valueSize = 0, maxEntries = 0, flags = 0] = words;
      const map: ObjectMap = {
        name: symbol.name,
        type: type as MapType,
        keySize,
        valueSize,
        maxEntries,
        flags,
        pinning: false,
        autocreate: true,
      };
      found.push({ map, section: section.index, offset });
    }
  }
  return found;
}
