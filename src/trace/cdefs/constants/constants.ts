/**
 * Constants that programs take from headers: `#define` leaves no trace in BTF. A script that includes a header gets
 * them without that header being on the machine.
 */
import { errno } from './errno.ts';
import { files } from './files.ts';
import { memory } from './memory.ts';
import { network } from './network.ts';
import { process as processes } from './process.ts';

/** Flags of open that differ. Source: arch/arm64/include/uapi/asm/fcntl.h; asm-generic/fcntl.h for the others. */
const openFlags = (architecture: string): string =>
  architecture === 'arm64' || architecture === 'arm'
    ? 'O_DIRECTORY=0o40000 O_NOFOLLOW=0o100000 O_DIRECT=0o200000 O_LARGEFILE=0o400000 O_TMPFILE=0o20040000'
    : 'O_DIRECT=0o40000 O_LARGEFILE=0o100000 O_DIRECTORY=0o200000 O_NOFOLLOW=0o400000 O_TMPFILE=0o20200000';

/** Source: arch/x86/include/uapi/asm/mman.h. */
const mapFlags = (architecture: string): string =>
  architecture === 'x64' ? 'MAP_32BIT=0x40 MAP_ABOVE4G=0x80' : '';

/**
 * Flags of allocations before Linux 6.10, which has their bits as an enum in BTF. Source: include/linux/gfp_types.h,
 * 5.15 to 6.1; what an older or newer kernel has under another number, only its BTF could tell.
 */
const allocationBits: readonly (readonly [name: string, value: bigint])[] = [
  ['DMA', 0x01n],
  ['HIGHMEM', 0x02n],
  ['DMA32', 0x04n],
  ['MOVABLE', 0x08n],
  ['RECLAIMABLE', 0x10n],
  ['HIGH', 0x20n],
  ['IO', 0x40n],
  ['FS', 0x80n],
  ['ZERO', 0x100n],
  ['ATOMIC', 0x200n],
  ['DIRECT_RECLAIM', 0x400n],
  ['KSWAPD_RECLAIM', 0x800n],
  ['WRITE', 0x1000n],
  ['NOWARN', 0x2000n],
  ['RETRY_MAYFAIL', 0x4000n],
  ['NOFAIL', 0x8000n],
  ['NORETRY', 0x10000n],
  ['MEMALLOC', 0x20000n],
  ['COMP', 0x40000n],
  ['NOMEMALLOC', 0x80000n],
  ['HARDWALL', 0x100000n],
  ['THISNODE', 0x200000n],
  ['ACCOUNT', 0x400000n],
];

/** What the names without underscores are made of. */
const allocationNames: Readonly<Record<string, readonly string[]>> = {
  GFP_ATOMIC: ['HIGH', 'KSWAPD_RECLAIM'],
  GFP_KERNEL: ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM', 'IO', 'FS'],
  GFP_KERNEL_ACCOUNT: ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM', 'IO', 'FS', 'ACCOUNT'],
  GFP_NOWAIT: ['KSWAPD_RECLAIM'],
  GFP_NOIO: ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM'],
  GFP_NOFS: ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM', 'IO'],
  GFP_USER: ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM', 'IO', 'FS', 'HARDWALL'],
  GFP_DMA: ['DMA'],
  GFP_DMA32: ['DMA32'],
  GFP_HIGHUSER: ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM', 'IO', 'FS', 'HARDWALL', 'HIGHMEM'],
  __GFP_RECLAIM: ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM'],
};

/** The value of an enumerator of the running kernel. */
export type KernelEnumerator = (name: string) => bigint | undefined;

function allocationBit(name: string, enumerator: KernelEnumerator): bigint | undefined {
  const bit = enumerator(`___GFP_${name}_BIT`);
  if (bit !== undefined) return 1n << bit;
  return allocationBits.find(([known]) => known === name)?.[1];
}

function allocationFlags(name: string, enumerator: KernelEnumerator): bigint | undefined {
  const one = /^___?GFP_(\w+)$/.exec(name);
  const parts = Object.hasOwn(allocationNames, name) ? allocationNames[name] : one && [one[1]!];
  if (!parts) return undefined;
  let flags = 0n;
  for (const part of parts) {
    const bit = allocationBit(part, enumerator);
    if (bit === undefined) return undefined;
    flags |= bit;
  }
  return flags;
}

const tables = new Map<string, ReadonlyMap<string, bigint>>();

function tableOf(architecture: string): ReadonlyMap<string, bigint> {
  let table = tables.get(architecture);
  if (!table) {
    const made = new Map<string, bigint>();
    for (const text of [
      errno,
      files,
      memory,
      network,
      processes,
      openFlags(architecture),
      mapFlags(architecture),
    ])
      for (const [, name = '', value = ''] of text.matchAll(/(\w+)=(-?\w+)/g))
        made.set(name, value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value));
    tables.set(architecture, (table = made));
  }
  return table;
}

/** A constant of the kernel's headers; `architecture` as `process.arch` says it. */
export function headerConstant(
  name: string,
  architecture: string,
  enumerator: KernelEnumerator = () => undefined,
): bigint | undefined {
  return tableOf(architecture).get(name) ?? allocationFlags(name, enumerator);
}
