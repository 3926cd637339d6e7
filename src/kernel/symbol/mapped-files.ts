/** The files that processes have mapped, and the kernel's own library that has none. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Mapping } from '../../symbol/maps.ts';
import { type OpenElf, openElf } from './elf-files.ts';
import { ProcessMaps } from './process.ts';

/**
 * The mapped file itself by /proc/PID/map_files, whatever its path leads to now; else by its path, if the file
 * there is still the one. Whoever gets it closes it.
 */
export function openMapped(maps: ProcessMaps, mapping: Mapping): OpenElf | undefined {
  const range = `${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
  if (maps.alive) {
    const itself = openElf(`/proc/${maps.pid}/map_files/${range}`);
    if (itself) return itself;
  }
  const file = openElf(maps.root + pathOf(mapping), { follow: false });
  if (!file || file.identity.inode === mapping.inode) return file;
  file.close();
  return undefined;
}

const MAX_VDSO = 1 << 16;

/** The kernel's library `[vdso]`: our copy is everybody's. */
export function vdsoImage(): Uint8Array | undefined {
  const mapping = ProcessMaps.read(process.pid)?.mappings.find((each) => nameOf(each) === '[vdso]');
  if (!mapping) return undefined;
  let fd: number | undefined;
  try {
    fd = openSync('/proc/self/mem', 'r');
    const bytes = new Uint8Array(Math.min(Number(mapping.end - mapping.start), MAX_VDSO));
    readSync(fd, bytes, 0, bytes.length, mapping.start);
    return bytes;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** For opening; a path that is not UTF-8 leads nowhere. */
export function pathOf({ path }: Mapping): string {
  return Buffer.from(path.buffer, path.byteOffset, path.length).toString('utf8');
}

/** For showing: one character a byte. */
export function nameOf({ path }: Mapping): string {
  return Buffer.from(path.buffer, path.byteOffset, path.length).toString('latin1');
}
