import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { declarationsOf } from '../../btf/typescript.ts';
import { vmlinux } from '../../kernel/vmlinux.ts';
import { escapeText } from '../../text/escape.ts';
import { OutputError } from '../../text/output.ts';
import type { Call, ExitCode, Io } from '../command.ts';

/** Writes declarations of the running kernel's types to a file or to standard output. */
export function run(call: Call, io: Io): ExitCode {
  const roots = call.words.length > 0 ? call.words : undefined;
  const text = declarationsOf(vmlinux(), roots, { source: `Linux ${release()}` });
  const path = call.value('output');
  if (path === undefined || path === '-') {
    io.out.line(text.replace(/\n$/, ''));
    return 0;
  }
  try {
    writeFileSync(path, text);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new OutputError(`'${escapeText(path)}'`, code, error);
  }
  return 0;
}
