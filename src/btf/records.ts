/**
 * The binary frame of BTF: header, sections, and where each record begins.
 *
 * Everything in the type section is a 32-bit word in the file's byte order: records are a name, an info word
 * (kind, flag, count), a size or type, and then words that depend on the kind. So the section is viewed as one
 * Uint32Array - swapped once when the file's order is not this machine's - and no code after this file thinks
 * of byte order again. The pass over vmlinux (126,000 records) must be fast in a process that has just
 * started: it has one loop, table look-ups instead of branches, and makes no object.
 *
 * Source: include/uapi/linux/btf.h, Documentation/bpf/btf.rst.
 */
import {
  badHeaderLength,
  badMagic,
  badSection,
  badVersion,
  recordPastEnd,
  stringPastEnd,
  tooShortForHeader,
  unknownKind,
  unterminatedStrings,
} from './errors.ts';
import type { BtfKind, TypeId } from './types.ts';

/** Numbers of the kinds (BTF_KIND_*); the index is the number. */
export const kindNames: readonly BtfKind[] = [
  'void',
  'int',
  'pointer',
  'array',
  'struct',
  'union',
  'enum',
  'forward',
  'typedef',
  'volatile',
  'const',
  'restrict',
  'function',
  'prototype',
  'variable',
  'section',
  'float',
  'declTag',
  'typeTag',
  'enum64',
];

/** Words after the three of each record: a fixed number, and one for each of the record's `vlen` elements. */
const fixedWords = Uint8Array.of(0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0);
const elementWords = Uint8Array.of(0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3);

export const MAGIC = 0xeb9f;
export const HEADER_LENGTH = 24;

export interface Frame {
  readonly littleEndian: boolean;
  /** The type section as words in this machine's order. */
  readonly words: Uint32Array;
  readonly strings: Uint8Array;
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Header and sections, all inside of `bytes`. A longer header of a newer kernel is skipped by its length. */
export function parseFrame(bytes: Uint8Array): Frame {
  if (bytes.length < HEADER_LENGTH) throw tooShortForHeader(bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = view.getUint16(0, true) === MAGIC;
  if (!littleEndian && view.getUint16(0) !== MAGIC) throw badMagic(view.getUint16(0, true));
  const version = bytes[2]!;
  if (version !== 1) throw badVersion(version);
  const headerLength = view.getUint32(4, littleEndian);
  if (headerLength < HEADER_LENGTH || headerLength > bytes.length) {
    throw badHeaderLength(headerLength, bytes.length);
  }
  const available = bytes.length - headerLength;
  const typeOffset = view.getUint32(8, littleEndian);
  const typeLength = view.getUint32(12, littleEndian);
  const stringOffset = view.getUint32(16, littleEndian);
  const stringLength = view.getUint32(20, littleEndian);
  if (typeOffset % 4 !== 0 || typeLength % 4 !== 0 || typeOffset + typeLength > available) {
    throw badSection('type', typeOffset, typeLength, available);
  }
  if (stringOffset + stringLength > available) {
    throw badSection('string', stringOffset, stringLength, available);
  }
  const strings = bytes.subarray(headerLength + stringOffset, headerLength + stringOffset + stringLength);
  if (strings.length > 0 && strings[strings.length - 1] !== 0) throw unterminatedStrings();
  return {
    littleEndian,
    words: wordsOf(bytes, headerLength + typeOffset, typeLength, littleEndian),
    strings,
  };
}

function wordsOf(bytes: Uint8Array, offset: number, length: number, littleEndian: boolean): Uint32Array {
  const start = bytes.byteOffset + offset;
  if (littleEndian === hostIsLittleEndian && start % 4 === 0) {
    return new Uint32Array(bytes.buffer, start, length / 4);
  }
  // Not `bytes.slice`: that of a Buffer is a view, and the caller's bytes would be swapped.
  const copy = new Uint8Array(bytes.subarray(offset, offset + length));
  const words = new Uint32Array(copy.buffer, copy.byteOffset, length / 4);
  if (littleEndian !== hostIsLittleEndian) {
    const view = new DataView(copy.buffer, copy.byteOffset, length);
    for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, littleEndian);
  }
  return words;
}

/**
 * The word where the record of each type begins; index 0 is the first type, not `void`. Checks that each ends inside of the section and that its name does; what it refers to is
 * checked when it is read. `firstId` is the id of the first record, `stringsEnd` one past the last string offset.
 */
export function scanRecords(words: Uint32Array, firstId: TypeId, stringsEnd: number): Uint32Array {
  const length = words.length;
  // The smallest record has three words. Pages of the array that stay unused are never touched.
  const most = Math.floor(length / 3);
  const starts = new Uint32Array(most);
  let count = 0;
  let at = 0;
  while (at + 3 <= length) {
    const info = words[at + 1]!;
    const kind = (info >>> 24) & 0x1f;
    if (kind === 0 || kind > 19) throw unknownKind(kind, firstId + count);
    const name = words[at]!;
    if (name !== 0 && name >= stringsEnd) throw stringPastEnd(name, stringsEnd, firstId + count);
    starts[count] = at;
    count++;
    at += 3 + fixedWords[kind]! + elementWords[kind]! * (info & 0xffff);
  }
  if (at !== length) throw recordPastEnd(firstId + (at > length ? count - 1 : count));
  return starts.subarray(0, count);
}
