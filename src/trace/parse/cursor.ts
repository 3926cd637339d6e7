/** The parser's place in the tokens, and its way out of errors. */
import type { Diagnostics } from '../diagnostic.ts';
import { isClosed, Lexer } from '../lex/lexer.ts';
import type { Token, TokenKind } from '../lex/tokens.ts';
import type { Source, Span } from '../source.ts';
import * as messages from './messages.ts';

/** Thrown where parsing cannot go on, and caught by the nearest list of statements or items. Already reported. */
export class SyntaxFailure extends Error {}

/** Thrown when there is no point in going on. */
export class GiveUp extends Error {}

/** More errors than that are noise. */
const ERROR_LIMIT = 50;

/**
 * Levels of nesting, and height of the tree: what walks the tree calls itself for each level, and the stack of a
 * Node process is 1 MB.
 */
export const DEPTH_LIMIT = 500;

export class Cursor {
  readonly source: Source;
  readonly lexer: Lexer;
  token: Token;
  /** The end of the token before. */
  lastEnd = 0;
  /** In a predicate outside of parentheses: there a `/` before `{` is no division. */
  inPredicate = false;
  /** An error was passed over to the end of the text: that blocks are open is no news. */
  lost = false;
  readonly #diagnostics: Diagnostics;
  /** Tokens that were looked at before their turn; those before `#aheadAt` have had it. */
  #ahead: Token[] = [];
  #aheadAt = 0;
  #errors = 0;
  #depth = 0;

  constructor(source: Source, diagnostics: Diagnostics) {
    this.source = source;
    this.#diagnostics = diagnostics;
    this.lexer = new Lexer(source);
    this.token = this.lexer.next();
  }

  /** The token `count` places on. */
  peek(count = 1): Token {
    while (this.#ahead.length - this.#aheadAt < count) this.#ahead.push(this.lexer.next());
    return this.#ahead[this.#aheadAt + count - 1]!;
  }

  advance(): Token {
    const passed = this.token;
    this.lastEnd = passed.end;
    if (this.#aheadAt < this.#ahead.length) {
      this.token = this.#ahead[this.#aheadAt++]!;
      if (this.#aheadAt === this.#ahead.length) this.#forgetAhead();
    } else this.token = this.lexer.next();
    return passed;
  }

  /** Goes on at a place of the text: what is there was no tokens. */
  seek(offset: number): void {
    this.#forgetAhead();
    this.lexer.offset = offset;
    this.token = this.lexer.next();
  }

  #forgetAhead(): void {
    this.#ahead = [];
    this.#aheadAt = 0;
  }

  at(kind: TokenKind): boolean {
    return this.token.kind === kind;
  }

  atName(name: string): boolean {
    return this.token.kind === 'name' && this.token.text === name;
  }

  accept(kind: TokenKind): Token | undefined {
    return this.token.kind === kind ? this.advance() : undefined;
  }

  expect(kind: TokenKind): Token {
    if (this.token.kind !== kind) throw this.failure(messages.expected(kind));
    return this.advance();
  }

  expectKind(kind: TokenKind, what: string): Token {
    if (this.token.kind !== kind) throw this.failure(messages.expectedA(what));
    return this.advance();
  }

  span(start: number, end: number = this.lastEnd): Span {
    return { source: this.source, start, end };
  }

  spanOf(token: Token): Span {
    return this.span(token.start, token.end);
  }

  report(message: string, span: Span = this.spanOf(this.token), hint?: string): void {
    this.#diagnostics.error(span, message, hint === undefined ? {} : { hint });
    if (++this.#errors < ERROR_LIMIT) return;
    this.#diagnostics.error(undefined, messages.tooManyErrors(ERROR_LIMIT));
    throw new GiveUp();
  }

  /** Reports, for `throw`. */
  failure(message: string, span: Span = this.spanOf(this.token)): SyntaxFailure {
    if (this.token.kind === 'string' && message !== messages.unterminatedString && !isClosed(this.token.text))
      this.report(messages.unterminatedString, this.spanOf(this.token));
    else this.report(message, span);
    return new SyntaxFailure();
  }

  /** One level further in. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= DEPTH_LIMIT) throw this.failure(messages.tooDeep(DEPTH_LIMIT));
    this.#depth++;
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }

  /** Inside brackets, where `/` is a division whatever follows. */
  bracketed<T>(parse: () => T): T {
    const before = this.inPredicate;
    this.inPredicate = false;
    try {
      return parse();
    } finally {
      this.inPredicate = before;
    }
  }

  /**
   * After an error: passes the rest of the statement, to behind its `;` or behind the block that it ends with. The
   * `}` of the block around is left.
   */
  skipStatement(): void {
    let depth = 0;
    for (; !this.at('end'); this.advance()) {
      if (this.at('{')) depth++;
      else if (this.at('}')) {
        if (depth === 0) return;
        if (--depth === 0 && this.peek().text !== 'else') {
          this.advance();
          return;
        }
      } else if (this.at(';') && depth === 0) {
        this.advance();
        return;
      }
    }
    this.lost = true;
  }

  /** After an error outside of blocks: passes the next block, or what ends with `;`. */
  skipItem(): void {
    let depth = 0;
    for (; !this.at('end'); this.advance()) {
      if (this.at('{')) depth++;
      else if (this.at('}') && --depth <= 0) break;
      else if (this.at(';') && depth === 0) break;
    }
    this.advance();
  }
}
