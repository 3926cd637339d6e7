/** Map definitions and sections of data as types: the writing side of `read/maps.ts` and `read/data.ts`. */
import type { BtfBuilder } from '../../btf/build.ts';
import type { TypeId } from '../../btf/types.ts';
import type { MapSpec } from '../../kernel/spec.ts';

export interface Definition {
  readonly type: TypeId;
  /** Bytes in `.maps`. */
  readonly size: number;
}

/** A member holds a number as the length of an array behind a pointer. */
const memberSize = 8;

/** `struct { __uint(type, ...); __uint(key_size, ...); ... }` */
export function mapDefinition(types: BtfBuilder, map: MapSpec): Definition {
  if (map.inner !== undefined || map.structOps !== undefined || map.extra !== undefined) {
    throw new Error(`internal: map ${map.name} has no definition yet`);
  }
  const int = types.int('int', 4, 'signed');
  const numbers = {
    type: map.type,
    key_size: map.keySize,
    value_size: map.valueSize,
    max_entries: map.maxEntries,
    map_flags: map.flags ?? 0,
    numa_node: map.numaNode ?? 0,
  };
  const members = Object.entries(numbers)
    .filter(([, number]) => number !== 0)
    .map(([name, number], i) => ({
      name,
      type: types.pointer(types.array(int, number)),
      bitOffset: i * memberSize * 8,
    }));
  const size = members.length * memberSize;
  return { type: types.struct('', size, members), size };
}

/** `.rodata.NAME` for what never changes once it is loaded, else `.data.NAME`. */
export function dataSectionName(map: MapSpec): string {
  return `${map.freeze === true ? '.rodata' : '.data'}.${map.name}`;
}

/** One variable, an array of numbers of 8 bytes, that fills the section. Returns the DATASEC. */
export function dataSection(types: BtfBuilder, map: MapSpec): TypeId {
  const words = types.array(types.int('u64', 8, 'unsigned'), map.valueSize / 8);
  const variable = types.add({ kind: 'variable', name: map.name, type: words, linkage: 1 });
  const size = map.valueSize;
  return types.add({
    ...{ kind: 'section', name: dataSectionName(map), size },
    variables: [{ type: variable, offset: 0, size }],
  });
}
