/** C among the script: where a definition ends. What it says is for `cdefs/`. */
import type { CDefinition } from '../ast/nodes.ts';
import type { Cursor } from './cursor.ts';
import * as messages from './messages.ts';

export function atDefinition(c: Cursor): boolean {
  if (c.at('#')) return c.peek().kind !== '!';
  if (!c.at('name')) return false;
  const { text } = c.token;
  if (text === 'typedef') return c.peek().kind === 'name';
  if (text !== 'struct' && text !== 'union' && text !== 'enum') return false;
  if (c.peek().text === '__attribute__') return true;
  return c.peek().kind === '{' || (c.peek().kind === 'name' && c.peek(2).kind === '{');
}

/** A definition needs no `;` behind it here: C does. */
export function parseDefinition(c: Cursor): CDefinition {
  const { start, text: word } = c.token;
  const { text } = c.source;
  const directive = c.at('#');
  const end = directive ? directiveEnd(text, start) : definitionEnd(text, start, word === 'typedef');
  if (end === undefined) {
    c.wrong(messages.unterminatedDefinition(word), c.span(start, start + word.length));
    return { kind: 'definition', text: '', span: c.span(start, start) };
  }
  let last = end;
  // A line that goes on into nothing must not go on into what comes next.
  while (/[\s\\]/.test(text[last - 1]!)) last--;
  c.seek(end);
  c.lastEnd = last;
  const written = text.slice(start, last);
  const closed = directive || written.endsWith(';') ? written : `${written};`;
  return { kind: 'definition', text: closed, span: c.span(start, last) };
}

const TRIVIA = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const COMMENT_OR_TEXT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?/y;

/** Behind a comment, string or character at this place; the same place if there is none. */
function behindOpaque(text: string, at: number): number {
  COMMENT_OR_TEXT.lastIndex = at;
  return COMMENT_OR_TEXT.test(text) ? COMMENT_OR_TEXT.lastIndex : at;
}

function behindTrivia(text: string, at: number): number {
  TRIVIA.lastIndex = at;
  TRIVIA.test(text);
  return TRIVIA.lastIndex;
}

/** The end of the line; a backslash before it, or a comment over several lines, goes on. */
function directiveEnd(text: string, start: number): number {
  for (let at = start; at < text.length; ) {
    const code = text[at];
    if (code === '\n') return at;
    if (code === '\\') at += text.startsWith('\r\n', at + 1) ? 3 : 2;
    else if (code === '/') at = Math.max(at + 1, behindOpaque(text, at));
    else at++;
  }
  return text.length;
}

/** Behind the braces, attributes and `;`. */
function definitionEnd(text: string, start: number, isTypedef: boolean): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; ) {
    const opaque = behindOpaque(text, at);
    if (opaque > at) {
      at = opaque;
      continue;
    }
    const character = text[at++];
    if (character === '{') depth++;
    else if (character === '}') {
      if (--depth < 0) return undefined;
      if (depth === 0 && !isTypedef) return tailEnd(text, at);
    } else if (character === ';' && depth === 0) return at;
  }
  return undefined;
}

/** Behind `__attribute__((…))`, any number of them, and one `;`. */
function tailEnd(text: string, from: number): number {
  let end = from;
  for (;;) {
    const at = behindTrivia(text, end);
    if (text[at] === ';') return at + 1;
    if (!text.startsWith('__attribute__', at)) return end;
    const open = behindTrivia(text, at + '__attribute__'.length);
    if (text[open] !== '(') return end;
    let depth = 0;
    let close = open;
    for (; close < text.length; close++) {
      if (text[close] === '(') depth++;
      else if (text[close] === ')' && --depth === 0) break;
    }
    end = Math.min(close + 1, text.length);
  }
}
