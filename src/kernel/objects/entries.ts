/** What is in a map, with the types that it was made with. */
import { SysError } from '../../sys/errors.ts';
import { codecsOf } from '../map/btf-codec.ts';
import { DescriptorMap } from '../map/descriptors.ts';
import { type HandleCodecs, openMap } from '../map/handle.ts';
import { KeyedMap } from '../map/keyed.ts';
import { mapKind } from '../map/kind.ts';
import { mapInfo, openMapById } from '../map/map.ts';
import { QueueMap } from '../map/queue.ts';
import { StackMap } from '../map/stacks.ts';
import { MapType } from '../spec.ts';
import { readTypes } from '../types.ts';

export interface MapEntry {
  /** Absent for queues and stacks. */
  readonly key?: unknown;
  /** One value for each possible CPU in per-CPU maps; an id where the map holds kernel objects. */
  readonly value: unknown;
}

/** Why a map's entries cannot be listed, as a sentence, or undefined. */
export function whyNoEntries(kindName: string): string {
  return `a ${kindName} cannot be listed from outside: the kernel has no operation for it`;
}

/**
 * All entries of a map; queues and stacks show what a reader would get next, and keep it. Undefined where the
 * kernel lists nothing of this kind. Throws SysError, MapError.
 */
export function* mapEntries(id: number): Generator<MapEntry, void, undefined> {
  const map = openMap(id, codecsById(id));
  try {
    if (map instanceof KeyedMap) {
      for (const [key, value] of map) yield { key, value };
    } else if (map instanceof DescriptorMap) {
      for (const key of map.keys()) {
        yield { key, value: map.valueSize === 8 ? map.getCookie(key) : map.getId(key) };
      }
    } else if (map instanceof StackMap) {
      for (const stack of map.ids()) yield { key: stack, value: map.get(stack) };
    } else if (map instanceof QueueMap) {
      const value = map.peek();
      if (value !== undefined) yield { value };
    }
  } finally {
    map.close();
  }
}

/** What the kernel takes in and never shows. */
const hidden: ReadonlySet<number> = new Set([MapType.perfEventArray, MapType.cgroupArray, MapType.xskmap]);

/** Whether entries of maps of a type can be listed at all. */
export function listsEntries(type: number): boolean {
  const { access } = mapKind(type);
  const listed = access === 'keyed' || access === 'descriptors' || access === 'queue' || access === 'stacks';
  return listed && !hidden.has(type);
}

/** Codecs by the types that a map was made with, where they fit. */
function codecsById(id: number): HandleCodecs {
  const fd = openMapById(id);
  try {
    const info = mapInfo(fd.number);
    const types = info.btfId === 0 ? undefined : quietly(() => readTypes(info.btfId));
    return types === undefined ? {} : codecsOf(info, types);
  } finally {
    fd.close();
  }
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof SysError) return undefined;
    throw error;
  }
}
