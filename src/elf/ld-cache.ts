/**
 * The dynamic linker's cache of libraries, /etc/ld.so.cache: which file `libc.so.6` is, without a look at any
 * directory.
 *
 * The form that glibc has written since 2.2: a magic, the number of entries, the bytes of strings; then entries of
 * 24 bytes with flags and the places of two strings, name and path, counted from the start of the header. Before
 * it there may be the older form (`ld.so-1.7.0`), which newer linkers skip, and so does this. In the root of a
 * container the file is somebody else's: every number is checked, and what lies outside is left out.
 *
 * Source: glibc, sysdeps/generic/dl-cache.h.
 */

export interface CachedLibrary {
  /** `libc.so.6` */
  readonly name: string;
  readonly path: string;
  /** FLAG_*: which machine and ABI. */
  readonly flags: number;
}

const OLD_MAGIC = 'ld.so-1.7.0\0';
const NEW_MAGIC = 'glibc-ld.so.cache1.1';

const OLD_HEADER = 16;
const OLD_ENTRY = 12;
const NEW_HEADER = 48;
const NEW_ENTRY = 24;
/** The newer form after the older one begins at a multiple of this. */
const ALIGNMENT = 8;

/** A distribution's has some thousands. */
const MAX_ENTRIES = 1 << 17;
const MAX_STRING = 4096;

/** What the flags of the machine's own 64-bit libraries are; FLAG_ELF_LIBC6 in the low byte. */
const machineFlags: Readonly<Record<string, number>> = { x64: 0x0303, arm64: 0x0a03 };

/** The entries in the order of the file. Empty for what is not such a file. */
export function parseLinkerCache(bytes: Uint8Array): CachedLibrary[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = findHeader(bytes, view);
  if (start === undefined) return [];
  // The linker writes its own byte order; entries that make no sense in ours are left out below.
  const count = Math.min(view.getUint32(start + 20, true), MAX_ENTRIES);
  const found: CachedLibrary[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + NEW_HEADER + i * NEW_ENTRY;
    if (at + NEW_ENTRY > bytes.length) break;
    const name = stringAt(bytes, start + view.getUint32(at + 4, true));
    const path = stringAt(bytes, start + view.getUint32(at + 8, true));
    if (name && path?.startsWith('/')) found.push({ name, path, flags: view.getUint32(at, true) });
  }
  return found;
}

function findHeader(bytes: Uint8Array, view: DataView): number | undefined {
  let start = 0;
  if (hasText(bytes, 0, OLD_MAGIC)) {
    if (bytes.length < OLD_HEADER) return undefined;
    const size = OLD_HEADER + view.getUint32(12, true) * OLD_ENTRY;
    start = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  }
  if (!hasText(bytes, start, NEW_MAGIC) || start + NEW_HEADER > bytes.length) return undefined;
  return start;
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  if (at + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function stringAt(bytes: Uint8Array, at: number): string | undefined {
  const piece = bytes.subarray(at, at + MAX_STRING);
  const end = piece.indexOf(0);
  return end < 0 ? undefined : new TextDecoder().decode(piece.subarray(0, end));
}

/**
 * The library that is meant by a name without `lib` and ending, as in `-lc`: `libc.so` and what follows. The
 * machine's own are taken before those for other ABIs. `arch` is `process.arch`.
 */
export function findLibrary(
  libraries: readonly CachedLibrary[],
  name: string,
  arch: string,
): string | undefined {
  const prefix = `lib${name}.so`;
  const fitting = libraries.filter((each) => each.name.startsWith(prefix));
  const own = fitting.find(({ flags }) => (flags & 0xffff) === machineFlags[arch]);
  return (own ?? fitting[0])?.path;
}
