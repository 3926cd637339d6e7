/** What is wrong with a kernel program's source: data first, a sentence with a caret on demand. */
import { excerpt } from '../text/excerpt.ts';

export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The whole source line. */
  readonly text: string;
}

export interface Diagnostic {
  /** Stable name of the cause, for programs that react to errors. */
  readonly code: string;
  readonly message: string;
  /** What to write instead. */
  readonly advice?: string;
}

/**
 * A kernel program that bpfkit cannot compile.
 *
 * `message` holds everything a person needs: place, cause, the source line with a caret, advice.
 */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly code: string;
  readonly diagnostic: Diagnostic;
  /** Undefined where the mistake is in the declaration and not in a body. */
  readonly position: Position | undefined;

  constructor(diagnostic: Diagnostic, position?: Position, length = 1) {
    super(render(diagnostic, position, length));
    this.code = diagnostic.code;
    this.diagnostic = diagnostic;
    this.position = position;
  }
}

function render({ message, advice }: Diagnostic, position: Position | undefined, length: number): string {
  const help = advice ? `\n  ${advice}` : '';
  if (!position) return message + help;
  const { file, line, column, text } = position;
  const margin = String(line).length;
  const { text: shown, mark } = excerpt(text, column, length);
  return `${file}:${line}:${column}: ${message}\n\n  ${line} | ${shown}\n  ${' '.repeat(margin)} | ${mark}${help ? `\n${help}` : ''}`;
}
