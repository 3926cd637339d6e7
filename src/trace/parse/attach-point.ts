/**
 * Attach points are text that the providers read: to `{`, `,`, white space, or a `/` that comes before any colon
 * (behind one it is part of a path). Quotes protect what is between them.
 */
import type { AttachPoint } from '../ast/nodes.ts';
import type { Cursor } from './cursor.ts';
import * as messages from './messages.ts';

const NAMED = /^([A-Za-z_][A-Za-z0-9_]*)=/;

export function parseAttachPoint(c: Cursor): AttachPoint {
  const { start } = c.token;
  const named = c.at('name') && c.peek().kind === '=' ? c.advance().text : undefined;
  if (named !== undefined) c.advance();
  const text = readAttachPoint(c);
  const both = named === undefined ? NAMED.exec(text) : null;
  return {
    kind: 'attachPoint',
    name: named ?? both?.[1],
    text: both ? text.slice(both[0].length) : text,
    span: c.span(start),
  };
}

function readAttachPoint(c: Cursor): string {
  const { text: source } = c.source;
  const { start } = c.token;
  if (!/[A-Za-z0-9_*?["$]/.test(source[start] ?? '')) throw c.failure(messages.unexpectedInput);
  let colon = false;
  let at = start;
  for (; at < source.length; at++) {
    const character = source[at]!;
    if (character === '"') {
      const close = source.indexOf('"', at + 1);
      const newline = source.indexOf('\n', at);
      if (close < 0 || (newline >= 0 && newline < close))
        throw c.failure(messages.unterminatedString, c.span(at, newline < 0 ? source.length : newline));
      at = close;
    } else if (character === ':') colon = true;
    else if (character === '/' && !colon) break;
    else if (/[\s{,]/.test(character)) break;
  }
  c.seek(at);
  c.lastEnd = at;
  return source.slice(start, at);
}
