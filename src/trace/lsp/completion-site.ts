/**
 * What is being written at a place. A text in which something is still missing does not parse, and the statement
 * that is being written is lost. So a name that nobody has is put in there, and what is left open is closed, in the
 * few ways in which that can be done; the first text whose tree has the name is what the user is writing. The types
 * around it are then the checker's own.
 */
import type {
  AttachPoint,
  ConfigEntry,
  Expr,
  Item,
  MapDeclaration,
  NamedTypeExpr,
  Node,
} from '../ast/nodes.ts';
import { childrenOf } from '../ast/walk.ts';
import { Analysis } from './analysis.ts';
import { closers, placeAt } from './tokens.ts';

export type Site =
  | { readonly kind: 'attachPoint'; readonly point: AttachPoint; readonly text: string }
  | { readonly kind: 'field'; readonly base: Expr }
  | { readonly kind: 'variable' | 'map' | 'name' }
  | { readonly kind: 'type'; readonly type: NamedTypeExpr }
  | { readonly kind: 'mapType'; readonly declaration: MapDeclaration }
  | { readonly kind: 'configKey' }
  | { readonly kind: 'configValue'; readonly entry: ConfigEntry };

export interface Completing {
  readonly site: Site;
  /** What is written of it, up to the place. */
  readonly written: string;
  /** Of the text with the name in it. */
  readonly analysis: Analysis;
  readonly item: Item | undefined;
}

/** The name that nobody has. */
export const placeholder = 'zzBpfkitPlaceholderZz';

/** Undefined where nothing can be completed. */
export function completingAt(analysis: Analysis, offset: number): Completing | undefined {
  const { text } = analysis.source;
  const place = placeAt(analysis.program, offset);
  if (place.inText) return undefined;
  const before = text.slice(0, offset) + placeholder;
  const rest = text.slice(offset);
  const close = closers(place.open);
  const atTop = place.open.length === 0;
  const texts = atTop
    ? [before + rest, `${before} { }`, `${before}/ { }`, `${before}(1);`]
    : [
        before + rest,
        before + close,
        // A condition without its block, half of `?:`, a setting without its value.
        before + close.replace(/^[)\]]+/, (brackets) => `${brackets} { }`),
        `${before} : 0${close}`,
        `${before} { }${close}`,
        `${before} = 1${close}`,
      ];
  for (const candidate of texts) {
    const tried = new Analysis({ name: analysis.source.name, text: candidate }, analysis.environment);
    const found = siteIn(tried, offset);
    if (found !== undefined) return found;
  }
  return undefined;
}

function siteIn(analysis: Analysis, offset: number): Completing | undefined {
  const { config, items } = analysis.program;
  for (const item of [...(config === undefined ? [] : [config]), ...items]) {
    if (item.span.start > offset || item.span.end < offset) continue;
    const found = siteBelow(item);
    if (found !== undefined) {
      return { ...found, analysis, item: item.kind === 'config' ? undefined : item };
    }
  }
  return undefined;
}

function siteBelow(node: Node): Pick<Completing, 'site' | 'written'> | undefined {
  const own = siteOf(node);
  if (own !== undefined) return own;
  for (const child of childrenOf(node)) {
    const found = siteBelow(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

function siteOf(node: Node): Pick<Completing, 'site' | 'written'> | undefined {
  const made = (name: unknown, site: Site): Pick<Completing, 'site' | 'written'> | undefined => {
    const at = typeof name === 'string' ? name.indexOf(placeholder) : -1;
    return at < 0 ? undefined : { site, written: String(name).slice(0, at) };
  };
  switch (node.kind) {
    case 'attachPoint': {
      const found = made(node.text, { kind: 'attachPoint', point: node, text: '' });
      return found && { ...found, site: { kind: 'attachPoint', point: node, text: found.written } };
    }
    case 'field':
      return made(node.name, { kind: 'field', base: node.base });
    case 'variable':
    case 'map':
      return made(node.name, { kind: node.kind });
    case 'call':
    case 'identifier':
      return made(node.name, { kind: 'name' });
    case 'namedType':
      return made(node.name, { kind: 'type', type: node });
    case 'mapDeclaration':
      return made(node.type, { kind: 'mapType', declaration: node });
    case 'configEntry':
      return made(node.key, { kind: 'configKey' }) ?? made(node.value, { kind: 'configValue', entry: node });
    default:
      return undefined;
  }
}
