/** Names of users by number, from /etc/passwd; of two lines with one number the first counts, as in libc. */
import { readFileSync } from 'node:fs';

export function userNames(path = '/etc/passwd'): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return names; // A machine without the file has no names.
  }
  for (const line of text.split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    if (name === '' || !/^\d{1,10}$/.test(uid) || names.has(Number(uid))) continue;
    names.set(Number(uid), name);
  }
  return names;
}
