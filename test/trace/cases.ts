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
 *     options: words for the command, with quotes as a shell has them; `{}` is where the program goes (default: -e {})
 *     env: NAME=value
 *     exit: the exit code (default 0)
 *     stderr: a text that standard error contains; may repeat
 *     match: a regular expression for all of standard output, in place of the text behind >>>
 *     input: standard input is the program
 *     fails: why this is not so yet; the case must fail then, so that the mark goes when the reason is gone
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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
  readonly fails: string | undefined;
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
  const middle = lines.indexOf('>>>');
  const match = settings.get('match')?.[0];
  if (middle < 0 && match === undefined) throw new SyntaxError(`${section}: ${title}: >>> is missing`);
  const end = middle < 0 ? lines.length : middle;
  return {
    section,
    title,
    program: lines.slice(0, end).join('\n').trim(),
    options: settings.get('options')?.[0] ?? '-e {}',
    env: Object.fromEntries((settings.get('env') ?? []).map((one) => one.split(/=(.*)/s).slice(0, 2))),
    exit: Number(settings.get('exit')?.[0] ?? 0),
    stdout: middle < 0 ? '' : trimmed(lines.slice(middle + 1).join('\n')),
    match: match === undefined ? undefined : new RegExp(match, 's'),
    stderr: settings.get('stderr') ?? [],
    input: settings.has('input'),
    fails: settings.get('fails')?.[0],
  };
}

const known: ReadonlySet<string> = new Set([
  ...['options', 'env', 'exit', 'stderr', 'match', 'input', 'fails'],
]);

export function trimmed(text: string): string {
  return text.replace(/^\n+|\n+$/g, '');
}

/** The words of the call: the program is one of them, whatever it holds. */
export function wordsOf({ options, program }: Pick<TraceCase, 'options' | 'program'>): string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of options.matchAll(/'([^']*)'|(\S+)/g)) words.push(quoted ?? plain ?? '');
  return words.map((word) => (word === '{}' ? program : word));
}
