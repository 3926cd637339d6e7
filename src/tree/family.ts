/** Children from parents: lists in the order of the tids, made in one pass. */
import type { Row } from './snapshot.ts';

const NO_ROW = -1;

export interface OrderedFamily {
  parentOf(row: Row): Row | undefined;
  firstChild(row: Row): Row | undefined;
  nextSibling(row: Row): Row | undefined;
}

/**
 * @param order all rows by ascending tid.
 * @param parents the parent's row of each row, or -1.
 */
export function orderedFamily(order: Uint32Array, parents: Int32Array): OrderedFamily {
  const first = new Int32Array(order.length).fill(NO_ROW);
  const next = new Int32Array(order.length).fill(NO_ROW);
  // From the last tid to the first, each put in front: so lists are ascending without a sort of their own.
  for (let i = order.length - 1; i >= 0; i--) {
    const row = order[i]!;
    const parent = parents[row]!;
    if (parent === NO_ROW) continue;
    next[row] = first[parent]!;
    first[parent] = row;
  }
  const or = (row: number): Row | undefined => (row === NO_ROW ? undefined : row);
  return {
    parentOf: (row) => or(parents[row]!),
    firstChild: (row) => or(first[row]!),
    nextSibling: (row) => or(next[row]!),
  };
}
