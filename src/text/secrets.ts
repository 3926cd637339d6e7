/**
 * Passwords, tokens and keys in command lines. Everybody on a machine may read them there, but what we print and save
 * goes further: into tickets, logs and captures. So values that look like secrets become `***` unless somebody asks
 * for them; the length is not told either.
 *
 * What makes a value a secret is the name that it is given under:
 *
 *     --password=x  --db-password x  TOKEN=x  ;Password=x;  ?api_key=x  "secret": "x"  Authorization: Bearer x
 *     https://user:x@host
 *
 * and, for some programs, a short option: `mysql -px`, `sshpass -p x`, `curl -u user:x`. Names that end in `-file`,
 * `_PATH` and the like say where a secret is, and stay. All this is a guess from names: a secret without one is not
 * found, and the manual says so.
 *
 * Text is one character a byte (latin1), so that any bytes come back as they were. Every pattern is bounded: the time
 * is linear in the text.
 */

/** What stands for a secret. */
export const SECRET_MARK = '***';

const WORDS =
  'pass(?:word|wd|phrase|code)|passwort|secret|token|api[-_]?key|access[-_]?key(?![-_]?id)|private[-_]?key|' +
  'encryption[-_]?key|auth[-_]?key|credentials?|authorization|(?<=[\\w-])(?<!\\bold)pwd|(?<![\\w])pgpass(?!file)';

/** The rest of a name behind its word: one that says where the secret is, or what kind it is, is no name of a secret. */
const REST =
  '(?![\\w.-]{0,40}(?:file|path|dir|stdin|prompt|length|ttl|timeout|type|policy|store)\\b)[\\w.-]{0,40}';

/** A whole option or variable: all that follows the `=` is the value, with spaces and all. */
const WHOLE = new RegExp(`^(-{0,2}[\\w.-]{0,80}(?:${WORDS})${REST}=)[^]+$`, 'i');
/** The same in the middle of an argument: a shell's text, a query, a connection string, JSON, a header. */
const INSIDE = new RegExp(
  `((?:${WORDS})${REST}["']?(?:=|\\s?:\\s?|:=)(?:(?:basic|bearer|digest|token)\\s)?)` +
    `("[^"]*"?|'[^']*'?|[^\\s;&,"'{}]+)`,
  'gi',
);
/** An option whose value is the next argument, or the next word of a shell's text. */
const BEFORE = new RegExp(`^--?(?!-?no-)[\\w.-]{0,80}(?:${WORDS})${REST}$`, 'i');
const SPACED = new RegExp(
  `(--?(?!-?no-)[\\w.-]{0,40}(?:${WORDS})${REST}\\s)(?!-)("[^"]*"?|'[^']*'?|[^\\s;&"']+)`,
  'gi',
);
/** The password in a URL. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]{0,256}:)[^\s/@]{1,1024}(?=@)/gi;

interface ShortOption {
  readonly option: string;
  /** Whether the value may be the next argument. */
  readonly next: boolean;
  /** The value is `user:secret`, and the user stays. */
  readonly user?: boolean;
}

const SERVER_USER: readonly ShortOption[] = ['-u', '-U', '--user', '--proxy-user'].map((option) => ({
  ...{ option, next: true, user: true },
}));

/** Short options of programs that take a secret. */
const PROGRAMS: ReadonlyMap<string, readonly ShortOption[]> = new Map(
  optionsOf([
    [
      'mysql mysqldump mysqladmin mysqlimport mariadb mariadb-dump mariadb-admin',
      [{ option: '-p', next: false }],
    ],
    ['sshpass', [{ option: '-p', next: true }]],
    ['redis-cli', [{ option: '-a', next: true }]],
    ['ldapsearch ldapadd ldapmodify ldapdelete', [{ option: '-w', next: true }]],
    ['curl', SERVER_USER],
  ]),
);

function optionsOf(
  table: readonly (readonly [names: string, options: readonly ShortOption[]])[],
): [string, readonly ShortOption[]][] {
  return table.flatMap(([names, options]) => names.split(' ').map((name) => [name, options]));
}

const hide = (value: string, { user = false }: Partial<ShortOption> = {}): string => {
  if (!user) return SECRET_MARK;
  const colon = value.indexOf(':');
  return colon < 0 ? value : value.slice(0, colon + 1) + SECRET_MARK;
};

const keepHead = (_: string, head: string): string => head + SECRET_MARK;

/** Quotes around a secret stay, so that what is around it can be read. */
function keepQuotes(_: string, head: string, value: string): string {
  const quote = value[0] === '"' || value[0] === "'" ? value[0] : '';
  return (
    head + quote + SECRET_MARK + (quote !== '' && value.length > 1 && value.endsWith(quote) ? quote : '')
  );
}

/** One argument by itself; a shell's text is more than the value that it begins with. */
function redactArgument(text: string, isScript: boolean): string {
  if (!isScript && WHOLE.test(text)) return text.replace(WHOLE, keepHead);
  return text.replace(URL_PASSWORD, keepHead).replace(INSIDE, keepQuotes).replace(SPACED, keepQuotes);
}

/** Anything that a rule might say something about, programs included; most command lines have none of it. */
const SUSPECT = new RegExp(
  `${WORDS}|:\\/\\/[^\\s/]{0,256}@|(?:${[...PROGRAMS.keys()].join('|')})(?![^\\0])`,
  'gi',
);

/**
 * Which of many command lines may have a secret: one search through all of them, since a call for each would cost
 * more than the rest of a dump.
 *
 * @param text the lines, one after the other, each ended by a NUL of its own.
 * @param ends where each line ends in it.
 */
export function suspectLines(text: string, ends: readonly number[]): number[] {
  const found: number[] = [];
  let line = 0;
  SUSPECT.lastIndex = 0;
  for (let match = SUSPECT.exec(text); match !== null; match = SUSPECT.exec(text)) {
    while (ends[line]! <= match.index) line += 1;
    found.push(line);
    // What was found may go on into the next line, which has a right to be looked at from its start.
    SUSPECT.lastIndex = ends[line]!;
  }
  return found;
}

/** The program's short option with which an argument begins. */
function shortOption(options: readonly ShortOption[], argument: string): ShortOption | undefined {
  return options.find(({ option }) => argument.startsWith(option));
}

/**
 * A command line without its secrets, or undefined when it has none.
 *
 * @param text arguments, each ended by a NUL, one character a byte.
 */
export function redactCommandLine(text: string): string | undefined {
  if (suspectLines(text, [text.length]).length === 0) return undefined;
  const programEnd = text.indexOf('\0');
  const program = programEnd < 0 ? text : text.slice(0, programEnd);
  const options = PROGRAMS.get(program.slice(program.lastIndexOf('/') + 1));
  const list = text.split('\0');
  for (let i = 0; i < list.length; i++) {
    const argument = list[i]!;
    if (argument === '') continue;
    const short = i > 0 && options !== undefined ? shortOption(options, argument) : undefined;
    const value = short === undefined ? '' : argument.slice(short.option.length);
    const next = list[i + 1] ?? '';
    if (short !== undefined && value !== '') {
      const equals = short.option.startsWith('--') && value.startsWith('=') ? '=' : '';
      if (!short.option.startsWith('--') || equals !== '') {
        list[i] = short.option + equals + hide(value.slice(equals.length), short);
      }
    } else if (short?.next === true && next !== '') {
      list[++i] = hide(next, short);
    } else if (BEFORE.test(argument) && next !== '' && !next.startsWith('-')) {
      list[++i] = SECRET_MARK;
    } else list[i] = redactArgument(argument, list[i - 1] === '-c');
  }
  const redacted = list.join('\0');
  return redacted === text ? undefined : redacted;
}
