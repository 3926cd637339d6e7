/**
 * Paths of cgroups by their id, which is the inode of their directory: `unified:/user.slice/session-3.scope`.
 * One part for each hierarchy that has such a directory, separated by commas.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type MountPoint, parseMounts } from '../../kernel/mounts.ts';
import { matcher } from '../probes/wildcard.ts';

interface Hierarchy {
  /** `unified`, or the controllers: `cpu,cpuacct`. */
  readonly name: string;
  readonly path: string;
}

export class CgroupPaths {
  readonly #known = new Map<string, string>();
  #hierarchies: readonly Hierarchy[] | undefined;

  /** Empty for an id that nothing has; `filter` is a pattern for the path as it is printed. */
  path(id: bigint, filter: string): string {
    const name = `${id} ${filter}`;
    let known = this.#known.get(name);
    if (known === undefined) this.#known.set(name, (known = this.#find(id, filter)));
    return known;
  }

  #find(id: bigint, filter: string): string {
    this.#hierarchies ??= hierarchies();
    const wanted = filter === '' ? () => true : matcher(filter);
    const parts: string[] = [];
    for (const { name, path } of this.#hierarchies) {
      const found = directoryOf(path, '/', id);
      if (found !== undefined && wanted(`${name}:${found}`)) parts.push(`${name}:${found}`);
    }
    return parts.join(',');
  }
}

function hierarchies(): Hierarchy[] {
  let mounts: MountPoint[];
  try {
    mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'latin1'));
  } catch {
    return [];
  }
  return mounts
    .filter(({ type }) => type === 'cgroup2' || type === 'cgroup')
    .map(({ type, path }) => ({
      name: type === 'cgroup2' ? 'unified' : (path.split('/').at(-1) ?? ''),
      path,
    }));
}

/** Depth first; a cgroup that goes away meanwhile is skipped. Paths are bytes, one character each. */
function directoryOf(root: string, path: string, id: bigint): string | undefined {
  const whole = Buffer.from(join(root, path), 'latin1');
  try {
    if (statSync(whole, { bigint: true }).ino === id) return path;
    for (const entry of readdirSync(whole, { withFileTypes: true, encoding: 'latin1' as BufferEncoding })) {
      if (!entry.isDirectory()) continue;
      const found = directoryOf(root, path === '/' ? `/${entry.name}` : `${path}/${entry.name}`, id);
      if (found !== undefined) return found;
    }
  } catch {
    return undefined;
  }
  return undefined;
}
