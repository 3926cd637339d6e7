/** The right class of handle for a map. */
import type { Fd } from '../../sys/fd.ts';
import { possibleCpus } from '../cpus.ts';
import { ArenaMap } from './arena.ts';
import { BloomFilter } from './bloom.ts';
import { type Codec, perCpuCodec, rawCodec } from './codec.ts';
import { DescriptorMap, indexCodec } from './descriptors.ts';
import { KeyedMap } from './keyed.ts';
import { mapKind } from './kind.ts';
import { BpfMap, type MapShape, mapInfo, openMapById, openPinned } from './map.ts';
import { QueueMap } from './queue.ts';
import { redirectCodec } from './redirect.ts';
import { StackMap } from './stacks.ts';
import { StorageMap } from './storage.ts';

/** Types for a handle; what is absent is handled as bytes. */
export interface HandleCodecs {
  readonly key?: Codec<unknown> | undefined;
  /** Of one CPU's value. */
  readonly value?: Codec<unknown> | undefined;
}

/**
 * Wraps a descriptor by the map's type: KeyedMap, QueueMap, StackMap, DescriptorMap, StorageMap, BloomFilter,
 * ArenaMap, or only BpfMap (ring buffers, struct_ops). Keys of arrays are numbers; other keys and values are bytes unless `codecs`
 * say more. Takes the descriptor over.
 */
export function handleOf(fd: Fd, shape: MapShape, codecs: HandleCodecs = {}): BpfMap {
  const kind = mapKind(shape.type);
  const key: Codec<unknown> =
    kind.indexed === true
      ? (indexCodec as Codec<unknown>)
      : (codecs.key ?? (rawCodec(shape.name, 'key', shape.keySize) as Codec<unknown>));
  const one: Codec<unknown> =
    codecs.value ??
    (redirectCodec(shape.type, shape.valueSize) as Codec<unknown> | undefined) ??
    (rawCodec(shape.name, 'value', shape.valueSize) as Codec<unknown>);
  switch (kind.access) {
    case 'keyed':
      if (kind.perCpu === true) {
        return new KeyedMap(fd, shape, key, perCpuCodec(shape.name, one, possibleCpus()));
      }
      return new KeyedMap(fd, shape, key, one);
    case 'queue':
      return new QueueMap(fd, shape, one);
    case 'descriptors':
      return new DescriptorMap(fd, shape, key);
    case 'stacks':
      return new StackMap(fd, shape);
    case 'storage':
      return new StorageMap(fd, shape, one);
    case 'bloom':
      return new BloomFilter(fd, shape, one);
    case 'arena':
      return new ArenaMap(fd, shape);
    case 'none':
      return new BpfMap(fd, shape);
  }
}

/** Opens a map pinned at a path of a bpf file system. Throws SysError. */
export function openPinnedMap(path: string, codecs: HandleCodecs = {}): BpfMap {
  return fromKernel(openPinned(path), codecs);
}

/** Opens any map of the machine by its id. Linux 4.13; asks for CAP_SYS_ADMIN. Throws SysError. */
export function openMap(id: number, codecs: HandleCodecs = {}): BpfMap {
  return fromKernel(openMapById(id), codecs);
}

function fromKernel(fd: Fd, codecs: HandleCodecs): BpfMap {
  try {
    return handleOf(fd, mapInfo(fd.number), codecs);
  } catch (error) {
    fd.close();
    throw error;
  }
}
