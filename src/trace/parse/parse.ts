/**
 * From text to tree. Errors are reported, all of them in one run, and the tree is what could be understood: a
 * statement with an error is left out of its block, an item with one out of the program.
 */
import type { CDefinition, Comment, ConfigBlock, Expr, Item, Program } from '../ast/nodes.ts';
import { childrenOf } from '../ast/walk.ts';
import type { Diagnostics } from '../diagnostic.ts';
import type { Source } from '../source.ts';
import { Cursor, DEPTH_LIMIT, GiveUp, SyntaxFailure } from './cursor.ts';
import { atDefinition, parseDefinition } from './definitions.ts';
import { parseExpr } from './expressions.ts';
import {
  parseConfig,
  parseImport,
  parseMacro,
  parseMapDeclaration,
  parseProbe,
  parseSubprogram,
} from './items.ts';
import * as messages from './messages.ts';

export interface ParseOptions {
  /** For editors: errors end a statement and not the program. Default false: errors are those of bpftrace. */
  readonly tolerant?: boolean;
}

export function parseProgram(source: Source, diagnostics: Diagnostics, options: ParseOptions = {}): Program {
  const found: Found = { definitions: [], items: [], part: 'definitions' };
  const c = new Cursor(source, diagnostics, options.tolerant);
  const interpreter = passInterpreter(c);
  try {
    while (!c.at('end') && !c.failed) {
      try {
        parsePart(c, found);
      } catch (error) {
        if (!(error instanceof SyntaxFailure)) throw error;
        if (!c.tolerant) break;
        c.skipItem();
      }
    }
    found.items = found.items.filter((item) => isShallow(c, item));
  } catch (error) {
    if (!(error instanceof GiveUp)) throw error;
  }
  return {
    kind: 'program',
    interpreter,
    definitions: found.definitions,
    config: found.config,
    items: found.items,
    comments: c.lexer.comments satisfies Comment[],
    span: c.span(0, source.text.length),
  };
}

/** `#!/usr/bin/env bpftrace`, as the first thing. */
function passInterpreter(c: Cursor): string | undefined {
  const { start } = c.token;
  const line = /^#![^\r\n]*/.exec(c.source.text.slice(start))?.[0];
  if (line === undefined) return undefined;
  c.lexer.comments.length = 0;
  c.seek(start + line.length);
  return line;
}

/** An expression alone, such as the text of a `#define`; undefined, and reported, if it is none. */
export function parseExpression(source: Source, diagnostics: Diagnostics): Expr | undefined {
  const c = new Cursor(source, diagnostics);
  try {
    const expression = parseExpr(c);
    if (!c.at('end')) c.wrong(messages.unexpectedInput);
    if (!c.failed) return expression;
  } catch (error) {
    if (!(error instanceof SyntaxFailure || error instanceof GiveUp)) throw error;
  }
  return undefined;
}

interface Found {
  readonly definitions: CDefinition[];
  config?: ConfigBlock;
  items: Item[];
  /** C definitions come first, then the config block and imports, then all the rest. */
  part: 'definitions' | 'head' | 'items';
}

function parsePart(c: Cursor, found: Found): void {
  const { start } = c.token;
  if (atDefinition(c)) {
    const definition = parseDefinition(c);
    // A preprocessor's line has its end in it.
    const { end } = definition.span;
    const last = c.source.text[start] === '#' && c.source.text[end] === '\n' ? end + 1 : end;
    if (found.part !== 'definitions') c.wrong(messages.definitionsFirst, c.span(start, last));
    found.definitions.push(definition);
    return;
  }
  const word = c.at('name') && c.peek().kind !== ':' ? c.token.text : '';
  if (word === 'config') parseConfigPart(c, found);
  else if (word === 'import') {
    if (found.part === 'items') c.wrong(messages.importsFirst);
    keep(found, 'head', parseImport(c));
  } else if (word === 'let') keep(found, 'items', parseMapDeclaration(c));
  else if (word === 'macro') keep(found, 'items', parseMacro(c));
  else if (word === 'fn') keep(found, 'items', parseSubprogram(c));
  else {
    const probe = parseProbe(c);
    if (probe === undefined && c.token.start === start) c.wrong(messages.unexpectedInput);
    keep(found, 'items', probe);
  }
}

function keep(found: Found, part: 'head' | 'items', item: Item | undefined): void {
  if (found.part !== 'items') found.part = part;
  if (item !== undefined) found.items.push(item);
}

function parseConfigPart(c: Cursor, found: Found): void {
  if (found.part === 'items') c.wrong(messages.configFirst);
  else if (found.config) c.wrong(messages.duplicateConfig);
  if (c.failed) return;
  found.part = 'head';
  const config = parseConfig(c);
  found.config ??= config;
}

/** A chain of a thousand operators is no nesting in the text, but one in the tree. */
function isShallow(c: Cursor, item: Item): boolean {
  let level: readonly ReturnType<typeof childrenOf>[number][] = [item];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_LIMIT) {
      c.report(messages.tooDeep(DEPTH_LIMIT), level[0]!.span);
      return false;
    }
    level = level.flatMap(childrenOf);
  }
  return true;
}
