/** What a string literal stands for. */
import { bytesOfText, sourceFromBytes } from './bytes.ts';

export interface StringLiteral {
  /** One character a byte. */
  readonly bytes: string;
  readonly problems: readonly string[];
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' };

const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([\s\S]?))/g;

/** `inside` is the text between the quotes. */
export function parseString(inside: string): StringLiteral {
  if (!inside.includes('\\')) return { bytes: bytesOfText(inside), problems: [] };
  const problems: string[] = [];
  let bytes = '';
  let plain = 0;
  for (const match of inside.matchAll(ESCAPE)) {
    const [whole, octal, hex, letter = ''] = match;
    bytes += bytesOfText(inside.slice(plain, match.index));
    plain = match.index + whole.length;
    if (octal !== undefined) {
      const value = Number.parseInt(octal, 8);
      if (value > 0xff) problems.push(`octal escape sequence out of range '${whole}'`);
      bytes += String.fromCharCode(value & 0xff);
    } else if (hex !== undefined) {
      bytes += String.fromCharCode(Number.parseInt(hex, 16));
    } else {
      const known = ESCAPES[letter];
      if (known === undefined) problems.push(`invalid escape character '${whole}'`);
      bytes += known ?? bytesOfText(letter);
    }
  }
  return { bytes: bytes + bytesOfText(inside.slice(plain)), problems };
}

/** A literal for these bytes, with its quotes, readable where it can be. */
export function quoteBytes(bytes: string): string {
  let text = '"';
  for (const character of decodeForReading(bytes)) {
    const code = character.codePointAt(0)!;
    if (character === '"' || character === '\\') text += `\\${character}`;
    else if (character === '\n') text += '\\n';
    else if (character === '\t') text += '\\t';
    else if (character === '\r') text += '\\r';
    else if (code < 0x20 || code === 0x7f) text += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code >= 0xdc80 && code <= 0xdcff) text += `\\x${(code - 0xdc00).toString(16)}`;
    else text += character;
  }
  return `${text}"`;
}

function decodeForReading(bytes: string): string {
  if (/^[\0-\x7f]*$/.test(bytes)) return bytes;
  return sourceFromBytes('', Buffer.from(bytes, 'latin1')).text;
}
