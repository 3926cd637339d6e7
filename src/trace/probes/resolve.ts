/**
 * From the text of an attach point to the places that it means.
 *
 * The text is split at its colons (split.ts), the first part names the provider (providers.ts), and the
 * provider's own file reads the rest and matches it against what the machine has (environment.ts). What comes
 * back is grouped by what one program can serve.
 */
import { nearestNames } from '../../text/nearest.ts';
import type { AttachPoint } from '../ast/nodes.ts';
import type { Config } from '../config.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { ProbeEnvironment } from './environment.ts';
import { messages } from './messages.ts';
import { findRule, matchingRules, providerNames } from './providers.ts';
import type { ProbeTarget, ResolvedProbe } from './resolved.ts';
import type { ProviderRule, Request } from './rule.ts';
import { splitAttachPoint } from './split.ts';
import { isPattern } from './wildcard.ts';

export interface ResolveOptions {
  readonly config: Pick<Config, 'missingProbes' | 'maxProbes' | 'maxBpfProgs'>;
  /** `-p`, or the child of `-c`. */
  readonly pid?: number | undefined;
  /** Default false. */
  readonly unsafe?: boolean | undefined;
  /** `$1` is the first. */
  readonly parameters?: readonly string[] | undefined;
}

export interface Resolution {
  /** Empty also where a wildcard matches nothing. */
  readonly probes: readonly ResolvedProbe[];
  readonly diagnostics: readonly Diagnostic[];
}

export function resolveProbe(
  attachPoint: AttachPoint,
  environment: ProbeEnvironment,
  options: ResolveOptions,
): Resolution {
  const { span } = attachPoint;
  const diagnostics: Diagnostic[] = [];
  const error = (message: string, hint?: string): void =>
    void diagnostics.push({ severity: 'error', message, span, ...(hint === undefined ? {} : { hint }) });

  const split = splitAttachPoint(attachPoint.text, options.parameters);
  if (split.error !== undefined) {
    error(split.error);
    return { probes: [], diagnostics };
  }
  const [type = '', ...parts] = split.parts;
  const chosen = chooseRules(type, parts, options.pid);
  if (chosen.length === 0) {
    if (isPattern(type)) error(messages.noTypeMatched(type));
    else error(messages.invalidType(type), didYouMean(nearestNames(type, providerNames())));
    return { probes: [], diagnostics };
  }
  const tolerant = chosen.length > 1;
  // `*fs_read` as a whole is what to look for with every provider.
  const search = isPattern(type) && parts.length === 0 ? [type] : parts;
  const probes: ResolvedProbe[] = [];
  for (const rule of chosen) {
    const request = new Attempt(rule, search, tolerant, environment, options, attachPoint, diagnostics);
    const targets = rule.resolve(request);
    if (request.refused) continue;
    for (const group of rule.groups?.(targets) ?? [targets]) {
      if (group.length > 0) probes.push(probeOf(attachPoint, rule, search, group));
    }
  }
  diagnostics.push(...checkLimits(probes, options.config, span));
  return { probes: diagnostics.some(({ severity }) => severity === 'error') ? [] : probes, diagnostics };
}

function chooseRules(
  type: string,
  parts: readonly string[],
  pid: number | undefined,
): readonly ProviderRule[] {
  if (!isPattern(type)) {
    const rule = findRule(type);
    return rule ? [rule] : [];
  }
  const domain = pid !== undefined || parts[0]?.includes('/') ? 'user' : 'kernel';
  return matchingRules(parts.length === 0 ? '*' : type, domain);
}

function probeOf(
  attachPoint: AttachPoint,
  rule: ProviderRule,
  parts: readonly string[],
  group: readonly ProbeTarget[],
): ResolvedProbe {
  const alone = group.length === 1 ? group[0]!.name : [rule.provider, ...parts].join(':');
  return { provider: rule.provider, attachPoint, targets: group, name: attachPoint.name ?? alone };
}

/** A probe of its own for each target: for bodies that need their own code everywhere (`probe`, `args`). */
export function splitTargets(probe: ResolvedProbe): readonly ResolvedProbe[] {
  if (probe.targets.length === 1) return [probe];
  return probe.targets.map((target) => ({ ...probe, targets: [target], name: target.name }));
}

/** What is said about programs (one a resolved probe) and attachments (one a target) that are too many. */
export function checkLimits(
  probes: readonly ResolvedProbe[],
  config: Pick<Config, 'maxProbes' | 'maxBpfProgs'>,
  span: AttachPoint['span'] | undefined,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  const say = (message: string, hint: string): void =>
    void found.push({ severity: 'error', message, hint, ...(span === undefined ? {} : { span }) });
  if (probes.length > config.maxBpfProgs) {
    say(messages.tooManyPrograms(probes.length, config.maxBpfProgs), messages.raiseMaxPrograms());
    return found;
  }
  const places = probes.reduce((sum, { targets }) => sum + targets.length, 0);
  if (places > config.maxProbes) {
    say(messages.tooManyProbes(places, config.maxProbes), messages.raiseMaxProbes());
  }
  return found;
}

function didYouMean(near: readonly string[]): string | undefined {
  return near.length === 0 ? undefined : messages.near(near);
}

/** One provider's try at an attach point. */
class Attempt implements Request {
  readonly provider: Request['provider'];
  readonly parts: readonly string[];
  readonly tolerant: boolean;
  readonly environment: ProbeEnvironment;
  readonly pid: number | undefined;
  readonly unsafe: boolean;
  refused = false;
  readonly #missing: Config['missingProbes'];
  readonly #span: AttachPoint['span'];
  readonly #diagnostics: Diagnostic[];

  constructor(
    rule: ProviderRule,
    parts: readonly string[],
    tolerant: boolean,
    environment: ProbeEnvironment,
    options: ResolveOptions,
    attachPoint: AttachPoint,
    diagnostics: Diagnostic[],
  ) {
    this.provider = rule.provider;
    this.parts = parts;
    this.tolerant = tolerant;
    this.environment = environment;
    this.pid = options.pid;
    this.unsafe = options.unsafe ?? false;
    this.#missing = options.config.missingProbes;
    this.#span = attachPoint.span;
    this.#diagnostics = diagnostics;
  }

  fail(message: string, hint?: string): readonly [] {
    this.refused = true;
    this.#say('error', message, hint);
    return [];
  }

  warn(message: string): void {
    this.#say('warning', message);
  }

  missing(target: string, near: () => readonly string[], wildcard = isPattern(target)): readonly [] {
    this.refused = true;
    if (this.tolerant || wildcard || this.#missing === 'ignore') return [];
    const message = messages.noMatches(this.provider, target);
    if (this.#missing === 'warn') this.#say('warning', `${message}. Skipping.`);
    else this.#say('error', `${message}.`, didYouMean(near()));
    return [];
  }

  wrongCount(...expected: readonly number[]): readonly [] {
    this.refused = true;
    if (this.tolerant) return [];
    return this.fail(messages.argumentCount(this.provider, expected, this.parts.length));
  }

  #say(severity: 'error' | 'warning', message: string, hint?: string): void {
    const more = hint === undefined ? {} : { hint };
    this.#diagnostics.push({ severity, message, span: this.#span, ...more });
  }
}
