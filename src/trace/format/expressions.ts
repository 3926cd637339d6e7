/** Expressions as text, with the parentheses that the tree needs and no others. */
import type { BlockExpr, CastExpr, Expr, IfExpr, TypeExpr } from '../ast/nodes.ts';
import { quoteBytes, readString } from '../lex/string.ts';
import { BINARY_PRECEDENCE } from '../lex/tokens.ts';
import type { Span } from '../source.ts';
import { typeText } from './types.ts';

export interface ExpressionContext {
  block(block: BlockExpr, inline: boolean): string;
  ifExpr(node: IfExpr): string;
  /** Columns that a line has. */
  room(): number;
  indent(): string;
}

/** How tightly an expression holds together: `?:` 0, binary operators 1 to 10, the others more. */
const UNARY = 11;
/** `$x++`, which as the first thing of a statement ends it. */
const STEPPED = 12;
const POSTFIX = 13;
const PRIMARY = 14;

function precedenceOf(expr: Expr): number {
  switch (expr.kind) {
    case 'ternary':
      return 0;
    case 'comptime':
      return UNARY;
    case 'binary':
      return BINARY_PRECEDENCE[expr.operator];
    case 'unary':
      return expr.postfix ? STEPPED : UNARY;
    case 'cast':
      return UNARY;
    case 'field':
    case 'index':
    case 'tupleAccess':
      return POSTFIX;
    default:
      return PRIMARY;
  }
}

/** Whether the text of an expression begins with `{` or `if`, and goes on behind that. */
export function startsWithBlock(expr: Expr): boolean {
  for (let at = expr; ; ) {
    switch (at.kind) {
      case 'ternary':
        at = at.condition;
        break;
      case 'binary':
        at = at.left;
        break;
      case 'unary':
        if (!at.postfix) return false;
        at = at.operand;
        break;
      case 'field':
      case 'index':
      case 'tupleAccess':
        at = at.base;
        break;
      default:
        return at.kind === 'block' || at.kind === 'if';
    }
  }
}

function isType(of: TypeExpr | Expr): of is TypeExpr {
  return (
    of.kind === 'namedType' ||
    of.kind === 'pointerType' ||
    of.kind === 'arrayType' ||
    of.kind === 'typeofType'
  );
}

export class ExpressionWriter {
  readonly #context: ExpressionContext;

  constructor(context: ExpressionContext) {
    this.#context = context;
  }

  expression(expr: Expr): string {
    return this.#write(expr);
  }

  /** Between two slashes: a division before a block would end it, and a star begin a comment. */
  predicate(expr: Expr): string {
    const text = this.#write(expr);
    return /^\*|\/\s*\{/.test(text) ? `(${text})` : text;
  }

  /** The ends of a range are primary expressions. */
  rangeEnd(expr: Expr): string {
    return this.#at(expr, PRIMARY);
  }

  type(type: TypeExpr): string {
    return typeText(type, (of) => this.#typeOrExpr(of));
  }

  /** As it was written, if it means the same: `\x1b` stays. */
  string(bytes: string, span: Span): string {
    const written = /"(?:[^"\\\n]|\\.)*"/.exec(span.source.text.slice(span.start, span.end))?.[0];
    if (written === undefined) return quoteBytes(bytes);
    const read = readString(written, 0);
    return read.bytes === bytes && read.problems.length === 0 ? written : quoteBytes(bytes);
  }

  /** In parentheses if it holds together less than `least`. */
  #at(expr: Expr, least: number): string {
    const text = this.#write(expr);
    return precedenceOf(expr) < least ? `(${text})` : text;
  }

  #write(expr: Expr): string {
    switch (expr.kind) {
      case 'integer':
        return expr.text;
      case 'boolean':
        return String(expr.value);
      case 'string':
        return this.string(expr.bytes, expr.span);
      case 'identifier':
      case 'variable':
        return expr.name;
      case 'positional':
        return `$${expr.index}`;
      case 'positionalCount':
        return '$#';
      case 'map':
        return expr.key ? `${expr.name}[${this.#key(expr.key)}]` : expr.name;
      case 'call':
        return this.#call(expr.name, expr.args);
      case 'unary':
        return this.#unary(expr.operator, expr.operand, expr.postfix);
      case 'binary': {
        const precedence = BINARY_PRECEDENCE[expr.operator];
        return `${this.#at(expr.left, precedence)} ${expr.operator} ${this.#at(expr.right, precedence + 1)}`;
      }
      case 'ternary': {
        const then = expr.then ? ` ${this.#write(expr.then)} ` : '';
        return `${this.#at(expr.condition, 1)} ?${then}: ${this.#write(expr.otherwise)}`;
      }
      case 'cast':
        return this.#cast(expr);
      case 'field':
        return `${this.#at(expr.base, POSTFIX)}${expr.arrow ? '->' : '.'}${expr.name}`;
      case 'index':
        return `${this.#indexBase(expr.base)}[${this.#write(expr.index)}]`;
      case 'tupleAccess':
        return `${this.#at(expr.base, POSTFIX)}.${expr.index}`;
      case 'tuple':
        return expr.elements.length === 1
          ? `(${this.#write(expr.elements[0]!)},)`
          : `(${expr.elements.map((element) => this.#write(element)).join(', ')})`;
      case 'record':
        return `(${expr.fields.map(({ name, value }) => `${name} = ${this.#write(value)}`).join(', ')})`;
      case 'block':
        return this.#context.block(expr, true);
      case 'if':
        return this.#context.ifExpr(expr);
      case 'typeQuery':
        return `${expr.query}(${this.#typeOrExpr(expr.of)})`;
      case 'offsetof':
        return `offsetof(${this.#typeOrExpr(expr.of)}, ${expr.path.join('.')})`;
      case 'comptime':
        return `comptime ${this.#at(expr.expression, UNARY)}`;
      default:
        return expr satisfies never;
    }
  }

  /** `@m` without a key and brackets behind it would be a map with one. */
  #indexBase(base: Expr): string {
    const text = this.#at(base, POSTFIX);
    return base.kind === 'map' && !base.key ? `(${text})` : text;
  }

  #typeOrExpr(of: TypeExpr | Expr): string {
    return isType(of) ? this.type(of) : this.#write(of);
  }

  #key(key: Expr): string {
    if (key.kind !== 'tuple' || key.elements.length < 2) return this.#write(key);
    return key.elements.map((element) => this.#write(element)).join(', ');
  }

  #unary(operator: string, operand: Expr, postfix: boolean): string {
    if (postfix) return `${this.#at(operand, POSTFIX)}${operator}`;
    const text = this.#at(operand, UNARY);
    // `- -x` and `--x` are not the same.
    return /^[-+&]/.test(text) && operator.endsWith(text[0]!) ? `${operator}(${text})` : `${operator}${text}`;
  }

  /** Nothing that a cast can stand before: a block, and `(a)++`, which is a step. */
  #cast({ type, value }: CastExpr): string {
    const text = this.#at(value, UNARY);
    return `(${this.type(type)})${/^[{+]/.test(text) ? `(${text})` : text}`;
  }

  /** Arguments that do not fit into the line go on below, as many in a line as fit. */
  #call(name: string, args: readonly Expr[]): string {
    const texts = args.map((argument) => this.#write(argument));
    const flat = `${name}(${texts.join(', ')})`;
    if (flat.length <= this.#context.room() || args.length < 2 || flat.includes('\n')) return flat;
    const indent = `${this.#context.indent()}    `;
    let text = `${name}(`;
    let column = text.length + this.#context.indent().length;
    for (const [i, argument] of texts.entries()) {
      const part = i < texts.length - 1 ? `${argument},` : `${argument})`;
      if (i > 0 && column + part.length + 1 > 100) {
        text += `\n${indent}${part}`;
        column = indent.length + part.length;
      } else {
        text += i > 0 ? ` ${part}` : part;
        column += part.length + 1;
      }
    }
    return text;
  }
}
