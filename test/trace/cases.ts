/**
 * The cases of the language: files of `cases/`, one a section of the reference, read as text.
 *
 *     === a sentence that says what is shown
 *     --- options: -f json
 *     begin { print(1) }
 *     >>>
 *     {"type": "attached_probes", "count": 1, "data": {"probes": 1}}
 *     {"type": "value", "data": 1}
 *
 * Behind the title come lines `--- name: value`, then the program, then what standard output is; empty lines at the
 * beginning and at the end of it do not count. Names:
 *
 *     options: words for the command, with quotes as a shell has them; `{}` is where the program goes (default: -e {}),
 *              `{file}` a file with the program, `{probed}`, `{library}`, … the programs of test/programs
 *     env: NAME=value
 *     exit: the exit code (default 0)
 *     stderr: a text that standard error contains; may repeat
 *     match: a regular expression for all of standard output, in place of the text behind >>>
 *     input: standard input is the program
 *     shell: a command line for sh in place of the options; "$@" is the command `bpfkit trace`, $PROGRAM the program
 *     kernels: the guests that have what the case needs, as `6.1 6.12`; without it the case is for this machine
 *     fails: why this is not so yet; the case must fail then, so that the mark goes when the reason is gone
 *
 * Short cases share a process. A case with `--- table: KIND` has rows `text => output`, each a case of its own:
 *
 *     table: print    the rows are expressions, what is printed is their value
 *     table: run      the rows are the bodies of probes
 *     table: errors   the rows are programs of one line; behind => stands what is said about it from the column on,
 *                     `\n` between several lines, `\\n` for a backslash and an n
 *     before: a line that stands before all rows; may repeat
 *     alone: every row has a process
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Row, readRows, type TableKind, tableKind } from './tables.ts';

export interface TraceCase {
  readonly section: string;
  readonly title: string;
  readonly program: string;
  readonly options: string;
  readonly env: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly stdout: string;
  readonly match: RegExp | undefined;
  readonly stderr: readonly string[];
  readonly input: boolean;
  readonly shell: string | undefined;
  readonly kernels: readonly string[];
  readonly fails: string | undefined;
  readonly table: TraceTable | undefined;
}

export interface TraceTable {
  readonly kind: TableKind;
  readonly before: readonly string[];
  readonly alone: boolean;
  readonly rows: readonly Row[];
}

export function readCases(folder: string): TraceCase[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .flatMap((name) => parseCases(name.replace(/\.txt$/, ''), readFileSync(join(folder, name), 'utf8')));
}

/** Throws for a file that is not of this form: a case that is not run is worse than none. */
export function parseCases(section: string, text: string): TraceCase[] {
  const [head, ...parts] = text.split(/^=== /m);
  if (head?.trim()) throw new SyntaxError(`${section}: text before the first case`);
  return parts.map((part) => parseCase(section, part));
}

function parseCase(section: string, part: string): TraceCase {
  const lines = part.split('\n');
  const title = lines.shift() ?? '';
  const settings = new Map<string, string[]>();
  while (lines[0]?.startsWith('--- ')) {
    const [, name = '', value = ''] = /^--- (\w+): ?(.*)$/.exec(lines.shift()!) ?? [];
    if (!known.has(name)) throw new SyntaxError(`${section}: ${title}: '${name}' is not known`);
    settings.set(name, [...(settings.get(name) ?? []), value]);
  }
  const table = tableOf(section, title, settings, lines);
  const middle = table ? lines.length : lines.indexOf('>>>');
  const match = settings.get('match')?.[0];
  if (middle < 0 && match === undefined) throw new SyntaxError(`${section}: ${title}: >>> is missing`);
  const end = middle < 0 ? lines.length : middle;
  return {
    section,
    title,
    program: table ? '' : lines.slice(0, end).join('\n').trim(),
    options:
      settings.get('options')?.[0] ?? (table && table.kind !== 'errors' ? '-q --no-warnings -e {}' : '-e {}'),
    env: Object.fromEntries((settings.get('env') ?? []).map((one) => one.split(/=(.*)/s).slice(0, 2))),
    exit: Number(settings.get('exit')?.[0] ?? 0),
    stdout: middle < 0 ? '' : trimmed(lines.slice(middle + 1).join('\n')),
    match: match === undefined ? undefined : new RegExp(match, 's'),
    stderr: settings.get('stderr') ?? [],
    input: settings.has('input'),
    shell: settings.get('shell')?.[0],
    kernels: settings.get('kernels')?.[0]?.split(' ') ?? [],
    fails: settings.get('fails')?.[0],
    table,
  };
}

function tableOf(
  section: string,
  title: string,
  settings: ReadonlyMap<string, readonly string[]>,
  lines: readonly string[],
): TraceTable | undefined {
  const kind = settings.get('table')?.[0];
  if (kind === undefined) return undefined;
  return {
    kind: tableKind(kind),
    before: settings.get('before') ?? [],
    alone: settings.has('alone'),
    rows: readRows(`${section}: ${title}`, lines),
  };
}

const known: ReadonlySet<string> = new Set([
  ...['options', 'env', 'exit', 'stderr', 'match', 'input', 'shell', 'kernels', 'fails'],
  ...['table', 'before', 'alone'],
]);

export function trimmed(text: string): string {
  return text.replace(/^\n+|\n+$/g, '');
}

/** The words of the call: the program is one of them, whatever it holds. */
export function wordsOf(options: string, places: Readonly<Record<string, string>>): string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of options.matchAll(/'([^']*)'|(\S+)/g)) words.push(quoted ?? plain ?? '');
  return words.map((word) => filled(word, places));
}

/** `{name}` is replaced where there is such a place; braces are common in programs. */
export function filled(text: string, places: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w*)\}/g, (whole, name: string) => places[name] ?? whole);
}
