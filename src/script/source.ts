/**
 * From a JavaScript function to its syntax tree, and from a place in it to file, line and column.
 *
 * `fn.toString()` gives the text that runs, which is not always the text that was written: TypeScript
 * types are gone, and each tool leaves marks of its own. None matters here: everything that a body names
 * comes through its parameter, and `(0, k.f)(x)` reads as `k.f(x)` when lowering.
 *
 * A method (`'probe'(k) { }`) is no expression by itself, so the text is tried as one and, failing
 * that, inside an object literal. Positions in the file are found only when somebody asks: the files of
 * the call to defineProgram are searched for the function's text, and a source map leads from there to
 * the original; text that is in no file is aligned with what was written (see align.ts).
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

/** A frame of the stack of the call to defineProgram: a file in which bodies are looked for. */
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
  readonly #sites: readonly CallSite[];
  #origin: Origin | undefined;

  /** @param fn the function, or the text of one that was put together at run time. */
  constructor(name: string, fn: ((...args: never[]) => unknown) | string, sites: readonly CallSite[]) {
    this.name = name;
    this.#text = typeof fn === 'string' ? fn : Function.prototype.toString.call(fn);
    this.#sites = sites;
    const [node, shift] = this.#parse();
    this.node = node;
    this.#shift = shift;
  }

  /** The line and column of a node, in the file that the user wrote where it can be found. */
  position(node: Node): Position {
    return this.#positionAt(node.start);
  }

  #positionAt(offset: number): Position {
    this.#origin ??= findOrigin(this.name, this.#text, this.#sites);
    return this.#origin.position(offset - this.#shift);
  }

  /** The error for a node; to be thrown by the caller. */
  error(node: Node, diagnostic: Diagnostic): ProgramError {
    const start = this.position(node);
    const end = this.#positionAt(node.end - 1);
    const onOneLine = end.line === start.line && end.column >= start.column;
    const length = onOneLine ? end.column - start.column + 1 : node.end - node.start;
    return new ProgramError(diagnostic, start, length);
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

/**
 * The frames outside this package of a stack that was captured in defineProgram, innermost first: the body
 * may have been written in the file that calls it, or be handed to a function in another one.
 */
export function callSites(stack: string | undefined, own: readonly string[]): CallSite[] {
  const sites: CallSite[] = [];
  for (const line of stack?.split('\n').slice(1) ?? []) {
    const match = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(line);
    if (!match) continue;
    const file = match[1].startsWith('file://') ? fileURLToPath(match[1]) : match[1];
    if (own.includes(file) || sites.some((site) => site.file === file)) continue;
    sites.push({ file, line: Number(match[2]) });
  }
  return sites;
}

function findOrigin(name: string, text: string, sites: readonly CallSite[]): Origin {
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
  const files = sites.map(({ file }) => ({ file, content: readText(file) ?? '' }));
  for (const { file, content } of files) {
    // Two probes may have the same text: the one after the name is meant.
    const after = content.indexOf(text, Math.max(0, content.indexOf(name)));
    const at = after >= 0 ? after : content.indexOf(text);
    if (at >= 0) return fileOrigin(text, at, content, file);
  }
  for (const { file, content } of files) {
    const aligned = alignedOrigin(text, content, file);
    if (aligned) return aligned;
  }
  const [site] = sites;
  return site ? own(site.file, site.line, 0) : own('<function>', 1, 0);
}

/** For text that is in a file: there, or where the file's source map leads from there. */
function fileOrigin(text: string, at: number, content: string, file: string): Origin {
  const before = content.slice(0, at).split('\n');
  const written = content.split('\n');
  const map = sourceMapOf(content, file);
  return {
    position(offset) {
      const inText = text.slice(0, offset).split('\n');
      const row = before.length - 1 + inText.length - 1;
      const column =
        inText.length === 1 ? before[before.length - 1].length + offset : inText[inText.length - 1].length;
      const original = map?.(row, column);
      if (original) return original;
      return { file, line: row + 1, column: column + 1, text: written[row] ?? '' };
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
    // Maps know where tokens begin; inside of one both texts run alike.
    const inside = entry.originalColumn + Math.max(0, column - entry.generatedColumn);
    const at = Math.min(inside, Math.max(entry.originalColumn, text.length - 1));
    return { file: original, line: entry.originalLine + 1, column: at + 1, text };
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
