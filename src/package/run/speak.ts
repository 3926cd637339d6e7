/** What a map of a running package says, as lines: its records as they come, or its elements again and again. */
import type { Btf } from '../../btf/btf.ts';
import type { KeyedMap } from '../../kernel/map/keyed.ts';
import { MapType } from '../../kernel/spec.ts';
import type { BpfObject } from '../../object/object.ts';
import type { ObjectSpec } from '../../object/spec.ts';
import { escapeText } from '../../text/escape.ts';
import { type JsonValue, jsonText } from '../../text/json.ts';
import { badPackage } from '../errors.ts';
import { headerLine, rowWriter } from './columns.ts';
import type { EventExport } from './events.ts';
import type { MapExport, SampleExport } from './exports.ts';
import type { RecordForm } from './form.ts';
import { Sampler } from './sampler.ts';
import { StackNames, stackPrinter } from './stacks.ts';

export interface SpeakOptions {
  readonly json?: boolean;
  /** The package's name for messages. */
  readonly what: string;
  /** Other maps speak too: each line says which map it is of. */
  readonly several: boolean;
  readonly signal: AbortSignal;
  print(line: string): void;
  say(line: string): void;
}

/** Shows what one map has to say until everything is detached. */
export type Speaker = (detached: Promise<void>) => Promise<void>;

/** Prepares the reader of one map: opened before anything is attached, run afterwards. */
export function speak(
  exported: MapExport,
  loaded: BpfObject,
  spec: ObjectSpec,
  options: SpeakOptions,
): Speaker {
  const { types } = spec;
  if (!types) throw badPackage(options.what, 'its object has no types (BTF)');
  return exported.kind === 'sample'
    ? sample(exported, loaded, types, options)
    : follow(exported, loaded, types, options);
}

export function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8);
}

const arrays: ReadonlySet<number> = new Set([MapType.array, MapType.perCpuArray]);

function sample(exported: SampleExport, loaded: BpfObject, types: Btf, options: SpeakOptions): Speaker {
  const { json = false, what, several, signal, print } = options;
  const map = loaded.maps[exported.map] as KeyedMap<unknown, unknown>;
  const sampler = new Sampler(exported, map, types, { json, what, several });
  const prefix = several && !json ? `${escapeText(exported.map)}: ` : '';
  return async () => {
    if (sampler.header !== undefined) print(prefix + sampler.header);
    while (!signal.aborted) {
      await delay(exported.interval, signal);
      for (const line of sampler.look(timeOfDay())) print(line === '' ? line : prefix + line);
    }
    // Elements of arrays are always there.
    if (exported.clear && !arrays.has(exported.definition.type)) map.clear();
  };
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}

/** Lines of one record. */
type Printer = (view: DataView, offset: number, length: number) => readonly string[];

function follow(exported: EventExport, loaded: BpfObject, types: Btf, options: SpeakOptions): Speaker {
  const { json = false, what, several, print, say } = options;
  const { stacks, map, perfPages } = exported;
  const { stream } = loaded.events(map, perfPages === undefined ? {} : { perf: { pages: perfPages } });
  const names = new StackNames();
  const wrap = (value: JsonValue): string => jsonText(several ? named(map, value) : value);
  const make = (form: RecordForm | undefined): Printer => {
    if (form === undefined) {
      return json
        ? (view, offset, length) => [wrap({ bytes: hex(view, offset, length) })]
        : (view, offset, length) => [`${timeOfDay()} ${hex(view, offset, length)}`];
    }
    if (stacks && form.type !== undefined) {
      return whole(form, stackPrinter(types, form.type, stacks, names, { json, what, map, wrap }));
    }
    if (json) return whole(form, (view, offset) => [wrap(form.json(view, offset))]);
    const row = rowWriter(form.columns);
    return whole(form, (view, offset) => [row(timeOfDay(), view, offset)]);
  };
  const printers = new Map<RecordForm | undefined, Printer>();
  const printerOf = (form: RecordForm | undefined): Printer => {
    let printer = printers.get(form);
    if (!printer) printers.set(form, (printer = make(form)));
    return printer;
  };
  // What is wrong with the type shows before anything is attached.
  if (exported.announced) printerOf(exported.announced);
  const prefix = !several || json ? '' : `${escapeText(map)}: `;
  let heading: RecordForm | undefined;
  const announce = (form: RecordForm | undefined): void => {
    if (json || stacks || form === undefined || form === heading) return;
    heading = form;
    print(prefix + headerLine(form.columns));
  };
  return async (detached) => {
    announce(exported.announced);
    const reading = stream.each(({ view }, offset, length) => {
      const form = exported.formOf(length);
      announce(form);
      for (const line of printerOf(form)(view, offset, length)) print(prefix + line);
    });
    await detached;
    stream.finish();
    await reading;
    const { droppedInKernel } = stream.ledger.read();
    if (droppedInKernel > 0n) say(`Lost ${droppedInKernel} events of map "${escapeText(map)}"`);
  };
}

/** The map's name first; a member of that name keeps its place and its value. */
function named(map: string, value: JsonValue): JsonValue {
  const members = value instanceof Map ? value : Object.entries(value as Readonly<Record<string, JsonValue>>);
  return new Map<string, JsonValue>([['map', map], ...members]);
}

/** Records that a program cut off behind what it filled are filled up with zeros. */
function whole(form: RecordForm, print: (view: DataView, offset: number) => readonly string[]): Printer {
  return (view, offset, length) => {
    if (length >= form.size) return print(view, offset);
    const bytes = new Uint8Array(form.size);
    bytes.set(new Uint8Array(view.buffer, view.byteOffset + offset, length));
    return print(new DataView(bytes.buffer), 0);
  };
}

function hex(view: DataView, offset: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + offset, length).toString('hex');
}
