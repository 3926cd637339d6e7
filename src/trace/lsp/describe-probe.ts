/** What is behind an attach point: its provider, its places, and their parameters. */
import type { AttachPoint } from '../ast/nodes.ts';
import { placeOf } from '../list/script.ts';
import { providerManual } from '../probes/manual.ts';
import { findRule } from '../probes/providers.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import type { Analysis } from './analysis.ts';
import type { LspEnvironment } from './environment.ts';
import { aboutProvider, code, markdown } from './markdown.ts';

/** More places of a wildcard are for `bpfkit trace -l`. */
const mostPlaces = 20;
const mostParameters = 60;

export function aboutAttachPoint(analysis: Analysis, point: AttachPoint): string | undefined {
  const [type = ''] = point.text.split(':', 1);
  const rule = findRule(type);
  const probes = analysis.meaning.checked.bodies
    .map(({ probe }) => probe)
    .filter((probe): probe is ResolvedProbe => samePlace(probe?.attachPoint, point));
  const places = new Set(
    probes.flatMap(({ provider, targets }) => targets.map((target) => `${provider}:${placeOf(target)}`)),
  );
  const parts: string[] = [];
  if (places.size === 1) {
    const [place = ''] = places;
    parts.push(aboutPlace(place, analysis.environment));
  } else if (places.size > 1) {
    const shown = [...places].slice(0, mostPlaces);
    if (places.size > shown.length) shown.push(`… and ${places.size - shown.length} more`);
    parts.push(`${places.size} probes:`, code(shown.join('\n'), 'text'));
  }
  if (rule !== undefined) parts.push(aboutProvider(providerManual[rule.provider]));
  return parts.length === 0 ? undefined : markdown(...parts).value;
}

const samePlace = (one: AttachPoint | undefined, { span }: AttachPoint): boolean =>
  one?.span.source === span.source && one.span.start === span.start;

/** A line of a list, `tracepoint:sched:sched_switch`, with its parameters. */
export function aboutPlace(line: string, { parameters }: LspEnvironment): string {
  const colon = line.indexOf(':');
  const rule = findRule(colon < 0 ? line : line.slice(0, colon));
  if (rule === undefined) return code(line, 'text');
  const found = parameters(rule.provider, line.slice(colon + 1));
  const shown = found.slice(0, mostParameters).map((one) => `  ${one};`);
  return code([line, ...shown].join('\n'), 'c');
}
