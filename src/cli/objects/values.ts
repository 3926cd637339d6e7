/** Values of maps, as `btf/` decodes them, for JSON and for people. */

import { type JsonValue, jsonBytes } from '../../text/json.ts';
import { KernelString } from '../../text/kernel-string.ts';

/** A decoded value as JSON: bytes as an array of hexadecimal text, enumerators as they are decoded. */
export function jsonOf(value: unknown): JsonValue {
  if (value === null || value === undefined) return null;
  if (value instanceof KernelString) return jsonBytes(value.bytes).text;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(jsonOf);
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    case 'object':
      if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<number | bigint>, jsonOf);
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
    default:
      return String(value);
  }
}
