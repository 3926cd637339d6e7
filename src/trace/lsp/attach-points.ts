/**
 * Attach points of a text that is being written: what was found once is kept, since each key pressed asks for all of
 * them again; what may not be read is not known instead of an error; and none of it takes longer than an editor waits.
 */
import type { CheckEnvironment } from '../check/environment.ts';
import { Diagnostics } from '../diagnostic.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';

export interface AttachPointsOptions {
  /** How many are kept. Default 1000. */
  readonly most?: number;
  /**
   * Milliseconds for one text, default 2000: a thousand names that do not exist, each with a search for what it may
   * have meant, are a minute. Those that are left wait for the next change.
   */
  readonly patience?: number;
  /** Milliseconds; replaced in tests. */
  readonly now?: () => number;
}

interface Resolved {
  /** Undefined where it is not known. */
  readonly probes: readonly ResolvedProbe[] | undefined;
  readonly said: Diagnostics;
}

export class AttachPoints {
  readonly #known = new Map<string, Resolved>();
  readonly #most: number;
  readonly #patience: number;
  readonly #now: () => number;

  constructor(options: AttachPointsOptions = {}) {
    this.#most = options.most ?? 1000;
    this.#patience = options.patience ?? 2000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The environment for the check of one text. */
  over(environment: CheckEnvironment): CheckEnvironment {
    const started = this.#now();
    return {
      ...environment,
      resolve: (attachPoint, config, diagnostics) => {
        const { text, name, span } = attachPoint;
        // A parameter of the script: what it will be is not known.
        if (/\$[0-9]/.test(text)) return undefined;
        const { missingProbes, maxProbes, maxBpfProgs } = config;
        const key = JSON.stringify([text, name, missingProbes, maxProbes, maxBpfProgs]);
        let found = this.#known.get(key);
        if (found === undefined) {
          if (this.#now() - started > this.#patience) return undefined;
          const said = new Diagnostics();
          found = { probes: attempt(() => environment.resolve(attachPoint, config, said)), said };
          this.#keep(key, found);
        }
        for (const { severity, message, hint } of found.said.list) {
          const more = hint === undefined ? {} : { hint };
          if (severity === 'error') diagnostics.error(span, message, more);
          else diagnostics.warning(span, message, more);
        }
        return found.probes?.map((probe) => ({ ...probe, attachPoint }));
      },
    };
  }

  #keep(key: string, found: Resolved): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= this.#most && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, found);
  }
}

/** Undefined where the kernel's lists may not be read. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
