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

interface Listed {
  readonly id: number;
  readonly pids: readonly number[];
}

/** bpftool's list of one kind of object, with the processes that hold a descriptor of each. */
function list(kind: ObjectKind): Listed[] {
  const ran = spawnSync('bpftool', ['-j', kind, 'list'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (ran.status !== 0) throw new Error(`bpftool ${kind} list failed: ${ran.error?.message ?? ran.stderr}`);
  const parsed = JSON.parse(ran.stdout || '[]') as { id: number; pids?: { pid: number }[] }[];
  return parsed.map(({ id, pids }) => ({ id, pids: (pids ?? []).map(({ pid }) => pid) }));
}

const KINDS: readonly ObjectKind[] = ['prog', 'map', 'link'];

/** Every program, map and link of the machine by id, as `prog 12`: what `leftBehind` compares with. Needs root. */
export function allObjects(): Set<string> {
  return new Set(KINDS.flatMap((kind) => list(kind).map(({ id }) => `${kind} ${id}`)));
}

/**
 * Objects that appeared since `before` and that no process holds: pinned, attached, or leaked into the kernel.
 * The kernel frees after a grace period, so what seems left is looked at for up to `within` milliseconds.
 * Objects of other processes that live do not count.
 */
export async function leftBehind(before: ReadonlySet<string>, within = 3000): Promise<string[]> {
  const look = (): string[] =>
    KINDS.flatMap((kind) =>
      list(kind)
        .filter(({ id, pids }) => pids.length === 0 && !before.has(`${kind} ${id}`))
        .map(({ id }) => `${kind} ${id}`),
    );
  try {
    await waitUntil('the kernel to free everything', () => look().length === 0 || undefined, within);
    return [];
  } catch {
    return look();
  }
}
