/** What stands at the top of a program. Undefined: an error was reported, and there is nothing to keep. */
import type {
  AttachPoint,
  ConfigBlock,
  ConfigEntry,
  ImportItem,
  Macro,
  MacroParameter,
  MapDeclaration,
  Probe,
  Subprogram,
} from '../ast/nodes.ts';
import { isGrammarBuiltin } from '../lex/tokens.ts';
import { parseAttachPoint } from './attach-point.ts';
import { type Cursor, SyntaxFailure } from './cursor.ts';
import { parseExpr } from './expressions.ts';
import { parseIntegerLiteral, parseSize, parseStringBytes } from './literals.ts';
import * as messages from './messages.ts';
import { parseBlock } from './statements.ts';
import { parseType } from './types.ts';

export function parseConfig(c: Cursor): ConfigBlock {
  const { start } = c.advance();
  const entries: ConfigEntry[] = [];
  const block = (): ConfigBlock => ({ kind: 'config', entries, span: c.span(start) });
  if (!c.expect('=') || !c.expect('{')) return block();
  while (!c.at('}') && !c.at('end')) {
    try {
      const entry = parseConfigEntry(c);
      if (entry === undefined) break;
      entries.push(entry);
      if (c.at('}') || c.expect(';')) continue;
      // What follows would be said to be wrong only because this was.
      while (!c.at('}') && !c.at('end')) c.advance();
    } catch (error) {
      if (!(error instanceof SyntaxFailure && c.tolerant)) throw error;
      c.skipStatement();
    }
  }
  c.expect('}');
  return block();
}

function parseConfigEntry(c: Cursor): ConfigEntry | undefined {
  const name = c.accept('name');
  if (name === undefined) {
    c.wrong(messages.configKey);
    return undefined;
  }
  if (!c.expect('=')) return undefined;
  const { token } = c;
  const entry = (value: ConfigEntry['value'], bare = false): ConfigEntry => ({
    kind: 'configEntry',
    key: name.text,
    keySpan: c.spanOf(name),
    value,
    bare,
    span: c.span(name.start),
  });
  if (c.at('string')) return entry(parseStringBytes(c));
  if (c.at('integer')) return entry(parseIntegerLiteral(c).value);
  if (!c.accept('name')) {
    c.wrong(messages.configValue);
    return entry('', true);
  }
  if (token.text === 'true' || token.text === 'false') return entry(token.text === 'true');
  return entry(token.text, true);
}

export function parseImport(c: Cursor): ImportItem | undefined {
  const { start } = c.advance();
  if (!c.at('string')) {
    c.wrong(messages.importPath);
    return undefined;
  }
  const path = parseStringBytes(c);
  const span = c.span(start);
  if (!c.accept(';')) c.wrong(messages.importEnd);
  return { kind: 'import', path, span };
}

/** `let @name = lruhash(100);` */
export function parseMapDeclaration(c: Cursor): MapDeclaration | undefined {
  const { start } = c.token;
  if (c.peek().kind !== 'map') {
    c.wrong(messages.rootLet);
    return undefined;
  }
  c.advance();
  const map = c.advance().text;
  if (!c.expect('=')) return undefined;
  const type = c.accept('name');
  if (type === undefined) {
    c.wrong(messages.mapType);
    return undefined;
  }
  if (!c.expect('(')) return undefined;
  const size = parseSize(c);
  if (size === undefined) {
    c.wrong(messages.mapSize);
    return undefined;
  }
  if (!c.expect(')')) return undefined;
  c.accept(';');
  const typeSpan = c.spanOf(type);
  return { kind: 'mapDeclaration', map, type: type.text, typeSpan, size, span: c.span(start) };
}

export function parseMacro(c: Cursor): Macro | undefined {
  const { start } = c.advance();
  const name = c.accept('name');
  if (name === undefined) {
    c.wrong(messages.macroName);
    return undefined;
  }
  if (!c.expect('(')) return undefined;
  const parameters: MacroParameter[] = [];
  if (!c.at(')')) {
    do {
      const parameter = parseMacroParameter(c);
      if (parameter !== undefined) parameters.push(parameter);
    } while (c.accept(','));
  }
  if (!c.expect(')')) return undefined;
  const body = parseBlock(c);
  return { kind: 'macro', name: name.text, nameSpan: c.spanOf(name), parameters, body, span: c.span(start) };
}

function parseMacroParameter(c: Cursor): MacroParameter | undefined {
  const { token } = c;
  if (!c.at('variable') && !c.at('map') && !c.at('name')) {
    c.wrong(messages.macroArgument);
    return undefined;
  }
  c.advance();
  if (token.kind === 'name' && isGrammarBuiltin(token.text))
    c.wrong(messages.macroBuiltin(token.text), c.spanOf(token));
  const kind = token.kind === 'variable' || token.kind === 'map' ? token.kind : 'expression';
  return { kind, name: token.text, span: c.spanOf(token) };
}

/** `fn name($a : int64) : int64 { … }` */
export function parseSubprogram(c: Cursor): Subprogram | undefined {
  const { start } = c.advance();
  const name = c.accept('name');
  if (name === undefined) {
    c.wrong(messages.functionName);
    return undefined;
  }
  if (!c.expect('(')) return undefined;
  const parameters = parseParameters(c);
  if (!c.expect(')') || !c.expect(':')) return undefined;
  const returns = parseType(c);
  const body = parseBlock(c);
  return {
    kind: 'subprogram',
    name: name.text,
    nameSpan: c.spanOf(name),
    parameters,
    returns,
    body,
    span: c.span(start),
  };
}

function parseParameters(c: Cursor): Subprogram['parameters'] {
  const parameters: Subprogram['parameters'][number][] = [];
  if (c.at(')')) return parameters;
  do {
    const { token } = c;
    if (!c.accept('variable')) {
      c.wrong(messages.functionArgument);
      break;
    }
    if (!c.expect(':')) break;
    const type = parseType(c);
    parameters.push({ name: token.text, type, span: c.span(token.start) });
  } while (c.accept(','));
  return parameters;
}

export function parseProbe(c: Cursor): Probe | undefined {
  const { start } = c.token;
  const first = parseAttachPoint(c);
  if (first === undefined) return undefined;
  const attachPoints: AttachPoint[] = [first];
  while (c.accept(',')) {
    if (c.at('{') || c.at('/')) break;
    const next = parseAttachPoint(c);
    if (next === undefined) break;
    attachPoints.push(next);
  }
  const before = c.token.start;
  const predicate = c.at('/') || c.at('/=') ? parsePredicate(c) : undefined;
  const predicateSpan = predicate && c.span(before, c.token.start);
  const body = parseBlock(c);
  return { kind: 'probe', attachPoints, predicate, predicateSpan, body, span: c.span(start) };
}

function parsePredicate(c: Cursor): Probe['predicate'] {
  if (c.at('/=')) c.seek(c.token.start + 1);
  else c.advance();
  const predicate = parseExpr(c);
  if (!c.accept('/')) c.wrong(messages.predicateEnd);
  return predicate;
}
