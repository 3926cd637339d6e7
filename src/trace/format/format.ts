/**
 * `--fmt`: a program as text in one style. Parsing the result gives the same tree, so a last expression without `;`
 * (the value of its block) stays without one; and formatting the result gives the same text.
 *
 * Every comment is kept. One that stands inside of an expression or of the head of a probe goes before it: only
 * between statements and items do comments have a place. Of empty lines one is kept.
 */
import type {
  BlockExpr,
  ConfigBlock,
  Expr,
  IfExpr,
  Item,
  Node,
  Probe,
  Program,
  Statement,
} from '../ast/nodes.ts';
import { walk } from '../ast/walk.ts';
import { isClosed } from '../lex/lexer.ts';
import type { Span } from '../source.ts';
import { Comments } from './comments.ts';
import { ExpressionWriter, startsWithBlock } from './expressions.ts';
import type { typeText } from './types.ts';

const INDENT = '  ';

export function formatProgram(program: Program): string {
  return new Formatter(program).program();
}

class Formatter {
  readonly #program: Program;
  readonly #comments: Comments;
  readonly #expressions: ExpressionWriter;
  #indent = '';
  /** Where in the source the last thing written ends. */
  #lastEnd = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#comments = new Comments(program.span.source, program.comments);
    this.#expressions = new ExpressionWriter({
      block: (block, inline) => this.#block(block, inline),
      ifExpr: (node) => this.#if(node, true),
      room: () => 100 - this.#indent.length,
      indent: () => this.#indent,
    });
  }

  program(): string {
    const { interpreter, definitions, config, items } = this.#program;
    const lines: string[] = [];
    if (interpreter !== undefined) {
      lines.push(interpreter);
      this.#lastEnd = interpreter.length;
    }
    const parts = [...definitions, ...(config ? [config] : []), ...items];
    parts.sort((a, b) => a.span.start - b.span.start);
    let before: Node['kind'] | undefined;
    for (const part of parts) {
      const force = before !== undefined && (standsAlone(part.kind) || standsAlone(before));
      this.#lead(lines, part, force);
      lines.push(this.#part(part));
      this.#lastEnd = part.span.end;
      before = part.kind;
    }
    this.#trail(lines, Number.POSITIVE_INFINITY);
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  // Comments and empty lines

  /** Comments that come before a node, those inside of it that have no other place, and the empty line above. */
  #lead(lines: string[], node: Node, force: boolean): void {
    const { start, end } = node.span;
    const count = lines.length;
    const began = this.#trail(lines, start, force);
    const inner = this.#comments.takeInside(start, end, outermostBlocks(node));
    if (this.#wantsBlank(lines, start, force && !began && lines.length === count)) lines.push('');
    for (const comment of inner) lines.push(this.#indent + closed(comment.text));
    this.#lastEnd = start;
  }

  /** Comments before a place: behind the last line if they stood there, else on lines of their own. */
  #trail(lines: string[], before: number, force = false): boolean {
    let own = false;
    for (const comment of this.#comments.takeBefore(before)) {
      const { start, end } = comment.span;
      const last = lines.length - 1;
      if (last >= 0 && !own && start >= this.#lastEnd && this.#comments.newlines(this.#lastEnd, start) === 0)
        lines[last] += ` ${closed(comment.text)}`;
      else {
        if (this.#wantsBlank(lines, start, force && !own)) lines.push('');
        lines.push(this.#indent + closed(comment.text));
        own = true;
      }
      this.#lastEnd = Math.max(this.#lastEnd, end);
    }
    return own;
  }

  #wantsBlank(lines: readonly string[], start: number, force: boolean): boolean {
    const last = lines.at(-1);
    if (last === undefined || last === '' || last === '{') return false;
    return force || this.#comments.newlines(this.#lastEnd, start) > 1;
  }

  // Items

  #part(part: Program['definitions'][number] | ConfigBlock | Item): string {
    switch (part.kind) {
      case 'definition':
        return part.text;
      case 'config':
        return this.#config(part);
      case 'import':
        return `import ${this.#string(part.path, part.span)};`;
      case 'mapDeclaration':
        return `let ${part.map} = ${part.type}(${part.size});`;
      case 'macro': {
        const parameters = part.parameters.map(({ name }) => name).join(', ');
        return `macro ${part.name}(${parameters}) ${this.#block(part.body)}`;
      }
      case 'subprogram': {
        const parameters = part.parameters
          .map(({ name, type }) => `${name} : ${this.#type(type)}`)
          .join(', ');
        return `fn ${part.name}(${parameters}) : ${this.#type(part.returns)} ${this.#block(part.body)}`;
      }
      case 'probe':
        return this.#probe(part);
      default:
        return part satisfies never;
    }
  }

  #probe({ attachPoints, predicate, body }: Probe): string {
    const points = attachPoints.map(({ name, text }) => (name === undefined ? text : `${name}=${text}`));
    const head = points.join(',\n');
    const condition = predicate ? `\n/${this.#expressions.predicate(predicate)}/\n` : ' ';
    return `${head}${condition}${this.#block(body)}`;
  }

  #config(config: ConfigBlock): string {
    const lines = ['config = {'];
    this.#lastEnd = config.span.start;
    this.#indented(() => {
      for (const entry of config.entries) {
        this.#lead(lines, entry, false);
        const { value } = entry;
        const text =
          typeof value !== 'string' ? String(value) : entry.bare ? value : this.#string(value, entry.span);
        lines.push(`${this.#indent}${entry.key} = ${text};`);
        this.#lastEnd = entry.span.end;
      }
      this.#trail(lines, config.span.end);
    });
    return `${lines.join('\n')}\n${this.#indent}}`;
  }

  #string(bytes: string, span: Span): string {
    return this.#expressions.string(bytes, span);
  }

  #type(type: Parameters<typeof typeText>[0]): string {
    return this.#expressions.type(type);
  }

  // Blocks

  #indented(write: () => void): void {
    const before = this.#indent;
    this.#indent += INDENT;
    write();
    this.#indent = before;
  }

  #block(block: BlockExpr, inline = false): string {
    const { statements, value, span } = block;
    const hasComments = this.#comments.hasInside(span.start, span.end);
    if (statements.length === 0 && !hasComments) {
      if (!value) return '{}';
      if (inline) {
        const text = this.#valueText(value);
        if (!text.includes('\n')) return `{ ${text} }`;
      }
    }
    const lines = ['{'];
    this.#lastEnd = Math.max(this.#lastEnd, span.start + 1);
    this.#indented(() => {
      for (const [i, statement] of statements.entries()) {
        this.#lead(lines, statement, false);
        const next = statements[i + 1] ?? value;
        lines.push(this.#indent + this.#statement(statement, next === undefined || goesOn(next)));
        this.#lastEnd = Math.max(this.#lastEnd, statement.span.end);
      }
      if (value) {
        this.#lead(lines, value, false);
        lines.push(this.#indent + this.#valueText(value));
        this.#lastEnd = Math.max(this.#lastEnd, value.span.end);
      }
      this.#trail(lines, span.end);
    });
    this.#lastEnd = Math.max(this.#lastEnd, span.end);
    return `${lines.join('\n')}\n${this.#indent}}`;
  }

  #valueText(value: Expr): string {
    return value.kind === 'if' ? this.#if(value, false) : this.#atStart(value);
  }

  /** Variables and maps begin no `?:` at the start of a statement; a block there is for what it does. */
  #atStart(expr: Expr): string {
    if (expr.kind === 'block') return this.#block(expr);
    const text = this.#expressions.expression(expr);
    const chosen = expr.kind === 'ternary' && /^[$@]/.test(text);
    return chosen || startsWithBlock(expr) ? `(${text})` : text;
  }

  #if(node: IfExpr, inline: boolean): string {
    const { condition, then, otherwise } = node;
    let text = `if (${this.#expressions.expression(condition)}) ${this.#block(then, inline)}`;
    if (!otherwise) return text;
    const { statements, value } = otherwise;
    const isElseIf =
      value?.kind === 'if' &&
      statements.length === 0 &&
      !this.#comments.hasInside(otherwise.span.start, value.span.start);
    text += ` else ${isElseIf ? this.#if(value, inline) : this.#block(otherwise, inline)}`;
    return text;
  }

  // Statements

  /** `closed`: without a `;` an `if` or a block would be the value of the block around, or go on in what follows. */
  #statement(statement: Statement, closed: boolean): string {
    const write = this.#expressions;
    switch (statement.kind) {
      case 'assign': {
        const { target } = statement;
        const left = target.kind === 'discard' ? '_' : this.#atStart(target);
        return `${left} ${statement.operator} ${write.expression(statement.value)};`;
      }
      case 'let': {
        const type = statement.type ? `: ${this.#type(statement.type)}` : '';
        const value = statement.value ? ` = ${write.expression(statement.value)}` : '';
        return `let ${statement.variable.name}${type}${value};`;
      }
      case 'expression': {
        const { expression } = statement;
        if (expression.kind === 'if') return `${this.#if(expression, false)}${closed ? ';' : ''}`;
        if (expression.kind === 'block') return `${this.#block(expression)}${closed ? ';' : ''}`;
        return `${this.#atStart(expression)};`;
      }
      case 'while':
        return `while (${write.expression(statement.condition)}) ${this.#block(statement.body)}`;
      case 'unroll':
        return `unroll (${write.expression(statement.count)}) ${this.#block(statement.body)}`;
      case 'for': {
        const { over, variable } = statement;
        const range =
          over.kind === 'range'
            ? `${write.rangeEnd(over.from)}..${write.rangeEnd(over.to)}`
            : write.expression(over);
        return `for (${variable.name} : ${range}) ${this.#block(statement.body)}`;
      }
      case 'break':
      case 'continue':
        return `${statement.kind};`;
      case 'return':
        return statement.value ? `return ${write.expression(statement.value)};` : 'return;';
      case 'importStatement':
        return `import ${this.#string(statement.path, statement.span)};`;
      default:
        return statement satisfies never;
    }
  }
}

/** Begins with a sign that could be an operator behind what comes before. */
function goesOn(next: Statement | Expr): boolean {
  let first: Node = next.kind === 'expression' ? next.expression : next;
  for (;;) {
    switch (first.kind) {
      case 'unary':
        if (!first.postfix) return true;
        first = first.operand;
        break;
      case 'binary':
        first = first.left;
        break;
      case 'ternary':
        first = first.condition;
        break;
      case 'field':
      case 'index':
      case 'tupleAccess':
        first = first.base;
        break;
      default:
        return false;
    }
  }
}

/** Has an empty line before and behind it. */
function standsAlone(kind: Node['kind']): boolean {
  return kind === 'probe' || kind === 'macro' || kind === 'subprogram' || kind === 'config';
}

/** The last comment of a text may go on to its end. */
const closed = (comment: string): string => (isClosed(comment) ? comment : `${comment.trimEnd()} */`);

/** What the blocks of a node cover: comments inside are theirs. */
function outermostBlocks(node: Node): Span[] {
  const blocks: Span[] = [];
  walk(node, (inner) => {
    if (inner.kind === 'config') {
      blocks.push(inner.span);
      return false;
    }
    if (inner.kind !== 'block') return true;
    blocks.push(inner.span);
    return false;
  });
  return blocks;
}
