/**
 * C objects for programs: open, set variables, load, attach, read.
 *
 *     using object = loadObject('opensnoop.bpf.o', { variables: { target_pid: 1234 } });
 *     object.attach();
 *     for await (const event of object.events('events').records()) console.log(event);
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Btf } from '../btf/btf.ts';
import { decoder } from '../btf/decode.ts';
import { essentialName } from '../btf/names.ts';
import type { TypeId } from '../btf/types.ts';
import { closeAll, type Link } from '../kernel/link/link.ts';
import { attachStructOps, type StructOps, structOpsValue } from '../kernel/link/struct-ops.ts';
import type { BpfMap } from '../kernel/map/map.ts';
import type { Program, ProgramInfo, TestRunOptions, TestRunResult } from '../kernel/program/program.ts';
import { MapType } from '../kernel/spec.ts';
import { PerfBuffer, type PerfBufferOptions } from '../kernel/stream/perf.ts';
import { copyRecord, type RecordDecoder } from '../kernel/stream/record.ts';
import { RingBuffer } from '../kernel/stream/ring.ts';
import type { BatchOptions, RecordStream, StreamOptions } from '../kernel/stream/stream.ts';
import type { KernelString } from '../text/kernel-string.ts';
import { didYouMean, nearestNames } from '../text/nearest.ts';
import { type AttachOptions, attachBySection, saysWhere } from './attach.ts';
import { ObjectError } from './errors.ts';
import { type LoadedParts, type LoadObjectOptions, loadSpec } from './load/load.ts';
import { type ParseOptions, parseObject } from './parse.ts';
import type { ObjectMap, ObjectProgram, ObjectSpec } from './spec.ts';
import { UsdtSpecs } from './usdt.ts';
import { loadedVariables, specVariables, type Variables } from './variables.ts';

/** What an object has, by name: `bpfkit gen` writes it for one object. */
export interface ObjectShape {
  readonly maps: object;
  readonly programs: object;
  readonly variables: object;
  /** Types of what ring and perf buffers deliver. */
  readonly events: object;
}

/** Nothing is known about the object. */
export interface AnyObject extends ObjectShape {
  readonly maps: Record<string, BpfMap>;
  readonly programs: Record<string, LoadedProgram>;
  readonly variables: Variables;
  readonly events: Record<string, unknown>;
}

/** An object that is not loaded: everything in it may be edited. No kernel is needed. */
export class OpenObject<S extends ObjectShape = AnyObject> {
  readonly spec: ObjectSpec;
  /** Initial values of global variables. */
  readonly variables: S['variables'];
  readonly maps: Readonly<Record<string, ObjectMap>>;
  readonly programs: Readonly<Record<string, ObjectProgram>>;

  constructor(spec: ObjectSpec) {
    this.spec = spec;
    this.variables = specVariables(spec) as S['variables'];
    this.maps = named(spec, 'map', spec.maps);
    this.programs = named(spec, 'program', spec.programs);
  }

  /** Throws ObjectError, VerifierError, KernelError; nothing stays in the kernel then. */
  load(options: LoadObjectOptions = {}): BpfObject<S> {
    return new BpfObject<S>(this.spec, loadSpec(this.spec, options));
  }
}

/** A loaded program of an object. */
export class LoadedProgram {
  readonly spec: ObjectProgram;
  readonly program: Program;
  readonly #file: string;
  readonly #links: Set<Link>;
  readonly #usdtSpecs: UsdtSpecs;

  constructor(file: string, spec: ObjectProgram, program: Program, links: Set<Link>, usdtSpecs: UsdtSpecs) {
    this.#file = file;
    this.#usdtSpecs = usdtSpecs;
    this.spec = spec;
    this.program = program;
    this.#links = links;
  }

  get name(): string {
    return this.spec.name;
  }

  get fd(): Program['fd'] {
    return this.program.fd;
  }

  /** Attaches where SEC or the options say. The object closes the link when it is closed. Throws AttachError, ObjectError. */
  attach(options: AttachOptions = {}): Link {
    const link = attachBySection(this.#file, this.spec, this.program, this.#usdtSpecs, options);
    this.#links.add(link);
    return link;
  }

  /** Runs the program without attaching it. Throws SysError. */
  testRun(options: TestRunOptions = {}): TestRunResult {
    return this.program.testRun(options);
  }

  info(): ProgramInfo {
    return this.program.info();
  }

  pin(path: string): void {
    this.program.pin(path);
  }
}

/** Records of one ring or perf buffer, decoded by their C type. */
export class EventStream<T> {
  readonly stream: RecordStream;
  readonly #decode: RecordDecoder<T>;

  constructor(stream: RecordStream, decode: RecordDecoder<T>) {
    this.stream = stream;
    this.#decode = decode;
  }

  /** One after the other; ends when the stream is finished or closed. */
  records(options: BatchOptions = {}): AsyncIterableIterator<T> {
    return this.stream.records(this.#decode, options);
  }

  /** As many at once as there are. */
  batches(options: BatchOptions = {}): AsyncIterableIterator<T[]> {
    return this.stream.batches(this.#decode, options);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.records();
  }

  close(): void {
    this.stream.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export interface EventOptions extends StreamOptions {
  /** Name of the C type of a record. Default: the value type of the map's definition; bytes without one. */
  readonly type?: string;
  /** For perf buffers. */
  readonly perf?: PerfBufferOptions;
}

/** A loaded object: owns its maps, programs and links. */
export class BpfObject<S extends ObjectShape = AnyObject> {
  readonly spec: ObjectSpec;
  readonly maps: S['maps'];
  readonly programs: { readonly [K in keyof S['programs']]: LoadedProgram };
  readonly variables: S['variables'];
  readonly #parts: LoadedParts;
  readonly #links = new Set<Link>();
  readonly #streams = new Set<EventStream<unknown>>();
  readonly #closeVariables: () => void;
  #closed = false;

  constructor(spec: ObjectSpec, parts: LoadedParts) {
    this.spec = spec;
    this.#parts = parts;
    const { maps, programs } = parts.collection;
    this.maps = namedMap(spec, 'map', maps) as S['maps'];
    const usdtSpecs = new UsdtSpecs(spec, maps);
    const loaded = new Map<string, LoadedProgram>();
    for (const program of parts.programs) {
      const handle = programs.get(program.name);
      if (handle !== undefined) {
        loaded.set(program.name, new LoadedProgram(spec.file, program, handle, this.#links, usdtSpecs));
      }
    }
    this.programs = namedMap(spec, 'program', loaded) as BpfObject<S>['programs'];
    const { variables, close } = loadedVariables(spec, maps);
    this.variables = variables as S['variables'];
    this.#closeVariables = close;
  }

  /** Links that were made through this object and are open. */
  get links(): readonly Link[] {
    return [...this.#links].filter((link) => !link.closed);
  }

  /**
   * Attaches all programs whose SEC says where, and the structures of `.struct_ops`. Programs that need more (an
   * interface, a control group) and those with `autoattach` false are left out. All or nothing. Throws AttachError.
   */
  attach(): readonly Link[] {
    const made: Link[] = [];
    try {
      for (const program of Object.values<LoadedProgram>(this.programs)) {
        if (program.spec.autoattach && saysWhere(program.spec)) made.push(program.attach());
      }
      for (const map of this.#parts.maps)
        if (map.structOps !== undefined) made.push(this.attachStructOps(map.name));
    } catch (error) {
      for (const link of made) link.close();
      throw error;
    }
    return made;
  }

  /**
   * Registers a structure of `.struct_ops` with the kernel. `values`: members that are no functions, in the place
   * of what the object says of them. Throws AttachError, KernelError.
   */
  attachStructOps(name: string, values: StructOps['values'] = {}): Link {
    const map = this.#parts.maps.find((one) => one.name === name);
    if (map?.structOps === undefined) throw this.#unknown('structure', name, structNames(this.#parts.maps));
    const { typeName, functions } = map.structOps;
    const programs: Record<string, { readonly fd: Program['fd'] }> = {};
    for (const [member, key] of functions) {
      const program = this.#parts.programs.find((one) => one.function === key);
      const loaded = program === undefined ? undefined : this.#parts.collection.programs.get(program.name);
      if (loaded !== undefined) programs[member] = loaded;
    }
    const value = structOpsValue({
      struct: essentialName(typeName),
      programs,
      values: { ...memberValues(this.spec.types!, map.structOps), ...values },
    });
    const link = attachStructOps(this.#parts.collection.map(name), value);
    this.#links.add(link);
    return link;
  }

  /**
   * What programs send through a ring buffer or a perf event array. One reader a map. The object closes it when
   * it is closed. Throws ObjectError for other maps and unknown types, StreamError, SysError.
   */
  events<K extends keyof S['events'] & string>(
    name: K,
    options: EventOptions = {},
  ): EventStream<S['events'][K]> {
    const map = this.#parts.maps.find((one) => one.name === name);
    if (map === undefined)
      throw this.#unknown(
        'map',
        name,
        this.#parts.maps.map((one) => one.name),
      );
    const handle = this.#parts.collection.map(name);
    const decode = this.#decoder(map, options.type);
    const stream = openStream(this.spec, map, handle, options);
    const events = new EventStream(stream, decode as RecordDecoder<S['events'][K]>);
    this.#streams.add(events);
    return events;
  }

  /** Detaches what was attached through this object, and lets the kernel's waits overlap. */
  async detach(): Promise<void> {
    const links = this.links;
    this.#links.clear();
    await closeAll(links);
  }

  /** Detaches and unloads; what is pinned stays. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const link of this.#links) link.close();
    for (const stream of this.#streams) stream.close();
    this.#closeVariables();
    this.#parts.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #decoder(map: ObjectMap, typeName: string | undefined): RecordDecoder<unknown> {
    const { types } = this.spec;
    const id = typeName === undefined ? eventType(types, map) : this.#typeNamed(typeName);
    if (types === undefined || id === undefined) return copyRecord;
    const read = decoder(types, id);
    const size = types.sizeOf(id);
    return (view, offset, length) => {
      if (length >= size) return read(view, offset);
      throw new ObjectError(
        'use',
        { file: this.spec.file },
        `map "${map.name}": a record of ${length} bytes, where ${types.name(id) || 'its type'} has ${size}`,
      );
    };
  }

  #typeNamed(name: string): TypeId {
    const { types } = this.spec;
    const plain = name.replace(/^(?:struct|union)\s+/, '');
    const id =
      types?.find(plain, 'struct') ??
      types?.find(plain, 'union') ??
      types?.find(plain, 'typedef') ??
      types?.find(plain, 'int');
    if (id === undefined) throw this.#unknown('type', name, types?.suggest(plain) ?? []);
    return id;
  }

  #unknown(what: string, name: string, known: readonly string[]): ObjectError {
    return unknownName(this.spec, what, name, known);
  }
}

/** Opens an object: a path, or its bytes. No kernel is asked. Throws ObjectError, and errors of reading the file. */
export function openObject<S extends ObjectShape = AnyObject>(
  source: string | Uint8Array,
  options: ParseOptions = {},
): OpenObject<S> {
  if (typeof source !== 'string') return new OpenObject<S>(parseObject(source, options));
  return new OpenObject<S>(parseObject(readFileSync(source), { file: basename(source), ...options }));
}

/** What a variable can be set to: more than what it is read as. */
export type Settable<T> = T extends number | bigint
  ? number | bigint | (T & string)
  : T extends KernelString
    ? string | KernelString | Uint8Array
    : T;

export interface OpenAndLoadOptions<S extends ObjectShape = AnyObject>
  extends ParseOptions,
    LoadObjectOptions {
  /** Initial values of global variables. */
  readonly variables?: { readonly [K in keyof S['variables']]?: Settable<S['variables'][K]> };
  /** Programs to load, by name, whatever their SEC says. Default: all without a `?`. */
  readonly programs?: readonly string[];
}

/** Opens and loads an object. Throws ObjectError, VerifierError, KernelError; nothing stays in the kernel then. */
export function loadObject<S extends ObjectShape = AnyObject>(
  source: string | Uint8Array,
  options: OpenAndLoadOptions<S> = {},
): BpfObject<S> {
  const { variables, programs, ...rest } = options;
  const open = openObject<S>(source, rest);
  const values = open.variables as Variables;
  for (const [name, value] of Object.entries(variables ?? {})) values[name] = value;
  if (programs !== undefined) {
    // A name that is not there is said.
    for (const name of programs) open.programs[name]?.name;
    for (const program of open.spec.programs) program.autoload = programs.includes(program.name);
  }
  return open.load(rest);
}

function openStream(spec: ObjectSpec, map: ObjectMap, handle: BpfMap, options: EventOptions): RecordStream {
  const { type: _, perf, ...stream } = options;
  const { number } = handle.fd;
  switch (map.type) {
    case MapType.ringBuffer:
      return new RingBuffer(number, handle.maxEntries, { name: map.name, ...stream });
    case MapType.perfEventArray:
      return new PerfBuffer(number, { name: map.name, ...stream, ...perf });
    default:
      throw new ObjectError(
        'use',
        { file: spec.file },
        `map "${map.name}" is no ring buffer and no perf event array`,
      );
  }
}

/** The type that the definition names, where it is one of records and not the size of a descriptor. */
export function eventType(types: Btf | undefined, map: ObjectMap): TypeId | undefined {
  if (types === undefined || map.valueType === undefined || types.strip(map.valueType) === 0)
    return undefined;
  const kind = types.kind(types.strip(map.valueType));
  return kind === 'struct' || kind === 'union' || map.type === MapType.ringBuffer ? map.valueType : undefined;
}

/** Members that are data and not zero: the kernel may lack the others. */
function memberValues(types: Btf, ops: NonNullable<ObjectMap['structOps']>): Record<string, Uint8Array> {
  const type = types.type(ops.type);
  const values: Record<string, Uint8Array> = {};
  if (type.kind !== 'struct') return values;
  for (const member of type.members) {
    if (member.name === '' || ops.functions.has(member.name)) continue;
    const start = Math.floor(member.bitOffset / 8);
    const bytes = ops.contents.subarray(start, start + types.sizeOf(member.type));
    if (bytes.some((byte) => byte !== 0)) values[member.name] = bytes;
  }
  return values;
}

function structNames(maps: readonly ObjectMap[]): string[] {
  return maps.filter((map) => map.structOps !== undefined).map(({ name }) => name);
}

function named<T extends { readonly name: string }>(
  spec: ObjectSpec,
  what: string,
  all: readonly T[],
): Record<string, T> {
  return namedMap(spec, what, new Map(all.map((one) => [one.name, one])));
}

/** An object by name, which says so when a name is not in it. */
function namedMap<T>(spec: ObjectSpec, what: string, all: ReadonlyMap<string, T>): Record<string, T> {
  const holder: Record<string, T> = Object.create(null) as Record<string, T>;
  for (const [name, value] of all) holder[name] = value;
  return new Proxy(holder, {
    get: (target, name) => {
      if (typeof name === 'symbol' || Object.hasOwn(target, name)) return Reflect.get(target, name);
      // What the language asks of any object.
      if (name === 'then' || name === 'toJSON') return undefined;
      throw unknownName(spec, what, name, Object.keys(target));
    },
  });
}

function unknownName(spec: ObjectSpec, what: string, name: string, known: readonly string[]): ObjectError {
  const near = nearestNames(name, known);
  return new ObjectError('use', { file: spec.file }, `it has no ${what} "${name}"`, {
    hint: didYouMean(near),
  });
}
