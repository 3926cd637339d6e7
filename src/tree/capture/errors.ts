/** What reading and writing captures says when something is wrong. */
import { escapeText } from '../../text/escape.ts';

export type CaptureProblem =
  | 'not-a-capture'
  | 'truncated'
  | 'checksum'
  | 'future-version'
  | 'incompatible'
  | 'too-large'
  | 'damaged'
  | 'open'
  | 'write';

/** A capture cannot be read or written. `code` is stable; `offset` is in bytes from the start of the file. */
export class CaptureError extends Error {
  override readonly name: string = 'CaptureError';
  readonly code: CaptureProblem;
  /** Undefined where no place in the file is to blame. */
  readonly offset: number | undefined;
  constructor(code: CaptureProblem, message: string, offset?: number, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.offset = offset;
  }
}

export function notACapture(): CaptureError {
  return new CaptureError('not-a-capture', "the file is not a capture, neither bpfkit's nor bpftree's", 0);
}

export function truncated(offset: number, what: string, needed: number, there: number): CaptureError {
  return new CaptureError(
    'truncated',
    `the capture is cut short at byte ${offset}: ${what} needs ${needed} bytes, ${there} are there`,
    offset,
  );
}

export function wrongChecksum(offset: number, what: string): CaptureError {
  return new CaptureError(
    'checksum',
    `the capture is damaged at byte ${offset}: the checksum of ${what} is wrong`,
    offset,
  );
}

export function futureVersion(major: number, minor: number, known: number): CaptureError {
  return new CaptureError(
    'future-version',
    `the capture has format version ${major}.${minor}, but this bpfkit reads up to version ${known}: use a newer bpfkit`,
    8,
  );
}

export function damaged(offset: number, problem: string): CaptureError {
  return new CaptureError('damaged', `the capture is damaged at byte ${offset}: ${problem}`, offset);
}

export function tooLarge(offset: number, what: string, size: number, most: number): CaptureError {
  return new CaptureError(
    'too-large',
    `the capture is refused at byte ${offset}: ${what} would be ${size} bytes, at most ${most} are read`,
    offset,
  );
}

export function tooManyRows(offset: number, rows: number, most: number): CaptureError {
  return new CaptureError(
    'too-large',
    `the capture is refused at byte ${offset}: it has ${rows} rows, at most ${most} are read`,
    offset,
  );
}

/** bpftree's words; 0.1.0 is the version of bpftree whose captures are read. */
export function incompatible(version: string): CaptureError {
  return new CaptureError(
    'incompatible',
    'the capture file is not compatible with the current version of the tool. ' +
      `Tool version: 0.1.0, Capture version: ${version}`,
    0,
  );
}

/** bpftree's words for a header that ends early. */
export function headerEnds(
  what: 'version' | 'number of task info' | 'number of file info',
  offset: number,
): CaptureError {
  const place = what === 'version' ? 'the version of the capture file' : `the ${what}`;
  return new CaptureError('truncated', `cannot read ${place}. unexpected EOF`, offset);
}

const answers: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or directory'],
  ['ENOTDIR', 'not a directory'],
  ['EISDIR', 'is a directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['ELOOP', 'too many levels of symbolic links'],
  ['ENAMETOOLONG', 'file name too long'],
  ['ENOSPC', 'no space left on device'],
  ['EDQUOT', 'disk quota exceeded'],
  ['EROFS', 'read-only file system'],
  ['EFBIG', 'file too large'],
  ['EIO', 'input/output error'],
  ['ENXIO', 'no such device or address'],
]);

/** The system's answer in words, from an error of node:fs. */
function answerOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return code === undefined ? String(error) : (answers.get(code) ?? code);
}

export function cannotOpen(path: string, error: unknown): CaptureError {
  const name = escapeText(path);
  const message = `unable to open file '${name}'. open ${name}: ${answerOf(error)}`;
  return new CaptureError('open', message, undefined, error);
}

export function cannotRead(path: string, error: unknown): CaptureError {
  const name = escapeText(path);
  return new CaptureError(
    'open',
    `reading the capture '${name}' failed: ${answerOf(error)}`,
    undefined,
    error,
  );
}

export function fileTooLarge(path: string, most: number): CaptureError {
  const message = `'${escapeText(path)}' is larger than ${most} bytes: too large for a capture`;
  return new CaptureError('too-large', message);
}

export function cannotWrite(path: string, error: unknown): CaptureError {
  const message = `cannot create dump file. '${escapeText(path)}': ${answerOf(error)}`;
  return new CaptureError('write', message, undefined, error);
}

export function notWritable(path: string, what: string): CaptureError {
  return new CaptureError('write', `cannot create dump file. '${escapeText(path)}' ${what}`);
}

/** bpftree's warning: a descriptor in a capture whose task is not in it. */
export function fileTaskMissing(tid: number): string {
  return `Task with tid '${tid}' not found in the table during file info population.`;
}

export function captureWithoutFiles(): string {
  return 'the capture does not have open files';
}

export function notRecorded(names: readonly string[]): string {
  return `the capture does not have ${names.join(', ')}: shown as NA, numbers as -1, login and effective users as -2`;
}

export function usersOfThisHost(hostname: string | undefined): string {
  const where = hostname === undefined ? 'another machine' : `'${escapeText(hostname)}'`;
  return `the capture is of ${where}: names of users are those of this machine`;
}
