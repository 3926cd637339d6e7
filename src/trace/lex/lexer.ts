/**
 * Tokens on demand. Attach points and C definitions are no tokens: the parser reads them from the text itself and
 * sets `offset` behind them.
 */
import type { Comment } from '../ast/nodes.ts';
import type { Source } from '../source.ts';
import { PUNCTUATION, type Punctuation, type Token, type TokenKind } from './tokens.ts';

/** The signs by their first character, longer ones first. */
const signs = new Map<number, readonly Punctuation[]>();
for (const sign of PUNCTUATION) {
  const code = sign.charCodeAt(0);
  const known = signs.get(code) ?? [];
  signs.set(
    code,
    [...known, sign].sort((a, b) => b.length - a.length),
  );
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const SIGIL = /\$(?:#|[0-9]+|[A-Za-z_][A-Za-z0-9_]*)/y;
const MAP = /@(?:[A-Za-z_][A-Za-z0-9_]*)?/y;
const NUMBER = /[0-9][0-9A-Za-z_]*/y;
/** To the closing quote, or as far as the line goes. */
const STRING = /"(?:[^"\\\n]|\\[^\n])*(?:"|\\?)/y;
const SPACE = /[ \t\r\n\f\v]+/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y;

export class Lexer {
  /** Every comment that was passed, in order. */
  readonly comments: Comment[] = [];
  /** Where the next token is looked for. */
  offset = 0;
  readonly #source: Source;
  readonly #text: string;
  /** Comments before this place are known: looking ahead passes them twice. */
  #commentsEnd = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
  }

  next(): Token {
    this.skipTrivia();
    const start = this.offset;
    const code = this.#text.charCodeAt(start);
    if (Number.isNaN(code)) return { kind: 'end', start, end: start, text: '' };
    if (isNameStart(code)) return this.#matched('name', NAME);
    if (code >= 0x30 && code <= 0x39) return this.#matched('integer', NUMBER);
    if (code === 0x22) return this.#matched('string', STRING);
    if (code === 0x40) return this.#matched('map', MAP);
    if (code === 0x24) {
      const second = this.#text.charCodeAt(start + 1);
      if (second === 0x23) return this.#matched('parameterCount', SIGIL);
      if (second >= 0x30 && second <= 0x39) return this.#matched('parameter', SIGIL);
      if (isNameStart(second)) return this.#matched('variable', SIGIL);
    }
    for (const sign of signs.get(code) ?? [])
      if (this.#text.startsWith(sign, start)) return this.#token(sign, start + sign.length);
    return this.#token('unknown', start + (this.#text.codePointAt(start)! > 0xffff ? 2 : 1));
  }

  skipTrivia(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.offset);
      if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) {
        SPACE.lastIndex = this.offset;
        SPACE.test(this.#text);
        this.offset = SPACE.lastIndex;
      } else if (code === 0x2f) {
        const second = this.#text.charCodeAt(this.offset + 1);
        if (second === 0x2f) this.#comment(LINE_COMMENT);
        else if (second === 0x2a) this.#comment(BLOCK_COMMENT);
        else return;
      } else return;
    }
  }

  #comment(form: RegExp): void {
    const start = this.offset;
    form.lastIndex = start;
    form.test(this.#text);
    this.offset = form.lastIndex;
    if (start < this.#commentsEnd) return;
    this.#commentsEnd = this.offset;
    const text = this.#text.slice(start, this.offset).replace(/\r$/, '');
    this.comments.push({
      kind: 'comment',
      text,
      span: { source: this.#source, start, end: start + text.length },
    });
  }

  #matched(kind: TokenKind, form: RegExp): Token {
    form.lastIndex = this.offset;
    form.test(this.#text);
    return this.#token(kind, form.lastIndex);
  }

  #token(kind: TokenKind, end: number): Token {
    const start = this.offset;
    this.offset = end;
    return { kind, start, end, text: this.#text.slice(start, end) };
  }
}

function isNameStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

/** Whether a string token has its closing quote, and a comment its end. */
export function isClosed(text: string): boolean {
  if (text.startsWith('/*')) return text.length >= 4 && text.endsWith('*/');
  if (!text.startsWith('"')) return true;
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '"') return true;
    if (text[at] === '\\') at++;
  }
  return false;
}
