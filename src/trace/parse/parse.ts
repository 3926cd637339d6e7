/**
 * From text to tree. Errors are reported, all of them in one run, and the tree is what could be understood: a
 * statement with an error is left out of its block, an item with one out of the program.
 */
import type { CDefinition, Comment, ConfigBlock, Expr, Item, Program } from '../ast/nodes.ts';
import { childrenOf } from '../ast/walk.ts';
import type { Diagnostics } from '../diagnostic.ts';
import { isClosed } from '../lex/lexer.ts';
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

export function parseProgram(source: Source, diagnostics: Diagnostics): Program {
  const found: Found = { definitions: [], items: [], started: false };
  const interpreter = /^#![^\r\n]*/.exec(source.text)?.[0];
  const c = new Cursor(source, diagnostics);
  if (interpreter !== undefined) {
    c.lexer.comments.length = 0;
    c.seek(interpreter.length);
  }
  try {
    while (!c.at('end')) {
      try {
        parsePart(c, found);
      } catch (error) {
        if (!(error instanceof SyntaxFailure)) throw error;
        c.skipItem();
      }
    }
    checkComments(c);
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

/** An expression alone, such as the text of a `#define`; undefined, and reported, if it is none. */
export function parseExpression(source: Source, diagnostics: Diagnostics): Expr | undefined {
  const c = new Cursor(source, diagnostics);
  try {
    const expression = parseExpr(c);
    if (c.at('end')) return expression;
    c.report(messages.unexpectedInput);
  } catch (error) {
    if (!(error instanceof SyntaxFailure || error instanceof GiveUp)) throw error;
  }
  return undefined;
}

interface Found {
  readonly definitions: CDefinition[];
  config?: ConfigBlock;
  items: Item[];
  /** The first probe, function or declaration has been seen: the head of the program is over. */
  started: boolean;
}

function parsePart(c: Cursor, found: Found): void {
  const { token } = c;
  if (atDefinition(c)) {
    if (found.started) c.report(messages.definitionsFirst);
    found.definitions.push(parseDefinition(c));
    return;
  }
  const word = c.at('name') ? token.text : '';
  if (word === 'config') {
    if (found.started) c.report(messages.configFirst);
    else if (found.config) c.report(messages.duplicateConfig);
    const config = parseConfig(c);
    found.config ??= config;
    return;
  }
  if (word === 'import' && c.peek().kind !== '=') {
    if (found.started) c.report(messages.importsFirst);
    found.items.push(parseImport(c));
    return;
  }
  found.started = true;
  if (word === 'let') found.items.push(parseMapDeclaration(c));
  else if (word === 'macro') found.items.push(parseMacro(c));
  else if (word === 'fn') found.items.push(parseSubprogram(c));
  else found.items.push(parseProbe(c));
}

function checkComments(c: Cursor): void {
  const last = c.lexer.comments.at(-1);
  if (last && !isClosed(last.text)) c.report(messages.unterminatedComment, last.span);
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
