/** Tables of short cases: rows `text => output`, many in one process, each looked at by itself. */

export type TableKind = 'print' | 'run' | 'errors';

export interface Row {
  readonly text: string;
  readonly expected: string;
}

export function tableKind(name: string): TableKind {
  if (name === 'print' || name === 'run' || name === 'errors') return name;
  throw new SyntaxError(`'${name}' is no kind of table`);
}

export function readRows(where: string, lines: readonly string[]): Row[] {
  const rows = lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const at = line.lastIndexOf(' =>');
      if (at < 0) throw new SyntaxError(`${where}: ' =>' is missing in ${line}`);
      return { text: line.slice(0, at).trim(), expected: unescaped(line.slice(at + 4)) };
    });
  if (rows.length === 0) throw new SyntaxError(`${where}: no rows`);
  return rows;
}

/** `\n` is the end of a line, `\\n` a backslash and an n. */
function unescaped(text: string): string {
  return text.replace(/\\(\\n|n)/g, (_, one: string) => (one === 'n' ? '\n' : '\\n'));
}

/** What a row prints is between two of these. */
const SEPARATOR = /\x1e|\{"type": "printf", "data": "\\u001e"\}\n/;

export function programOf(kind: TableKind, before: readonly string[], rows: readonly Row[]): string {
  const probes = rows.map(({ text }) => {
    if (kind === 'errors') return text;
    return `begin { printf("\\x1e"); ${kind === 'print' ? `print(${text});` : text} }`;
  });
  return [...before, ...probes].join('\n');
}

/** What each row printed; undefined when the process did not get through all of them. */
export function outputsOf(stdout: string, rows: number): string[] | undefined {
  const [, ...parts] = stdout.split(SEPARATOR);
  return parts.length === rows ? parts.map((part) => part.replace(/^\n+|\n+$/g, '')) : undefined;
}

/** The diagnostics that name one line of the program, without the line itself and what underlines it. */
export function saidAbout(text: string, line: number, source: string): string {
  const said: string[] = [];
  let here = false;
  for (const one of text.split('\n')) {
    const [, number, rest] = /^stdin:(\d+):(.*)$/.exec(one) ?? [];
    if (number !== undefined) here = Number(number) === line;
    if (!here || one === '' || one === source || /^ *~+$/.test(one)) continue;
    said.push(rest ?? one);
  }
  return said.join('\n');
}
