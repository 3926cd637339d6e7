/** The maps that `dw_ustack` needs: those of the tables (kernel/unwind/layout.ts), and one a depth for the stacks. */
import type { Btf } from '../../btf/btf.ts';
import { type MapSpec, MapType } from '../../kernel/spec.ts';
import { areaLayout, chunkLayout, FILES, fileLayout, unwindMaps } from '../../kernel/unwind/layout.ts';
import { dwarfStackMapName } from '../types/layout.ts';

// BPF_F_NO_PREALLOC and BPF_F_MMAPABLE of include/uapi/linux/bpf.h.
const withoutMemory = 1;
const mmapable = 1 << 10;

/** Different stacks: as many as the kernel's own map of them has places for. */
const stacks = 131_072;
/** Where their memory is taken at once, 16 megabytes of the usual depth. */
const fewStacks = 16_384;

/** The arrays and the hash of processes get their sizes when the tables are there. */
export function unwindSpecs(limits: ReadonlySet<number>, btf: Btf): MapSpec[] {
  if (limits.size === 0) return [];
  // From 6.1 on elements can be made in every context, NMIs included.
  const anywhere = btf.find('bpf_mem_alloc_init', 'function') !== undefined;
  const room = anywhere ? { flags: withoutMemory, maxEntries: stacks } : { maxEntries: fewStacks };
  const array = { type: MapType.array, keySize: 4, maxEntries: 1, flags: mmapable } as const;
  return [
    { ...array, name: unwindMaps.rows, valueSize: chunkLayout.size },
    { ...array, name: unwindMaps.areas, valueSize: areaLayout.size },
    { name: unwindMaps.pids, type: MapType.hash, keySize: 4, valueSize: 4, maxEntries: 1 },
    {
      name: unwindMaps.files,
      type: MapType.hash,
      keySize: fileLayout.key,
      valueSize: fileLayout.size,
      maxEntries: FILES,
    },
    ...[...limits].map(
      (limit): MapSpec => ({
        ...room,
        name: dwarfStackMapName(limit),
        type: MapType.hash,
        keySize: 8,
        valueSize: limit * 8,
      }),
    ),
  ];
}
