/**
 * Paths as a process sees them.
 *
 * A process may have another root (chroot) or other mounts (a container); `/proc/PID/root` leads there. But only
 * its first step does: an absolute symbolic link behind it leads back to our own root. So links are followed
 * here, one component after the other, each within the root of the process.
 */
import { readlinkSync, statSync } from 'node:fs';

/** As the kernel: include/linux/namei.h, MAXSYMLINKS. */
const MAX_LINKS = 40;
const MAX_PATH = 4096;

/** Where a process' files are: empty when it sees what we see. */
export function rootOf(pid: number): string {
  if (pid === process.pid) return '';
  try {
    const theirs = statSync(`/proc/${pid}/ns/mnt`);
    const ours = statSync('/proc/self/ns/mnt');
    const sameMounts = theirs.ino === ours.ino && theirs.dev === ours.dev;
    if (sameMounts && readlinkSync(`/proc/${pid}/root`) === '/') return '';
  } catch {
    // It ended, or is not ours to ask about: opening its files is going to say so.
  }
  return `/proc/${pid}/root`;
}

/** The path, as we open it, of a file that a process calls `path`. */
export function pathIn(pid: number, path: string): string {
  const root = rootOf(pid);
  return root === '' ? path : `${root}${followLinks(path, (each) => linkAt(root + each))}`;
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/**
 * An absolute path without symbolic links and dots, all of them followed within a root. What does not exist is
 * taken as it stands, and so is everything after the 40th link.
 *
 * @param readLink where a link leads, undefined for anything else; paths begin with `/`
 */
export function followLinks(path: string, readLink: (path: string) => string | undefined): string {
  const left = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  while (left.length > 0) {
    const name = left.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    const here = `/${[...done, name].join('/')}`;
    const target = links < MAX_LINKS && here.length <= MAX_PATH ? readLink(here) : undefined;
    if (target === undefined) {
      done.push(name);
      continue;
    }
    links++;
    if (target.startsWith('/')) done.length = 0;
    left.push(...target.split('/').reverse());
  }
  return `/${done.join('/')}`;
}
