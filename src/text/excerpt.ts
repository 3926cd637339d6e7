/**
 * A line of source with a mark under a place of it. A long line - generated code, a bundle - is cut around the place,
 * so that the mark is seen.
 */

/** Longer lines are cut, and so much is shown of them. */
const WIDEST = 160;
const BEFORE = 60;
const SHOWN = 120;

export interface Excerpt {
  readonly text: string;
  /** As long as the text up to the end of the mark; tabs stay tabs, so that it stands right at any tab width. */
  readonly mark: string;
}

/**
 * @param column of the place, from 1.
 * @param length characters to mark; the mark ends with the line.
 */
export function excerpt(line: string, column: number, length = 1): Excerpt {
  let [text, at] = [line, Math.max(0, column - 1)];
  if (line.length > WIDEST) {
    const from = Math.max(0, Math.min(at - BEFORE, line.length - SHOWN));
    const [head, tail] = [from > 0 ? '…' : '', from + SHOWN < line.length ? '…' : ''];
    text = head + line.slice(from, from + SHOWN) + tail;
    at += head.length - from;
  }
  const marked = Math.max(1, Math.min(length, text.length - at));
  return { text, mark: text.slice(0, at).replace(/[^\t]/g, ' ') + '^'.repeat(marked) };
}
