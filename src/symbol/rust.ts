/** Rust names, of both manglings: `_ZN…17h0123456789abcdefE` until about 2025, `_R…` (rust-v0.ts) since. */
import { demangleRustV0 } from './rust-v0.ts';

/** The end of every older name: a hash as its last component, then what LLVM and linkers append. */
const LEGACY = /^_ZN(.*)17h([0-9a-f]{16})E(?:\.[\w.$@]+)?$/s;

/** Names are data of other processes: no longer than this, so that nobody waits for them. */
const MAX_NAME = 1 << 14;

/** Whether a name was mangled by rustc; C++ names with a namespace called h and hash do not exist. */
export function isRustName(name: string): boolean {
  if (name.length > MAX_NAME) return false;
  if (/^_R[A-Z0-9]/.test(name)) return true;
  const match = LEGACY.exec(name);
  // Real hashes have many different digits; C++ identifiers made of h and sixteen equal ones are names.
  return match !== null && new Set(match[2]).size >= 5;
}

/** The name as the source has it, without hashes; undefined where the mangling is broken. */
export function demangleRust(name: string): string | undefined {
  if (name.length > MAX_NAME) return undefined;
  if (name.startsWith('_R')) return demangleRustV0(name);
  const match = LEGACY.exec(name);
  if (!match) return undefined;
  const parts: string[] = [];
  let rest = match[1]!;
  while (rest !== '') {
    const digits = /^[1-9][0-9]{0,4}/.exec(rest)?.[0];
    if (digits === undefined) return undefined;
    const length = Number(digits);
    const part = rest.slice(digits.length, digits.length + length);
    if (part.length !== length) return undefined;
    const text = unescaped(part);
    if (text === undefined) return undefined;
    parts.push(text);
    rest = rest.slice(digits.length + length);
  }
  return parts.length === 0 ? undefined : parts.join('::');
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['SP', '@'],
  ['BP', '*'],
  ['RF', '&'],
  ['LT', '<'],
  ['GT', '>'],
  ['LP', '('],
  ['RP', ')'],
  ['C', ','],
]);

function unescaped(part: string): string | undefined {
  let broken = false;
  const text = part
    .replace(/^_\$/, '$')
    .replaceAll('..', '::')
    .replace(/\$([A-Za-z0-9]*)\$/g, (_, name: string) => {
      const known = escapes.get(name);
      if (known !== undefined) return known;
      const code = /^u([0-9a-f]{1,6})$/.exec(name)?.[1];
      const point = code === undefined ? -1 : Number.parseInt(code, 16);
      // Control characters are never written so: somebody else made this name.
      if (point < 0x20 || point === 0x7f || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
        broken = true;
        return '';
      }
      return String.fromCodePoint(point);
    });
  return broken ? undefined : text;
}
