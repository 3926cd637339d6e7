/**
 * Where each record went: `delivered + droppedInKernel + droppedInUser = produced`, to the last one.
 *
 * "Produced" are the records that programs wanted to hand over, whether there was room or not. Nothing
 * counts them directly; the other three are counted where they happen, and none is ever reset.
 */

/** Reads a count that only grows. */
export interface LostCount {
  /** Records lost since the stream was opened. */
  read(): bigint;
}

/** For programs that do not count what they could not deliver. */
export const noLosses: LostCount = { read: () => 0n };

export interface LedgerEntry {
  /** Handed to the reader. */
  readonly delivered: bigint;
  /** Lost in the kernel: the buffer was full. */
  readonly droppedInKernel: bigint;
  /** Fetched from the buffer and then dropped by this process. */
  readonly droppedInUser: bigint;
  readonly produced: bigint;
}

export class Ledger {
  #fetched: () => number;
  #lost: LostCount;
  #droppedInUser = 0;

  constructor(fetched: () => number, lost: LostCount) {
    this.#fetched = fetched;
    this.#lost = lost;
  }

  /** Counts `records` that were fetched and reached nobody, for instance because a slow client was cut off. */
  droppedHere(records: number): void {
    this.#droppedInUser += records;
  }

  /** All counts of this moment. While programs run, `droppedInKernel` may be newer than `delivered`. */
  read(): LedgerEntry {
    const droppedInUser = BigInt(this.#droppedInUser);
    const delivered = BigInt(this.#fetched()) - droppedInUser;
    const droppedInKernel = this.#lost.read();
    return {
      delivered,
      droppedInKernel,
      droppedInUser,
      produced: delivered + droppedInKernel + droppedInUser,
    };
  }

  /** Keeps the counts of this moment for good: where they come from is about to be closed. */
  freeze(): void {
    const fetched = this.#fetched();
    const lost = this.#lost.read();
    this.#fetched = () => fetched;
    this.#lost = { read: () => lost };
  }
}
