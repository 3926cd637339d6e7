/** Where text of a script comes from, and places in it. */

/** One file of a script, the `-e` text, or a part of the standard library. */
export interface Source {
  /** As diagnostics show it: the path as it was given; `stdin` for `-e` and standard input. */
  readonly name: string;
  readonly text: string;
}

/** A range of a source, in UTF-16 units, `end` exclusive. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
  /** The macro call that this text was put in for: diagnostics end with "expanded from" there. */
  readonly expandedFrom?: Span | undefined;
}

/** Line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const lineStarts = new WeakMap<Source, readonly number[]>();

function startsOf(source: Source): readonly number[] {
  let starts = lineStarts.get(source);
  if (!starts) {
    const found = [0];
    for (let at = source.text.indexOf('\n'); at >= 0; at = source.text.indexOf('\n', at + 1))
      found.push(at + 1);
    lineStarts.set(source, (starts = found));
  }
  return starts;
}

export function positionOf(source: Source, offset: number): Position {
  const starts = startsOf(source);
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - starts[low]! + 1 };
}

/** The text of a line without its end; lines count from 1. */
export function lineText(source: Source, line: number): string {
  const starts = startsOf(source);
  const start = starts[line - 1] ?? source.text.length;
  const end = starts[line] ?? source.text.length + 1;
  return source.text.slice(start, end - 1).replace(/\r$/, '');
}

export function join(first: Span, last: Span): Span {
  return { ...first, end: last.end };
}
