/** The comments of a program while it is written: each is given out once. */
import type { Comment } from '../ast/nodes.ts';
import type { Source } from '../source.ts';

export class Comments {
  readonly #list: readonly Comment[];
  readonly #source: Source;
  readonly #done = new Set<Comment>();
  /** Comments before this index have been given out. */
  #first = 0;

  constructor(source: Source, list: readonly Comment[]) {
    this.#source = source;
    this.#list = list;
  }

  /** Those that begin before this place. */
  takeBefore(offset: number): Comment[] {
    const taken: Comment[] = [];
    for (; this.#first < this.#list.length; this.#first++) {
      const comment = this.#list[this.#first]!;
      if (comment.span.start >= offset) break;
      if (!this.#done.has(comment)) taken.push(comment);
    }
    return taken;
  }

  /** Those between two places, except inside of `holes`. */
  takeInside(
    start: number,
    end: number,
    holes: readonly { readonly start: number; readonly end: number }[],
  ): Comment[] {
    const taken: Comment[] = [];
    for (let at = this.#first; at < this.#list.length; at++) {
      const comment = this.#list[at]!;
      if (comment.span.start >= end) break;
      if (comment.span.start < start || this.#done.has(comment)) continue;
      if (holes.some((hole) => comment.span.start > hole.start && comment.span.start < hole.end)) continue;
      this.#done.add(comment);
      taken.push(comment);
    }
    return taken;
  }

  hasInside(start: number, end: number): boolean {
    for (let at = this.#first; at < this.#list.length; at++) {
      const comment = this.#list[at]!;
      if (comment.span.start >= end) return false;
      if (comment.span.start >= start && !this.#done.has(comment)) return true;
    }
    return false;
  }

  /** The ends of lines between two places. */
  newlines(start: number, end: number): number {
    let count = 0;
    for (let at = start; at < end; at++) if (this.#source.text[at] === '\n') count++;
    return count;
  }
}
