/**
 * `.kconfig`: what the kernel was built with, as constants of a program.
 *
 * A value is what the configuration's text says, read by the type that the program declares: `y` and `n` for a
 * bool, `y`, `m` and `n` for `enum libbpf_tristate` and characters, numbers for integers, text for arrays of characters.
 */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import type { Btf } from '../../btf/btf.ts';
import type { BtfType } from '../../btf/types.ts';

/** Options by name with their text: `y`, `1000`, `"(none)"`. */
export type Kconfig = ReadonlyMap<string, string>;

/** A compressed configuration is 60 KB; nothing true unpacks to more than this. */
const MAX_CONFIG = 1 << 24;

/**
 * The lines `CONFIG_X=value` of a configuration; comments say "is not set", which is being absent. `LINUX_X` are not of
 * any configuration, but can be answered by whoever loads an object.
 */
export function parseKconfig(text: string): Kconfig {
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^((?:CONFIG|LINUX)_[A-Za-z0-9_]+)=(.*)$/.exec(line.trim());
    if (match !== null) options.set(match[1]!, match[2]!);
  }
  return options;
}

/** The running kernel's configuration, from /boot or from itself. Undefined where neither can be read. */
export function runningKconfig(): Kconfig | undefined {
  for (const path of [`/boot/config-${release()}`, '/proc/config.gz']) {
    try {
      const bytes = readFileSync(path);
      const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
      const text = packed ? gunzipSync(bytes, { maxOutputLength: MAX_CONFIG }) : bytes;
      return parseKconfig(text.toString('utf8'));
    } catch {
      // Most kernels have one of the two.
    }
  }
  return undefined;
}

/** Writes an option's text into a variable of a type. Returns what is wrong, or undefined. */
export function writeKconfig(
  types: Btf,
  id: number,
  text: string,
  view: DataView,
  offset: number,
): string | undefined {
  const type = types.type(types.strip(id));
  const { littleEndian } = types;
  if (text === 'y' || text === 'n' || text === 'm')
    return writeTristate(type, text, view, offset, littleEndian);
  if (text.startsWith('"')) return writeText(types, type, text, view, offset);
  if (!/^[+-]?(?:0[xX][0-9a-fA-F]+|\d+)$/.test(text)) return `${text} is no number`;
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '');
  // A leading zero is octal in C.
  const magnitude = /^0\d/.test(digits)
    ? BigInt(`0o${digits.replace(/[^0-7]/g, '') || '0'}`)
    : BigInt(digits);
  return writeNumber(type, negative ? -magnitude : magnitude, view, offset, littleEndian);
}

/** A number as a variable of the type. Returns what is wrong, or undefined. */
export function writeNumber(
  type: BtfType,
  value: bigint,
  view: DataView,
  offset: number,
  littleEndian: boolean,
): string | undefined {
  if (type.kind !== 'int') return `a number does not go into a ${type.kind}`;
  const bits = type.size * 8;
  if (type.encoding === 'bool') {
    if (value !== 0n && value !== 1n) return `${value} is no bool`;
  } else if (type.encoding === 'signed' || type.encoding === 'char') {
    if (BigInt.asIntN(bits, value) !== value) return `${value} does not fit in ${bits} signed bits`;
  } else if (BigInt.asUintN(bits, value) !== value) {
    return `${value} does not fit in ${bits} unsigned bits`;
  }
  return put(view, offset, type.size, value, littleEndian);
}

function writeTristate(
  type: BtfType,
  letter: 'y' | 'n' | 'm',
  view: DataView,
  offset: number,
  littleEndian: boolean,
): string | undefined {
  if (type.kind === 'enum' && type.name === 'libbpf_tristate') {
    return put(view, offset, type.size, { n: 0n, y: 1n, m: 2n }[letter], littleEndian);
  }
  if (type.kind === 'int' && type.encoding === 'bool') {
    if (letter === 'm') return 'm (a module) is no bool';
    return put(view, offset, type.size, letter === 'y' ? 1n : 0n, littleEndian);
  }
  if (type.kind === 'int' && type.size === 1)
    return put(view, offset, 1, BigInt(letter.charCodeAt(0)), littleEndian);
  return `${letter} goes into a bool, a char or an enum libbpf_tristate`;
}

function writeText(
  types: Btf,
  type: BtfType,
  text: string,
  view: DataView,
  offset: number,
): string | undefined {
  const element = type.kind === 'array' ? types.type(types.strip(type.element)) : undefined;
  if (type.kind !== 'array' || element?.kind !== 'int' || element.size !== 1)
    return 'a text goes into an array of char';
  if (text.length < 2 || !text.endsWith('"')) return `${text} is no text in quotes`;
  const bytes = new TextEncoder().encode(text.slice(1, -1));
  for (let i = 0; i < type.length; i++) {
    view.setUint8(offset + i, i < type.length - 1 ? (bytes[i] ?? 0) : 0);
  }
  return undefined;
}

function put(
  view: DataView,
  offset: number,
  size: number,
  value: bigint,
  littleEndian: boolean,
): string | undefined {
  switch (size) {
    case 1:
      view.setUint8(offset, Number(BigInt.asUintN(8, value)));
      return undefined;
    case 2:
      view.setUint16(offset, Number(BigInt.asUintN(16, value)), littleEndian);
      return undefined;
    case 4:
      view.setUint32(offset, Number(BigInt.asUintN(32, value)), littleEndian);
      return undefined;
    case 8:
      view.setBigUint64(offset, BigInt.asUintN(64, value), littleEndian);
      return undefined;
    default:
      return `an integer of ${size} bytes`;
  }
}
