/**
 * Where a token of transpiled code was written.
 *
 * Tools that compile in memory (tsx, vitest) leave no file that holds the text that runs, only the file that
 * was written: the same tokens with types, comments and blanks between them. So both texts are cut into
 * tokens and walked side by side; a token that is found within the next few of the original is taken as
 * the same one. Example: `set(k.pid,k.ktime())` beside `set(k.pid /* tgid *\/, k.ktime() as u64)` pairs all
 * tokens and leaves out `as u64`. Several places may begin alike: the one that pairs most tokens wins.
 */

interface Token {
  readonly text: string;
  readonly start: number;
  /** As it stands there: the text is the same for all ways to write it. */
  readonly length: number;
}

/** Types between two tokens that belong together are rarely longer. */
const window = 24;

/** From an offset in `running` to the offset in `written`; undefined if nothing there reads like it. */
export function align(running: string, written: string): ((offset: number) => number) | undefined {
  const [from, to] = [tokens(running), tokens(written)];
  let best: { pairs: Int32Array; score: number } | undefined;
  for (const [start, token] of to.entries()) {
    if (token.text !== from[0]?.text || !beginsAlike(from, to, start)) continue;
    const found = pair(from, to, start);
    if (!best || found.score > best.score) best = found;
  }
  // Half of the tokens must be there: less is another function.
  if (!best || best.score * 2 < from.length) return undefined;
  const { pairs } = best;
  return (offset) => {
    let low = 0;
    let high = from.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (from[middle].start <= offset) low = middle + 1;
      else high = middle;
    }
    let index = Math.max(0, low - 1);
    while (index > 0 && pairs[index] < 0) index--;
    const { start, length } = to[Math.max(0, pairs[index])];
    return start + Math.max(0, Math.min(offset - from[index].start, length - 1));
  };
}

/** The name and the parameter list decide quickly. */
function beginsAlike(from: readonly Token[], to: readonly Token[], start: number): boolean {
  return from.slice(1, 3).every((token, i) => token.text === to[start + 1 + i]?.text);
}

function pair(
  from: readonly Token[],
  to: readonly Token[],
  start: number,
): { pairs: Int32Array; score: number } {
  const pairs = new Int32Array(from.length).fill(-1);
  let score = 0;
  let next = start;
  for (const [i, { text }] of from.entries()) {
    const end = Math.min(to.length, next + window);
    for (let at = next; at < end; at++) {
      if (to[at].text !== text) continue;
      pairs[i] = at;
      next = at + 1;
      score++;
      break;
    }
  }
  return { pairs, score };
}

const pattern =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|`(?:\\[\s\S]|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\d[\w.]*|[\w$]+|=>|\?\.|[-+*/%&|^!=<>?]+|\S/g;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const match of text.matchAll(pattern)) {
    if (match[0].startsWith('//') || match[0].startsWith('/*')) continue;
    found.push({ text: plain(match[0]), start: match.index, length: match[0].length });
  }
  return found;
}

/** Quotes and ways to write a number differ between tools. */
function plain(token: string): string {
  if (/^["'`]/.test(token)) return `"${token.slice(1, -1)}"`;
  if (!/^\d/.test(token)) return token;
  const digits = token.replaceAll('_', '');
  const value = digits.endsWith('n') ? digits : String(Number(digits));
  return value === 'NaN' ? token : value;
}
