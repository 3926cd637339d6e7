/** What a command of the command line is: data that parsing, help and completion share, and a lazy body. */
import type { Output } from '../text/output.ts';

/** 0 done, 1 failed, 2 wrong usage; a script of `trace` may say any other. */
export type ExitCode = number;

/** Where candidates for a word come from when the shell asks for completion. */
export type Completion =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** A field of the process tree. */
  | { readonly kind: 'field' }
  /** Fields separated by commas. */
  | { readonly kind: 'fieldList' }
  /** A value of the field that the word before names. */
  | { readonly kind: 'fieldValue' }
  | { readonly kind: 'command' }
  | { readonly kind: 'file' };

export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  /** Default false. */
  readonly optional?: boolean;
  /** Takes all that follow; only the last argument. Default false. */
  readonly variadic?: boolean;
  readonly completion?: Completion;
}

export interface OptionSpec {
  /** `f` for `-f`. */
  readonly short?: string;
  /** `format` for `--format`. */
  readonly long: string;
  /** The name of its value in help; without it the option is a switch. */
  readonly value?: string;
  readonly description: string;
  /** May be given more than once; default false. */
  readonly repeats?: boolean;
  readonly completion?: Completion;
}

export interface Example {
  /** The whole line to type. */
  readonly line: string;
  readonly what: string;
}

export interface CommandSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** The heading under which help lists it. */
  readonly group: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Paragraphs below the summary. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples: readonly Example[];
  /** Not listed; default false. */
  readonly hidden?: boolean;
  /** Takes every word as it is, options too; default false. */
  readonly rawWords?: boolean;
  /** With `rawWords`: options are only shown in the help, the body reads them; default false. */
  readonly ownOptions?: boolean;
  /** Imports the body: nothing of it is paid for by the other commands. */
  readonly load: () => Promise<CommandBody>;
}

export interface CommandBody {
  run(call: Call, io: Io): ExitCode | Promise<ExitCode>;
}

/** The process around a command. */
export interface Io {
  readonly out: Output;
  readonly err: Output;
  readonly environment: NodeJS.ProcessEnv;
}

/** The parsed words of one call. */
export class Call {
  readonly words: readonly string[];
  readonly #options: ReadonlyMap<string, readonly string[]>;

  /** @param options values by long name; a switch that was given has one empty value. */
  constructor(words: readonly string[], options: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.words = words;
    this.#options = options;
  }

  /** Whether a switch was given. */
  has(long: string): boolean {
    return this.#options.has(long);
  }

  /** The last value of an option. */
  value(long: string): string | undefined {
    return this.#options.get(long)?.at(-1);
  }

  /** All values of an option that may repeat. */
  values(long: string): readonly string[] {
    return this.#options.get(long) ?? [];
  }
}

/** The user's words do not make a call; the message is one sentence. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  /** The command whose help explains it, where one was recognised. */
  readonly command: string | undefined;
  constructor(message: string, command?: string) {
    super(message);
    this.command = command;
  }
}
