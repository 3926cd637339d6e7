/** What is wrong with a condition, with a caret under the place. */
import { escapeText } from '../../text/escape.ts';
import { TreeError } from '../errors.ts';

/** A place in the text of a condition, in characters. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Characters of the condition that an error shows on each side of the place. */
const CONTEXT = 40;

/** The line with the place and the carets below it; long conditions are cut on both sides. */
function frame(text: string, { start, end }: Span): string {
  const from = Math.max(0, start - CONTEXT);
  const to = Math.min(text.length, Math.max(Math.min(end, start + CONTEXT), start + 1) + CONTEXT);
  const shown = (a: number, b: number): string => escapeText(text.slice(a, b));
  const before = `${from > 0 ? '…' : ''}${shown(from, start)}`;
  const stop = Math.min(end, start + CONTEXT);
  const marked = shown(start, stop);
  const line = `${before}${marked}${shown(stop, to)}${to < text.length ? '…' : ''}`;
  return `  ${line}\n  ${' '.repeat([...before].length)}${'^'.repeat(Math.max(1, [...marked].length))}`;
}

export function conditionError(
  text: string,
  span: Span,
  problem: string,
  nearest: readonly string[] = [],
): TreeError {
  return new TreeError('condition', `the condition: ${problem}\n${frame(text, span)}`, nearest);
}

export function conditionTooLong(length: number, most: number): TreeError {
  return new TreeError('condition', `the condition has ${length} characters; at most ${most} are read`);
}
