/** A map of every type, for tests that go through all of them. */
import type { TestContext } from 'node:test';
import { mapTypeFeature } from '../../src/kernel/feature/features.ts';
import { createMap } from '../../src/kernel/map/create.ts';
import { handleOf } from '../../src/kernel/map/handle.ts';
import { mapKind } from '../../src/kernel/map/kind.ts';
import type { BpfMap } from '../../src/kernel/map/map.ts';
import { type MapSpec, MapType } from '../../src/kernel/spec.ts';

/** What maps of maps hold. */
export const cell: MapSpec = { name: 'inner', type: MapType.array, keySize: 4, valueSize: 8, maxEntries: 2 };

/** The smallest spec of each type, as a TypeScript author would write it. */
export const smallest: Readonly<Record<keyof typeof MapType, Partial<MapSpec>>> = {
  hash: {},
  array: {},
  programArray: {},
  perfEventArray: { maxEntries: 0 },
  perCpuHash: {},
  perCpuArray: {},
  stackTrace: { valueSize: 80 },
  cgroupArray: {},
  lruHash: {},
  lruPerCpuHash: {},
  lpmTrie: { keySize: 8 },
  arrayOfMaps: { inner: cell },
  hashOfMaps: { inner: cell },
  devmap: {},
  sockmap: {},
  cpumap: {},
  xskmap: {},
  sockhash: {},
  cgroupStorage: { keySize: 16, maxEntries: 0 },
  reuseportSockarray: {},
  perCpuCgroupStorage: { keySize: 16, maxEntries: 0 },
  queue: { keySize: 0 },
  stack: { keySize: 0 },
  socketStorage: {},
  devmapHash: {},
  structOps: { structOps: 'tcp_congestion_ops' },
  ringBuffer: { keySize: 0, valueSize: 0, maxEntries: 100 },
  inodeStorage: {},
  taskStorage: {},
  bloomFilter: { keySize: 0, extra: 3 },
  userRingBuffer: { keySize: 0, valueSize: 0, maxEntries: 100 },
  cgroupLocalStorage: {},
  arena: { keySize: 0, valueSize: 0 },
  instructionArray: {},
};

export function spec(name: keyof typeof MapType, more: Partial<MapSpec> = {}): MapSpec {
  const { valueSizes } = mapKind(MapType[name]);
  const valueSize = valueSizes === undefined ? 8 : 0;
  return { name, type: MapType[name], keySize: 4, valueSize, maxEntries: 8, ...smallest[name], ...more };
}

/** Makes a map; the test is skipped where the kernel has none of its type. */
export function made<M extends BpfMap>(
  t: TestContext,
  name: keyof typeof MapType,
  more: Partial<MapSpec> = {},
): M | undefined {
  if (mapTypeFeature(MapType[name]).answer === 'no') {
    t.skip(`needs ${name === 'cgroupLocalStorage' ? 'cgroup storage' : name}`);
    return undefined;
  }
  const { fd, shape } = createMap(spec(name, more));
  const map = handleOf(fd, shape) as M;
  t.after(() => map.close());
  return map;
}
