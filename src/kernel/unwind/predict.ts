/**
 * Which files of code a program is going to map: itself, the interpreter that it names, and the libraries that it and
 * they need. Told before it runs, so that its first stack can be walked already. A guess: what is missing is found when
 * it is met.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { neededLibraries } from '../../elf/dynamic.ts';
import { parseLinkerCache } from '../../elf/ld-cache.ts';
import { withElf } from '../symbol/elf-files.ts';

/** Libraries of one program; the largest desktop programs have some hundred. */
const MAX_FILES = 512;
const defaultDirectories = ['/lib64', '/usr/lib64', '/lib', '/usr/lib'];

/** Paths, the program's first. */
export function mappedByProgram(path: string, environment: NodeJS.ProcessEnv = process.env): string[] {
  const program = interpreterOfScript(path) ?? path;
  const found = new Set([program]);
  const cache = new Map<string, string>();
  for (const { name, path } of linkerCache()) if (!cache.has(name)) cache.set(name, path);
  for (const file of found) {
    const needed = withElf(file, neededLibraries);
    if (!needed) continue;
    if (needed.interpreter !== undefined) found.add(needed.interpreter);
    const directories = [
      ...needed.searchPath.map((each) => each.replace(/\$\{?ORIGIN\}?/g, dirname(file))),
      ...(environment.LD_LIBRARY_PATH ?? '').split(':').filter((each) => each !== ''),
    ];
    for (const name of needed.libraries) {
      const candidates = name.includes('/')
        ? [name]
        : [
            ...directories.map((directory) => `${directory}/${name}`),
            ...[cache.get(name)].filter((each) => each !== undefined),
            ...defaultDirectories.map((directory) => `${directory}/${name}`),
          ];
      const one = candidates.find((candidate) => withElf(candidate, () => true) === true);
      if (one !== undefined && found.size < MAX_FILES) found.add(one);
    }
  }
  return [...found];
}

function linkerCache(): ReturnType<typeof parseLinkerCache> {
  try {
    return parseLinkerCache(readFileSync('/etc/ld.so.cache'));
  } catch {
    return [];
  }
}

/** `#!/usr/bin/perl -w`: what the kernel runs instead. */
function interpreterOfScript(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const start = Buffer.alloc(256);
    const length = readSync(fd, start, 0, start.length, 0);
    return /^#![ \t]*([^ \t\n]+)/.exec(start.toString('utf8', 0, length))?.[1];
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
