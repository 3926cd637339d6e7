/**
 * Text that other processes chose, made safe to print.
 *
 * Process names, arguments and paths are bytes that any user of the machine can set. Sent raw to a terminal
 * they can move the cursor, hide lines, set the title or write the clipboard. So everything that could act on
 * a terminal, or make two different names look equal, is written as an escape:
 *
 *   `\n` `\r` `\t`      line feed, carriage return, tab
 *   `\\`                a backslash of the name itself, so that an escape is never ambiguous
 *   `\x1b` `\x7f`       the other control characters of ASCII
 *   `\xe5`              a byte that is not part of valid UTF-8
 *   `\u0085` `\u202e`   C1 controls, and characters without a shape of their own: bidirectional overrides,
 *   `\u{e0041}`         zero-width characters, line separators, tags
 *   `\u0301`            a combining mark with nothing before it, or past the fourth in a row
 *
 * Everything else, printable UTF-8 of any script, stays as it is.
 */
import { later } from './later.ts';

/** What acts on a terminal or has no shape: controls, formats, separators, fillers, stray combining marks. */
const unsafe = later(
  () => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]|(?<=^|\p{M}{4})\p{M}/gu,
);
const PLAIN = /^[ -~]*$/;

/** How many bytes, and which, a UTF-8 sequence has after its first byte (Unicode 15, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  // The second byte's range excludes overlong forms, surrogates and what is past U+10FFFF.
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  if (first < 0xe0) return 2;
  if (((bytes[at + 2] ?? 0) & 0xc0) !== 0x80) return 0;
  if (first < 0xf0) return 3;
  return ((bytes[at + 3] ?? 0) & 0xc0) === 0x80 ? 4 : 0;
}

const SHORT: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function escapeCharacter(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0)!;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Printable ASCII without the backslash: what nearly all names are made of. */
function isPlain(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 || byte > 0x7e || byte === 0x5c) return false;
  }
  return true;
}

/** Latin-1 text of bytes that are known to be ASCII; short names are quicker without a Buffer. */
function asciiText(bytes: Uint8Array): string {
  if (bytes.length > 64) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Bytes of unknown origin as text that is safe in a terminal and different for different bytes. */
export function escapeBytes(bytes: Uint8Array): string {
  if (isPlain(bytes)) return asciiText(bytes);
  let out = '';
  for (const run of utf8Runs(bytes)) {
    out += run.valid
      ? run.text.replaceAll('\\', '\\\\').replace(unsafe(), escapeCharacter)
      : `\\x${run.byte.toString(16).padStart(2, '0')}`;
  }
  return out;
}

/**
 * Text that is already a string (an argument that the user typed, a name from a file), made safe to print.
 * Backslashes stay single: the text is shown as it was typed.
 */
export function escapeText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(unsafe(), escapeCharacter);
}

type Utf8Run =
  | { readonly valid: true; readonly text: string }
  | { readonly valid: false; readonly byte: number };

/** The bytes as longest runs of valid UTF-8 and single bytes that are not. */
export function* utf8Runs(bytes: Uint8Array): Generator<Utf8Run> {
  let start = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (at > start) yield { valid: true, text: utf8Text(bytes.subarray(start, at)) };
    yield { valid: false, byte: bytes[at]! };
    at += 1;
    start = at;
  }
  if (at > start) yield { valid: true, text: utf8Text(bytes.subarray(start, at)) };
}

function utf8Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** The exact text of bytes that are valid UTF-8, or undefined: nothing is replaced. */
export function exactText(bytes: Uint8Array): string | undefined {
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return undefined;
    at += length;
  }
  return utf8Text(bytes);
}
