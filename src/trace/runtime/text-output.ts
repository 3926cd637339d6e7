/** A script's output as text: section 2.12. */
import type { Colors } from '../../text/color.ts';
import { escapeText } from '../../text/escape.ts';
import type { Output } from '../../text/output.ts';
import { textWidth } from '../../text/width.ts';
import type { Field, Location } from '../compiled.ts';
import type { PrintContext } from '../print/context.ts';
import type { Format } from '../print/format-spec.ts';
import type { MapPrinter } from '../print/map-printer.ts';
import type { Row } from '../print/map-table.ts';
import { errorText } from '../print/names.ts';
import { formatter } from '../print/printf.ts';
import { writerOf } from '../print/value-writer.ts';
import type { Handler, HelperFailure, MessageKind, ScriptOutput } from './output.ts';
import type { Sink } from './sink.ts';

export interface TextOutputOptions {
  readonly sink: Sink;
  /** Where everything goes that is not the script's. */
  readonly err: Output;
  readonly context: PrintContext;
  /** -q: nothing about losses and probes. Default false. */
  readonly quiet?: boolean;
  /** --no-warnings. Default false. */
  readonly noWarnings?: boolean;
  /** Of standard error. */
  readonly colors?: Pick<Colors, 'red' | 'yellow'> | undefined;
}

export class TextOutput implements ScriptOutput {
  readonly #sink: Sink;
  readonly #options: TextOutputOptions;

  constructor(options: TextOutputOptions) {
    this.#sink = options.sink;
    this.#options = options;
  }

  printf(format: Format, args: readonly Field[]): Handler {
    const write = formatter(format, args, this.#options.context);
    const sink = this.#sink;
    const { buffer } = sink;
    return (memory, at) => {
      write(buffer, memory, at);
      sink.wrote();
    };
  }

  value({ offset, type }: Field): Handler {
    const write = writerOf(type, 'text', this.#options.context);
    return (memory, at) => {
      write(this.#sink.buffer, memory, at + offset);
      this.#line('');
    };
  }

  map(printer: MapPrinter, rows: readonly Row[]): void {
    printer.text(this.#sink.buffer, rows);
    this.#sink.wrote();
  }

  time(text: string): void {
    this.#sink.buffer.text(text);
    this.#sink.wrote();
  }

  join(text: string): void {
    this.#sink.buffer.dataText(text);
    this.#line('');
  }

  cat(bytes: Uint8Array): void {
    this.#data(bytes);
    this.#sink.wrote();
  }

  system(bytes: Uint8Array): void {
    this.#data(bytes);
    this.#line('');
  }

  raw(bytes: Uint8Array): void {
    this.#data(bytes);
    this.#sink.wrote();
  }

  attached(count: number): void {
    if (!this.#options.quiet) this.#say(`Attached ${count} ${count === 1 ? 'probe' : 'probes'}`);
  }

  lost(count: bigint): void {
    this.#say(`Lost ${count} events`);
  }

  message(kind: MessageKind, text: string, location: Location): void {
    if (kind === 'warnf' && this.#options.noWarnings) return;
    const severity = kind === 'errorf' ? 'ERROR' : kind === 'warnf' ? 'WARNING' : 'DEBUG';
    this.#say(this.#headline(severity, text, location));
  }

  helperError({ helper, code, location }: HelperFailure): void {
    if (this.#options.noWarnings) return;
    const message = `${helperMessage(helper, code)}\nAdditional Info - helper: ${helper}, retcode: ${code}`;
    this.#report('WARNING', message, location);
  }

  runtimeError(message: string, location: Location): void {
    if (this.#options.noWarnings) return;
    this.#report('WARNING', message, location);
  }

  warning(text: string): void {
    if (this.#options.noWarnings) return;
    this.#say((this.#options.colors?.yellow ?? String)(`WARNING: ${safeLines(text)}`));
  }

  error(text: string): void {
    this.#say((this.#options.colors?.red ?? String)(`ERROR: ${safeLines(text)}`));
  }

  note(text: string): void {
    this.#say(safeLines(text));
  }

  end(): void {
    this.#sink.buffer.text('\n\n');
  }

  idle(): void {
    this.#sink.idle();
  }

  flush(): void {
    this.#sink.flush();
  }

  #data(bytes: Uint8Array): void {
    this.#sink.buffer.dataLines(bytes);
  }

  #line(text: string): void {
    this.#sink.buffer.text(`${text}\n`);
    this.#sink.wrote();
  }

  /** As diagnostics of the script are shown (render.ts): the place, the line, marks below it. */
  #report(severity: 'WARNING', text: string, location: Location): void {
    const { column, excerpt } = location;
    const head = this.#headline(severity, text, location);
    this.#say(
      excerpt === undefined ? head : `${head}\n${markedLine(excerpt.text, column, excerpt.endColumn)}`,
    );
  }

  /** What the script itself says has only this: its line would repeat the words. */
  #headline(severity: 'ERROR' | 'WARNING' | 'DEBUG', text: string, location: Location): string {
    const { file, line, column, excerpt } = location;
    const paint = (severity === 'ERROR' ? this.#options.colors?.red : this.#options.colors?.yellow) ?? String;
    const place = excerpt === undefined ? `${column}` : `${column}-${excerpt.endColumn}`;
    return `${escapeText(file)}:${line}:${place}: ${paint(`${severity}: ${safeLines(text)}`)}`;
  }

  /** At once: whoever looks at both sees things in the order in which they happened. */
  #say(line: string): void {
    this.#sink.idle();
    this.#options.err.line(line);
    this.#options.err.flush();
  }
}

function safeLines(text: string): string {
  return text.replace(/\n$/, '').split('\n').map(escapeText).join('\n');
}

function markedLine(line: string, column: number, endColumn: number): string {
  const shown = (part: string): string => escapeText(part.replaceAll('\t', '    '));
  const [before, marked] = [line.slice(0, column - 1), line.slice(column - 1, endColumn - 1)].map(shown);
  return `${shown(line)}\n${' '.repeat(textWidth(before!))}${'~'.repeat(textWidth(marked!))}`;
}

const E2BIG = 7;
const ENOENT = 2;

/** What a helper's error means where its number alone would mislead. */
export function helperMessage(helper: string, code: number): string {
  if (helper === 'map_update_elem' && code === -E2BIG) {
    return (
      "Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries " +
      'in a map declaration e.g. `let @a = hash(5000)`'
    );
  }
  if (helper === 'map_delete_elem' && code === -ENOENT) {
    return "Can't delete map element because it does not exist.";
  }
  if (helper === 'map_lookup_elem') return "Can't lookup map element because it does not exist.";
  return errorText(-code);
}
