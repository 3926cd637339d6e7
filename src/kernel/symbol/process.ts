/** What a process has mapped, as it was when somebody looked: enough to name addresses after it has ended. */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { type Mapping, mappingAt, parseMaps } from '../../symbol/maps.ts';
import { PerfMap } from '../../symbol/perf-map.ts';
import { type FileIdentity, openRegular, sameFile } from './elf-files.ts';
import { rootOf } from './root.ts';

const MAX_JIT_MAP = 64 << 20;

export class ProcessMaps {
  readonly pid: number;
  readonly root: string;
  /** When it started, and which program it runs: tells it from a later one of the same number. */
  readonly identity: string;
  readonly mappings: readonly Mapping[];
  #jit: PerfMap | undefined;
  #jitFile: FileIdentity | undefined;

  private constructor(pid: number, identity: string, mappings: readonly Mapping[]) {
    this.pid = pid;
    this.identity = identity;
    this.mappings = mappings;
    this.root = rootOf(pid);
  }

  /** Undefined for a process that is gone, or that this one may not look at. */
  static read(pid: number): ProcessMaps | undefined {
    const identity = identityOf(pid);
    if (identity === undefined) return undefined;
    try {
      const mappings = parseMaps(readFileSync(`/proc/${pid}/maps`));
      // A process that is ending has none; a kernel thread never had.
      return mappings.length === 0 ? undefined : new ProcessMaps(pid, identity, mappings);
    } catch {
      return undefined;
    }
  }

  mappingAt(address: bigint): Mapping | undefined {
    return mappingAt(this.mappings, address);
  }

  /** Whether there is still this process with this program, and not another of its number. */
  get alive(): boolean {
    return identityOf(this.pid) === this.identity;
  }

  /** Code that no file has: what the process' compiler wrote about it. Read again when the file has grown. */
  jitPlace(address: bigint): { readonly name: string; readonly offset: bigint } | undefined {
    const found = this.#jit?.at(address);
    if (found) return found;
    const name = `${this.root}/tmp/perf-${ownNumber(this.pid)}.map`;
    // Somebody else's directory: no links are followed, and only its owner and root may have written it.
    const file = openRegular(name, false);
    if (!file) return undefined;
    try {
      if (this.#jitFile && sameFile(this.#jitFile, file.identity)) return undefined;
      if (!isTrusted(name, this.pid)) return undefined;
      this.#jitFile = file.identity;
      this.#jit = new PerfMap(file.source.read(0, Math.min(file.source.size, MAX_JIT_MAP)));
    } finally {
      file.close();
    }
    return this.#jit.at(address);
  }
}

/** Start in ticks since boot (the 22nd field of stat, the 20th after the name), and the program's path. */
function identityOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${started} ${readlinkSync(`/proc/${pid}/exe`)}`;
  } catch {
    return undefined;
  }
}

/** Its number as it sees itself, in the innermost of its namespaces. */
function ownNumber(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1] ?? pid);
  } catch {
    return pid;
  }
}

/** Others could name addresses as they like, and make a reader read a file of gigabytes. */
function isTrusted(path: string, pid: number): boolean {
  try {
    const { uid } = statSync(path);
    return uid === 0 || uid === process.geteuid?.() || uid === statSync(`/proc/${pid}`).uid;
  } catch {
    return false;
  }
}
