/**
 * Candidates for the word that is being typed, from the table of commands: what the shells' completion scripts ask
 * for at each Tab.
 */
import { fields } from '../tree/fields.ts';
import type { ArgumentSpec, CommandSpec, Completion, OptionSpec } from './command.ts';
import { commands, findCommand, leadingOptions } from './table.ts';

export interface Candidate {
  readonly word: string;
  readonly description?: string;
}

/** A running process, as completion shows it. */
export interface RunningTask {
  readonly pid: number;
  readonly comm: string;
}

/**
 * Shells insert candidates into the line that is about to run, and names of processes are anybody's: only words
 * that no shell gives a meaning to are offered.
 */
const HARMLESS = /^[\w.@%+/][\w.@%+/-]*$/;

/** Fields that hold the number of a process or thread. */
const PROCESS_NUMBERS: ReadonlySet<string> = new Set(['tid', 'pid', 'ptid', 'ppid', 'rptid', 'rppid']);

function optionWords(options: readonly OptionSpec[]): Candidate[] {
  return [...options, { long: 'help', description: 'show this help' }].map(({ long, description }) => ({
    word: `--${long}`,
    description,
  }));
}

function commandWords(): Candidate[] {
  const listed = commands.filter((spec) => !spec.hidden);
  return [
    ...listed.map(({ name, summary }) => ({ word: name, description: summary })),
    { word: 'help', description: 'show the help of a command' },
  ];
}

function fieldWords(): Candidate[] {
  return fields.map(({ long, description }) => ({ word: long, description }));
}

function valueWords(fieldName: string, running: () => readonly RunningTask[]): Candidate[] {
  const field = fields.find(({ long, short }) => long === fieldName || short === fieldName);
  if (field === undefined) return [];
  if (field.type === 'boolean') return [{ word: 'true' }, { word: 'false' }];
  if (PROCESS_NUMBERS.has(field.long)) {
    return running().map(({ pid, comm }) => ({ word: String(pid), description: comm }));
  }
  if (field.long === 'comm') {
    const names = new Set(running().map(({ comm }) => comm));
    return [...names].filter((name) => HARMLESS.test(name)).map((word) => ({ word }));
  }
  return [];
}

interface Place {
  readonly completion: Completion | undefined;
  /** The word before, where the candidates depend on it. */
  readonly before: string;
  /** What is being typed. */
  readonly prefix: string;
}

function wordsOf(place: Place, running: () => readonly RunningTask[]): Candidate[] {
  const { completion, before, prefix } = place;
  switch (completion?.kind) {
    case 'words':
      return completion.words.map((word) => ({ word }));
    case 'command':
      return commandWords();
    case 'field':
      return fieldWords();
    case 'fieldList': {
      const done = prefix.slice(0, prefix.lastIndexOf(',') + 1);
      return fieldWords().map(({ word }) => ({ word: done + word }));
    }
    case 'fieldValue':
      return valueWords(before, running);
    case 'file': // The shell completes files by itself when it gets nothing.
    case undefined:
      return [];
  }
}

function findOption(options: readonly OptionSpec[], word: string): OptionSpec | undefined {
  return options.find(
    ({ short, long }) => word === `--${long}` || (short !== undefined && word === `-${short}`),
  );
}

function argumentAt(spec: CommandSpec, index: number): ArgumentSpec | undefined {
  const list = spec.arguments ?? [];
  const last = list.at(-1);
  return list[index] ?? (last?.variadic ? last : undefined);
}

/** Where the last word stands: an option's value, an option, or an argument. */
function placeOf(words: readonly string[]): Place | { readonly options: readonly OptionSpec[] } {
  const prefix = words.at(-1) ?? '';
  let spec: CommandSpec | undefined;
  const operands: string[] = [];
  let value: OptionSpec | undefined;
  for (const word of words.slice(0, -1)) {
    if (value !== undefined) {
      value = undefined;
      continue;
    }
    const option = findOption(spec === undefined ? leadingOptions : (spec.options ?? []), word);
    if (option !== undefined) value = option.value === undefined ? undefined : option;
    else if (word.startsWith('-') && !/^-\d/.test(word)) continue;
    else if (spec === undefined && word !== 'help') {
      spec = findCommand(word);
      if (spec === undefined) return { completion: undefined, before: '', prefix };
    } else operands.push(word);
  }
  const before = operands.at(-1) ?? '';
  if (value !== undefined) return { completion: value.completion, before, prefix };
  const options = spec === undefined ? leadingOptions : (spec.options ?? []);
  if (prefix.startsWith('-') && !/^-\d/.test(prefix)) return { options };
  if (spec === undefined) return { completion: { kind: 'command' }, before, prefix };
  return { completion: argumentAt(spec, operands.length)?.completion, before, prefix };
}

/**
 * @param words what stands after `bpfkit`, the last one being typed (perhaps empty).
 * @param running the processes of this machine, asked for only where they are needed.
 */
export function candidates(words: readonly string[], running: () => readonly RunningTask[]): Candidate[] {
  const prefix = words.at(-1) ?? '';
  const place = placeOf(words);
  const all = 'options' in place ? optionWords(place.options) : wordsOf(place, running);
  return all
    .filter(({ word }) => word.startsWith(prefix))
    .map(({ word, description }) =>
      description === undefined || !/^[\x20-\x7e]*$/.test(description) ? { word } : { word, description },
    );
}
