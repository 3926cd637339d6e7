/**
 * ELF files of the machine, opened so that nothing that somebody put in their place can hurt: what is no regular
 * file is not opened at all, and a last symbolic link is not followed in a path that another process told. Only what is asked
 * for is read, so the size of a file does not matter; a file that shrinks meanwhile gives an ElfError.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { ElfError } from '../../elf/errors.ts';
import { ElfFile } from '../../elf/file.ts';
import type { ByteSource } from '../../elf/source.ts';
import { openMember, splitArchivePath } from '../../elf/zip.ts';

/** Tells a file from another that took its place. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly modified: bigint;
}

export interface OpenFile {
  readonly source: ByteSource;
  readonly identity: FileIdentity;
  close(): void;
}

export interface OpenElf extends OpenFile {
  readonly elf: ElfFile;
  /** What is opened and mapped: the archive, for a member of one. */
  readonly path: string;
  /** Where the ELF file begins in it; 0 but for members of archives. */
  readonly offset: number;
}

/**
 * A regular file to read from. Undefined for anything else, and for what may not be opened.
 * @param follow whether the path may end in a symbolic link; not for paths that another process told
 */
export function openRegular(path: string, follow: boolean): OpenFile | undefined {
  const fd = openKnown(path, follow);
  if (fd === undefined) return undefined;
  const close = (): void => closeSync(fd);
  const stat = fstatSync(fd, { bigint: true });
  const source: ByteSource = {
    size: Number(stat.size),
    read(offset, length) {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const count = readSync(fd, bytes, filled, length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    },
  };
  const { dev: device, ino: inode, size, mtimeNs: modified } = stat;
  return { source, identity: { device, inode, size, modified }, close };
}

/** Only names the file: opening a device could already do something to it. */
const O_PATH = 0o10000000;

function openKnown(path: string, follow: boolean): number | undefined {
  let name: number | undefined;
  try {
    name = openSync(path, O_PATH | (follow ? 0 : constants.O_NOFOLLOW));
    if (!fstatSync(name).isFile()) return undefined;
    return openSync(`/proc/self/fd/${name}`, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  } finally {
    if (name !== undefined) closeSync(name);
  }
}

/**
 * An ELF file, or a member of an archive (`x.apk!/lib.so`), by its path. Undefined for what is no such file.
 * Whoever gets it closes it.
 */
export function openElf(path: string, options: { readonly follow?: boolean } = {}): OpenElf | undefined {
  const follow = options.follow ?? true;
  const whole = openRegular(path, follow);
  const inside = whole ? undefined : splitArchivePath(path);
  const file = whole ?? (inside && openRegular(inside.archive, follow));
  if (!file) return undefined;
  try {
    const member = inside && openMember(file.source, inside.member);
    const elf = ElfFile.open(member?.source ?? file.source);
    return { ...file, elf, path: inside?.archive ?? path, offset: member?.offset ?? 0 };
  } catch (error) {
    file.close();
    if (error instanceof ElfError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

/** Runs `use` on an ELF file and closes it. Undefined also where what is asked for is broken. */
export function withElf<T>(
  path: string,
  use: (elf: ElfFile, file: OpenElf) => T,
  options: { readonly follow?: boolean } = {},
): T | undefined {
  const file = openElf(path, options);
  if (!file) return undefined;
  try {
    return use(file.elf, file);
  } catch (error) {
    if (error instanceof ElfError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  } finally {
    file.close();
  }
}

export function sameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.device === b.device && a.inode === b.inode && a.size === b.size && a.modified === b.modified;
}
