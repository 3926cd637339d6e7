/**
 * From a JavaScript function to its syntax tree, and from a place in it to file, line and column.
 *
 * `fn.toString()` gives the text that runs, which is not always the text that was written: TypeScript
 * types are gone, and each tool leaves marks of its own. What is undone here: `__name(f, "f")` of
 * esbuild and tsx is dropped when lowering; `(0, ns.f)(x)` reads as `ns.f(x)`.
 *
 * A method (`'probe'(k) { }`) is no expression by itself, so the text is tried as one and, failing
 * that, inside an object literal. Positions in the file are found only when somebody asks: the file of
 * the call to defineProgram is searched for the function's text, and a source map leads from there to
 * the original.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ArrowFunctionExpression, type FunctionExpression, type Node, parse } from 'acorn';
import { align } from './align.ts';
import { type Diagnostic, type Position, ProgramError } from './diagnostic.ts';
import { messages } from './messages.ts';

export type FunctionNode = FunctionExpression | ArrowFunctionExpression;

/** Where defineProgram was called: the file in which bodies are looked for. */
export interface CallSite {
  readonly file: string;
  readonly line: number;
}

export class FunctionSource {
  readonly name: string;
  readonly node: FunctionNode;
  readonly #text: string;
  /** Characters that were put before the text to make it parse. */
  readonly #shift: number;
  readonly #site: CallSite | undefined;
  #origin: Origin | undefined;

  constructor(name: string, fn: (...args: never[]) => unknown, site: CallSite | undefined) {
    this.name = name;
    this.#text = Function.prototype.toString.call(fn);
    this.#site = site;
    const [node, shift] = this.#parse();
    this.node = node;
    this.#shift = shift;
  }

  /** The line and column of a node, in the file that the user wrote where it can be found. */
  position(node: Node): Position {
    this.#origin ??= findOrigin(this.#text, this.#site);
    return this.#origin.position(node.start - this.#shift);
  }

  /** The error for a node; to be thrown by the caller. */
  error(node: Node, diagnostic: Diagnostic): ProgramError {
    return new ProgramError(diagnostic, this.position(node), node.end - node.start);
  }

  textOf(node: Node): string {
    return this.#text.slice(node.start - this.#shift, node.end - this.#shift);
  }

  #parse(): [FunctionNode, number] {
    if (/\{\s*\[native code\]\s*\}$/.test(this.#text))
      throw new ProgramError(messages.notReadable(this.name));
    const options = { ecmaVersion: 'latest', sourceType: 'script' } as const;
    try {
      const program = parse(`(${this.#text})`, options);
      const statement = program.body[0];
      if (statement?.type === 'ExpressionStatement') return [asFunction(statement.expression, this.name), 1];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    try {
      const program = parse(`({${this.#text}})`, options);
      const statement = program.body[0];
      if (statement?.type === 'ExpressionStatement' && statement.expression.type === 'ObjectExpression') {
        const property = statement.expression.properties[0];
        if (property?.type === 'Property') return [asFunction(property.value, this.name), 2];
      }
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new ProgramError(messages.doesNotParse(this.name, error.message));
      throw error;
    }
    throw new ProgramError(messages.notReadable(this.name));
  }
}

function asFunction(node: Node, name: string): FunctionNode {
  if (node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression') {
    const fn = node as FunctionNode;
    if (fn.async || fn.generator) throw new ProgramError(messages.asyncBody(name));
    return fn;
  }
  throw new ProgramError(messages.notReadable(name));
}

interface Origin {
  position(offset: number): Position;
}

/** Takes the first frame outside this package from a stack that was captured in defineProgram. */
export function callSite(stack: string | undefined, own: readonly string[]): CallSite | undefined {
  for (const line of stack?.split('\n').slice(1) ?? []) {
    const match = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(line);
    if (!match) continue;
    const file = match[1].startsWith('file://') ? fileURLToPath(match[1]) : match[1];
    if (own.includes(file)) continue;
    return { file, line: Number(match[2]) };
  }
  return undefined;
}

function findOrigin(text: string, site: CallSite | undefined): Origin {
  const lines = text.split('\n');
  const own = (file: string, firstLine: number, firstColumn: number): Origin => ({
    position(offset) {
      const before = text.slice(0, offset).split('\n');
      const row = before.length - 1;
      const column = (before[row]?.length ?? 0) + (row === 0 ? firstColumn : 0);
      const lead = row === 0 ? ' '.repeat(firstColumn) : '';
      return { file, line: firstLine + row, column: column + 1, text: lead + (lines[row] ?? '') };
    },
  });
  if (!site) return own('<function>', 1, 0);
  const content = readText(site.file);
  if (content === undefined) return own(site.file, site.line, 0);
  const at = content.indexOf(text);
  if (at < 0) return alignedOrigin(text, content, site.file) ?? own(site.file, site.line, 0);
  const before = content.slice(0, at).split('\n');
  const written = content.split('\n');
  const map = sourceMapOf(content, site.file);
  return {
    position(offset) {
      const inText = text.slice(0, offset).split('\n');
      const row = before.length - 1 + inText.length - 1;
      const column =
        inText.length === 1 ? before[before.length - 1].length + offset : inText[inText.length - 1].length;
      const original = map?.(row, column);
      if (original) return original;
      return { file: site.file, line: row + 1, column: column + 1, text: written[row] ?? '' };
    },
  };
}

/** For text that exists in memory only: the place in the written file that reads like it. */
function alignedOrigin(text: string, content: string, file: string): Origin | undefined {
  const offsetOf = align(text, content);
  if (!offsetOf) return undefined;
  return {
    position(offset) {
      const at = offsetOf(offset);
      const start = content.lastIndexOf('\n', at - 1) + 1;
      const end = content.indexOf('\n', at);
      const line = content.slice(0, start).split('\n').length;
      return { file, line, column: at - start + 1, text: content.slice(start, end < 0 ? undefined : end) };
    },
  };
}

/** Generated row and column, both from 0, to the original place. */
function sourceMapOf(
  content: string,
  file: string,
): ((row: number, column: number) => Position | undefined) | undefined {
  const url = /\/\/# sourceMappingURL=(\S+)\s*$/.exec(content)?.[1];
  if (!url) return undefined;
  const inline = /^data:application\/json[^,]*;base64,(.*)$/.exec(url)?.[1];
  const json = inline ? Buffer.from(inline, 'base64').toString() : readText(resolve(dirname(file), url));
  if (!json) return undefined;
  let map: SourceMap;
  try {
    map = new SourceMap(JSON.parse(json));
  } catch {
    return undefined; // a broken map only costs the better position
  }
  return (row, column) => {
    const entry = map.findEntry(row, column);
    if (!('originalLine' in entry) || entry.originalSource === undefined) return undefined;
    const source = entry.originalSource.startsWith('file://')
      ? fileURLToPath(entry.originalSource)
      : entry.originalSource;
    const original = resolve(dirname(file), source);
    const text = readText(original)?.split('\n')[entry.originalLine];
    if (text === undefined) return undefined;
    return { file: original, line: entry.originalLine + 1, column: entry.originalColumn + 1, text };
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
