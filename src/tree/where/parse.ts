/**
 * A condition as a tree, by operator precedence (Pratt): `||` binds least, then `&&`, then comparisons, then `!`.
 *
 * Chains of one operator are one node with many terms, and parentheses and `!` may nest only so deep: so whoever
 * walks the tree may use recursion.
 */
import { conditionError, type Span } from './errors.ts';
import { type Token, tokens, type Unit } from './lex.ts';

export type Operand = Span &
  (
    | { readonly kind: 'field'; readonly name: string }
    | { readonly kind: 'number'; readonly value: bigint; readonly unit: Unit | undefined }
    | { readonly kind: 'string'; readonly bytes: Uint8Array }
    | { readonly kind: 'boolean'; readonly value: boolean }
  );

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

export type Expression = Span &
  (
    | { readonly kind: 'and' | 'or'; readonly terms: readonly Expression[] }
    | { readonly kind: 'not'; readonly operand: Expression }
    | {
        readonly kind: 'compare';
        readonly operator: Comparison;
        readonly left: Operand;
        readonly right: Operand;
      }
    | { readonly kind: 'match'; readonly negated: boolean; readonly left: Operand; readonly right: Operand }
    | { readonly kind: 'in'; readonly left: Operand; readonly values: readonly Operand[] }
    /** A field or a literal by itself. */
    | { readonly kind: 'value'; readonly operand: Operand }
  );

const DEEPEST = 200;
const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='];

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokens(text);
  }

  whole(): Expression {
    if (this.#peek().kind === 'end') this.#fail(this.#peek(), 'it is empty');
    const expression = this.#chain('||');
    const rest = this.#peek();
    if (rest.kind !== 'end') this.#fail(rest, "'&&', '||' or the end was expected here");
    return expression;
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  #isSymbol(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'symbol' && token.text === text;
  }

  #accept(text: string): boolean {
    if (!this.#isSymbol(text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string, opened: Span): void {
    if (this.#accept(text)) return;
    const token = this.#peek();
    if (token.kind === 'end') this.#fail(opened, `this '(' has no '${text}'`);
    this.#fail(token, `'${text}' was expected here`);
  }

  #fail(span: Span, problem: string): never {
    throw conditionError(this.#text, span, problem);
  }

  #chain(operator: '||' | '&&'): Expression {
    const next = (): Expression => (operator === '||' ? this.#chain('&&') : this.#unary());
    const first = next();
    if (!this.#isSymbol(operator)) return first;
    const terms = [first];
    while (this.#accept(operator)) terms.push(next());
    const { end } = terms[terms.length - 1]!;
    return { kind: operator === '&&' ? 'and' : 'or', terms, start: first.start, end };
  }

  #unary(): Expression {
    const token = this.#peek();
    if (!this.#isSymbol('!') && !this.#isSymbol('(')) return this.#comparison();
    this.#at += 1;
    this.#depth += 1;
    if (this.#depth > DEEPEST) this.#fail(token, `it is nested more than ${DEEPEST} deep`);
    let expression: Expression;
    if (token.kind === 'symbol' && token.text === '!') {
      const operand = this.#unary();
      expression = { kind: 'not', operand, start: token.start, end: operand.end };
    } else {
      expression = this.#chain('||');
      this.#expect(')', token);
      const after = this.#peek();
      if (after.kind === 'symbol' && (COMPARISONS.includes(after.text) || after.text.endsWith('~'))) {
        this.#fail(after, 'what is in parentheses is true or false and cannot be compared');
      }
    }
    this.#depth -= 1;
    return expression;
  }

  #comparison(): Expression {
    const left = this.#operand();
    const token = this.#peek();
    if (token.kind === 'name' && token.text === 'in') {
      this.#at += 1;
      return this.#list(left);
    }
    if (token.kind !== 'symbol') return { kind: 'value', operand: left, start: left.start, end: left.end };
    if (COMPARISONS.includes(token.text)) {
      this.#at += 1;
      const right = this.#operand();
      const after = this.#peek();
      if (after.kind === 'symbol' && COMPARISONS.includes(after.text)) {
        this.#fail(after, "comparisons do not chain: write 'a < b && b < c'");
      }
      const operator = token.text as Comparison;
      return { kind: 'compare', operator, left, right, start: left.start, end: right.end };
    }
    if (token.text === '~' || token.text === '!~') {
      this.#at += 1;
      const right = this.#operand();
      return { kind: 'match', negated: token.text === '!~', left, right, start: left.start, end: right.end };
    }
    return { kind: 'value', operand: left, start: left.start, end: left.end };
  }

  #list(left: Operand): Expression {
    const open = this.#peek();
    if (!this.#accept('(')) this.#fail(open, "'(' was expected here: in (1, 2)");
    const values = [this.#operand()];
    while (this.#accept(',')) values.push(this.#operand());
    const { end } = this.#peek();
    this.#expect(')', open);
    return { kind: 'in', left, values, start: left.start, end };
  }

  #operand(): Operand {
    const token = this.#peek();
    const { start, end } = token;
    switch (token.kind) {
      case 'number':
      case 'string':
        this.#at += 1;
        return token;
      case 'name':
        if (token.text === 'in') break;
        this.#at += 1;
        if (token.text === 'true' || token.text === 'false') {
          return { kind: 'boolean', value: token.text === 'true', start, end };
        }
        return { kind: 'field', name: token.text, start, end };
      default:
    }
    this.#fail(token, token.kind === 'end' ? 'it ends too early' : 'a field or a value was expected here');
  }
}

/** Throws TreeError with a caret under the first place that is wrong. */
export function parseCondition(text: string): Expression {
  return new Parser(text).whole();
}
