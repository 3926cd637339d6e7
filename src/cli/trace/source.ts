/** The text of a script: `-e`, standard input, or a file. */
import { readFileSync } from 'node:fs';
import { sourceFromBytes } from '../../trace/lex/bytes.ts';
import type { Source } from '../../trace/source.ts';
import type { TraceSettings } from './settings.ts';
import { TraceUsageError } from './words.ts';

export interface ScriptSource {
  readonly source: Source;
  /** `$1` and the following. */
  readonly parameters: readonly string[];
}

/** Throws TraceUsageError where there is no script, or none that can be read. */
export function scriptOf({ program, given }: TraceSettings): ScriptSource {
  if (program !== undefined && program !== '') {
    return { source: sourceFromBytes('stdin', Buffer.from(program, 'utf8')), parameters: given.words };
  }
  const [path, ...parameters] = given.words;
  if (path === undefined) throw new TraceUsageError("USAGE: filename or -e 'program' required.");
  const fromStdin = path === '-';
  try {
    const bytes = readFileSync(fromStdin ? 0 : path);
    return { source: sourceFromBytes(fromStdin ? 'stdin' : path, bytes), parameters };
  } catch (error) {
    throw new TraceUsageError(`failed to open file '${path}': ${reasonOf(error)}`);
  }
}

/** libc's words for the errors that users make. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'No such file or directory';
    case 'EACCES':
      return 'Permission denied';
    case 'EISDIR':
      return 'Is a directory';
    case 'ENOTDIR':
      return 'Not a directory';
    default:
      return code;
  }
}
