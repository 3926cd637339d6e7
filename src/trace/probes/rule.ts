/** What each provider's file gives, and what it is given. */
import type { ProbeEnvironment } from './environment.ts';
import type { ProbeTarget, Provider } from './resolved.ts';

export interface ProviderRule {
  readonly provider: Provider;
  /** Shorter and older names. */
  readonly aliases: readonly string[];
  /** What `*:…` stands for by default: probes of the kernel, of programs, or none. */
  readonly domain: 'kernel' | 'user' | 'none';
  /**
   * The places of an attach point. What is wrong goes to the request; then the answer does not count. Empty, with
   * nothing said: the attach point does not fit this provider, which only happens to `*:…`.
   */
  resolve(request: Request): readonly ProbeTarget[];
  /** Which targets one program can serve; default: all of them. */
  groups?(targets: readonly ProbeTarget[]): readonly (readonly ProbeTarget[])[];
}

export interface Request {
  readonly provider: Provider;
  /** What follows the provider. */
  readonly parts: readonly string[];
  /** The provider came from a wildcard: what does not fit is left out silently. */
  readonly tolerant: boolean;
  readonly environment: ProbeEnvironment;
  readonly pid: number | undefined;
  readonly unsafe: boolean;
  /** Refuses the attach point. */
  fail(message: string, hint?: string): readonly [];
  warn(message: string): void;
  /**
   * Nothing of this name: an error, a warning or nothing, as the script's `missing_probes` wants. A wildcard that
   * matches nothing is nothing to be told: other attach points of the probe may match.
   */
  missing(target: string, near: () => readonly string[], wildcard?: boolean): readonly [];
  /** Refuses for the number of parts, unless tolerant. */
  wrongCount(...expected: readonly number[]): readonly [];
}

/** One program for each target: programs whose place is fixed when they are loaded. */
export function oneEach(targets: readonly ProbeTarget[]): readonly (readonly ProbeTarget[])[] {
  return targets.map((target) => [target]);
}

/** By the bytes of the names, as the reference's sets are. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
