/**
 * What did not fit: events in the ring, keys in maps. Counters in the kernel only grow; each report tells the
 * difference to the one before, so that the numbers of all reports add up to what was lost.
 */
import { mapFull } from './errors.ts';
import type { LoadedScript } from './loaded.ts';
import type { ScriptOutput } from './output.ts';

export class Losses {
  readonly #loaded: Pick<LoadedScript, 'lost'>;
  readonly #output: ScriptOutput;
  #told = 0n;

  constructor(loaded: Pick<LoadedScript, 'lost'>, output: ScriptOutput) {
    this.#loaded = loaded;
    this.#output = output;
  }

  /** Events that were lost since the last report. */
  report(): void {
    let count = 0n;
    for (const loss of this.#loaded.lost()) if (loss.map === undefined) count += loss.count;
    const more = count - this.#told;
    if (more <= 0n) return;
    this.#told = count;
    this.#output.lost(more);
  }

  /** At the end: every map that was full. */
  reportMaps(): void {
    for (const { map, count } of this.#loaded.lost()) {
      if (map !== undefined && count > 0n) this.#output.warning(mapFull(map, count));
    }
  }
}
