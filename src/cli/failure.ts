/** What a person sees when a command fails: one sentence, and where to look next. Never a stack. */
import { escapeText } from '../text/escape.ts';
import type { ExitCode } from './command.ts';
import { UsageError } from './command.ts';

export interface Failure {
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;
}

/** Errors that the floors below describe in a sentence of their own; any other one is a defect of bpfkit. */
function isDescribed(error: Error): boolean {
  return !['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AssertionError'].includes(
    error.name,
  );
}

/**
 * Whether the kernel refused something of BPF: its number is on the error or on what caused it. Node's own errors
 * about files carry it too, but negative.
 */
function isKernelRefusal(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 8) return false;
  // What is not there, taken, or makes no sense is not the kernel's inability.
  if ('code' in error && ['notFound', 'inUse', 'invalid'].includes(String(error.code))) return false;
  if ('errno' in error && typeof error.errno === 'number' && error.errno > 0) return true;
  return isKernelRefusal(error.cause, depth + 1);
}

function safeLines(text: string): string[] {
  return text.split('\n').map(escapeText);
}

/**
 * The lines for standard error and the exit code of an error.
 *
 * @param mark what the first line starts with.
 */
export function describeFailure(error: unknown, environment: NodeJS.ProcessEnv, mark = 'bpfkit:'): Failure {
  if (environment.BPFKIT_DEBUG === '1' && error instanceof Error) {
    return { lines: safeLines(error.stack ?? error.message), exitCode: error instanceof UsageError ? 2 : 1 };
  }
  if (error instanceof UsageError) {
    const help = error.command === undefined ? 'bpfkit --help' : `bpfkit ${error.command} --help`;
    return { lines: [...safeLines(`${mark} ${error.message}`), `Try '${help}'.`], exitCode: 2 };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Error) || !(isDescribed(error) || 'code' in error)) {
    const sentence = `${mark} this is a defect of bpfkit: ${message}; BPFKIT_DEBUG=1 shows where`;
    return { lines: safeLines(sentence), exitCode: 1 };
  }
  const lines = safeLines(`${mark} ${message}`);
  // The verifier's refusal is about the program, whatever this kernel can do: its line is what helps.
  if ('frame' in error && Array.isArray(error.frame)) {
    lines.push(...error.frame.map((line) => escapeText(String(line).replaceAll('\t', '    '))));
  } else if (isKernelRefusal(error))
    lines.push("'bpfkit doctor' shows what this kernel and this user can do.");
  return { lines, exitCode: 1 };
}
