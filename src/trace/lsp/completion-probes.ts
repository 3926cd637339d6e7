/** Attach points: providers, then what the machine has for each. */
import { listProbes } from '../list/list.ts';
import { providerManual } from '../probes/manual.ts';
import { findRule, rules } from '../probes/providers.ts';
import type { LspEnvironment } from './environment.ts';
import { aboutProvider, markdown } from './markdown.ts';
import { type CompletionItem, CompletionKind } from './protocol.ts';

export interface ProbeCandidates {
  /** Labels are whole attach points. */
  readonly items: readonly CompletionItem[];
  readonly more: boolean;
}

const most = 300;
/** Nothing behind the name. */
const alone: ReadonlySet<string> = new Set(['begin', 'end']);

export function probeCandidates(written: string, environment: LspEnvironment): ProbeCandidates {
  const colon = written.indexOf(':');
  if (colon < 0) return { items: providers(), more: false };
  const type = written.slice(0, colon);
  const rest = written.slice(colon + 1);
  const rule = findRule(type);
  if (rule === undefined || rest.includes('*')) return { items: [], more: false };
  const inProgram = rule.domain === 'user';
  if (inProgram && !rest.includes(':')) return files(type, rest, environment);
  const found = new Map<string, string>();
  for (const pattern of patterns(rest, inProgram)) {
    if (found.size > most) break;
    for (const line of linesOf(`${rule.provider}:${pattern}`, environment)) {
      if (found.size > most) break;
      const place = line.slice(rule.provider.length + 1);
      const short = rest.includes(':') ? place : place.replace(/^vmlinux:/, '');
      found.set(`${type}:${short}`, line);
    }
  }
  const items = [...found].slice(0, most).map(
    ([label, line], index): CompletionItem => ({
      label,
      kind: CompletionKind.event,
      // What begins so stands before what only has it inside.
      sortText: String(index).padStart(4, '0'),
      data: { probe: line },
    }),
  );
  return { items, more: found.size > most };
}

/** What begins with the text first, then what has it anywhere. */
function patterns(rest: string, inProgram: boolean): readonly string[] {
  const last = rest.lastIndexOf(':');
  const head = rest.slice(0, last + 1);
  const word = rest.slice(last + 1);
  if (inProgram) return [`${head}${word}*`, `${head}*${word}*`];
  return head === '' ? [`${word}*`, `${word}*:*`, `*${word}*`] : [`${head}${word}*`, `${head}*${word}*`];
}

/** Lists that may not be read, or are not there, have nothing to offer. */
function linesOf(pattern: string, environment: LspEnvironment): readonly string[] {
  try {
    return listProbes(pattern, environment.probes);
  } catch {
    return [];
  }
}

function providers(): readonly CompletionItem[] {
  return rules.map(({ provider, aliases }): CompletionItem => {
    const manual = providerManual[provider];
    return {
      label: alone.has(provider) ? provider : `${provider}:`,
      kind: CompletionKind.module,
      detail: [manual.forms[0]!, ...aliases].join(', '),
      documentation: markdown(aboutProvider(manual)),
    };
  });
}

function files(type: string, rest: string, { paths }: LspEnvironment): ProbeCandidates {
  const found = rest.startsWith('/') ? paths(rest) : [];
  const items = found.slice(0, most).map((path): CompletionItem => {
    const folder = path.endsWith('/');
    return {
      label: `${type}:${path}${folder ? '' : ':'}`,
      kind: folder ? CompletionKind.folder : CompletionKind.file,
    };
  });
  return { items, more: found.length > most };
}
