/** A program that the verifier refused. */
import { errnoName } from '../../sys/errors.ts';
import { excerpt } from '../../text/excerpt.ts';
import type { LineInfo, ProgramSpec, SourceLine } from '../spec.ts';
import { type Cause, causeOf } from './causes.ts';
import { type Explanation, verdict } from './log.ts';

/**
 * The verifier's refusal. `message` is one line: program, place in its source, what is wrong in words,
 * and the kernel's own words. `render()` shows the source line and the end of the log.
 */
export class VerifierError extends Error {
  override readonly name = 'VerifierError';
  readonly errno: number;
  /** `EACCES`, `EINVAL`, ... */
  readonly code: string;
  readonly program: string;
  /** The whole log. */
  readonly log: readonly string[];
  /** The kernel's complaint: one line of the log. */
  readonly complaint: string | undefined;
  /** What it means, where bpfkit or the kernel itself knows it. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  /** Slot of the instruction that was looked at last. */
  readonly slot: number | undefined;
  /** The source of that instruction. */
  readonly source: SourceLine | undefined;

  constructor(
    spec: Pick<ProgramSpec, 'name' | 'lines' | 'unreachable'>,
    errno: number,
    log: readonly string[],
  ) {
    const { complaint, slot, explanation } = verdict(log);
    const known = (complaint === undefined ? undefined : causeOf(complaint)) ?? inKernelWords(explanation);
    // Whoever made the program knows better why the instruction is there.
    const reason = slot === undefined ? undefined : spec.unreachable?.get(slot);
    const why = typeof reason === 'function' ? reason() : reason;
    const cause = why === undefined ? known : { hint: reachedHint, ...why };
    const source = slot === undefined ? undefined : sourceAt(spec.lines ?? [], slot);
    super(sentence(spec.name, errno, source, cause?.reason, complaint, cause?.hint));
    this.errno = errno;
    this.code = errnoName(errno);
    this.program = spec.name;
    this.log = log;
    this.complaint = complaint;
    this.reason = cause?.reason;
    this.hint = cause?.hint;
    this.slot = slot;
    this.source = source;
  }

  /** The line of source and a caret under the column; empty where the source is not known. */
  get frame(): readonly string[] {
    return this.source === undefined || this.source.text === '' ? [] : frame(this.source);
  }

  /** The message, the source line with a caret, and the last lines of the log (20 by default). */
  render(options: { readonly lines?: number } = {}): string {
    const out = [this.message];
    if (this.frame.length > 0) out.push('', ...this.frame);
    const count = options.lines ?? 20;
    const shown = this.log.slice(-count);
    if (shown.length > 0) {
      const left = this.log.length - shown.length;
      out.push('', left > 0 ? `the verifier's log (${left} lines before left out):` : "the verifier's log:");
      out.push(...shown.map((line) => `  ${line}`));
    }
    return out.join('\n');
  }
}

/** The kernel's sentences as clauses of ours. */
function inKernelWords(explanation: Explanation | undefined): Cause | undefined {
  if (explanation === undefined) return undefined;
  const { reason, suggestion } = explanation;
  return { reason: reason.replace(/\.$/, ''), hint: suggestion?.replace(/\.$/, '') };
}

const reachedHint = 'the instruction is reached all the same: test for it first';

function sentence(
  program: string,
  errno: number,
  source: SourceLine | undefined,
  reason: string | undefined,
  complaint: string | undefined,
  hint: string | undefined,
): string {
  const where = source === undefined ? '' : ` at ${placeText(source)}`;
  const why = reason === undefined ? '' : `: ${reason}`;
  const words = complaint === undefined ? errnoName(errno) : `${errnoName(errno)}: ${complaint}`;
  const help = hint === undefined ? '' : `; ${hint}`;
  return `load program "${program}": the verifier refused it${where}${why} (${words})${help}`;
}

/** The line that an instruction comes from: the last one that begins at or before its slot. */
export function sourceAt(lines: readonly LineInfo[], slot: number): SourceLine | undefined {
  let best: LineInfo | undefined;
  for (const line of lines) {
    if (line.slot <= slot && (best === undefined || line.slot >= best.slot)) best = line;
  }
  return best?.source;
}

/** Compilers write column 0 for what they put together from several places. */
function placeText({ file, line, column }: SourceLine): string {
  return column === 0 ? `${file}:${line}` : `${file}:${line}:${column}`;
}

/** Two lines: the text with its number, a caret under the column; one where the column is not known. */
function frame(source: SourceLine): string[] {
  const number = String(source.line);
  if (source.column === 0) return [`  ${number} | ${excerpt(source.text, 1).text}`];
  const { text, mark } = excerpt(source.text, source.column);
  return [`  ${number} | ${text}`, `  ${' '.repeat(number.length)} | ${mark}`];
}
