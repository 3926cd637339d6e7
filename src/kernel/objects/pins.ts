/** Paths that objects are pinned at: a walk over the bpf file systems that are mounted. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { parseMounts } from '../mounts.ts';
import { descriptorShapes, numberIn, type ObjectKind } from './holders.ts';

/** Paths by `KIND ID`. */
export type Pins = ReadonlyMap<string, readonly string[]>;

/** An object behind a path of a bpf file system. */
export interface PinnedObject {
  readonly kind: ObjectKind;
  readonly id: number;
}

/** All pins that this process may open. Each is opened for a moment, which changes nothing. */
export function readPins(mounts: string = readFileSync('/proc/self/mountinfo', 'utf8')): Pins {
  const pins = new Map<string, string[]>();
  for (const { type, path } of parseMounts(mounts)) {
    if (type !== 'bpf') continue;
    for (const file of filesBelow(path)) {
      const object = pinnedObject(file);
      if (object === undefined) continue;
      const key = `${object.kind} ${object.id}`;
      const paths = pins.get(key) ?? [];
      if (!paths.includes(file)) paths.push(file);
      pins.set(key, paths);
    }
  }
  return pins;
}

/** What is pinned at a path, or undefined if nothing is, or it may not be opened. */
export function pinnedObject(path: string): PinnedObject | undefined {
  const { result } = bpfTry('objGet', { pathname: cString(path) });
  if (result < 0) return undefined;
  const fd = Fd.own(result, path);
  try {
    const target = readlinkSync(`/proc/self/fd/${fd.number}`);
    const shape = descriptorShapes.find(([name]) => name === target);
    if (shape === undefined) return undefined;
    const id = numberIn(readFileSync(`/proc/self/fdinfo/${fd.number}`, 'latin1'), shape[1]);
    return id === undefined ? undefined : { kind: shape[2], id };
  } finally {
    fd.close();
  }
}

function* filesBelow(folder: string): Generator<string, void, undefined> {
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}
