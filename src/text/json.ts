/**
 * JSON lines: one value a line, exact, and safe to show in a terminal.
 *
 * - 64-bit numbers are written as JSON numbers with all their digits; a reader that needs them exact takes them
 *   as big integers.
 * - Bytes of unknown origin are strings when they are valid UTF-8. Otherwise the member's string shows each
 *   offending byte as `\xNN`, and a second member NAME_base64 holds the exact bytes: nothing is lost, and two
 *   different names stay different. The second member exists only in that case.
 * - Control characters (C0, DEL, C1), bidirectional overrides, zero-width characters and line separators are
 *   written as JSON escapes, which any reader turns back into the same string; so a line is always one line,
 *   and printing it does nothing to the terminal.
 */
import { exactText, utf8Runs } from './escape.ts';
import { later } from './later.ts';

export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }
  | ReadonlyMap<string, JsonValue>;

/** Characters that JSON.stringify leaves raw although a terminal or a browser acts on them. */
const unsafe = later(() => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu);

function escapeUnits(character: string): string {
  let out = '';
  for (let i = 0; i < character.length; i++) {
    out += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return out;
}

/** JSON as it is, and without what a terminal acts on. */
export function tameJson(json: string): string {
  return /^[ -~]*$/.test(json) ? json : json.replace(unsafe(), escapeUnits);
}

function jsonString(text: string): string {
  return tameJson(JSON.stringify(text));
}

function jsonMembers(members: Iterable<readonly [string, JsonValue]>): string {
  let out = '';
  for (const [name, value] of members) {
    out += `${out === '' ? '' : ','}${jsonString(name)}:${jsonText(value)}`;
  }
  return `{${out}}`;
}

/**
 * One value as JSON on one line, without the line's end. Members keep the order that they have; a Map keeps
 * any name, `__proto__` too. Numbers that JSON cannot say (NaN, infinities) are null.
 */
export function jsonText(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return jsonString(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value === null) return 'null';
      if (isList(value)) return `[${value.map(jsonText).join(',')}]`;
      return jsonMembers(value instanceof Map ? value : Object.entries(value));
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Bytes as a member's string, and the exact bytes in base64 where that string is not exact. */
export function jsonBytes(bytes: Uint8Array): { readonly text: string; readonly base64?: string } {
  const text = exactText(bytes);
  if (text !== undefined) return { text };
  let shown = '';
  for (const run of utf8Runs(bytes)) {
    shown += run.valid ? run.text : `\\x${run.byte.toString(16).padStart(2, '0')}`;
  }
  return { text: shown, base64: base64(bytes) };
}

/** Standard base64 (RFC 4648, section 4) with padding. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
