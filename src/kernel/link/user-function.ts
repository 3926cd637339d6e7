/** From `bash` and `readline` to the place in a file where a uprobe goes. */
import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ElfError } from '../../elf/errors.ts';
import { ElfFile } from '../../elf/file.ts';
import { findFunctions, listFunctions } from '../../elf/functions.ts';
import type { ByteSource } from '../../elf/source.ts';
import { nearestNames } from '../../text/nearest.ts';
import { AttachError } from './errors.ts';

export interface UserFunction {
  readonly path: string;
  /** In the file, in bytes. */
  readonly offset: number;
}

/**
 * The place of `symbol` + `offset` in an executable or library; without a symbol, the offset itself.
 *
 * A path without a slash is looked up in PATH and then among the system's libraries (`c` is libc.so.6's
 * directory name, as the linker says it). Throws AttachError `notFound` with near names; `program` is
 * who was to be attached, for its message.
 */
export function resolveUserFunction(
  program: string,
  file: string,
  symbol: string,
  offset: number,
): UserFunction {
  const path = locate(file);
  if (path === undefined) throw noFile(program, file, symbol);
  if (symbol === '') return { path, offset };
  const opened = openFile(program, path, symbol);
  try {
    const elf = openElf(program, path, symbol, opened.source);
    const [found] = findFunctions(elf, symbol);
    if (found) return { path, offset: found.fileOffset + offset };
    const names = new Set<string>();
    for (const table of ['dynamic', 'static'] as const) {
      for (const each of listFunctions(elf, table)) names.add(each.symbol.name);
    }
    throw refuse(
      program,
      path,
      symbol,
      names.size === 0 ? 'the file has no symbols' : 'the file has no such function',
      nearestNames(symbol, names),
    );
  } finally {
    closeSync(opened.fd);
  }
}

export interface NamedUserFunction {
  readonly symbol: string;
  readonly offset: number;
}

/**
 * All functions of a file whose names are accepted, each place once, by the first of its names. `pattern` is for
 * the message: throws AttachError `notFound` where none is.
 */
export function matchingUserFunctions(
  program: string,
  file: string,
  pattern: string,
  accepts: (name: string) => boolean,
): { readonly path: string; readonly functions: readonly NamedUserFunction[] } {
  const path = locate(file);
  if (path === undefined) throw noFile(program, file, pattern);
  const opened = openFile(program, path, pattern);
  try {
    const elf = openElf(program, path, pattern, opened.source);
    const places = new Map<number, string>();
    for (const table of ['dynamic', 'static'] as const) {
      for (const { symbol, fileOffset, indirect } of listFunctions(elf, table)) {
        // A resolver runs once, before anybody calls what it chooses.
        if (!indirect && !places.has(fileOffset) && accepts(symbol.name)) places.set(fileOffset, symbol.name);
      }
    }
    if (places.size === 0) throw refuse(program, path, pattern, 'no function of the file matches', []);
    return { path, functions: [...places].map(([offset, symbol]) => ({ symbol, offset })) };
  } finally {
    closeSync(opened.fd);
  }
}

const libraryDirectories = [
  '/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
];

function locate(file: string): string | undefined {
  if (file.includes('/')) return existsSync(file) ? file : undefined;
  const programs = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  const candidates = programs.map((directory) => join(directory, file));
  for (const directory of libraryDirectories) {
    candidates.push(
      join(directory, file),
      join(directory, `lib${file}.so`),
      join(directory, `lib${file}.so.6`),
      join(directory, `${file}.so.6`),
    );
  }
  return candidates.find(isElf);
}

/** Names like it, where it was looked for. */
function noFile(program: string, file: string, symbol: string): AttachError {
  const slash = file.lastIndexOf('/');
  const directories = slash < 0 ? searched() : [file.slice(0, slash) || '/'];
  const names = new Set(directories.flatMap(entries));
  const near = nearestNames(file.slice(slash + 1), names).map((name) => file.slice(0, slash + 1) + name);
  return refuse(program, file, symbol, 'there is no such program or library', near);
}

function searched(): string[] {
  return [...(process.env.PATH ?? '').split(delimiter).filter((one) => one !== ''), ...libraryDirectories];
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function openElf(program: string, path: string, symbol: string, source: ByteSource): ElfFile {
  try {
    return ElfFile.open(source);
  } catch (error) {
    if (error instanceof ElfError) throw refuse(program, path, symbol, error.message, []);
    throw error;
  }
}

/** libc.so is a text for the linker: what is looked for is code. */
function isElf(path: string): boolean {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const magic = Buffer.alloc(4);
      return readSync(fd, magic, 0, 4, 0) === 4 && magic.readUInt32BE(0) === 0x7f454c46;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** Never blocks and never follows anything but a regular file: FIFOs and devices are refused. */
function openFile(program: string, path: string, symbol: string): { fd: number; source: ByteSource } {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw refuse(program, path, symbol, (error as Error).message, []);
  }
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw refuse(program, path, symbol, 'it is not a regular file', []);
  }
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
  };
  return { fd, source: { size: stat.size, read } };
}

function refuse(
  program: string,
  path: string,
  symbol: string,
  reason: string,
  near: readonly string[],
): AttachError {
  const target = symbol ? `${path}:${symbol}` : path;
  return new AttachError('notFound', { kind: 'uprobe', program, target }, reason, {
    suggestions: near,
  });
}
