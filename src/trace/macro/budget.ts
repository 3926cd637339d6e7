/** How much a script may grow by what is put into it: a macro that doubles its argument, thirty deep, fills memory. */

/** Nodes of the tree. The largest script that anyone has written has a few thousand. */
const mostNodes = 250_000;

/** Calls of macros within macros. Deeper, the tree is too deep for those who walk it. */
export const deepestCalls = 100;

export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

export class Budget {
  #left = mostNodes;

  /** Throws TooLarge. */
  spend(): void {
    if (--this.#left < 0) throw new TooLarge();
  }
}
