/** A script's output as events, and its maps as values: what users of the library get. */
import type { Field, Location, ScriptMap } from '../compiled.ts';
import { ByteBuffer } from '../print/byte-buffer.ts';
import type { PrintContext } from '../print/context.ts';
import type { Format } from '../print/format-spec.ts';
import type { Bucket } from '../print/histogram.ts';
import type { MapPrinter } from '../print/map-printer.ts';
import type { Cell, Row } from '../print/map-table.ts';
import { memoryOf } from '../print/memory.ts';
import { formatter } from '../print/printf.ts';
import type { SeriesPoint } from '../print/series.ts';
import { decoderOf, type TraceValue } from '../print/value.ts';
import type { Handler, HelperFailure, MessageKind, ScriptOutput } from './output.ts';

/** Count, average and total of `stats()`. */
export interface Statistics {
  readonly count: bigint;
  readonly average: bigint;
  readonly total: bigint;
}

/** What stands under a key: a value, a number that all CPUs counted together, or one of the larger aggregates. */
export type MapValue = TraceValue | Statistics | readonly Bucket[] | readonly SeriesPoint[];

export interface MapEntry {
  /** Undefined for a map without keys. */
  readonly key: TraceValue | undefined;
  readonly value: MapValue;
}

export type TraceEvent =
  | { readonly kind: 'printf'; readonly text: string; readonly args: readonly TraceValue[] }
  | { readonly kind: 'value'; readonly value: TraceValue }
  /** `print(@map)` while the script runs; `final` at its end. */
  | {
      readonly kind: 'map';
      readonly map: string;
      readonly entries: readonly MapEntry[];
      readonly final: boolean;
    }
  | { readonly kind: 'time' | 'join' | 'cat' | 'system'; readonly text: string }
  | { readonly kind: MessageKind; readonly text: string; readonly location: Location }
  | { readonly kind: 'attached'; readonly probes: number }
  /** Events that found no room since the last such event. */
  | { readonly kind: 'lost'; readonly count: bigint }
  | ({ readonly kind: 'helperError' } & HelperFailure)
  | { readonly kind: 'runtimeError'; readonly text: string; readonly location: Location }
  | { readonly kind: 'warning' | 'error'; readonly text: string };

/** Rows of a map as values. */
export function entriesOf(map: ScriptMap, rows: readonly Row[], context: PrintContext): MapEntry[] {
  const key = decoderOf(map.key, context);
  const value = decoderOf(map.value, context);
  return rows.map((row) => ({
    key: map.scalar ? undefined : key(memoryOf(row.key), 0),
    value: cellValue(row.cell, (bytes) => value(memoryOf(bytes), 0)),
  }));
}

function cellValue(cell: Cell, decode: (bytes: Uint8Array) => TraceValue): MapValue {
  switch (cell.kind) {
    case 'value':
      return decode(cell.bytes);
    case 'number':
      return cell.value;
    case 'stats': {
      const { count, average, total } = cell;
      return { count, average, total };
    }
    case 'histogram':
      return cell.buckets;
    case 'series':
      return cell.points;
  }
}

/** More than this waits in the kernel until somebody asks for events. */
const mostWaiting = 16_384;

/** Keeps events until they are asked for. */
export class EventQueue implements ScriptOutput {
  readonly #context: PrintContext;
  readonly #waiting: TraceEvent[] = [];
  #next = 0;
  #ended = false;
  #failure: unknown;
  #final = false;
  #wake: (() => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(context: PrintContext) {
    this.#context = context;
  }

  printf(format: Format, args: readonly Field[]): Handler {
    const write = formatter(format, args, this.#context);
    const decoders = args.map(({ offset, type }) => ({ offset, decode: decoderOf(type, this.#context) }));
    const scratch = new ByteBuffer();
    return (memory, at) => {
      scratch.clear();
      write(scratch, memory, at);
      const text = Buffer.from(scratch.view()).toString('utf8');
      this.#put({
        kind: 'printf',
        text,
        args: decoders.map(({ offset, decode }) => decode(memory, at + offset)),
      });
    };
  }

  value({ offset, type }: Field): Handler {
    const decode = decoderOf(type, this.#context);
    return (memory, at) => this.#put({ kind: 'value', value: decode(memory, at + offset) });
  }

  map({ map }: MapPrinter, rows: readonly Row[]): void {
    if (rows.length === 0) return;
    this.#put({
      kind: 'map',
      map: map.name,
      entries: entriesOf(map, rows, this.#context),
      final: this.#final,
    });
  }

  time(text: string): void {
    this.#put({ kind: 'time', text: utf8(text) });
  }

  join(text: string): void {
    this.#put({ kind: 'join', text: utf8(text) });
  }

  cat(bytes: Uint8Array): void {
    this.#put({ kind: 'cat', text: Buffer.from(bytes).toString('utf8') });
  }

  system(bytes: Uint8Array): void {
    this.#put({ kind: 'system', text: Buffer.from(bytes).toString('utf8') });
  }

  raw(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#put({ kind: 'printf', text: Buffer.from(bytes).toString('utf8'), args: [] });
  }

  attached(probes: number): void {
    this.#put({ kind: 'attached', probes });
  }

  lost(count: bigint): void {
    this.#put({ kind: 'lost', count });
  }

  message(kind: MessageKind, text: string, location: Location): void {
    this.#put({ kind, text: utf8(text), location });
  }

  helperError(failure: HelperFailure): void {
    this.#put({ kind: 'helperError', ...failure });
  }

  runtimeError(text: string, location: Location): void {
    this.#put({ kind: 'runtimeError', text, location });
  }

  warning(text: string): void {
    this.#put({ kind: 'warning', text });
  }

  error(text: string): void {
    this.#put({ kind: 'error', text });
  }

  note(): void {}

  end(): void {
    this.#final = true;
  }

  idle(): void {}

  flush(): void {}

  get full(): boolean {
    return this.#waiting.length - this.#next >= mostWaiting;
  }

  /** Resolves when there is room again. */
  drained(): Promise<void> {
    if (!this.full) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  /** No more events will come; whoever waits gets the failure. */
  finish(failure?: unknown): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
  }

  /** The next event; undefined at the end. Rejects with what ended the script. */
  async take(): Promise<TraceEvent | undefined> {
    for (;;) {
      if (this.#next < this.#waiting.length) return this.#first();
      if (this.#ended) {
        const failure = this.#failure;
        this.#failure = undefined;
        if (failure !== undefined) throw failure;
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #first(): TraceEvent {
    const event = this.#waiting[this.#next++]!;
    if (this.#next === this.#waiting.length || this.#next > mostWaiting) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    if (this.#drained !== undefined && !this.full) {
      this.#drained();
      this.#drained = undefined;
    }
    return event;
  }

  #put(event: TraceEvent): void {
    this.#waiting.push(event);
    this.#wake?.();
    this.#wake = undefined;
  }
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
