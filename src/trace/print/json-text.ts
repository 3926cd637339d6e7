/** Text and numbers in the JSON of section 2.13. */
import { utf8Runs } from '../../text/escape.ts';
import { tameJson } from '../../text/json.ts';
import type { ByteBuffer } from './byte-buffer.ts';

const quote = 0x22;
const backslash = 0x5c;
const short: ReadonlyMap<number, string> = new Map([
  [quote, '\\"'],
  [backslash, '\\\\'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
]);

/** The inside of a string. Other bytes than controls stay as they are, unless a terminal reads them. */
export function jsonData(out: ByteBuffer, bytes: Uint8Array, from = 0, to: number = bytes.length): void {
  if (out.escaping) return jsonForTerminal(out, bytes.subarray(from, to));
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    const escaped =
      byte < 0x60 ? (short.get(byte) ?? (byte < 0x20 ? controlEscape(byte) : undefined)) : undefined;
    if (escaped === undefined) out.byte(byte);
    else out.text(escaped);
  }
}

function controlEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

function jsonForTerminal(out: ByteBuffer, bytes: Uint8Array): void {
  for (const run of utf8Runs(bytes)) {
    if (!run.valid) {
      out.text(`\\\\x${run.byte.toString(16).padStart(2, '0')}`);
      continue;
    }
    const escaped = run.text.replace(/["\\\n\r\t]/g, (one) => short.get(one.charCodeAt(0))!);
    out.utf8(tameJson(escaped));
  }
}

/** A string of bytes, one character each, with its quotes. */
export function jsonText(out: ByteBuffer, latin1: string): void {
  out.byte(quote);
  jsonData(out, Buffer.from(latin1, 'latin1'));
  out.byte(quote);
}

/** A number; a string where a double would change it. */
export function jsonInteger(out: ByteBuffer, value: bigint): void {
  const text = value.toString();
  out.text(BigInt(Number(value)) === value ? text : `"${text}"`);
}
