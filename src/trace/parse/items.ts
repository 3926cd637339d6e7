/** What stands at the top of a program. */
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
import { isGrammarBuiltin, isKeyword } from '../lex/tokens.ts';
import { parseAttachPoint } from './attach-point.ts';
import { type Cursor, SyntaxFailure } from './cursor.ts';
import { parseExpr } from './expressions.ts';
import { integerValue, stringBytes } from './literals.ts';
import * as messages from './messages.ts';
import { parseBlock } from './statements.ts';
import { parseType } from './types.ts';

export function parseConfig(c: Cursor): ConfigBlock {
  const { start } = c.advance();
  c.expect('=');
  c.expect('{');
  const entries: ConfigEntry[] = [];
  while (!c.at('}') && !c.at('end')) {
    if (c.accept(';')) continue;
    try {
      entries.push(parseConfigEntry(c));
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      c.skipStatement();
    }
  }
  c.expect('}');
  return { kind: 'config', entries, span: c.span(start) };
}

function parseConfigEntry(c: Cursor): ConfigEntry {
  const name = c.expectKind('name', 'the name of a configuration option');
  c.expect('=');
  const { token } = c;
  const entry = (value: ConfigEntry['value'], bare = false): ConfigEntry => ({
    kind: 'configEntry',
    key: name.text,
    keySpan: c.spanOf(name),
    value,
    bare,
    span: c.span(name.start),
  });
  if (c.accept('string')) return entry(stringBytes(c, token));
  if (c.accept('integer')) return entry(integerValue(c, token));
  if (!c.accept('name')) throw c.failure(messages.expectedA('a value'));
  if (token.text === 'true' || token.text === 'false') return entry(token.text === 'true');
  return entry(token.text, true);
}

export function parseImport(c: Cursor): ImportItem {
  const { start } = c.advance();
  const path = stringBytes(c, c.expectKind('string', 'a path in quotes'));
  c.expect(';');
  return { kind: 'import', path, span: c.span(start) };
}

/** `let @name = lruhash(100);` */
export function parseMapDeclaration(c: Cursor): MapDeclaration {
  const { start } = c.advance();
  if (!c.at('map') || c.peek().kind !== '=') throw c.failure(messages.rootLet, c.span(start, c.token.end));
  const map = c.advance().text;
  c.advance();
  if (!c.at('name') || c.peek().kind !== '(') throw c.failure(messages.rootLet, c.span(start, c.token.end));
  const type = c.advance();
  c.expect('(');
  const size = integerValue(c, c.expectKind('integer', 'the number of entries'));
  c.expect(')');
  c.expect(';');
  return {
    kind: 'mapDeclaration',
    map,
    type: type.text,
    typeSpan: c.spanOf(type),
    size,
    span: c.span(start),
  };
}

export function parseMacro(c: Cursor): Macro {
  const { start } = c.advance();
  const name = parseOwnName(c, 'macro');
  c.expect('(');
  const parameters: MacroParameter[] = [];
  while (!c.at(')')) {
    if (parameters.length > 0) c.expect(',');
    parameters.push(parseMacroParameter(c));
  }
  c.expect(')');
  const body = parseBlock(c);
  return { kind: 'macro', name: name.text, nameSpan: c.spanOf(name), parameters, body, span: c.span(start) };
}

function parseOwnName(c: Cursor, what: string): ReturnType<Cursor['advance']> {
  const name = c.expectKind('name', `the name of a ${what}`);
  if (isKeyword(name.text)) throw c.failure(messages.expectedA(`the name of a ${what}`), c.spanOf(name));
  return name;
}

function parseMacroParameter(c: Cursor): MacroParameter {
  const { token } = c;
  if (!c.at('variable') && !c.at('map') && !c.at('name'))
    throw c.failure(messages.expectedA('$name, @name or a name'));
  c.advance();
  if (token.kind === 'name' && (isGrammarBuiltin(token.text) || isKeyword(token.text)))
    c.report(messages.reservedName(token.text, 'the argument of a macro'), c.spanOf(token));
  const kind = token.kind === 'variable' || token.kind === 'map' ? token.kind : 'expression';
  return { kind, name: token.text, span: c.spanOf(token) };
}

/** `fn name($a : int64) : int64 { … }` */
export function parseSubprogram(c: Cursor): Subprogram {
  const { start } = c.advance();
  const name = parseOwnName(c, 'function');
  c.expect('(');
  const parameters: Subprogram['parameters'][number][] = [];
  while (!c.at(')')) {
    if (parameters.length > 0) c.expect(',');
    const parameter = c.expectKind('variable', 'a variable');
    c.expect(':');
    const type = parseType(c);
    parameters.push({ name: parameter.text, type, span: c.span(parameter.start) });
  }
  c.expect(')');
  c.expect(':');
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

export function parseProbe(c: Cursor): Probe {
  const { start } = c.token;
  const attachPoints: AttachPoint[] = [parseAttachPoint(c)];
  while (c.accept(',')) {
    if (c.at('{') || c.at('/')) break;
    attachPoints.push(parseAttachPoint(c));
  }
  const predicate = c.at('/') || c.at('/=') ? parsePredicate(c) : undefined;
  const body = parseBlock(c);
  return { kind: 'probe', attachPoints, predicate, body, span: c.span(start) };
}

function parsePredicate(c: Cursor): Probe['predicate'] {
  c.expect('/');
  c.inPredicate = true;
  try {
    const predicate = parseExpr(c);
    c.expect('/');
    return predicate;
  } finally {
    c.inPredicate = false;
  }
}
