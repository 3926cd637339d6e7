/** Which BPF objects there are, asked by other ways than our own code: to prove that nothing stays behind. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { waitUntil } from './wait.ts';

export type ObjectKind = 'prog' | 'map' | 'link' | 'btf';

/**
 * The BPF objects that a process holds by descriptors, as `prog 12`, by /proc/PID/fdinfo. Sorted; an object
 * held twice is listed twice. Needs no privilege for the process itself.
 */
export function heldObjects(pid: number | 'self' = 'self'): string[] {
  const found: string[] = [];
  for (const descriptor of readdirSync(`/proc/${pid}/fdinfo`)) {
    let text: string;
    try {
      text = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'latin1');
    } catch {
      continue; // the descriptor of the directory listing itself
    }
    // A link's entry names its program too: the first id tells the kind, in this order.
    const match = /^(link)_id:\s*(\d+)/m.exec(text) ?? /^(prog|map|btf)_id:\s*(\d+)/m.exec(text);
    if (match) found.push(`${match[1]} ${match[2]}`);
  }
  return found.sort();
}

/** What any process holds. Debian's bpftool lists no holders, so every /proc/PID/fdinfo is read. */
function heldByAnybody(): Set<string> {
  const held = new Set<string>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      for (const object of heldObjects(Number(name))) held.add(object);
    } catch {
      // the process has ended meanwhile
    }
  }
  return held;
}

interface Listed {
  readonly object: string;
  /** What it keeps alive: a link its program, a program its maps. */
  readonly keeps: readonly string[];
}

/** All objects of one kind, by bpftool. */
function list(kind: ObjectKind): Listed[] {
  const ran = spawnSync('bpftool', ['-j', kind, 'list'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (ran.status !== 0) throw new Error(`bpftool ${kind} list failed: ${ran.error?.message ?? ran.stderr}`);
  const parsed = JSON.parse(ran.stdout || '[]') as { id: number; prog_id?: number; map_ids?: number[] }[];
  return parsed.map(({ id, prog_id, map_ids }) => ({
    object: `${kind} ${id}`,
    keeps: [
      ...(prog_id === undefined ? [] : [`prog ${prog_id}`]),
      ...(map_ids ?? []).map((map) => `map ${map}`),
    ],
  }));
}

/** Those that keep others alive come first. */
const KINDS: readonly ObjectKind[] = ['link', 'prog', 'map'];

/** Every program, map and link of the machine by id, as `prog 12`: what `leftBehind` compares with. Needs root. */
export function allObjects(): Set<string> {
  return new Set(KINDS.flatMap(list).map(({ object }) => object));
}

/**
 * Objects that appeared since `before` and that no process holds: pinned, attached, or leaked into the kernel.
 * The kernel frees after a grace period, so what seems left is looked at for up to `within` milliseconds.
 * Objects that a living process holds do not count, nor what those keep alive: other things run on the machine.
 */
export async function leftBehind(before: ReadonlySet<string>, within = 3000): Promise<string[]> {
  const look = (): string[] => {
    const appeared = KINDS.flatMap(list).filter(({ object }) => !before.has(object));
    if (appeared.length === 0) return [];
    const held = heldByAnybody();
    for (const { object, keeps } of appeared) {
      if (held.has(object)) for (const kept of keeps) held.add(kept);
    }
    return appeared.map(({ object }) => object).filter((object) => !held.has(object));
  };
  try {
    await waitUntil('the kernel to free everything', () => look().length === 0 || undefined, within);
    return [];
  } catch {
    return look();
  }
}
