/** Names of users, from /etc/passwd. */
import { readFileSync } from 'node:fs';
import { escapeBytes } from '../text/escape.ts';

const COLON = 0x3a;
const NEWLINE = 0x0a;

/** The lines `name:password:uid:...` as a table; of two lines with one number the first counts, as in libc. */
export function parsePasswd(bytes: Uint8Array): Map<number, string> {
  const names = new Map<number, string>();
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(at, end);
    at = end + 1;
    const nameEnd = line.indexOf(COLON);
    const passwordEnd = line.indexOf(COLON, nameEnd + 1);
    const uidEnd = line.indexOf(COLON, passwordEnd + 1);
    if (nameEnd < 1 || passwordEnd < 0 || uidEnd < 0) continue;
    const digits = escapeBytes(line.subarray(passwordEnd + 1, uidEnd));
    if (!/^\d{1,10}$/.test(digits)) continue;
    const uid = Number(digits);
    if (!names.has(uid)) names.set(uid, escapeBytes(line.subarray(0, nameEnd)));
  }
  return names;
}

export interface UserNames {
  /** Undefined for numbers without a name, and for the negative ones. Safe to print. */
  nameOf(uid: number): string | undefined;
  /** The number of a name; undefined for a name that nobody has. A source of names need not know it. */
  numberOf?(name: string): number | undefined;
}

/** The users of this machine; the file is read once, when the first name is asked for. */
export function localUsers(path: string = '/etc/passwd'): UserNames {
  let names: Map<number, string> | undefined;
  const known = (): Map<number, string> => {
    if (names === undefined) {
      try {
        names = parsePasswd(readFileSync(path));
      } catch {
        names = new Map(); // A machine without the file has no names; that is no reason to fail.
      }
    }
    return names;
  };
  return {
    nameOf: (uid) => known().get(uid),
    numberOf: (name) => [...known()].find(([, one]) => one === name)?.[0],
  };
}
