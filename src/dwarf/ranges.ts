/** What addresses an entry covers: one range, or a list of .debug_rnglists (DWARF 5) or .debug_ranges (before). */
import { At, RangeEntry } from './constants.ts';
import type { Entry } from './entry.ts';
import { tooMany, unknown } from './errors.ts';
import { MAX_RANGES } from './limits.ts';
import type { Unit } from './unit.ts';

/** From the first address to the one behind the last. */
export type Range = readonly [low: number, high: number];

/** Empty for an entry without code. Throws DwarfError where a list is broken. */
export function rangesOf(entry: Entry): readonly Range[] {
  const list = entry.list(At.ranges);
  if (list)
    return entry.unit.header.version >= 5 ? readList(entry.unit, list) : readOldList(entry.unit, list);
  const low = entry.address(At.lowPc);
  if (low === undefined) return [];
  const high = entry.address(At.highPc);
  if (high !== undefined) return high > low ? [[low, high]] : [];
  const size = entry.number(At.highPc);
  return size === undefined || size <= 0 ? [] : [[low, low + size]];
}

type Place = NonNullable<ReturnType<Entry['list']>>;

/** The offset of a list; an index leads over the table behind the header of the unit's part of the section. */
export function listOffset(unit: Unit, place: Place, name: 'debug_rnglists' | 'debug_loclists'): number {
  if ('offset' in place) return place.offset;
  const { wide } = unit.header;
  const base = name === 'debug_rnglists' ? unit.bases.ranges : unit.bases.locations;
  const size = wide ? 8 : 4;
  return (
    base +
    unit.info
      .section(name)
      .small(base + place.index * size, size)
      .word(wide)
  );
}

/** Bytes that are read of a list at first. */
const WINDOW = 4096;

/** Calls `use` with a reader at the list; again with all of the section where the first piece was too short. */
export function readWindow<T>(
  unit: Unit,
  name: 'debug_rnglists' | 'debug_loclists' | 'debug_ranges' | 'debug_loc',
  offset: number,
  use: (reader: ReturnType<ReturnType<Unit['info']['section']>['reader']>) => T,
): T {
  const section = unit.info.section(name);
  const rest = section.size - offset;
  if (rest > WINDOW) {
    const piece = section.reader(offset, WINDOW);
    try {
      return use(piece);
    } catch (error) {
      if (piece.at < WINDOW - 64) throw error;
    }
  }
  return use(section.reader(offset, Math.max(0, rest)));
}

function readList(unit: Unit, place: Place): readonly Range[] {
  const offset = listOffset(unit, place, 'debug_rnglists');
  const { addressSize } = unit.header;
  return readWindow(unit, 'debug_rnglists', offset, (reader) => {
    const found: Range[] = [];
    let base = unit.baseAddress;
    for (;;) {
      const at = reader.offset;
      const kind = reader.u8();
      let low: number;
      let high: number;
      switch (kind) {
        case RangeEntry.endOfList:
          return found;
        case RangeEntry.baseAddressx:
          base = unit.indexedAddress(reader.uleb());
          continue;
        case RangeEntry.baseAddress:
          base = reader.sized(addressSize);
          continue;
        case RangeEntry.startxEndx:
          low = unit.indexedAddress(reader.uleb());
          high = unit.indexedAddress(reader.uleb());
          break;
        case RangeEntry.startxLength:
          low = unit.indexedAddress(reader.uleb());
          high = low + reader.uleb();
          break;
        case RangeEntry.offsetPair:
          low = base + reader.uleb();
          high = base + reader.uleb();
          break;
        case RangeEntry.startEnd:
          low = reader.sized(addressSize);
          high = reader.sized(addressSize);
          break;
        case RangeEntry.startLength:
          low = reader.sized(addressSize);
          high = low + reader.uleb();
          break;
        default:
          throw unknown('debug_rnglists', at, 'kind of range', kind);
      }
      if (high > low) found.push([low, high]);
      if (found.length > MAX_RANGES) throw tooMany('debug_rnglists', at, 'ranges', MAX_RANGES);
    }
  });
}

/** Pairs of addresses, relative to a base that a pair beginning with the largest address changes. */
function readOldList(unit: Unit, place: Place): readonly Range[] {
  if (!('offset' in place)) return [];
  const { addressSize } = unit.header;
  const largest = addressSize === 8 ? 2 ** 64 : 2 ** 32 - 1;
  return readWindow(unit, 'debug_ranges', place.offset, (reader) => {
    const found: Range[] = [];
    let base = unit.baseAddress;
    for (;;) {
      const low = reader.sized(addressSize);
      const high = reader.sized(addressSize);
      if (low === 0 && high === 0) return found;
      if (low >= largest) base = high;
      else if (high > low) found.push([base + low, base + high]);
      if (found.length > MAX_RANGES) throw tooMany('debug_ranges', reader.offset, 'ranges', MAX_RANGES);
    }
  });
}
