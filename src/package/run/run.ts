/** Running a package: set its variables, load, attach, and print what its maps say until it is told to end. */
import { olderThan } from '../../kernel/feature/release.ts';
import { type KeptFilters, keptFilters } from '../../kernel/link/kept-filters.ts';
import { MapFlag } from '../../kernel/map/kind.ts';
import { TracePipe } from '../../kernel/printk/trace-pipe.ts';
import { ProgramType } from '../../kernel/spec.ts';
import { type AttachOptions, saysWhere } from '../../object/attach.ts';
import { type LoadObjectOptions, loadSpec } from '../../object/load/load.ts';
import { BpfObject, type LoadedProgram } from '../../object/object.ts';
import type { ObjectSpec } from '../../object/spec.ts';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import { badPackage, PackageError } from '../errors.ts';
import type { BpfPackage, PackageProgram } from '../format/package-json.ts';
import { packageObject } from '../object.ts';
import { exportsOf } from './exports.ts';
import { applyOptions, helpText, optionsOf, parseOptions, versionText } from './options.ts';
import { ownMessages, printkFormats } from './printk-formats.ts';
import { speak, timeOfDay } from './speak.ts';

export interface RunOptions extends LoadObjectOptions {
  /** One object a line instead of columns. Default false. */
  readonly json?: boolean;
  /** Shows what the package's programs say by bpf_printk. Default false. */
  readonly tracePipe?: boolean;
  /** Where programs go that neither their section nor their annotations tell about. */
  readonly attach?: AttachOptions;
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** Lines for standard output. */
  print(line: string): void;
  /** Lines for standard error. */
  say(line: string): void;
  /**
   * Called before filters are put on an interface, where they stay if this process is killed: somebody else could look
   * after them.
   */
  keeping?(kept: KeptFilters): void;
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
    for (const line of text.trimEnd().split('\n')) options.print(escapeText(line));
    return;
  }
  if (spec.programs.length === 0) throw badPackage(what, 'it has no program, so nothing would run');
  applyOptions(spec, known, parsed.values);
  for (const sentence of idlePrograms(spec)) options.say(sentence);
  const exported = exportsOf(meta, spec, what);
  const formats = printkFormats(spec);
  if (exported.length === 0 && formats.length > 0 && options.tracePipe !== true) {
    options.say('This package speaks by bpf_printk: bpfkit run --trace-pipe shows it.');
  }
  // By a link a structure goes with this process, however that ends (Linux 6.4).
  if (!olderThan('6.4')) {
    for (const map of spec.maps) if (map.structOps !== undefined) map.flags |= MapFlag.link;
  }
  const loaded = new BpfObject(
    spec,
    loadSpec(spec, { ...options, ...(parsed.verbose ? { logLevel: 1 } : {}) }),
  );
  let messages: TracePipe | undefined;
  try {
    if (options.tracePipe === true) messages = showMessages(formats, options);
    const speaking = exported.map((one) =>
      speak(one, loaded, spec, { ...options, what, several: exported.length > 1 }),
    );
    attachAll(loaded, meta.bpf_skel.progs, options);
    for (const map of spec.maps) {
      if (map.structOps !== undefined && map.autocreate) loaded.attachStructOps(map.name);
    }
    if (parsed.verbose)
      for (const link of loaded.links) options.say(escapeText(`attached ${link.kind} ${link.target}`));
    options.attached?.();
    // First nothing more comes, then what has come is read.
    const detached = aborted(options.signal).then(() => loaded.detach());
    await Promise.all(speaking.map((run) => run(detached)));
    await detached;
    messages?.drain();
    if (messages && messages.lost > 0) options.say(`Lost ${messages.lost} lines of the trace pipe`);
  } finally {
    messages?.close();
    loaded.close();
  }
}

/** Programs that nothing will run: left out silently, they look as if they ran and saw nothing. */
function idlePrograms(spec: ObjectSpec): string[] {
  const used = new Set(spec.maps.flatMap(({ structOps }) => [...(structOps?.functions.values() ?? [])]));
  return spec.programs.flatMap(({ name, section, rule, function: key, autoload }) => {
    if (!autoload) return [];
    const who = escapeText(`"${name}" (${section})`);
    if (rule?.attach === 'structOps' && !used.has(key)) {
      return [`program ${who} is in no structure of .struct_ops, so nothing runs it`];
    }
    return rule?.type === ProgramType.syscall
      ? [`program ${who} is not attached: it runs when it is called`]
      : [];
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What other programs say is left out, and what our own printing made them say: it would never end. */
function showMessages(
  formats: readonly (string | undefined)[],
  { json = false, print, say }: RunOptions,
): TracePipe {
  const isOwn = ownMessages(formats);
  const pipe = TracePipe.open(({ comm, tid, cpu, time, message }) => {
    if (tid === process.pid || !isOwn(message.bytes)) return;
    print(
      json
        ? jsonText({ printk: message.toString(), comm: comm.toString(), tid, cpu, time: Number(time) })
        : `${timeOfDay()} ${comm}-${tid}: ${message}`,
    );
  });
  if (pipe.shared) {
    say('This kernel has one trace pipe for everybody: lines that others read are missing here.');
  }
  return pipe;
}

interface Planned {
  readonly program: LoadedProgram;
  readonly options: AttachOptions;
}

/** Attaches every program that was loaded; what a program needs besides its section comes from its annotations. */
function attachAll(loaded: BpfObject, described: readonly PackageProgram[], run: RunOptions): void {
  const given = run.attach ?? {};
  const planned: Planned[] = [];
  for (const program of Object.values<LoadedProgram>(loaded.programs)) {
    const annotations = described.find(({ name }) => name === program.name);
    if (annotations?.link === false) continue;
    const way = program.spec.rule?.attach;
    if (way === 'none' || way === 'structOps') continue;
    const options = { ...placeOf(program, annotations), ...given };
    // Without a name for it, the network namespace that bpfkit is in.
    const ownPlace = saysWhere(program.spec) || program.spec.rule?.attach === 'netns';
    if (!ownPlace && Object.keys(options).length === 0) {
      throw new PackageError(
        'unsupported',
        `program "${program.name}" (${program.spec.section}): nothing says where it is attached`,
        { hint: `to do: ${wanted(program)}` },
      );
    }
    const pid = given.pid === undefined ? {} : { pid: given.pid };
    planned.push({ program, options: saysWhere(program.spec) ? pid : options });
  }
  if (run.keeping) for (const kept of filtersOf(planned)) run.keeping(kept);
  for (const { program, options } of planned) program.attach(options);
}

/** What is going to be kept for each interface. */
function filtersOf(planned: readonly Planned[]): KeptFilters[] {
  const ids = new Map<string | number, number[]>();
  for (const { program, options } of planned) {
    const way = program.spec.rule?.attach;
    if ((way !== 'tc' && way !== 'tcAction') || options.interface === undefined) continue;
    const there = ids.get(options.interface) ?? [];
    ids.set(options.interface, [...there, program.program.info().id]);
  }
  return [...ids].flatMap(([which, programs]) => keptFilters(which, programs) ?? []);
}

/** What `bpfkit run` must be told of a program whose section does not say it. */
function wanted({ spec }: LoadedProgram): string {
  switch (spec.rule?.attach) {
    case 'xdp':
    case 'tcx':
    case 'netkit':
      return 'bpfkit run --interface NAME PACKAGE';
    case 'tc':
    case 'tcAction':
      return 'bpfkit run --interface NAME --direction ingress|egress PACKAGE';
    case 'cgroup':
    case 'lsmCgroup':
      return 'bpfkit run --cgroup PATH PACKAGE';
    case 'socket':
    case 'reuseport':
    case 'sockmap':
    case 'netfilter':
    case 'route':
    case 'lirc':
      return `attach it from TypeScript, with what it needs: loadObject(FILE).programs.${spec.name}.attach({ … })`;
    default:
      return 'bpfkit run --target NAME PACKAGE';
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
      return { interface: Number(ifindex), direction, filter: filterOf(annotations?.tcopts) };
    }
    case 'xdp': {
      if (annotations?.ifindex === undefined) return {};
      const mode = xdpMode(Number(annotations.flags ?? 0));
      return { interface: Number(annotations.ifindex), ...(mode === undefined ? {} : { mode }) };
    }
    case 'perfEvent':
      // PERF_COUNT_SW_CPU_CLOCK: every machine has it.
      return { perf: { type: 1, event: 0, frequency: 49 } };
    default:
      return {};
  }
}

/** `@tcopts`; what it does not say, the kernel chooses. */
function filterOf(options: unknown): NonNullable<AttachOptions['filter']> {
  const { handle, priority } = (typeof options === 'object' && options !== null ? options : {}) as Record<
    string,
    unknown
  >;
  return {
    ...(typeof handle === 'number' ? { handle } : {}),
    ...(typeof priority === 'number' ? { priority } : {}),
  };
}

/** `@flags`: XDP_FLAGS_SKB_MODE, DRV_MODE and HW_MODE of include/uapi/linux/if_link.h. */
function xdpMode(flags: number): AttachOptions['mode'] {
  if ((flags & 2) !== 0) return 'generic';
  if ((flags & 4) !== 0) return 'native';
  return (flags & 8) !== 0 ? 'hardware' : undefined;
}
