/**
 * Events as lines: columns below a header, or JSON.
 *
 *     TIME     PID    PPID   EXIT_CODE DURATION_NS COMM
 *     21:28:30 40747  40746  0         2146215     which
 *
 * A column begins where its header does; a value that is too long pushes the rest to the right.
 *
 * Differs from the original: its first column stands one to the right of its header.
 */
import type { Btf } from '../../btf/btf.ts';
import { type Decoder, decoder } from '../../btf/decode.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { escapeText } from '../../text/escape.ts';
import { type JsonValue, jsonText } from '../../text/json.ts';
import { KernelString } from '../../text/kernel-string.ts';

export interface Column {
  readonly name: string;
  readonly text: (view: DataView, offset: number) => string;
}

/** A member for each column; any other type is one column of the type's own name. */
export function columnsOf(btf: Btf, id: TypeId, name?: string): Column[] {
  const type = btf.type(btf.strip(id));
  if (type.kind !== 'struct' && type.kind !== 'union') {
    return [{ name: name ?? nameOfType(btf, id), text: cellOf(btf, id, 0) }];
  }
  return type.members.flatMap((member) => {
    const at = Math.floor(member.bitOffset / 8);
    if (member.name === '') {
      return columnsOf(btf, member.type).map((inner) => ({
        name: inner.name,
        text: (view: DataView, offset: number) => inner.text(view, offset + at),
      }));
    }
    if (member.bitSize > 0) {
      // The decoder of the whole knows how bitfields lie.
      const whole = decoder(btf, id);
      return [
        {
          name: member.name,
          text: (view: DataView, offset: number) =>
            String((whole(view, offset) as Record<string, unknown>)[member.name]),
        },
      ];
    }
    return [{ name: member.name, text: cellOf(btf, member.type, at) }];
  });
}

/** What a value without a member's name is called: its type as it was written. */
export function nameOfType(btf: Btf, id: TypeId): string {
  const type = btf.type(id);
  if (type.kind === 'const' || type.kind === 'volatile' || type.kind === 'restrict') {
    return nameOfType(btf, type.target);
  }
  return 'name' in type && type.name !== '' ? type.name : type.kind;
}

export function headerLine(columns: readonly Column[]): string {
  return `TIME     ${columns.map(({ name }) => `${escapeText(name.toUpperCase()).padEnd(6)} `).join('')}`;
}

/** Where each column begins. */
function startsOf(columns: readonly Column[]): number[] {
  let at = 9;
  return columns.map(({ name }) => {
    const start = at;
    at += Math.max(6, name.length) + 1;
    return start;
  });
}

/** Makes lines of records; `time` is the text of the first column. */
export function rowWriter(
  columns: readonly Column[],
): (time: string, view: DataView, offset: number) => string {
  const starts = startsOf(columns);
  return (time, view, offset) => {
    let line = time.padEnd(8);
    for (const [i, column] of columns.entries()) {
      line = line.length < starts[i]! ? line.padEnd(starts[i]!) : `${line} `;
      line += column.text(view, offset);
    }
    return line;
  };
}

/** One value as text, `at` bytes into its record. */
export function cellOf(btf: Btf, id: TypeId, at: number): Column['text'] {
  const type = btf.type(btf.strip(id));
  if (type.kind === 'enum' || type.kind === 'enum64') return enumCell(btf, id, type, at);
  const read = decoder(btf, id);
  return (view, offset) => valueText(read(view, offset + at), btf, id);
}

function enumCell(
  btf: Btf,
  id: TypeId,
  type: Extract<BtfType, { kind: 'enum' | 'enum64' }>,
  at: number,
): Column['text'] {
  const read = decoder(btf, id, { enums: 'number' });
  const names = new Map(type.values.map(({ name, value }) => [String(value), escapeText(name)]));
  return (view, offset) => {
    const value = String(read(view, offset + at));
    return `${names.get(value) ?? '<UNKNOWN_VARIANT>'}(${value})`;
  };
}

function valueText(value: unknown, btf: Btf, id: TypeId): string {
  if (value instanceof KernelString) return value.toString();
  if (value instanceof Uint8Array) return `[${[...value].join(',')}]`;
  if (Array.isArray(value)) return `[${value.map((one) => valueText(one, btf, id)).join(',')}]`;
  if (typeof value === 'object' && value !== null) return jsonText(jsonOf(value));
  return String(value);
}

/** A decoded value as JSON has it: bytes as lists of numbers, texts safe, 64-bit numbers exact. */
export function jsonOf(value: unknown): JsonValue {
  if (value instanceof KernelString) return value.toString();
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([name, one]) => [name, jsonOf(one)]));
  }
  return value as JsonValue;
}

export function jsonDecoder(
  btf: Btf,
  id: TypeId,
  name?: string,
): (view: DataView, offset: number) => JsonValue {
  const read: Decoder = decoder(btf, id);
  const { kind } = btf.type(btf.strip(id));
  const bare = kind !== 'struct' && kind !== 'union';
  return (view, offset) => {
    const value = jsonOf(read(view, offset));
    return bare ? new Map([[name ?? nameOfType(btf, id), value]]) : value;
  };
}
