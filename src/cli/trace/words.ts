/**
 * The words behind `bpfkit trace`, read as bpftrace reads its own (getopt_long): options anywhere before `--`, short
 * ones together, long ones shortened as long as they are clear, values attached or as the next word.
 */
import { type TraceOption, traceOptions } from './options.ts';

/** Words that make no call; bpftrace's own message where it has one. */
export class TraceUsageError extends Error {
  override readonly name: string = 'TraceUsageError';
}

export interface TraceWords {
  /** By long name. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Neither options nor their values: the script, then its parameters. */
  readonly words: readonly string[];
  /** Behind `--`: `--name=value`, `--flag`. */
  readonly named: ReadonlyMap<string, string | true>;
}

/** Throws TraceUsageError. */
export function parseWords(given: readonly string[]): TraceWords {
  const options = new Map<string, string[]>();
  const words: string[] = [];
  const add = (option: TraceOption, value: string): void => {
    const name = option.long;
    const values = options.get(name);
    if (values === undefined) options.set(name, [value]);
    else values.push(value);
  };
  let i = 0;
  const next = (shown: string): string => {
    const value = given[++i];
    if (value === undefined) throw new TraceUsageError(`option requires an argument -- '${shown}'`);
    return value;
  };
  for (; i < given.length; i++) {
    const word = given[i]!;
    if (word === '--') break;
    if (word.startsWith('--')) {
      const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      const option = longOption(name);
      if (option.value === undefined && value !== undefined) {
        throw new TraceUsageError(`option '--${option.long}' doesn't allow an argument`);
      }
      add(option, option.value === undefined ? '' : (value ?? next(option.long)));
    } else if (word.startsWith('-') && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at]!;
        const option = traceOptions.find(({ short }) => short === letter);
        if (option === undefined) throw new TraceUsageError(`invalid option -- '${letter}'`);
        if (option.value === undefined) {
          add(option, '');
          continue;
        }
        const rest = word.slice(at + 1);
        add(option, rest === '' ? next(letter) : rest);
        break;
      }
    } else {
      words.push(word);
    }
  }
  const named = new Map<string, string | true>();
  for (const word of given.slice(i + 1)) {
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    if (match === null) words.push(word);
    else named.set(match[1]!, match[2] ?? true);
  }
  return { options, words, named };
}

function longOption(name: string): TraceOption {
  const exact = traceOptions.find(({ long }) => long === name);
  if (exact !== undefined) return exact;
  const near = traceOptions.filter(({ long }) => name !== '' && long.startsWith(name));
  if (near.length === 1) return near[0]!;
  if (near.length > 1) {
    const names = near.map(({ long }) => `'--${long}'`).join(' ');
    throw new TraceUsageError(`option '--${name}' is ambiguous; possibilities: ${names}`);
  }
  throw new TraceUsageError(`unrecognized option '--${name}'`);
}
