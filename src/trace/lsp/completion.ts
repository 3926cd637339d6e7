/** What can be written at a place. */
import { builtins } from '../builtin/table.ts';
import { findSetting, settingsManual } from '../check/settings-manual.ts';
import { KEYWORDS, MAP_TYPES, TYPE_NAMES } from '../lex/tokens.ts';
import type { Type } from '../types/type.ts';
import type { Analysis } from './analysis.ts';
import { probeCandidates } from './completion-probes.ts';
import { type Completing, completingAt, placeholder } from './completion-site.ts';
import { macrosOf } from './definition.ts';
import type { Document } from './document.ts';
import { aboutMap, signatureOf } from './hover.ts';
import { aboutBuiltin, aboutSetting, markdown, shortType, structIn } from './markdown.ts';
import { type CompletionItem, CompletionKind, type CompletionList } from './protocol.ts';
import { Scopes } from './scopes.ts';

/** Structs of the kernel have fewer members; names of the kernel are cut here. */
const most = 400;

const nothing: CompletionList = { isIncomplete: false, items: [] };

export function completionAt(analysis: Analysis, document: Document, offset: number): CompletionList {
  const completing = completingAt(analysis, offset);
  if (completing === undefined) return nothing;
  const { written } = completing;
  const { items, more } = candidates(completing, analysis, offset);
  const range = document.lines.range(offset - written.length, offset);
  return {
    isIncomplete: more,
    items: items.map((item) => ({
      ...item,
      // Editors have their own idea of a word; `@x`, `$x` and attach points are not theirs.
      filterText: item.label,
      textEdit: { range, newText: item.label },
    })),
  };
}

interface Candidates {
  readonly items: readonly CompletionItem[];
  readonly more: boolean;
}

const all = (items: readonly CompletionItem[]): Candidates => ({ items, more: false });

function candidates(completing: Completing, analysis: Analysis, offset: number): Candidates {
  const { site, written, item } = completing;
  switch (site.kind) {
    case 'attachPoint':
      return probeCandidates(site.text, analysis.environment);
    case 'field':
      return all(fields(completing.analysis.typesOf(site.base)));
    case 'variable': {
      if (item === undefined) return all([]);
      const visible = new Scopes(item).visibleAt(offset);
      const names = new Map(visible.map((one) => [one.name, one]));
      return all(
        [...names.values()].map(({ name, node }): CompletionItem => {
          const types = node === undefined ? [] : completing.analysis.typesOf(node);
          return { label: name, kind: CompletionKind.variable, ...detail(types.map(shortType).join(' | ')) };
        }),
      );
    }
    case 'map':
      return all(maps(completing, analysis));
    case 'type':
      return types(completing.analysis, site.type.tag, written);
    case 'mapType':
      return all(MAP_TYPES.map((label) => ({ label, kind: CompletionKind.keyword })));
    case 'configKey':
      return all(
        settingsManual.map((setting) => ({
          label: setting.name,
          kind: CompletionKind.property,
          detail: setting.value,
          documentation: markdown(aboutSetting(setting)),
        })),
      );
    case 'configValue':
      return all(
        words(findSetting(site.entry.key)?.value ?? '').map((label) => ({
          label,
          kind: CompletionKind.value,
        })),
      );
    case 'name':
      return names(completing, written);
  }
}

const detail = (text: string): { detail?: string } => (text === '' ? {} : { detail: text });

/** Of `error|warn|ignore`; a range has none. */
const words = (value: string): readonly string[] =>
  value.includes('|') ? value.split('|').map((word) => (word.includes(' ') ? `"${word}"` : word)) : [];

function fields(types: readonly Type[]): readonly CompletionItem[] {
  const items = new Map<string, CompletionItem>();
  for (const type of types) {
    const record = type.kind === 'pointer' ? type.target : type;
    const struct = structIn(type);
    const members =
      record.kind === 'record'
        ? record.fields
        : (struct?.memberNames() ?? []).flatMap((name) => struct?.member(name) ?? []);
    for (const { name, type: own } of members) {
      items.set(name, { label: name, kind: CompletionKind.field, detail: shortType(own) });
    }
    if (record.kind === 'tuple') {
      for (const [index, own] of record.elements.entries()) {
        items.set(String(index), {
          label: String(index),
          kind: CompletionKind.field,
          detail: shortType(own),
        });
      }
    }
  }
  return [...items.values()];
}

function maps({ item, written, analysis: tried }: Completing, analysis: Analysis): readonly CompletionItem[] {
  if (item?.kind === 'macro') {
    return item.parameters
      .filter(({ kind }) => kind === 'map')
      .map(({ name }) => ({ label: name, kind: CompletionKind.variable }));
  }
  // The text as it is may have maps that are lost with what was put in; what is being written is none of them.
  const found = new Map<string, CompletionItem>();
  for (const one of [tried, analysis]) {
    for (const { name, value } of one.meaning.checked.maps) {
      const writing = one === tried ? name.includes(placeholder) : name === written;
      if (writing || found.has(name)) continue;
      found.set(name, {
        label: name,
        kind: CompletionKind.variable,
        ...detail(value === undefined ? '' : shortType(value)),
        documentation: markdown(aboutMap(one, name)),
      });
    }
  }
  return [...found.values()];
}

function types(
  { environment }: Analysis,
  tag: 'struct' | 'union' | 'enum' | undefined,
  written: string,
): Candidates {
  const items: CompletionItem[] =
    tag === undefined ? TYPE_NAMES.map((label) => ({ label, kind: CompletionKind.struct })) : [];
  const kernel = matching(environment.kernelNames(tag ?? 'typedef'), written, CompletionKind.struct);
  return { items: [...items, ...kernel.items], more: kernel.more };
}

/** A short beginning has too many: they are looked for again when more is written. */
function matching(
  candidates: Iterable<string>,
  written: string,
  kind: CompletionItem['kind'],
): { readonly items: readonly CompletionItem[]; readonly more: boolean } {
  if (written.length < 2) return { items: [], more: true };
  const wanted = written.toLowerCase();
  const found = new Set<string>();
  for (const name of candidates) {
    if (!name.toLowerCase().startsWith(wanted)) continue;
    found.add(name);
    if (found.size >= most) break;
  }
  return { items: [...found].map((label) => ({ label, kind })), more: found.size >= most };
}

function names({ analysis, item }: Completing, written: string): Candidates {
  const { program } = analysis.meaning;
  const items = new Map<string, CompletionItem>();
  const add = (one: CompletionItem): void => void (items.has(one.label) || items.set(one.label, one));
  if (item?.kind === 'macro') {
    for (const { name, kind } of item.parameters) {
      if (kind === 'expression') add({ label: name, kind: CompletionKind.variable });
    }
  }
  for (const macro of macrosOf(program)) {
    add({ label: macro.name, kind: CompletionKind.function, detail: signatureOf(macro) });
  }
  for (const one of program.items) {
    if (one.kind === 'subprogram') {
      add({ label: one.name, kind: CompletionKind.function, detail: signatureOf(one) });
    }
  }
  for (const builtin of builtins) {
    add({
      label: builtin.name,
      kind: builtin.kind === 'value' ? CompletionKind.variable : CompletionKind.function,
      detail: builtin.documentation.signature,
      documentation: markdown(aboutBuiltin(builtin)),
    });
  }
  for (const label of KEYWORDS) add({ label, kind: CompletionKind.keyword });
  for (const { text } of program.definitions) {
    for (const [, name] of text.matchAll(/^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)(?!\()/gm)) {
      add({ label: name!, kind: CompletionKind.constant });
    }
  }
  const constants = matching(
    analysis.environment.kernelNames('enumerator'),
    written,
    CompletionKind.enumMember,
  );
  for (const one of constants.items) add(one);
  return { items: [...items.values()], more: constants.more };
}
