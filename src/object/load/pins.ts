/** Maps that live in a bpf file system under their name, so that programs loaded later find them. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { completed } from '../../kernel/map/create.ts';
import { MapFlag } from '../../kernel/map/kind.ts';
import { mapInfo, openPinned } from '../../kernel/map/map.ts';
import { bpffs } from '../../kernel/mounts.ts';
import type { MapSpec } from '../../kernel/spec.ts';
import type { Fd } from '../../sys/fd.ts';
import { FileSystem, fileSystemType } from '../../sys/file.ts';
import { ObjectError } from '../errors.ts';
import type { ObjectMap } from '../spec.ts';

/** Where a map is pinned; undefined for one that is not. The directory is made if it is inside of a bpf file system. */
export function pinPathOf(file: string, map: ObjectMap, directory: string | undefined): string | undefined {
  if (!map.pinning && map.pinPath === undefined) return undefined;
  // As tools write them: a dot would hide the file, and older kernels refuse it.
  const path = map.pinPath ?? join(directory ?? bpffs(), map.name.replaceAll('.', '_'));
  const parent = dirname(path);
  if (!existsSync(parent)) mkdirSync(parent, { recursive: true, mode: 0o700 });
  if (fileSystemType(parent) !== FileSystem.bpf) {
    throw new ObjectError('map', { file }, `map "${map.name}": ${parent} is no bpf file system`, {
      hint: `mount one: mount -t bpf bpf ${parent}`,
    });
  }
  return path;
}

/** The pinned map, if there is one and it is as the object needs it. Throws ObjectError for another. */
export function reuse(file: string, spec: MapSpec, path: string): Fd | undefined {
  if (!existsSync(path)) return undefined;
  const fd = openPinned(path);
  const info = mapInfo(fd.number);
  const wanted = completed(spec);
  const differing = (
    [
      ['type', info.type, wanted.type],
      ['key size', info.keySize, wanted.keySize],
      ['value size', info.valueSize, wanted.valueSize],
      ['max_entries', info.maxEntries, wanted.maxEntries],
      // Kernels add what user space cannot ask for.
      ['flags', info.flags & ~MapFlag.preserveElements, wanted.flags & ~MapFlag.preserveElements],
    ] as const
  ).filter(([, has, wants]) => has !== wants);
  if (differing.length === 0) return fd;
  fd.close();
  const parts = differing.map(([what, has, wants]) => `${what} ${has} instead of ${wants}`);
  throw new ObjectError(
    'map',
    { file },
    `map "${spec.name}": the map pinned at ${path} has ${parts.join(', ')}`,
    {
      hint: 'remove the pin, or pin under another path',
    },
  );
}
