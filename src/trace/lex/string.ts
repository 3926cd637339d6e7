/** What a string literal stands for. */
import { bytesOfText, sourceFromBytes } from './bytes.ts';

export interface StringLiteral {
  /** One character a byte. */
  readonly bytes: string;
  /** Behind the closing quote, or where the text ends without one. */
  readonly end: number;
  /** An undefined `end`: whatever stands at that place. */
  readonly problems: readonly {
    readonly message: string;
    readonly start: number;
    readonly end?: number;
  }[];
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' };

const PLAIN = /[^"\\\n]+/y;
const OCTAL = /[0-7]{1,3}/y;
const HEXADECIMAL = /[0-9a-fA-F]{1,2}/y;

/** `start` is the place of the opening quote. */
export function readString(program: string, start: number): StringLiteral {
  const problems: { message: string; start: number; end?: number }[] = [];
  let bytes = '';
  let at = start + 1;
  const take = (form: RegExp): string => {
    form.lastIndex = at;
    const taken = form.exec(program)?.[0] ?? '';
    at += taken.length;
    return taken;
  };
  for (;;) {
    bytes += bytesOfText(take(PLAIN));
    const character = program[at];
    if (character === '"') return { bytes, end: at + 1, problems };
    const escaped = character === '\\' ? program.codePointAt(at + 1) : undefined;
    if (escaped === undefined) {
      if (character === '\\') at++;
      problems.push({ message: UNTERMINATED, start: at });
      return { bytes, end: at, problems };
    }
    const letter = String.fromCodePoint(escaped);
    const before = at++;
    const octal = take(OCTAL);
    if (octal !== '') {
      const value = Number.parseInt(octal, 8);
      if (value > 0xff) {
        const message = `octal escape sequence out of range '\\${octal}'`;
        problems.push({ message, start: before, end: at });
      }
      bytes += String.fromCharCode(value & 0xff);
      continue;
    }
    if (letter === 'x' || letter === 'X') {
      at++;
      const digits = take(HEXADECIMAL);
      if (digits === '') problems.push({ message: 'invalid hex escape sequence', start: at });
      else bytes += String.fromCharCode(Number.parseInt(digits, 16));
      continue;
    }
    const known = ESCAPES[letter];
    if (known === undefined) problems.push({ message: `invalid escape character '\\${letter}'`, start: at });
    bytes += known ?? '';
    at += letter.length;
  }
}

export const UNTERMINATED = 'unterminated string';

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
