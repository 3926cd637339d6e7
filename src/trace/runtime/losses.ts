/**
 * What did not fit: events in the ring, keys in maps. Counters in the kernel only grow; each report tells the
 * difference to the one before, so that the numbers of all reports add up to what was lost.
 */
import { lostInAll, mapFull } from './errors.ts';
import type { LoadedScript } from './loaded.ts';
import type { ScriptOutput } from './output.ts';

/** How often counters are looked at while nothing else happens, in milliseconds. */
export const lossInterval = 1000;
/** A map that stays full is told again after twice the time, up to this. */
const longestSilence = 64_000;

interface Told {
  readonly count: bigint;
  readonly silence: number;
  /** Nothing is said about the map before. */
  readonly until: number;
}

export class Losses {
  readonly #loaded: Pick<LoadedScript, 'lost'>;
  readonly #output: ScriptOutput;
  readonly #maps = new Map<string, Told>();
  #told = 0n;

  constructor(loaded: Pick<LoadedScript, 'lost'>, output: ScriptOutput) {
    this.#loaded = loaded;
    this.#output = output;
  }

  /** Events that were lost since the last report, and maps that are full. `now` is in milliseconds. */
  report(now: number): void {
    this.#reportEvents();
    for (const { map, count } of this.#loaded.lost()) {
      if (map === undefined || count === 0n) continue;
      const { count: before, silence, until } = this.#maps.get(map) ?? { count: 0n, silence: 0, until: 0 };
      if (count <= before || now < until) continue;
      const next = Math.min(Math.max(lossInterval, 2 * silence), longestSilence);
      this.#maps.set(map, { count, silence: next, until: now + next });
      this.#output.warning(mapFull(map, count - before));
    }
  }

  /** At the end: all that was not told yet. */
  finish(): void {
    this.#reportEvents();
  }

  /** Behind everything else: the sum of lost events, and what maps lost since they were told of. */
  summarize(): void {
    if (this.#told > 0n) this.#output.warning(lostInAll(this.#told));
    for (const { map, count } of this.#loaded.lost()) {
      const before = this.#maps.get(map ?? '')?.count ?? 0n;
      if (map !== undefined && count > before) this.#output.warning(mapFull(map, count - before));
    }
  }

  #reportEvents(): void {
    let count = 0n;
    for (const loss of this.#loaded.lost()) if (loss.map === undefined) count += loss.count;
    const more = count - this.#told;
    if (more <= 0n) return;
    this.#told = count;
    this.#output.lost(more);
  }
}
