/**
 * Where the symbols of a stripped file went: the file that distributions install beside it.
 *
 * It is looked for by build id (/usr/lib/debug/.build-id/ab/cdef….debug) and by the name that the stripped file
 * keeps (`.gnu_debuglink`), beside it, in `.debug`, and below /usr/lib/debug. The build id, or else the checksum,
 * says whether it is the right one. Its addresses are those of the stripped file; its offsets are not.
 */
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ElfFile } from '../../elf/file.ts';
import { buildId, debugLink } from '../../elf/identity.ts';
import type { ByteSource } from '../../elf/source.ts';
import { type OpenElf, openElf } from './elf-files.ts';

const DIRECTORY = '/usr/lib/debug';

/** A checksum is only made of files up to here: 256 MiB take a fifth of a second. */
const MAX_CHECKED = 1 << 28;
const CHUNK = 1 << 20;

/**
 * The file with the symbols of `elf`; undefined where there is none. Whoever gets it closes it.
 * @param path where `elf` is
 * @param root what stands before the directories: the root of the process whose file it is
 * @param directories where to look, without the last component `.build-id`. Default: /usr/lib/debug
 */
export function openDebugFile(
  elf: ElfFile,
  path: string,
  root = '',
  directories: readonly string[] = [DIRECTORY],
): OpenElf | undefined {
  const id = buildId(elf);
  if (id && id.length > 1) {
    const hex = Buffer.from(id).toString('hex');
    for (const directory of directories) {
      const name = `${root}${directory}/.build-id/${hex.slice(0, 2)}/${hex.slice(2)}.debug`;
      const found = accepted(name, (file) => sameId(id, buildId(file.elf)));
      if (found) return found;
    }
  }
  const link = debugLink(elf);
  if (!link) return undefined;
  const name = new TextDecoder().decode(link.name);
  // A name, says the format: with a slash it would lead anywhere.
  if (name === '' || name.includes('/')) return undefined;
  const beside = dirname(path);
  const inside = root !== '' && beside.startsWith(root) ? beside.slice(root.length) : beside;
  const candidates = [
    join(beside, name),
    join(beside, '.debug', name),
    ...directories.map((directory) => join(`${root}${directory}`, inside, name)),
  ];
  for (const candidate of candidates) {
    if (candidate === path) continue;
    const found = accepted(candidate, (file) => {
      const theirs = buildId(file.elf);
      return id && theirs ? sameId(id, theirs) : checksum(file.source) === link.crc;
    });
    if (found) return found;
  }
  return undefined;
}

function accepted(path: string, isRight: (file: OpenElf) => boolean): OpenElf | undefined {
  const file = openElf(path);
  if (!file) return undefined;
  try {
    if (isRight(file)) return file;
  } catch {
    // Broken, or cut while it was read: not the right one.
  }
  file.close();
  return undefined;
}

function sameId(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

function checksum(source: ByteSource): number | undefined {
  if (source.size > MAX_CHECKED) return undefined;
  let crc = 0;
  for (let at = 0; at < source.size; at += CHUNK) {
    crc = crc32(source.read(at, Math.min(CHUNK, source.size - at)), crc);
  }
  return crc;
}
