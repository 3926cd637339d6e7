/**
 * What documentation comments of a BPF program's C source say: `/// @cmdarg {"long": "pid"}` before a variable.
 *
 * The original asks libclang for declarations and their comments. Here the source is read as tokens: a
 * documentation comment belongs to the declaration at file scope that follows it (`///<`: that it follows), and all that is needed of the
 * declaration is its name. The bodies of functions are passed over.
 *
 * Rules (eunomia's): plain text is the `description`; `@key text` is `key` with the text as JSON where it is JSON, as
 * text where not; `@key` alone is true; a later line of the same key wins. Block commands that doxygen knows
 * (`@brief`, `@details`, …) take all lines until the next command or an empty one.
 */

export type AnnotationValue = unknown;

export interface Annotations {
  readonly [key: string]: AnnotationValue;
}

export interface AnnotatedSource {
  /** Of the variable LICENSE: about the program as a whole. */
  readonly document: Annotations;
  readonly variables: ReadonlyMap<string, Annotations>;
  readonly functions: ReadonlyMap<string, Annotations>;
  /** Values of a key that look like JSON and are not: line, and what was wrong. */
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

const blockCommands: ReadonlySet<string> = new Set([
  'author',
  'brief',
  'copyright',
  'date',
  'details',
  'note',
  'remark',
  'return',
  'returns',
  'see',
  'short',
  'since',
  'version',
  'warning',
]);

export function readAnnotations(source: string): AnnotatedSource {
  const variables = new Map<string, Annotations>();
  const functions = new Map<string, Annotations>();
  const problems: { line: number; message: string }[] = [];
  let document: Annotations = Object.create(null);
  for (const { comment, line, name, kind } of documented(source)) {
    const annotations = parseComment(comment, line, problems);
    // One declaration may have a comment before it and one behind it.
    if (name === 'LICENSE' && kind === 'variable') document = { ...document, ...annotations };
    else {
      const known = kind === 'function' ? functions : variables;
      known.set(name, { ...known.get(name), ...annotations });
    }
  }
  return { document, variables, functions, problems };
}

// Comments

function parseComment(
  lines: readonly string[],
  firstLine: number,
  problems: { line: number; message: string }[],
): Annotations {
  const found: Record<string, AnnotationValue> = Object.create(null);
  let key = 'description';
  let open = false;
  const put = (value: string, continues: boolean): void => {
    const before = found[key];
    found[key] = continues && typeof before === 'string' ? `${before}\n${value}` : value;
  };
  for (let i = 0; i < lines.length; i++) {
    const text = lines[i]!.trim();
    const command = /^[@\\](\w+)\s*(.*)$/.exec(text);
    if (!command) {
      if (text === '') {
        open = false;
        key = 'description';
        continue;
      }
      put(text, open);
      open = true;
      continue;
    }
    key = command[1]!;
    let rest = command[2]!;
    if (blockCommands.has(key)) {
      put(rest, false);
      open = true;
      continue;
    }
    const line = firstLine + i;
    // A value in JSON may go over several lines.
    for (let j = i + 1; /^[[{]/.test(rest) && !isJson(rest) && continues(lines[j]); j++) {
      rest += `\n${lines[j]!.trim()}`;
      if (isJson(rest)) i = j;
    }
    if (/^[[{]/.test(rest) && !isJson(rest)) rest = command[2]!;
    found[key] = rest === '' ? true : jsonOrText(rest, line, problems);
    key = 'description';
    open = false;
  }
  return found;
}

/** Not the next command, and not the end of the paragraph. */
function continues(line: string | undefined): boolean {
  return line !== undefined && !/^\s*(?:$|[@\\]\w)/.test(line);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function jsonOrText(
  text: string,
  line: number,
  problems: { line: number; message: string }[],
): AnnotationValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (/^[[{"]/.test(text)) problems.push({ line, message: `not JSON: ${(error as Error).message}` });
    return text;
  }
}

// Declarations

interface Documented {
  readonly comment: readonly string[];
  /** Of the comment's first line, from 1. */
  readonly line: number;
  readonly name: string;
  readonly kind: 'variable' | 'function';
}

type Token =
  | { readonly kind: 'comment'; readonly text: string; readonly line: number }
  | { readonly kind: 'word' | 'punctuation' | 'literal'; readonly text: string };

function* documented(source: string): Generator<Documented> {
  let comment: string[] = [];
  let line = 0;
  let declaration: Token[] = [];
  let braces = 0;
  let parentheses = 0;
  let last: ReturnType<typeof nameOf>;
  const finish = function* (): Generator<Documented> {
    last = nameOf(declaration);
    if (last && comment.length > 0) yield { comment, line, ...last };
    comment = [];
    declaration = [];
  };
  for (const token of tokens(source)) {
    if (token.kind === 'comment') {
      if (braces > 0) continue;
      if (token.text.startsWith('<')) {
        // Doxygen: of what stands before it.
        if (last && declaration.length === 0) {
          yield { comment: token.text.slice(1).split('\n'), line: token.line, ...last };
        }
        continue;
      }
      if (comment.length === 0) line = token.line;
      // A comment in the middle of a declaration is about nothing that has a name.
      if (declaration.length === 0) comment.push(...token.text.split('\n'));
      continue;
    }
    if (token.text === '(') parentheses++;
    else if (token.text === ')') parentheses--;
    if (token.text === '{') {
      if (braces++ === 0) declaration.push(token);
      continue;
    }
    if (token.text === '}') {
      if (--braces < 0) braces = 0;
      if (braces === 0 && isFunction(declaration)) yield* finish();
      continue;
    }
    if (braces > 0) continue;
    if (token.text === ';' && parentheses <= 0) {
      yield* finish();
      parentheses = 0;
      continue;
    }
    declaration.push(token);
  }
}

/** The last thing before the `{` was a parameter list. */
function isFunction(declaration: readonly Token[]): boolean {
  const before = declaration.at(-2);
  return declaration.at(-1)?.text === '{' && before?.text === ')';
}

function nameOf(tokens: readonly Token[]): { name: string; kind: 'variable' | 'function' } | undefined {
  const plain = withoutAttributes(tokens);
  const body = plain.findIndex((token) => token.text === '{');
  const open = plain.findIndex((token) => token.text === '(');
  if (open > 0 && (body < 0 || open < body) && !plain.some((token) => token.text === '=')) {
    const before = plain[open - 1]!;
    // BPF_PROG(name, …) and its like declare their first argument.
    const name = /^BPF_[A-Z0-9_]+$/.test(before.text) ? plain[open + 1] : before;
    return name?.kind === 'word' ? { name: name.text, kind: 'function' } : undefined;
  }
  const end = plain.findIndex((token) => token.text === '=' || token.text === '[');
  const head = plain.slice(0, end < 0 ? plain.length : end);
  const name = head.findLast((token) => token.kind === 'word');
  if (!name || head.length < 2 || head[0]?.text === 'typedef') return undefined;
  return { name: name.text, kind: 'variable' };
}

/** Without `SEC("…")`, `__attribute__((…))` and words that stand for attributes. */
function withoutAttributes(tokens: readonly Token[]): Token[] {
  const kept: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const takesArguments = token.text === 'SEC' || /^__attribute(__)?$/.test(token.text);
    if (takesArguments && tokens[i + 1]?.text === '(') {
      let depth = 0;
      do {
        i++;
        if (tokens[i]?.text === '(') depth++;
        else if (tokens[i]?.text === ')') depth--;
      } while (depth > 0 && i < tokens.length);
    } else if (!/^__(weak|hidden|noinline|always_inline|kconfig|ksym)$/.test(token.text)) kept.push(token);
  }
  return kept;
}

/** Documentation comments, words, literals and single punctuation marks; preprocessor lines are left out. */
export function* tokens(source: string): Generator<Token> {
  const pattern =
    /(\/\/[/!](?!\/)[^\n]*)|(\/\*[*!](?![*/])[\s\S]*?\*\/)|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(^[ \t]*#(?:\\\n|[^\n])*)|("(?:\\[\s\S]|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|([A-Za-z_]\w*)|(\d[\w.]*)|(\S)/gm;
  let line = 1;
  let counted = 0;
  for (const match of source.matchAll(pattern)) {
    const [text, lineComment, blockComment, , literal, word, number, mark] = match;
    if (lineComment !== undefined || blockComment !== undefined) {
      for (; counted < match.index; counted++) if (source.charCodeAt(counted) === 10) line++;
      yield { kind: 'comment', text: lineComment?.slice(3) ?? blockText(text), line };
    } else if (literal !== undefined || number !== undefined) yield { kind: 'literal', text };
    else if (word !== undefined) yield { kind: 'word', text };
    else if (mark !== undefined) yield { kind: 'punctuation', text };
  }
}

function blockText(comment: string): string {
  return comment
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, ''))
    .join('\n')
    .trim();
}
