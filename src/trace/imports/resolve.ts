/**
 * `import "x"`: scripts, headers, and directories of them, relative to the file that asks, each once. What is imported
 * takes the place of the import. Files are reached through an interface, so that tests need none.
 */
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { CDefinition, ImportItem, Item, Program } from '../ast/nodes.ts';
import type { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import type { Source, Span } from '../source.ts';
import * as say from './messages.ts';

export interface ImportFiles {
  /** Throws the errors of node:fs. */
  read(path: string): string;
  kindOf(path: string): 'file' | 'directory' | undefined;
  /** Names in a directory. */
  list(path: string): readonly string[];
  /** Who else may put files there; `new`: only files that were not there (the sticky bit), as in /tmp. */
  writableByOthers(path: string): 'no' | 'new' | 'all';
  /** The same for two ways to one file. */
  identity(path: string): string;
}

/** More is a mistake, and the same file is read only once anyway. */
const deepest = 64;

export function resolveImports(program: Program, files: ImportFiles, diagnostics: Diagnostics): Program {
  if (!program.items.some(({ kind }) => kind === 'import')) return program;
  const resolver = new Resolver(files, diagnostics);
  const { name } = program.span.source;
  const own = files.kindOf(name) === 'file' ? name : undefined;
  if (own !== undefined) resolver.seen.add(files.identity(own));
  const items = resolver.itemsOf(program, own === undefined ? '.' : dirname(own), 0);
  return { ...program, items, definitions: [...resolver.definitions, ...program.definitions] };
}

class Resolver {
  readonly seen: Set<string> = new Set();
  readonly definitions: CDefinition[] = [];
  readonly #files: ImportFiles;
  readonly #diagnostics: Diagnostics;

  constructor(files: ImportFiles, diagnostics: Diagnostics) {
    this.#files = files;
    this.#diagnostics = diagnostics;
  }

  itemsOf(program: Program, directory: string, depth: number): readonly Item[] {
    return program.items.flatMap((item) =>
      item.kind === 'import' ? this.#import(item, directory, depth) : [item],
    );
  }

  #import({ path, span }: ImportItem, directory: string, depth: number): readonly Item[] {
    if (depth > deepest) return this.#refuse(span, say.tooDeep(path));
    const found = isAbsolute(path) ? normalize(path) : join(directory, path);
    const kind = this.#files.kindOf(found);
    if (kind === undefined) return this.#refuse(span, say.notFound(path));
    const writable = this.#files.writableByOthers(kind === 'directory' ? found : dirname(found));
    // One file that is named cannot be another's where only new ones can be added; all of a directory can.
    if (writable === 'all' || (writable === 'new' && kind === 'directory')) {
      return this.#refuse(span, say.worldWritable(path));
    }
    return kind === 'directory'
      ? this.#directory(found, path, span, depth)
      : this.#file(found, path, span, depth);
  }

  #directory(found: string, path: string, span: Span, depth: number): readonly Item[] {
    const names = this.#list(found).filter((name) => /\.(bt|h)$/.test(name) && !name.startsWith('.'));
    if (names.length === 0) return this.#refuse(span, say.nothingToImport(path));
    // Headers first: scripts use their types.
    const ordered = [...names].sort((left, right) => rank(left) - rank(right) || (left < right ? -1 : 1));
    return ordered.flatMap((name) => this.#file(join(found, name), join(path, name), span, depth));
  }

  #list(directory: string): readonly string[] {
    try {
      return this.#files.list(directory);
    } catch {
      return [];
    }
  }

  #file(found: string, path: string, span: Span, depth: number): readonly Item[] {
    if (path.endsWith('.bpf.c')) return this.#refuse(span, say.needsCompiler(path));
    if (path.endsWith('.bpf.o') || path.endsWith('.o')) return this.#refuse(span, say.needsLinker(path));
    if (!/\.(bt|h)$/.test(path)) return this.#refuse(span, say.unknownKind(path));
    const identity = this.#files.identity(found);
    if (this.seen.has(identity)) return [];
    this.seen.add(identity);
    let text: string;
    try {
      text = this.#files.read(found);
    } catch (error) {
      return this.#refuse(span, say.unreadable(path, (error as Error).message));
    }
    const source: Source = { name: found, text };
    if (path.endsWith('.h')) {
      this.definitions.push({ kind: 'definition', text, span: { source, start: 0, end: text.length } });
      return [];
    }
    const program = parseProgram(source, this.#diagnostics);
    if (program.config !== undefined) this.#diagnostics.error(program.config.span, say.configInImport(path));
    const items = this.itemsOf(program, dirname(found), depth + 1);
    this.definitions.push(...program.definitions);
    return items;
  }

  #refuse(span: Span, message: string): readonly Item[] {
    this.#diagnostics.error(span, message);
    return [];
  }
}

const rank = (name: string): number => (name.endsWith('.h') ? 0 : 1);
