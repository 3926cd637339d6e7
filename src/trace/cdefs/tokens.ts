/** C as tokens: enough of it for declarations and for conditions of the preprocessor. */
import type { Source } from '../source.ts';

export type CTokenKind = 'name' | 'number' | 'string' | 'character' | 'sign' | 'end';

export interface CToken {
  readonly kind: CTokenKind;
  readonly text: string;
  readonly source: Source;
  readonly start: number;
  /** First on its line: a `#` there begins a directive. */
  readonly first: boolean;
}

const SKIP = /(?:[ \t\r\f\v]|\\\r?\n|\/\*[\s\S]*?(?:\*\/|$)|\/\/(?:\\\r?\n|[^\n])*)+/y;
const TOKEN =
  /([A-Za-z_$][A-Za-z0-9_$]*)|(\.?[0-9](?:[eEpP][+-]|[A-Za-z0-9_.])*)|("(?:[^"\\\n]|\\[\s\S])*"?)|('(?:[^'\\\n]|\\[\s\S])*'?)|(\.\.\.|<<=|>>=|##|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[^\s])/y;

/** All tokens of a text, with one of kind `end` behind the last. */
export function tokenize(source: Source): CToken[] {
  const { text } = source;
  const tokens: CToken[] = [];
  let first = true;
  let at = 0;
  for (;;) {
    SKIP.lastIndex = at;
    if (SKIP.test(text)) at = SKIP.lastIndex;
    if (at >= text.length) break;
    if (text[at] === '\n') {
      first = true;
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) {
      at++; // white space that C does not know
      continue;
    }
    const [word, name, number, string, character] = match;
    const kind = name !== undefined ? 'name' : number !== undefined ? 'number' : undefined;
    tokens.push({
      kind: kind ?? (string !== undefined ? 'string' : character !== undefined ? 'character' : 'sign'),
      text: word,
      source,
      start: at,
      first,
    });
    first = false;
    at = TOKEN.lastIndex;
  }
  tokens.push({ kind: 'end', text: '', source, start: text.length, first: true });
  return tokens;
}

/** A place in a list of tokens whose last is of kind `end`. */
export class CTokens {
  readonly #list: readonly CToken[];
  at = 0;

  constructor(list: readonly CToken[]) {
    this.#list = list;
  }

  get current(): CToken {
    return this.#list[Math.min(this.at, this.#list.length - 1)]!;
  }

  peek(count = 1): CToken {
    return this.#list[Math.min(this.at + count, this.#list.length - 1)]!;
  }

  next(): CToken {
    const token = this.current;
    this.at++;
    return token;
  }

  is(text: string): boolean {
    const { current } = this;
    return current.text === text && (current.kind === 'sign' || current.kind === 'name');
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  get ended(): boolean {
    return this.current.kind === 'end';
  }

  /** Passes what is between brackets, and the brackets; the current token is the opening one. */
  skipBalanced(): void {
    let depth = 0;
    for (; !this.ended; this.at++) {
      if (this.is('(') || this.is('{') || this.is('[')) depth++;
      else if (this.is(')') || this.is('}') || this.is(']')) {
        if (--depth <= 0) break;
      }
    }
    this.at++;
  }
}
