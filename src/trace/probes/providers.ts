/** All providers, by their names and aliases. */
import { counterRules } from './provider/counter.ts';
import { fentryRules } from './provider/fentry.ts';
import { iteratorRule } from './provider/iterator.ts';
import { kprobeRules } from './provider/kprobe.ts';
import { rawTracepointRule } from './provider/raw-tracepoint.ts';
import { specialRules } from './provider/special.ts';
import { timerRules } from './provider/timer.ts';
import { tracepointRule } from './provider/tracepoint.ts';
import { uprobeRules } from './provider/uprobe.ts';
import { usdtRule } from './provider/usdt.ts';
import { watchpointRule } from './provider/watchpoint.ts';
import type { Provider } from './resolved.ts';
import type { ProviderRule } from './rule.ts';
import { isPattern, matcher } from './wildcard.ts';

export const rules: readonly ProviderRule[] = [
  ...specialRules,
  ...kprobeRules,
  ...fentryRules,
  tracepointRule,
  rawTracepointRule,
  ...uprobeRules,
  usdtRule,
  ...timerRules,
  ...counterRules,
  watchpointRule,
  iteratorRule,
];

const byName: ReadonlyMap<string, ProviderRule> = new Map(
  rules.flatMap((rule) => [rule.provider, ...rule.aliases].map((name) => [name, rule] as const)),
);

/** By name or alias, in any case; as written first, for `u` and `U` are two. */
export function findRule(name: string): ProviderRule | undefined {
  return byName.get(name) ?? byName.get(name.toLowerCase());
}

/** `kprobe` for `k`, as listings and messages say it. */
export function providerNamed(name: string): Provider | undefined {
  return findRule(name)?.provider;
}

/** Every name and alias: what a mistyped one may have meant. */
export function providerNames(): readonly string[] {
  return [...byName.keys()];
}

/**
 * What a provider with wildcards stands for: of the kernel or of programs, never both. Returns are left out, as
 * they are from listings: whoever wants them names them.
 */
export function matchingRules(pattern: string, domain: 'kernel' | 'user'): readonly ProviderRule[] {
  if (!isPattern(pattern)) return rules.filter((rule) => rule.provider === providerNamed(pattern));
  const matches = matcher(pattern.toLowerCase());
  return rules
    .filter((rule) => rule.domain === domain && matches(rule.provider))
    .sort((a, b) => (a.provider < b.provider ? -1 : 1));
}
