/**
 * What is mapped where in a process: the text of /proc/PID/maps,
 *
 *     7f1c2a000000-7f1c2a1b2000 r-xp 00028000 fd:01 1835122    /usr/lib/x86_64-linux-gnu/libc.so.6
 *
 * Paths are bytes that somebody else chose: a newline is written as \012 and nothing else is escaped, and
 * " (deleted)" at the end may belong to the name. So the path is kept as it stands; device and inode say which
 * file it is.
 *
 * Source: fs/proc/task_mmu.c, show_map_vma.
 */
import { SymbolFormatError } from './errors.ts';

export interface Mapping {
  readonly start: bigint;
  /** First address behind it. */
  readonly end: bigint;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly shared: boolean;
  /** Offset in the file of the first byte; 0 without a file. */
  readonly offset: number;
  /** Major and minor number of the file's device; 0 without a file. */
  readonly device: readonly [major: number, minor: number];
  /** 0n without a file. */
  readonly inode: bigint;
  /** A path, `[heap]` and its like, or nothing; borrowed from the text. */
  readonly path: Uint8Array;
}

const LINE =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-])([w-])([x-])([sp]) ([0-9a-f]{1,16}) ([0-9a-f]{2,8}):([0-9a-f]{2,8}) (\d{1,20})$/;

/** Bytes that the fields before the path can have; a line without a path is shorter. */
const FIELDS = 128;

const SPACE = 0x20;
const NEWLINE = 0x0a;

/**
 * The mappings in the kernel's order, which is by address.
 * Throws SymbolFormatError for a line that the kernel would not write; a last line without an end is left out,
 * for it may have been cut.
 */
export function parseMaps(text: Uint8Array): Mapping[] {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  const mappings: Mapping[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) break;
    mappings.push(parseLine(bytes, start, end));
    start = end + 1;
  }
  return mappings;
}

function parseLine(bytes: Buffer, start: number, end: number): Mapping {
  let fieldsEnd = start;
  for (let field = 0; field < 5 && fieldsEnd < end; field++) {
    const space = bytes.indexOf(SPACE, fieldsEnd + 1);
    fieldsEnd = space < 0 || space > end ? end : space;
  }
  const match = LINE.exec(bytes.toString('latin1', start, Math.min(fieldsEnd, start + FIELDS)));
  if (!match)
    throw new SymbolFormatError('/proc/PID/maps', start, 'START-END PERMS OFFSET DEVICE INODE PATH');
  let path = fieldsEnd;
  while (path < end && bytes[path] === SPACE) path++;
  return {
    start: BigInt(`0x${match[1]}`),
    end: BigInt(`0x${match[2]}`),
    readable: match[3] === 'r',
    writable: match[4] === 'w',
    executable: match[5] === 'x',
    shared: match[6] === 's',
    offset: Number.parseInt(match[7]!, 16),
    device: [Number.parseInt(match[8]!, 16), Number.parseInt(match[9]!, 16)],
    inode: BigInt(match[10]!),
    path: bytes.subarray(path, end),
  };
}

/** The mapping that has an address, of mappings in order of address; undefined for a hole. */
export function mappingAt(mappings: readonly Mapping[], address: bigint): Mapping | undefined {
  let from = 0;
  let to = mappings.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (mappings[middle]!.start <= address) from = middle + 1;
    else to = middle;
  }
  const found = mappings[from - 1];
  return found && address < found.end ? found : undefined;
}

/** Whether a mapping shows a file: it has an inode, and a path from the root. */
export function isFile(mapping: Mapping): boolean {
  return mapping.inode !== 0n && mapping.path[0] === 0x2f;
}

/** Where an address of a mapping is in the mapped file: what symbols and uprobes are looked up by. */
export function offsetInFile(mapping: Mapping, address: bigint): number {
  return mapping.offset + Number(address - mapping.start);
}
