/** Constant expressions of C, in conditions of the preprocessor, sizes of arrays and values of enums. */

import { BINARY_PRECEDENCE } from '../lex/tokens.ts';
import type { CFailure } from './errors.ts';
import * as messages from './errors.ts';
import type { CToken, CTokens } from './tokens.ts';

/** An integer with its type: `int`, `unsigned`, `long` or `unsigned long`, to which all others are promoted. */
export interface CValue {
  readonly value: bigint;
  readonly bits: 32 | 64;
  readonly unsigned: boolean;
}

export interface EvaluateOptions {
  /** In conditions all numbers are 64 bits wide. */
  readonly preprocessor: boolean;
  fail(token: CToken, message: string): CFailure;
  /** The value of a name; may pass more tokens (`defined(X)`, `KERNEL_VERSION(…)`). */
  name(tokens: CTokens): CValue;
  /** Reads a type name if one stands here: for sizeof and casts. */
  type?(
    tokens: CTokens,
  ): { readonly size: number; readonly bits: number; readonly unsigned: boolean } | undefined;
}

const DEPTH_LIMIT = 200;

export function makeValue(value: bigint, bits: 32 | 64 = 64, unsigned = false): CValue {
  return { value: unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value), bits, unsigned };
}

export function evaluate(tokens: CTokens, options: EvaluateOptions): CValue {
  return new Evaluator(tokens, options).ternary();
}

/** C's operators bind as those of the language do. */
const PRECEDENCE: Readonly<Record<string, number>> = BINARY_PRECEDENCE;

class Evaluator {
  readonly #tokens: CTokens;
  readonly #options: EvaluateOptions;
  #depth = 0;
  /** In the part of `a && b`, `a || b`, `a ? b : c` that does not count, nothing is divided by zero. */
  #unused = 0;

  constructor(tokens: CTokens, options: EvaluateOptions) {
    this.#tokens = tokens;
    this.#options = options;
  }

  #fail(message: string, token: CToken = this.#tokens.current): CFailure {
    return this.#options.fail(token, message);
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > DEPTH_LIMIT) throw this.#fail(messages.tooDeep);
    const result = read();
    this.#depth--;
    return result;
  }

  #skipping<T>(skip: boolean, read: () => T): T {
    if (skip) this.#unused++;
    const result = read();
    if (skip) this.#unused--;
    return result;
  }

  ternary(): CValue {
    return this.#nested(() => {
      const condition = this.#binary(1);
      if (!this.#tokens.accept('?')) return condition;
      const then = this.#skipping(condition.value === 0n, () => this.ternary());
      if (!this.#tokens.accept(':')) throw this.#fail(messages.expectedToken(':'));
      const otherwise = this.#skipping(condition.value !== 0n, () => this.ternary());
      return condition.value === 0n ? otherwise : then;
    });
  }

  #binary(least: number): CValue {
    let left = this.#unary();
    for (;;) {
      const { current } = this.#tokens;
      const precedence =
        current.kind === 'sign' && Object.hasOwn(PRECEDENCE, current.text) ? PRECEDENCE[current.text]! : 0;
      if (precedence < least) return left;
      const operator = this.#tokens.next();
      const skip =
        (operator.text === '&&' && left.value === 0n) || (operator.text === '||' && left.value !== 0n);
      const right = this.#skipping(skip, () => this.#nested(() => this.#binary(precedence + 1)));
      left = this.#combine(operator, left, right);
    }
  }

  #combine(operator: CToken, left: CValue, right: CValue): CValue {
    const shift = operator.text === '<<' || operator.text === '>>';
    const bits = shift ? left.bits : left.bits === 64 || right.bits === 64 ? 64 : 32;
    const unsigned = shift
      ? left.unsigned
      : (left.unsigned && left.bits === bits) || (right.unsigned && right.bits === bits);
    const a = makeValue(left.value, bits, unsigned).value;
    const b = shift ? right.value : makeValue(right.value, bits, unsigned).value;
    const truth = (is: boolean): CValue => makeValue(is ? 1n : 0n, this.#options.preprocessor ? 64 : 32);
    switch (operator.text) {
      case '||':
        return truth(left.value !== 0n || right.value !== 0n);
      case '&&':
        return truth(left.value !== 0n && right.value !== 0n);
      case '==':
        return truth(a === b);
      case '!=':
        return truth(a !== b);
      case '<':
        return truth(a < b);
      case '>':
        return truth(a > b);
      case '<=':
        return truth(a <= b);
      case '>=':
        return truth(a >= b);
      case '/':
      case '%':
        if (b === 0n) {
          if (this.#unused > 0) return makeValue(0n, bits, unsigned);
          throw this.#fail(messages.divisionByZero, operator);
        }
        return makeValue(operator.text === '/' ? a / b : a % b, bits, unsigned);
      case '<<':
        return makeValue(a << (b & BigInt(bits - 1)), bits, unsigned);
      case '>>':
        return makeValue(a >> (b & BigInt(bits - 1)), bits, unsigned);
      case '+':
        return makeValue(a + b, bits, unsigned);
      case '-':
        return makeValue(a - b, bits, unsigned);
      case '*':
        return makeValue(a * b, bits, unsigned);
      case '&':
        return makeValue(a & b, bits, unsigned);
      case '|':
        return makeValue(a | b, bits, unsigned);
      default:
        return makeValue(a ^ b, bits, unsigned);
    }
  }

  #unary(): CValue {
    return this.#nested(() => {
      const { current } = this.#tokens;
      if (current.kind === 'sign') {
        switch (current.text) {
          case '-':
          case '+':
          case '~':
          case '!': {
            this.#tokens.next();
            const operand = this.#unary();
            const { value, bits, unsigned } = operand;
            if (current.text === '+') return operand;
            if (current.text === '-') return makeValue(-value, bits, unsigned);
            if (current.text === '~') return makeValue(~value, bits, unsigned);
            return makeValue(value === 0n ? 1n : 0n, this.#options.preprocessor ? 64 : 32);
          }
          case '(':
            return this.#parenthesised();
          default:
            throw this.#fail(messages.expectedValue);
        }
      }
      if (this.#options.type && (current.text === 'sizeof' || current.text === '_Alignof'))
        return this.#sizeof();
      return this.#primary();
    });
  }

  #parenthesised(): CValue {
    this.#tokens.next();
    const type = this.#options.type?.(this.#tokens);
    if (type) {
      if (!this.#tokens.accept(')')) throw this.#fail(messages.missingParenthesis);
      const { value } = this.#unary();
      const bits = Math.min(64, Math.max(1, type.bits));
      const cut = type.unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
      return makeValue(cut, bits > 32 ? 64 : 32, type.unsigned && bits >= 32);
    }
    const inner = this.ternary();
    if (!this.#tokens.accept(')')) throw this.#fail(messages.missingParenthesis);
    return inner;
  }

  #sizeof(): CValue {
    const word = this.#tokens.next();
    if (!this.#tokens.accept('(')) throw this.#fail(messages.expectedToken('('));
    const type = this.#options.type?.(this.#tokens);
    if (!type) throw this.#fail(messages.notConstant, word);
    if (!this.#tokens.accept(')')) throw this.#fail(messages.missingParenthesis);
    return makeValue(BigInt(type.size), 64, true);
  }

  #primary(): CValue {
    const { current } = this.#tokens;
    switch (current.kind) {
      case 'number': {
        const value = numberValue(current.text, this.#options.preprocessor);
        if (!value) throw this.#fail(messages.notConstant);
        this.#tokens.next();
        return value;
      }
      case 'character': {
        const value = characterValue(current.text);
        if (value === undefined) throw this.#fail(messages.expectedValue);
        this.#tokens.next();
        return makeValue(BigInt(value), this.#options.preprocessor ? 64 : 32);
      }
      case 'name':
        return this.#options.name(this.#tokens);
      default:
        throw this.#fail(messages.expectedValue);
    }
  }
}

/** An integer literal with C's rules for its type; undefined for floats and for what is no number. */
export function numberValue(text: string, preprocessor: boolean): CValue | undefined {
  const match = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)([uUlL]*)$/.exec(text.replaceAll("'", ''));
  if (!match || text.length > 100) return undefined;
  const [, digits = '', suffix = ''] = match;
  if (!/^(?:u?l{0,2}|l{1,2}u)$/i.test(suffix)) return undefined;
  const octal = /^0[0-9]/.test(digits);
  if (octal && /[89]/.test(digits)) return undefined;
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  if (value >= 2n ** 64n) return undefined;
  const decimal = /^[1-9]/.test(digits);
  const unsigned = /u/i.test(suffix);
  const long = /l/i.test(suffix) || preprocessor;
  if (!long && !unsigned && value < 2n ** 31n) return makeValue(value, 32, false);
  if (!long && (unsigned || !decimal) && value < 2n ** 32n) return makeValue(value, 32, true);
  return makeValue(value, 64, unsigned || value >= 2n ** 63n);
}

const ESCAPES: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  e: 27,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};

/** `'a'`, `'\n'`, `'\x41'`, `'\101'`, with the sign of a char. */
function characterValue(text: string): number | undefined {
  const match = /^'(?:\\x([0-9a-fA-F]{1,2})|\\([0-7]{1,3})|\\(.)|([^'\\]))'$/su.exec(text);
  if (!match) return undefined;
  const [, hex, octal, letter, plain] = match;
  if (letter !== undefined) return ESCAPES[letter];
  const code =
    hex !== undefined
      ? Number.parseInt(hex, 16)
      : octal !== undefined
        ? Number.parseInt(octal, 8)
        : plain!.codePointAt(0)!;
  return code > 0x7f && code <= 0xff ? code - 0x100 : code;
}
