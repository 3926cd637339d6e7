/**
 * A file that is there whole or not at all.
 *
 * The bytes go to a new file in the same folder, to the disk, and then take the name that was asked for, in one step.
 * The new file has no name until it is whole, where the file system can do that: a full disk or a kill at any moment
 * leaves what was there before, and nothing beside it. A capture holds command lines of all users: nobody else may
 * read it (mode 0600).
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nameFile, Open } from '../../sys/file.ts';
import { CaptureError, cannotWrite, notWritable } from './errors.ts';

/** A write of several seconds would be uninterruptible in one piece. */
const PIECE = 1024 * 1024;
const FULL_SLEEP_MS = 2;

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Writes everything; a descriptor that is full for the moment is tried again. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at, Math.min(PIECE, bytes.length - at));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_SLEEP_MS);
      else if (code !== 'EINTR') throw error;
    }
  }
}

function existing(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Why a path cannot be where a capture goes; undefined where it can. */
function objection(stats: Stats): string | undefined {
  if (stats.isDirectory()) return 'is a directory: name a file in it';
  if (stats.isSymbolicLink()) return 'is a symbolic link, which is not followed: name the file itself';
  if (stats.isSocket() || stats.isBlockDevice()) return 'is not a file: name one that is, or a new one';
  return undefined;
}

/** Signals that people end a command with: held back for the moment of a write. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function writeBeside(path: string, bytes: Uint8Array): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const held = (): void => {};
  for (const signal of SIGNALS) process.on(signal, held);
  try {
    const nameless = openNameless(folder);
    const fd = nameless ?? openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    let named = nameless === undefined;
    try {
      try {
        writeAll(fd, bytes);
        fsyncSync(fd);
        // Only renaming replaces what is there.
        if (!named) nameFile(fd, temporary);
        named = true;
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, path);
    } catch (error) {
      if (named) unlinkSync(temporary);
      throw error;
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, held);
  }
}

/** A file without a name; undefined where there is no such thing, or a name could not be given (/proc is not there). */
function openNameless(folder: string): number | undefined {
  if (!existsSync('/proc/self/fd')) return undefined;
  try {
    return openSync(folder, constants.O_WRONLY | Open.nameless, 0o600);
  } catch (error) {
    if (['EOPNOTSUPP', 'EISDIR', 'EINVAL', 'ENOENT'].includes(String(codeOf(error)))) return undefined;
    throw error;
  }
}

/** A device or a pipe is written to as it is: it must not be replaced by a file. */
function writeInto(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
}

/** Throws CaptureError when a capture cannot go there; before anything is collected. */
export function checkTarget(path: string): void {
  try {
    const stats = existing(path);
    const problem = stats === undefined ? undefined : objection(stats);
    if (problem !== undefined) throw notWritable(path, problem);
  } catch (error) {
    throw error instanceof CaptureError ? error : cannotWrite(path, error);
  }
}

/**
 * Writes the bytes to a file, which is replaced if it is there. Directories, links, sockets and disks are refused.
 * Throws CaptureError, and then the file is what it was.
 */
export function saveCapture(path: string, bytes: Uint8Array): void {
  checkTarget(path);
  try {
    const stats = existing(path);
    if (stats === undefined || stats.isFile()) writeBeside(path, bytes);
    else writeInto(path, bytes);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
