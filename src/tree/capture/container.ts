/**
 * The container of a capture: a header and sections. All numbers are little endian, whatever the machine.
 *
 * Header, 32 bytes:
 *    0  magic: 89 'b' 'p' 'f' 'k' 0d 0a 1a  (no text file starts so, and a copy that changes line ends is seen)
 *    8  u16 major version, u16 minor version
 *   12  u32 number of sections
 *   16  u64 bytes of the whole file
 *   24  u32 0
 *   28  u32 CRC-32C of the 28 bytes before
 *
 * Section, 24 bytes and then what is stored, without gaps:
 *    0  four letters: its type
 *    4  u32 how it is stored: 0 as it is, 1 deflated (RFC 1951)
 *    8  u32 bytes that are stored
 *   12  u32 bytes of the content
 *   16  u32 CRC-32C of what is stored
 *   20  u32 CRC-32C of the 20 bytes before
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { crc32c } from './crc32c.ts';
import { damaged, futureVersion, tooLarge, truncated, wrongChecksum } from './errors.ts';

export const MAGIC: Uint8Array = Uint8Array.of(0x89, 0x62, 0x70, 0x66, 0x6b, 0x0d, 0x0a, 0x1a);
/** The format's version: a reader refuses a greater major one, and reads every minor one. */
export const MAJOR = 1;
export const MINOR = 0;

const HEADER = 32;
const SECTION = 24;
const TWO_32 = 0x1_0000_0000;
const STORED = 0;
const DEFLATED = 1;

/** Below this, deflating costs more than it saves. */
const WORTH_DEFLATING = 128;
/** The quickest level: a slower one gains a few percent here. */
const LEVEL = 1;

/** A bomb's content is a thousand times what is stored; a capture's is ten times that. */
const FREE_SIZE = 64 * 1024 * 1024;
const MOST_RATIO = 100;
const MOST_SIZE = 1024 * 1024 * 1024;

/** The largest content that is accepted of a section that stores so many bytes. */
export function mostContent(stored: number): number {
  return Math.min(FREE_SIZE + MOST_RATIO * stored, MOST_SIZE);
}

export interface Section {
  /** Four letters. */
  readonly type: string;
  /** Of its head, in the file. */
  readonly offset: number;
  readonly size: number;
  /** The content; decompressed whenever it is called. Throws CaptureError. */
  content(): Uint8Array;
}

export interface Container {
  readonly major: number;
  readonly minor: number;
  readonly sections: readonly Section[];
}

/** A container of these sections. Throws RangeError for more content than any reader accepts. */
export function encodeContainer(sections: readonly (readonly [type: string, content: Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [type, content] of sections) {
    if (content.length > MOST_SIZE) throw new RangeError(`section ${type} has ${content.length} bytes`);
    let stored = content;
    let method = STORED;
    if (content.length >= WORTH_DEFLATING) {
      const deflated = deflateRawSync(content, { level: LEVEL });
      if (deflated.length < content.length && content.length <= mostContent(deflated.length)) {
        stored = deflated;
        method = DEFLATED;
      }
    }
    const head = Buffer.alloc(SECTION);
    head.write(type, 'latin1');
    head.writeUInt32LE(method, 4);
    head.writeUInt32LE(stored.length, 8);
    head.writeUInt32LE(content.length, 12);
    head.writeUInt32LE(crc32c(stored), 16);
    head.writeUInt32LE(crc32c(head.subarray(0, 20)), 20);
    parts.push(head, stored);
  }
  const header = Buffer.alloc(HEADER);
  header.set(MAGIC);
  header.writeUInt16LE(MAJOR, 8);
  header.writeUInt16LE(MINOR, 10);
  header.writeUInt32LE(sections.length, 12);
  const size = parts.reduce((sum, part) => sum + part.length, HEADER);
  header.writeUInt32LE(size >>> 0, 16);
  header.writeUInt32LE(Math.floor(size / TWO_32), 20);
  header.writeUInt32LE(crc32c(header.subarray(0, 28)), 28);
  return Buffer.concat([header, ...parts]);
}

export function isContainer(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, i) => bytes[i] === byte);
}

function inflate(stored: Uint8Array, size: number, offset: number): Uint8Array {
  let content: Buffer;
  try {
    content = inflateRawSync(stored, { maxOutputLength: Math.max(size, 1) });
  } catch {
    throw damaged(offset, `what is deflated there cannot be made ${size} bytes again`);
  }
  if (content.length !== size) {
    throw damaged(offset, `${content.length} bytes are deflated there, not ${size}`);
  }
  return content;
}

/** Reads a section's head, and checks all that can be without its content. */
function readSection(bytes: Uint8Array, view: DataView, at: number): Section {
  if (bytes.length - at < SECTION) throw truncated(at, 'the head of a section', SECTION, bytes.length - at);
  const type = Buffer.from(bytes.buffer, bytes.byteOffset + at, 4).toString('latin1');
  if (crc32c(bytes.subarray(at, at + 20)) !== view.getUint32(at + 20, true)) {
    throw wrongChecksum(at, 'the head of a section');
  }
  const method = view.getUint32(at + 4, true);
  const size = view.getUint32(at + 8, true);
  const contentSize = view.getUint32(at + 12, true);
  const from = at + SECTION;
  if (size > bytes.length - from) throw truncated(from, 'a section', size, bytes.length - from);
  const stored = bytes.subarray(from, from + size);
  if (crc32c(stored) !== view.getUint32(at + 16, true)) throw wrongChecksum(from, 'a section');
  return {
    type,
    offset: at,
    size,
    content() {
      if (method === STORED) {
        if (contentSize !== size)
          throw damaged(at, `a section of ${size} bytes says that it has ${contentSize}`);
        return stored;
      }
      if (method !== DEFLATED) throw damaged(at, `a section is stored in an unknown way, ${method}`);
      const most = mostContent(size);
      if (contentSize > most) throw tooLarge(at, 'the content of a section', contentSize, most);
      return inflate(stored, contentSize, from);
    },
  };
}

/** Reads a container's header and sections, and checks every checksum. Throws CaptureError. */
export function readContainer(bytes: Uint8Array): Container {
  if (bytes.length < HEADER) throw truncated(0, 'the header', HEADER, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [major, minor] = [view.getUint16(8, true), view.getUint16(10, true)];
  // Before the checksum: what it covers may change with the version.
  if (major > MAJOR) throw futureVersion(major, minor, MAJOR);
  if (crc32c(bytes.subarray(0, 28)) !== view.getUint32(28, true)) throw wrongChecksum(0, 'the header');
  if (major === 0) throw damaged(8, 'there is no format version 0');
  const size = view.getUint32(16, true) + view.getUint32(20, true) * TWO_32;
  if (size > bytes.length) throw truncated(bytes.length, 'the file', size, bytes.length);
  if (size < bytes.length) throw damaged(size, `${bytes.length - size} bytes follow the end of the capture`);
  const sections: Section[] = [];
  let at = HEADER;
  for (let left = view.getUint32(12, true); left > 0; left--) {
    const section = readSection(bytes, view, at);
    sections.push(section);
    at += SECTION + section.size;
  }
  if (at !== size) throw damaged(at, `${size - at} bytes follow the last section`);
  return { major, minor, sections };
}
