/**
 * From words to a call: commander's parser and help, fed by the table of commands.
 */
import { Command, CommanderError, Option } from 'commander';
import type { CommandSpec, OptionSpec } from './command.ts';
import { Call, UsageError } from './command.ts';
import { commands, findCommand, leadingOptions } from './table.ts';

export type Parsed =
  | { readonly kind: 'call'; readonly command: CommandSpec; readonly call: Call }
  /** Help was asked for. */
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

type Given = Map<string, readonly string[]>;

const HELP_WIDTH = 100;

function toFlags({ short, long, value }: OptionSpec): string {
  return `${short === undefined ? '' : `-${short}, `}--${long}${value === undefined ? '' : ` <${value}>`}`;
}

/** Values are gathered here and not by commander, whose names for `--no-x` options are inverted. */
function addOption(command: Command, spec: OptionSpec, given: Given): void {
  // commander takes `--no-x` for the opposite of `--x`; the flag is declared as what it is all the same.
  const option = new Option(toFlags(spec), spec.description);
  command.addOption(option);
  command.on(`option:${option.name()}`, (value: string | null | undefined) => {
    given.set(spec.long, [...(given.get(spec.long) ?? []), value ?? '']);
  });
}

function examplesText(spec: CommandSpec): string {
  if (spec.examples.length === 0) return '';
  return `\nExamples:\n${spec.examples.map(({ line, what }) => `  ${line}\n      ${what}`).join('\n')}`;
}

interface Outcome {
  parsed?: Parsed;
  /** The command that commander was in when it gave up. */
  failedIn?: string;
}

function addCommand(program: Command, spec: CommandSpec, leading: Given, outcome: Outcome): void {
  const command = program.command(spec.name, { hidden: spec.hidden ?? false });
  const given: Given = new Map();
  command
    .aliases(spec.aliases ?? [])
    .summary(spec.summary)
    .helpGroup(spec.group);
  const title = `${spec.summary[0]!.toUpperCase()}${spec.summary.slice(1)}.`;
  command.description(spec.details === undefined ? title : `${title}\n\n${spec.details}`);
  command.addHelpText('after', examplesText(spec));
  command.helpOption('-h, --help', 'show this help');
  command.exitOverride((error) => {
    outcome.failedIn = spec.name;
    throw error;
  });
  if (spec.rawWords) command.allowUnknownOption().passThroughOptions();
  if (spec.rawWords && (spec.hidden || spec.ownOptions)) command.helpOption(false);
  if (spec.ownOptions) {
    const shown = (spec.options ?? []).map((option) => new Option(toFlags(option), option.description));
    command.configureHelp({ visibleOptions: () => shown });
  }
  for (const { name, description, optional, variadic } of spec.arguments ?? []) {
    const word = variadic ? `${name}...` : name;
    command.argument(optional ? `[${word}]` : `<${word}>`, description);
  }
  if (!spec.ownOptions) for (const option of spec.options ?? []) addOption(command, option, given);
  command.allowExcessArguments(false);
  command.action(() => {
    for (const [long, values] of leading) {
      if (!(spec.options ?? []).some((option) => option.long === long)) {
        throw new UsageError(`'${spec.name}' does not take the option '--${long}'`, spec.name);
      }
      given.set(long, [...values, ...(given.get(long) ?? [])]);
    }
    for (const option of spec.options ?? []) {
      if (option.value === undefined || option.repeats || (given.get(option.long)?.length ?? 0) < 2) continue;
      throw new UsageError(`the option '--${option.long}' is given twice`, spec.name);
    }
    outcome.parsed = { kind: 'call', command: spec, call: new Call(command.args, given) };
  });
}

/** commander's message as one sentence: `unknown command 'tre', did you mean tree?` */
function asSentence(message: string): string {
  return message
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, ': did you mean $1?');
}

/**
 * Parses the words after `bpfkit`. Throws UsageError when they are not a call of any command.
 */
export function parse(words: readonly string[]): Parsed {
  const leading: Given = new Map();
  const outcome: Outcome = {};
  let help = '';
  const program = new Command('bpfkit');
  program
    .description('See inside a running Linux machine with eBPF, without a compiler toolchain.')
    .usage('<command> [options]')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .option('-v, --version', 'show the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
      writeErr: () => {},
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      'after',
      "\nStart with 'bpfkit doctor', then 'bpfkit tree pid 1'; 'bpfkit help tree' has more examples.",
    );
  program.on('option:version', () => {
    throw new CommanderError(0, 'commander.version', '');
  });
  for (const spec of leadingOptions) {
    const option = new Option(toFlags(spec), spec.description).hideHelp();
    program.addOption(option);
    program.on(`option:${option.name()}`, (value: string | null | undefined) => {
      leading.set(spec.long, [...(leading.get(spec.long) ?? []), value ?? '']);
    });
  }
  for (const spec of commands) addCommand(program, spec, leading, outcome);
  if (words.length === 0) {
    program.outputHelp();
    return { kind: 'help', text: help };
  }
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.version') return { kind: 'version' };
    if (
      error.code === 'commander.helpDisplayed' ||
      // Not the exit code: commander takes that from the process, which test runners set.
      (error.code === 'commander.help' && asksForHelp(words))
    ) {
      return { kind: 'help', text: help };
    }
    // Help that was not asked for: options without a command, or help of a command that does not exist.
    if (error.code === 'commander.help') throw new UsageError('a command is missing or unknown');
    throw new UsageError(asSentence(error.message), outcome.failedIn);
  }
  if (outcome.parsed === undefined) throw new UsageError('a command is missing');
  return outcome.parsed;
}

/** `help` alone, or with a command that exists. */
function asksForHelp([first, subject]: readonly string[]): boolean {
  if (first !== 'help') return false;
  return subject === undefined || findCommand(subject) !== undefined;
}
