/** Offsets of a text and the protocol's positions: lines end with `\n`, `\r\n` or `\r`, characters are UTF-16 units. */
import type { Position, Range } from './protocol.ts';

export class Lines {
  readonly #text: string;
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.#text = text;
    const starts = [0];
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + end.length);
    this.#starts = starts;
  }

  position(offset: number): Position {
    const at = Math.min(Math.max(0, offset), this.#text.length);
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return { line: low, character: at - this.#starts[low]! };
  }

  /** What is behind the end of a line is its end, what is behind the last line the end of the text. */
  offset({ line, character }: Position): number {
    const start = this.#starts[line];
    if (start === undefined) return this.#text.length;
    const next = this.#starts[line + 1];
    let end = next ?? this.#text.length;
    if (next !== undefined) {
      end--;
      if (this.#text[end] === '\n' && end > start && this.#text[end - 1] === '\r') end--;
    }
    return Math.min(start + character, end);
  }

  range(start: number, end: number): Range {
    return { start: this.position(start), end: this.position(Math.max(start, end)) };
  }
}
