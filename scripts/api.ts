/**
 * The public interface as text: for each entry point of package.json its names, each with its declaration, without
 * comments. It is kept in test/api/, so that a change of the interface is seen in review: `npm run api` writes it from
 * what `npm run build` has made, and a test finds it out of date.
 *
 * Declaration files have one form: every statement begins at the first column, and all else is indented.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Module {
  /** Texts by name: overloads of a function are several. */
  readonly declared: Map<string, string[]>;
  /** Exported name to where it comes from; no file: declared here. */
  readonly exported: Map<string, { readonly name: string; readonly from?: string }>;
  readonly imported: Map<string, { readonly name: string; readonly from: string }>;
  /** Files all of whose names are exported. */
  readonly all: string[];
}

function statementsOf(text: string): string[] {
  const bare = text.replace(/^[ \t]*\/\*[\s\S]*?\*\/[ \t]*\n?/gm, '').replace(/^\/\/.*\n?/gm, '');
  return bare
    .split(/^(?=(?:export|declare|import|interface|type|abstract|class)\b)/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** `a, type B as C`: each as [name in the other file, name here]. */
function namesOf(list: string): [string, string][] {
  return list
    .split(',')
    .map((one) => one.trim().replace(/^type /, ''))
    .filter((one) => one !== '')
    .map((one) => {
      const [name = '', alias = name] = one.split(' as ');
      return [name, alias];
    });
}

const modules = new Map<string, Module>();

function moduleOf(file: string): Module {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const found: Module = { declared: new Map(), exported: new Map(), imported: new Map(), all: [] };
  modules.set(file, found);
  const resolve = (path: string): string => join(dirname(file), path.replace(/\.[jt]s$/, '.d.ts'));
  for (const statement of statementsOf(readFileSync(file, 'utf8'))) {
    const list = /^(export|import)(?: type)? \{([^}]*)\}(?: from '(\.[^']+)')?;$/.exec(statement);
    const all = /^export (?:type )?\* from '(\.[^']+)';$/.exec(statement)?.[1];
    const name =
      /^(?:export )?(?:declare )?(?:abstract )?(?:const|function|class|interface|type) ([\w$]+)/.exec(
        statement,
      )?.[1];
    if (list !== null) {
      const [, verb, names = '', path] = list;
      const from = path === undefined ? {} : { from: resolve(path) };
      for (const [there, here] of namesOf(names)) {
        if (verb === 'export') found.exported.set(here, { name: there, ...from });
        else if (path !== undefined) found.imported.set(here, { name: there, from: resolve(path) });
      }
    } else if (all !== undefined) found.all.push(resolve(all));
    else if (name !== undefined) {
      found.declared.set(name, [...(found.declared.get(name) ?? []), statement]);
      if (statement.startsWith('export')) found.exported.set(name, { name });
    }
  }
  return found;
}

/** All exported names of a file, each with the texts of its declaration. */
function surfaceOf(file: string): Map<string, readonly string[]> {
  const { exported, all } = moduleOf(file);
  const surface = new Map<string, readonly string[]>();
  for (const other of all) for (const [name, texts] of surfaceOf(other)) surface.set(name, texts);
  for (const name of exported.keys()) surface.set(name, textsOf(file, name));
  return surface;
}

function textsOf(file: string, name: string): readonly string[] {
  const { exported, declared, imported, all } = moduleOf(file);
  const place = exported.get(name);
  if (place?.from !== undefined) return textsOf(place.from, place.name);
  const own = declared.get(place?.name ?? name);
  if (own !== undefined) return own;
  const other = imported.get(place?.name ?? name);
  if (other !== undefined) return textsOf(other.from, other.name);
  const from = all.find((one) => surfaceOf(one).has(name));
  if (from === undefined) throw new Error(`${file} does not export ${name}`);
  return textsOf(from, name);
}

/** The text of each entry point, by the name of its file in test/api/. */
export function apiTexts(root: string): Map<string, string> {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { exports } = manifest as { exports: Record<string, string | { readonly types: string }> };
  const texts = new Map<string, string>();
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    const file = join(root, target.types);
    if (!existsSync(file)) throw new Error(`${file} is not there: npm run build`);
    const surface = [...surfaceOf(file)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const name = entry === '.' ? 'bpfkit' : entry.slice(2).replaceAll('/', '-');
    const lines = surface.map(([one, list]) => {
      const [first = ''] = list;
      // What is exported under another name says so.
      const alias = new RegExp(`\\b${one.replaceAll('$', '\\$')}\\b`).test(first) ? '' : `// as ${one}\n`;
      return `${alias}${list.map((text) => text.replace(/^export (?:declare )?/, '')).join('\n')}\n`;
    });
    texts.set(`${name}.txt`, lines.join('\n'));
  }
  return texts;
}

if (process.argv[2] === 'write') {
  for (const [name, text] of apiTexts(process.cwd()))
    writeFileSync(join(process.cwd(), 'test/api', name), text);
}
