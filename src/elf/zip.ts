/**
 * Members of ZIP archives that are stored as they are: Android maps libraries straight out of its packages, and
 * a uprobe is placed in the archive, at an offset behind the member's own start.
 *
 * The directory is at the archive's end; it names each member with the place of its local header, whose name and
 * extra field come before the bytes. Everything is checked against the file; archives of more than 4 GiB (ZIP64)
 * are not read.
 *
 * Source: PKWARE's APPNOTE, 4.3.7, 4.3.12, 4.3.16.
 */
import { ElfError, noSuchMember } from './errors.ts';
import { type ByteSource, readRange } from './source.ts';

const END = 0x06054b50;
const END_SIZE = 22;
const MAX_COMMENT = 0xffff;
const DIRECTORY = 0x02014b50;
const DIRECTORY_SIZE = 46;
const LOCAL = 0x04034b50;
const LOCAL_SIZE = 30;
const STORED = 0;

/** What separates archive and member in a path: `base.apk!/lib/arm64-v8a/libapp.so`. */
const SEPARATOR = '!/';

export interface ArchivePath {
  readonly archive: string;
  readonly member: string;
}

/** Undefined for a path without a member. */
export function splitArchivePath(path: string): ArchivePath | undefined {
  const at = path.indexOf(SEPARATOR);
  if (at <= 0) return undefined;
  return { archive: path.slice(0, at), member: path.slice(at + SEPARATOR.length) };
}

export interface ArchiveMember {
  /** Where its bytes begin in the archive. */
  readonly offset: number;
  readonly source: ByteSource;
}

/** Finds a stored member. Throws ElfError: not an archive, no such member, compressed, or broken. */
export function openMember(archive: ByteSource, member: string): ArchiveMember {
  const wanted = new TextEncoder().encode(member);
  const { offset: directory, size, count } = findDirectory(archive);
  const bytes = readRange(archive, 'the directory of the archive', directory, size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let i = 0; i < count && at + DIRECTORY_SIZE <= bytes.length; i++) {
    if (view.getUint32(at, true) !== DIRECTORY) break;
    const nameLength = view.getUint16(at + 28, true);
    const name = bytes.subarray(at + DIRECTORY_SIZE, at + DIRECTORY_SIZE + nameLength);
    if (name.length === wanted.length && name.every((byte, j) => byte === wanted[j])) {
      return memberAt(archive, member, {
        method: view.getUint16(at + 10, true),
        size: view.getUint32(at + 24, true),
        local: view.getUint32(at + 42, true),
      });
    }
    at += DIRECTORY_SIZE + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  throw noSuchMember(member, 'the archive has no such member');
}

function findDirectory(archive: ByteSource): { offset: number; size: number; count: number } {
  const length = Math.min(archive.size, END_SIZE + MAX_COMMENT);
  const start = archive.size - length;
  const bytes = readRange(archive, 'the end of the archive', start, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = length - END_SIZE; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue;
    return {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    };
  }
  throw new ElfError('format', start, 'the file is not a ZIP archive');
}

function memberAt(
  archive: ByteSource,
  member: string,
  entry: { readonly method: number; readonly size: number; readonly local: number },
): ArchiveMember {
  if (entry.method !== STORED) throw noSuchMember(member, 'it is compressed, so nothing can map it');
  const header = readRange(archive, 'the header of a member', entry.local, LOCAL_SIZE);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0, true) !== LOCAL) throw noSuchMember(member, 'its header is not where it should be');
  const offset = entry.local + LOCAL_SIZE + view.getUint16(26, true) + view.getUint16(28, true);
  if (offset + entry.size > archive.size) throw noSuchMember(member, 'it ends outside of the archive');
  const source: ByteSource = {
    size: entry.size,
    read: (from, length) => archive.read(offset + from, length),
  };
  return { offset, source };
}
