/**
 * Files that a later run trusts as if they were part of the program: V8's code caches, compiled kernel
 * programs.
 *
 * bpfkit runs as root, so such a file is only read when root owns it and its folder and nobody else can
 * write to either; only root makes one. Its name carries all that its content depends on. Nothing here
 * throws: a cache is never worth an error.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface RootCache {
  /** The content, or undefined where there is none to be trusted. */
  read(name: string): Buffer | undefined;
  /** Replaces the file as a whole, in the first folder that can be used. */
  write(name: string, bytes: Uint8Array): void;
}

let wrote = false;

/**
 * True if this run made what the next one will find. It did work that runs mostly do not, so the code that it
 * compiled is no model for V8's code cache.
 */
export function madeCache(): boolean {
  return wrote;
}

/** Written over by the build: sources keep nothing, since what they make may change with each of their lines. */
const built = !'@BUILD@'.startsWith('@');

/** The cache of the bundle that runs; undefined in sources. */
export function keptFiles(): RootCache | undefined {
  return built ? rootCache(dirname(__filename)) : undefined;
}

/** The cache beside the code, or else the machine's. */
export function rootCache(codeFolder: string): RootCache {
  const folders = [join(codeFolder, 'cache'), '/var/cache/bpfkit'];
  return {
    read(name) {
      for (const folder of folders) {
        const bytes = readTrusted(folder, name);
        if (bytes !== undefined) return bytes;
      }
      return undefined;
    },
    write(name, bytes) {
      if (process.geteuid?.() !== 0) return;
      wrote = folders.some((folder) => writeTrusted(folder, name, bytes));
    },
  };
}

const onlyRootWrites = (stat: Stats): boolean => stat.uid === 0 && (stat.mode & 0o022) === 0;

function readTrusted(folder: string, name: string): Buffer | undefined {
  let fd: number | undefined;
  try {
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || !onlyRootWrites(stat)) return undefined;
    fd = openSync(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const file = fstatSync(fd);
    return file.isFile() && onlyRootWrites(file) ? readFileSync(fd) : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function writeTrusted(folder: string, name: string, bytes: Uint8Array): boolean {
  try {
    if (!onlyRootWrites(lstatSync(join(folder, '..')))) return false;
    try {
      mkdirSync(folder, { mode: 0o755 });
      chmodSync(folder, 0o755);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || !onlyRootWrites(stat)) return false;
    const temporary = join(folder, `${name}.${process.pid}`);
    writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o644 });
    renameSync(temporary, join(folder, name));
    return true;
  } catch {
    return false;
  }
}
