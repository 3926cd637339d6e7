/**
 * Attach points are text that the providers read: to `{`, `,`, white space, or a `/` that comes before any colon
 * (behind one it is part of a path). Quotes protect what is between them.
 */
import type { AttachPoint } from '../ast/nodes.ts';
import type { Cursor } from './cursor.ts';
import * as messages from './messages.ts';

const NAMED = /^([A-Za-z_][A-Za-z0-9_]*)=/;

/** Undefined, and reported, where nothing stands. */
export function parseAttachPoint(c: Cursor): AttachPoint | undefined {
  const { start } = c.token;
  const text = readAttachPoint(c.source.text, start);
  if (text === '') {
    c.wrong(messages.attachPoint);
    return undefined;
  }
  c.seek(start + text.length);
  c.lastEnd = start + text.length;
  const named = NAMED.exec(text);
  const span = c.span(start);
  if (named === null) return { kind: 'attachPoint', text, span };
  return { kind: 'attachPoint', name: named[1], text: text.slice(named[0].length), span };
}

const QUOTED = /"(?:[^"\\]|\\[\s\S])*"?/y;

function readAttachPoint(source: string, start: number): string {
  let colon = false;
  let at = start;
  while (at < source.length) {
    const character = source[at]!;
    if (character === '"') {
      QUOTED.lastIndex = at;
      QUOTED.test(source);
      at = QUOTED.lastIndex;
      continue;
    }
    if (/[\s{,]/.test(character)) break;
    if (character === '/' && !colon && at > start && !/[/*]/.test(source[at + 1] ?? '')) break;
    if (character === ':') colon = true;
    at++;
  }
  return source.slice(start, at);
}
