/** A script's output as JSON lines: section 2.13. */

import { escapeText } from '../../text/escape.ts';
import type { Output } from '../../text/output.ts';
import type { Field, Location } from '../compiled.ts';
import { ByteBuffer } from '../print/byte-buffer.ts';
import type { PrintContext } from '../print/context.ts';
import type { Format } from '../print/format-spec.ts';
import { jsonData, jsonText } from '../print/json-text.ts';
import type { MapPrinter } from '../print/map-printer.ts';
import type { Row } from '../print/map-table.ts';
import { errorText } from '../print/names.ts';
import { formatter } from '../print/printf.ts';
import { writerOf } from '../print/value-writer.ts';
import type { Handler, HelperFailure, MessageKind, ScriptOutput } from './output.ts';
import type { Sink } from './sink.ts';

export interface JsonOutputOptions {
  readonly sink: Sink;
  readonly err: Output;
  readonly context: PrintContext;
  readonly quiet?: boolean;
  readonly noWarnings?: boolean;
}

export class JsonOutput implements ScriptOutput {
  readonly #sink: Sink;
  readonly #options: JsonOutputOptions;
  readonly #scratch = new ByteBuffer();

  constructor(options: JsonOutputOptions) {
    this.#sink = options.sink;
    this.#options = options;
  }

  printf(format: Format, args: readonly Field[]): Handler {
    const write = formatter(format, args, this.#options.context);
    return (memory, at) => {
      this.#scratch.clear();
      write(this.#scratch, memory, at);
      this.#textLine('printf', this.#scratch.view());
    };
  }

  value({ offset, type }: Field): Handler {
    const write = writerOf(type, 'json', this.#options.context);
    return (memory, at) => {
      const { buffer } = this.#sink;
      buffer.text('{"type": "value", "data": ');
      write(buffer, memory, at + offset);
      this.#close();
    };
  }

  map(printer: MapPrinter, rows: readonly Row[]): void {
    printer.json(this.#sink.buffer, rows);
    this.#sink.wrote();
  }

  time(text: string): void {
    this.#textLine('time', Buffer.from(text, 'latin1'));
  }

  join(text: string): void {
    this.#textLine('join', Buffer.from(text, 'latin1'));
  }

  cat(bytes: Uint8Array): void {
    this.#textLine('cat', bytes);
  }

  system(bytes: Uint8Array): void {
    this.#textLine('syscall', bytes);
  }

  raw(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#textLine('printf', bytes);
  }

  attached(count: number): void {
    if (!this.#options.quiet) this.#counted('attached_probes', 'probes', BigInt(count));
  }

  lost(count: bigint): void {
    this.#counted('lost_events', 'events', count);
  }

  message(kind: MessageKind, text: string, location: Location): void {
    if (kind === 'warnf' && this.#options.noWarnings) return;
    this.#sink.buffer.text(`{"type": "${kind}", "msg": `);
    jsonText(this.#sink.buffer, text);
    this.#place(location);
  }

  helperError({ helper, code, location }: HelperFailure): void {
    const { buffer } = this.#sink;
    buffer.text('{"type": "helper_error", "msg": ');
    jsonText(buffer, errorText(-code));
    buffer.text(', "helper": ');
    jsonText(buffer, helper);
    buffer.text(`, "retcode": ${code}`);
    this.#place(location);
  }

  runtimeError(message: string, location: Location): void {
    this.#sink.buffer.text('{"type": "runtime_error", "msg": ');
    jsonText(this.#sink.buffer, message);
    this.#place(location);
  }

  warning(text: string): void {
    if (!this.#options.noWarnings) this.#say(`WARNING: ${text}`);
  }

  error(text: string): void {
    this.#say(`ERROR: ${text}`);
  }

  note(text: string): void {
    this.#say(text);
  }

  end(): void {}

  idle(): void {
    this.#sink.idle();
  }

  flush(): void {
    this.#sink.flush();
  }

  #textLine(type: string, bytes: Uint8Array): void {
    const { buffer } = this.#sink;
    buffer.text(`{"type": "${type}", "data": "`);
    jsonData(buffer, bytes);
    buffer.byte(0x22);
    this.#close();
  }

  #counted(type: string, name: string, count: bigint): void {
    this.#sink.buffer.text(`{"type": "${type}", "count": ${count}, "data": {"${name}": ${count}}`);
    this.#close();
  }

  #place({ file, line, column }: Location): void {
    this.#sink.buffer.text(', "filename": ');
    jsonText(this.#sink.buffer, Buffer.from(file, 'utf8').toString('latin1'));
    this.#sink.buffer.text(`, "line": ${line}, "col": ${column}`);
    this.#close();
  }

  #close(): void {
    this.#sink.buffer.text('}\n');
    this.#sink.wrote();
  }

  #say(text: string): void {
    this.#options.err.line(text.replace(/\n$/, '').split('\n').map(escapeText).join('\n'));
    this.#options.err.flush();
  }
}
