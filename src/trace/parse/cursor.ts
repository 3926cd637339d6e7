/** The parser's place in the tokens, and its way out of errors. */
import type { Diagnostics } from '../diagnostic.ts';
import { Lexer } from '../lex/lexer.ts';
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

/** White space and comments, and what an error points at: a word, a number, a name with its sign, a character. */
const TRIVIA = /(?:[ \t\r\n\f\v]+|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))*/y;
const POINTED = /[A-Za-z_][A-Za-z0-9_]*|[0-9][0-9A-Za-z.]*|[@$][A-Za-z0-9_]*|[\s\S]?/uy;

export class Cursor {
  readonly source: Source;
  readonly lexer: Lexer;
  token: Token;
  /** The end of the token before. */
  lastEnd = 0;
  /**
   * For editors: an error ends its statement, and what follows is read as if nothing had been. Otherwise errors are
   * those of bpftrace: what is missing is said and taken as there, and the first statement with an error is the last.
   */
  readonly tolerant: boolean;
  /** An error was passed over to the end of the text: that blocks are open is no news. */
  lost = false;
  readonly #diagnostics: Diagnostics;
  /** Tokens that were looked at before their turn; those before `#aheadAt` have had it. */
  #ahead: Token[] = [];
  #aheadAt = 0;
  #errors = 0;
  #depth = 0;

  constructor(source: Source, diagnostics: Diagnostics, tolerant = false) {
    this.source = source;
    this.tolerant = tolerant;
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

  /** Passes what has to be there, or says that it is not. */
  expect(kind: TokenKind): boolean {
    if (this.accept(kind)) return true;
    this.wrong(messages.expected(kind));
    return false;
  }

  /** Errors were found, and everything is over soon. */
  get failed(): boolean {
    return !this.tolerant && this.#errors > 0;
  }

  /** Of what is missing it is empty. */
  span(start: number, end: number = Math.max(start, this.lastEnd)): Span {
    return { source: this.source, start, end };
  }

  spanOf(token: Token): Span {
    return this.span(token.start, token.end);
  }

  report(message: string, span: Span = this.spanOf(this.token)): void {
    // What is missing may be missing twice at one place: for an argument and for its statement.
    this.#diagnostics.list.push({ severity: 'error', span, message });
    if (++this.#errors < ERROR_LIMIT) return;
    this.#diagnostics.error(undefined, messages.tooManyErrors(ERROR_LIMIT));
    throw new GiveUp();
  }

  /** Reports what is wrong at this place. */
  wrong(message: string, span: Span = this.pointedAt(this.token.start)): void {
    this.report(message, span);
    if (this.tolerant) throw new SyntaxFailure();
  }

  /** What stands at a place, or behind the white space there. */
  pointedAt(offset: number): Span {
    TRIVIA.lastIndex = offset;
    TRIVIA.test(this.source.text);
    const start = TRIVIA.lastIndex;
    POINTED.lastIndex = start;
    POINTED.test(this.source.text);
    return this.span(start, POINTED.lastIndex);
  }

  /** Reports what cannot be passed over, for `throw`. */
  failure(message: string): SyntaxFailure {
    this.report(message, this.pointedAt(this.token.start));
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
