/**
 * Which processes hold which objects: each descriptor of a BPF object has a file below /proc/PID/fdinfo that says
 * its id (`prog_id:`, `map_id:`, `link_id:`, `btf_id:`). Processes that may not be looked into, or end meanwhile, are
 * left out. Programs on perf events without a link are found there too, as `prog_id:` of the event.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export type ObjectKind = 'program' | 'map' | 'link' | 'btf';

export interface Holder {
  readonly pid: number;
  /** Bytes that the process chose itself: escape them before showing. */
  readonly comm: Uint8Array;
}

/** Holders of all objects, from one walk over /proc. */
export class Holders {
  readonly #byObject = new Map<string, Holder[]>();

  /** Whoever holds an object by a descriptor, ascending. */
  of(kind: ObjectKind, id: number): readonly Holder[] {
    return this.#byObject.get(`${kind} ${id}`) ?? [];
  }

  /** Walks over `proc`. */
  static read(proc = '/proc'): Holders {
    const holders = new Holders();
    const pids = namesIn(proc).filter((name) => /^\d+$/.test(name));
    for (const pid of pids.map(Number).sort((a, b) => a - b)) holders.#process(proc, pid);
    return holders;
  }

  #process(proc: string, pid: number): void {
    let comm: Uint8Array | undefined;
    for (const fd of namesIn(`${proc}/${pid}/fd`)) {
      const object = objectOf(`${proc}/${pid}`, fd);
      if (object === undefined) continue;
      const list = this.#byObject.get(object) ?? [];
      this.#byObject.set(object, list);
      if (list.at(-1)?.pid === pid) continue;
      comm ??= commOf(`${proc}/${pid}`);
      list.push({ pid, comm });
    }
  }
}

/**
 * What the links of /proc/PID/fd are called, and the line of fdinfo with the object's own id. A link has one name
 * where it was made (bpf_link_prime) and another where it was opened (bpf_link_new_fd).
 */
export const descriptorShapes = [
  ['anon_inode:bpf-prog', 'prog_id', 'program'],
  ['anon_inode:bpf-map', 'map_id', 'map'],
  ['anon_inode:bpf_link', 'link_id', 'link'],
  ['anon_inode:bpf-link', 'link_id', 'link'],
  ['anon_inode:btf', 'btf_id', 'btf'],
  ['anon_inode:[perf_event]', 'prog_id', 'program'],
] as const;

function objectOf(process: string, fd: string): string | undefined {
  try {
    const target = readlinkSync(`${process}/fd/${fd}`);
    const shape = descriptorShapes.find(([name]) => name === target);
    if (shape === undefined) return undefined;
    const id = numberIn(readFileSync(`${process}/fdinfo/${fd}`, 'latin1'), shape[1]);
    return id === undefined ? undefined : `${shape[2]} ${id}`;
  } catch {
    return undefined;
  }
}

/** A number of a file of lines `name:<tab>number`. */
export function numberIn(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s*(\\d+)$`, 'm').exec(text);
  return match === null ? undefined : Number(match[1]);
}

/** Bytes of kernel memory that an object of this process says it takes, or undefined. */
export function memoryOf(fd: number): number | undefined {
  return ownNumber(fd, 'memlock');
}

/** A number that fdinfo of a descriptor of this process tells, or undefined. */
export function ownNumber(fd: number, name: string): number | undefined {
  try {
    return numberIn(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'), name);
  } catch {
    return undefined;
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function commOf(process: string): Uint8Array {
  try {
    const bytes = readFileSync(`${process}/comm`);
    return bytes.subarray(0, bytes.length - 1);
  } catch {
    return new Uint8Array();
  }
}
