/**
 * Scripts as bytes. Text is UTF-8 as a rule, but a string can hold any bytes, and they must arrive as they are:
 * a byte that is no UTF-8 becomes a lone low surrogate, U+DC80 to U+DCFF, which no UTF-8 decodes to (Python's
 * "surrogateescape"), and becomes the byte again where a string is read.
 */
import type { Source } from '../source.ts';

const ESCAPE = 0xdc00;

export function sourceFromBytes(name: string, bytes: Uint8Array): Source {
  return { name, text: textFromBytes(bytes) };
}

function textFromBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return decodeLoosely(bytes);
  }
}

function decodeLoosely(bytes: Uint8Array): string {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at]!);
    const sequence = bytes.subarray(at, at + length);
    try {
      text += strict.decode(sequence);
      at += length;
    } catch {
      text += String.fromCharCode(ESCAPE + bytes[at]!);
      at++;
    }
  }
  return text;
}

function sequenceLength(lead: number): number {
  return lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** The bytes that a piece of source stands for, one character a byte (latin1). */
export function bytesOfText(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  let bytes = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes +=
      code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff
        ? String.fromCharCode(code - ESCAPE)
        : Buffer.from(character, 'utf8').toString('latin1');
  }
  return bytes;
}
