/** The tokens before a place, in a text that need not be right: which brackets are open there. */
import type { Program } from '../ast/nodes.ts';
import { isClosed, Lexer } from '../lex/lexer.ts';
import type { Token } from '../lex/tokens.ts';

export interface OpenBracket {
  readonly kind: '(' | '[' | '{';
  /** The name before it: what is called. */
  readonly name: Token | undefined;
  /** Commas since, in this bracket itself. */
  commas: number;
}

export interface Place {
  /** The outermost first. */
  readonly open: readonly OpenBracket[];
  /** In a comment or a string: there is nothing to complete. */
  readonly inText: boolean;
  readonly last: Token | undefined;
}

/**
 * Attach points and C definitions are no tokens; where the parser found some, they are passed over, for the path in
 * `uprobe:/bin/*:f` would begin a comment.
 */
export function placeAt(program: Program, offset: number): Place {
  const { source } = program.span;
  const lexer = new Lexer({ name: source.name, text: masked(program).slice(0, offset) });
  const open: OpenBracket[] = [];
  let last: Token | undefined;
  for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) {
    if (token.kind === '(' || token.kind === '[' || token.kind === '{') {
      const name = token.kind === '(' && last?.kind === 'name' ? last : undefined;
      open.push({ kind: token.kind, name, commas: 0 });
    } else if (token.kind === ')' || token.kind === ']' || token.kind === '}') open.pop();
    else if (token.kind === ',' && open.length > 0) open.at(-1)!.commas++;
    last = token;
  }
  const comment = lexer.comments.at(-1);
  const inComment =
    comment?.span.end === offset && (comment.text.startsWith('//') || !isClosed(comment.text));
  const inString = last?.kind === 'string' && last.end === offset && !isClosed(last.text);
  return { open, inText: inComment || inString, last };
}

function masked({ span, items, definitions }: Program): string {
  let { text } = span.source;
  const points = items.flatMap((item) => (item.kind === 'probe' ? item.attachPoints : []));
  for (const { span: place } of [...points, ...definitions]) {
    const blank = text.slice(place.start, place.end).replace(/[^\n]/g, ' ');
    text = text.slice(0, place.start) + blank + text.slice(place.end);
  }
  return text;
}

const closing = { '(': ')', '[': ']', '{': '}' } as const;

/** What closes all brackets that are open, the innermost first. */
export const closers = (open: readonly OpenBracket[]): string =>
  open
    .map(({ kind }) => closing[kind])
    .reverse()
    .join('');
