/** Running a package: set its variables, load, attach, and print what its maps say until it is told to end. */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import type { KeyedMap } from '../../kernel/map/keyed.ts';
import { type AttachOptions, saysWhere } from '../../object/attach.ts';
import { type LoadObjectOptions, loadSpec } from '../../object/load/load.ts';
import { BpfObject, type LoadedProgram } from '../../object/object.ts';
import type { ObjectSpec } from '../../object/spec.ts';
import { jsonText } from '../../text/json.ts';
import { badPackage, PackageError } from '../errors.ts';
import type { BpfPackage, PackageProgram } from '../format/package-json.ts';
import { packageObject } from '../object.ts';
import { columnsOf, headerLine, jsonDecoder, rowWriter } from './columns.ts';
import { type EventExport, exportsOf, type MapExport } from './exports.ts';
import { applyOptions, helpText, optionsOf, parseOptions, versionText } from './options.ts';
import { Sampler } from './sampler.ts';

export interface RunOptions extends LoadObjectOptions {
  /** One object a line instead of columns. Default false. */
  readonly json?: boolean;
  /** Where programs go that neither their section nor their annotations tell about. */
  readonly attach?: AttachOptions;
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** Lines for standard output. */
  print(line: string): void;
  /** Lines for standard error. */
  say(line: string): void;
  /** Called once everything is attached. */
  attached?(): void;
}

/**
 * Runs a package with the words of its own command line. Resolves when it was told to end, or at once after `--help`.
 * Throws PackageError (`badOption`, `badPackage`, `unsupported`), ObjectError, VerifierError, AttachError.
 */
export async function runPackage(
  content: BpfPackage,
  what: string,
  words: readonly string[],
  options: RunOptions,
): Promise<void> {
  const { meta } = content;
  const spec = packageObject(content);
  const known = optionsOf(meta, spec);
  const parsed = parseOptions(known, words);
  if (parsed.kind !== 'run') {
    const text = parsed.kind === 'help' ? helpText(meta, known, what) : versionText(meta);
    for (const line of text.trimEnd().split('\n')) options.print(line);
    return;
  }
  applyOptions(spec, known, parsed.values);
  const exported = exportsOf(meta, spec, what);
  const loaded = new BpfObject(
    spec,
    loadSpec(spec, { ...options, ...(parsed.verbose ? { logLevel: 1 } : {}) }),
  );
  try {
    const speaking = exported.map((one) => speak(one, loaded, spec, exported.length > 1, what, options));
    attachAll(loaded, meta.bpf_skel.progs, options.attach ?? {});
    if (parsed.verbose) for (const link of loaded.links) options.say(`attached ${link.kind} ${link.target}`);
    options.attached?.();
    // First nothing more comes, then what has come is read.
    const detached = aborted(options.signal).then(() => loaded.detach());
    await Promise.all(speaking.map((run) => run(detached)));
    await detached;
  } finally {
    loaded.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Attaches every program that was loaded; what a program needs besides its section comes from its annotations. */
function attachAll(loaded: BpfObject, described: readonly PackageProgram[], given: AttachOptions): void {
  for (const program of Object.values<LoadedProgram>(loaded.programs)) {
    const annotations = described.find(({ name }) => name === program.name);
    if (annotations?.link === false) continue;
    if (program.spec.rule?.attach === 'none') continue;
    const options = { ...placeOf(program, annotations), ...given };
    if (!saysWhere(program.spec) && Object.keys(options).length === 0) {
      throw new PackageError(
        'unsupported',
        `program "${program.name}" (${program.spec.section}): its package does not say where it is attached`,
        { hint: 'to do: give --interface, --direction, --cgroup or --target' },
      );
    }
    program.attach(
      saysWhere(program.spec) ? { ...(given.pid === undefined ? {} : { pid: given.pid }) } : options,
    );
  }
}

/** `@tchook`, `@ifindex`: where programs of networks go. */
function placeOf(program: LoadedProgram, annotations: PackageProgram | undefined): AttachOptions {
  switch (program.spec.rule?.attach) {
    case 'tc': {
      const hook = annotations?.tchook;
      if (typeof hook !== 'object' || hook === null) return {};
      const { ifindex = 1, attach_point: point = 'BPF_TC_INGRESS' } = hook as Record<string, unknown>;
      const direction = point === 'BPF_TC_EGRESS' ? 'egress' : 'ingress';
      return { interface: Number(ifindex), direction };
    }
    case 'xdp':
      return annotations?.ifindex === undefined ? {} : { interface: Number(annotations.ifindex) };
    case 'perfEvent':
      // PERF_COUNT_SW_CPU_CLOCK: every machine has it.
      return { perf: { type: 1, event: 0, frequency: 49 } };
    default:
      return {};
  }
}

/** Shows what one map has to say until everything is detached. */
type Speaker = (detached: Promise<void>) => Promise<void>;

/** Prepares the reader of one map: opened before anything is attached, run afterwards. */
function speak(
  exported: MapExport,
  loaded: BpfObject,
  spec: ObjectSpec,
  several: boolean,
  what: string,
  options: RunOptions,
): Speaker {
  const { types } = spec;
  if (!types) throw badPackage(what, 'its object has no types (BTF)');
  return exported.kind === 'sample'
    ? sample(
        new Sampler(exported, loaded.maps[exported.map] as KeyedMap<unknown, unknown>, types, {
          json: options.json ?? false,
          what,
        }),
        exported.interval,
        exported.clear ? (loaded.maps[exported.map] as KeyedMap<unknown, unknown>) : undefined,
        options,
      )
    : follow(exported, loaded, types, several, options);
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8);
}

function sample(
  sampler: Sampler,
  interval: number,
  clear: KeyedMap<unknown, unknown> | undefined,
  { signal, print }: RunOptions,
): Speaker {
  return async () => {
    if (sampler.header !== undefined) print(sampler.header);
    while (!signal.aborted) {
      await delay(interval, signal);
      for (const line of sampler.look(timeOfDay())) print(line);
    }
    clear?.clear();
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

type Printer = (view: DataView, offset: number, length: number) => string;

function follow(
  exported: EventExport,
  loaded: BpfObject,
  types: Btf,
  several: boolean,
  { json = false, print, say }: RunOptions,
): Speaker {
  const { stream } = loaded.events(exported.map);
  const printers = new Map<TypeId | undefined, Printer>();
  const printerOf = (id: TypeId | undefined): Printer => {
    let printer = printers.get(id);
    if (!printer) printers.set(id, (printer = json ? jsonPrinter(types, id) : textPrinter(types, id)));
    return printer;
  };
  const prefix = !several ? '' : json ? '' : `${exported.map}: `;
  return async (detached) => {
    if (!json && exported.first !== undefined) print(prefix + headerLine(columnsOf(types, exported.first)));
    const reading = stream.each(({ view }, offset, length) => {
      print(prefix + printerOf(exported.typeFor(length))(view, offset, length));
    });
    await detached;
    stream.finish();
    await reading;
    const { droppedInKernel } = stream.ledger.read();
    if (droppedInKernel > 0n) say(`Lost ${droppedInKernel} events of map "${exported.map}"`);
  };
}

function textPrinter(types: Btf, id: TypeId | undefined): Printer {
  if (id === undefined) return (view, offset, length) => `${timeOfDay()} ${hex(view, offset, length)}`;
  const write = rowWriter(columnsOf(types, id));
  const size = types.sizeOf(id);
  return (view, offset, length) =>
    length < size ? `${timeOfDay()} ${hex(view, offset, length)}` : write(timeOfDay(), view, offset);
}

function jsonPrinter(types: Btf, id: TypeId | undefined): Printer {
  if (id === undefined) return (view, offset, length) => jsonText({ bytes: hex(view, offset, length) });
  const read = jsonDecoder(types, id);
  const size = types.sizeOf(id);
  return (view, offset, length) =>
    length < size ? jsonText({ bytes: hex(view, offset, length) }) : jsonText(read(view, offset));
}

function hex(view: DataView, offset: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + offset, length).toString('hex');
}
