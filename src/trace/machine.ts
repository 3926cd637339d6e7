/** The running machine as checking and lowering ask for it: types, attach points, symbols. Read when first needed. */
import { readFileSync, statSync } from 'node:fs';
import type { Btf } from '../btf/btf.ts';
import { orUndefined } from '../dwarf/functions.ts';
import type { Unit } from '../dwarf/unit.ts';
import { feature, featureSince } from '../kernel/feature/features.ts';
import { olderThan } from '../kernel/feature/release.ts';
import { moduleTypes } from '../kernel/module-types.ts';
import { tracefs } from '../kernel/mounts.ts';
import { programTypes as loadedTypes } from '../kernel/program/functions.ts';
import { type DebuggedProgram, DebugPrograms } from '../kernel/symbol/debug-info.ts';
import { withElf } from '../kernel/symbol/elf-files.ts';
import { kernelSymbols, traceableFunctions } from '../kernel/symbol/kernel-symbols.ts';
import { tracepointFormat } from '../kernel/tracepoint/list.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import type { Environment } from '../script/environment.ts';
import { runningKernel } from '../script/running.ts';
import { TraceableFunctions } from '../symbol/traceable.ts';
import { type ArgumentSource, argumentsOf, returnOf } from './check/arguments.ts';
import type { ArgumentsMissing, CheckEnvironment, TypeNames } from './check/environment.ts';
import { programTypes } from './check/program-types.ts';
import { type UserArguments, userArguments } from './check/user-arguments.ts';
import type { LowerEnvironment } from './lower/environment.ts';
import type { ProbeEnvironment } from './probes/environment.ts';
import { machineProbes } from './probes/machine.ts';
import { resolveProbe } from './probes/resolve.ts';
import type { ProbeTarget, ResolvedProbe } from './probes/resolved.ts';

export interface MachineOptions {
  readonly pid?: number | undefined;
  readonly child?: boolean | undefined;
  readonly unsafe?: boolean | undefined;
  readonly positional?: readonly string[] | undefined;
  readonly named?: ReadonlyMap<string, string | true> | undefined;
  readonly variables?: Readonly<Record<string, string | undefined>> | undefined;
  readonly helperWarnings?: boolean | undefined;
  /** For objects that other kernels load. Default false. */
  readonly portable?: boolean | undefined;
  /** A file with the functions that can be probed, in place of the kernel's. */
  readonly traceableFunctions?: string | undefined;
  /** Attach points that do not match are left out. */
  readonly probeFilter?: ((name: string) => boolean) | undefined;
  /** Where debug files are. Default: /usr/lib/debug */
  readonly debugDirectories?: readonly string[] | undefined;
  /** Kinds of links that are not to be used: `kprobe_multi`, `uprobe_multi`, … */
  readonly without?: ReadonlySet<string> | undefined;
}

export class Machine {
  readonly kernel: Environment;
  readonly #options: MachineOptions;
  #probes: ProbeEnvironment | undefined;
  #traceable: ReadonlySet<string> | undefined;
  #debug: DebugPrograms | undefined;
  readonly #arguments = new Map<string, UserArguments | ArgumentsMissing>();

  constructor(options: MachineOptions = {}) {
    this.#options = options;
    const { without, portable = false } = options;
    const running = runningKernel();
    const alone = portable || without?.has('uprobe_multi') === true;
    const changed: PropertyDescriptorMap = {
      ...(alone ? { uprobeMulti: { value: false } } : {}),
      // What every kernel with CO-RE runs.
      ...(portable ? { isa: { value: 'v3' }, commPadded: { value: false } } : {}),
    };
    this.kernel = alone ? Object.create(running, changed) : running;
  }

  /** Types of the kernel; undefined where it has none. */
  get types(): Btf | undefined {
    return typesOf(undefined);
  }

  get probes(): ProbeEnvironment {
    const { traceableFunctions: path } = this.#options;
    this.#probes ??= machineProbes({
      ...(path === undefined ? {} : { traceable: new TraceableFunctions(readFileSync(path)) }),
      debug: this.debug,
    });
    return this.#probes;
  }

  /** Debug information of programs. */
  get debug(): DebugPrograms {
    this.#debug ??= new DebugPrograms(this.#options.debugDirectories);
    return this.#debug;
  }

  /** What the checker asks; `types` has the script's own definitions first. */
  check(types: TypeNames): CheckEnvironment {
    const { pid, child, unsafe, positional, named, variables, probeFilter, portable } = this.#options;
    const source: ArgumentSource = {
      types: typesOf,
      format: (category, event) => tracepointFormat(tracefs(), category, event),
      programTypes: loadedTypes,
      userArguments: (target) => this.#argumentsOf(target),
    };
    return {
      types,
      variables: variables ?? {},
      unsafe: unsafe ?? false,
      cpus: this.kernel.possibleCpus,
      architecture: process.arch,
      child: child ?? false,
      portable,
      pid,
      positional: positional ?? [],
      named: named ?? new Map(),
      resolve: (attachPoint, config, diagnostics) => {
        const { probes, diagnostics: said } = resolveProbe(attachPoint, this.probes, {
          config,
          pid,
          unsafe,
          parameters: positional,
        });
        for (const one of said) {
          const { hint, related } = one;
          const more = {
            ...(hint === undefined ? {} : { hint }),
            ...(related === undefined ? {} : { related }),
          };
          if (one.severity === 'error') diagnostics.error(one.span, one.message, more);
          else diagnostics.warning(one.span, one.message, more);
        }
        return probes;
      },
      typesAt: (probe) => this.#typesAt(probe, types),
      ...(probeFilter === undefined ? {} : { wanted: probeFilter }),
      argumentsOf: (probe) => argumentsOf(probe, source),
      returnOf: (probe) => returnOf(probe, source),
      kernelSymbol: (name) => this.kernelSymbol(name),
      kernelFunction: (name) => typesOf(undefined)?.find(name, 'function') !== undefined,
      kernelFunctionAllowed: (name) => typesOf(undefined)?.find(name, 'function') !== undefined,
      userSymbol: (name, probe) => userSymbol(name, probe),
      cgroupId: (path) => inode(path),
    };
  }

  lower(): LowerEnvironment {
    const { pid, helperWarnings, without, portable } = this.#options;
    return {
      portable,
      kernel: this.kernel,
      pid,
      helperWarnings: helperWarnings ?? false,
      // The namespace of another machine is another one.
      pidNamespace: portable === true ? undefined : pidNamespace(),
      kprobeMulti: () => without?.has('kprobe_multi') !== true && this.#linksMany('kprobeMulti'),
      ...(this.#sessions()
        ? { kprobeSession: (symbol: string) => this.#linksMany('kprobeSession') && this.#isTraceable(symbol) }
        : {}),
      tracingFunctions: !olderThan('6.12'),
      maxStackDepth: maxStackDepth(),
      kernelSymbol: (name) => this.kernelSymbol(name),
      userSymbol: (path, name) => symbolIn(path, name)?.address,
      userArguments: ({ targets: [target] }) => {
        const found = target?.kind === 'userFunction' ? this.#argumentsOf(target) : undefined;
        return found && 'sources' in found ? found.sources : undefined;
      },
    };
  }

  #argumentsOf(target: Extract<ProbeTarget, { kind: 'userFunction' }>): UserArguments | ArgumentsMissing {
    const key = `${target.name} ${target.path} ${target.fileOffset}`;
    let found = this.#arguments.get(key);
    if (!found) {
      found = userArguments(target, this.debug.of(target.path), process.arch === 'arm64' ? 'arm64' : 'x64');
      this.#arguments.set(key, found);
    }
    return found;
  }

  #typesAt({ targets: [target] }: ResolvedProbe, outer: TypeNames): TypeNames | undefined {
    if (target?.kind !== 'userFunction' && target?.kind !== 'usdt') return undefined;
    const { path, fileOffset } = target;
    // Asked when a name is: most scripts have none.
    let made: TypeNames | undefined;
    const names = (): TypeNames => {
      if (made) return made;
      const program = this.debug.of(path);
      return (made =
        'problem' in program ? outer : programTypes(program, unitAt(program, fileOffset), outer));
    };
    return {
      ...(outer.expansion ? { expansion: (name) => outer.expansion!(name) } : {}),
      type: (name, tag) => names().type(name, tag),
      constant: (name) => names().constant(name),
      suggest: (name, tag) => names().suggest?.(name, tag) ?? [],
    };
  }

  #sessions(): boolean {
    const { without, portable } = this.#options;
    const unwanted = portable === true || without?.has('kprobe_session') || without?.has('kprobe_multi');
    return unwanted !== true;
  }

  /**
   * Not every kernel that is new enough was built with them: Debian's 6.1 was not. Where there are no kprobes at
   * all, one link to many functions says so once.
   */
  #linksMany(name: 'kprobeMulti' | 'kprobeSession'): boolean {
    if (olderThan(featureSince(name))) return false;
    if (this.#options.portable) return true;
    return feature(name).answer !== 'no' || feature('kprobe').answer === 'no';
  }

  /** ftrace knows the function: links to many functions want that, single probes do not. */
  #isTraceable(symbol: string): boolean {
    this.#traceable ??= new Set([...(traceableFunctions() ?? [])].map(({ name }) => name));
    return this.#traceable.has(symbol);
  }

  kernelSymbol(name: string): bigint | undefined {
    return kernelSymbols().find(name)[0]?.address;
  }
}

function typesOf(module: string | undefined): Btf | undefined {
  try {
    return module === undefined || module === 'vmlinux' ? vmlinux() : moduleTypes(module);
  } catch {
    return undefined;
  }
}

function unitAt(program: DebuggedProgram, fileOffset: bigint): Unit | undefined {
  const address = program.addressOf(Number(fileOffset));
  return address === undefined ? undefined : orUndefined(() => program.info.unitAt(address));
}

function userSymbol(name: string, probe: ResolvedProbe): { address: bigint; size: number } | undefined {
  const [target] = probe.targets;
  if (target?.kind !== 'userFunction' && target?.kind !== 'usdt') return undefined;
  return symbolIn(target.path, name);
}

/** A function or a variable of a file, as its symbol tables have it; undefined too where the file is broken. */
function symbolIn(path: string, name: string): { address: bigint; size: number } | undefined {
  return withElf(path, (elf) => {
    for (const table of ['static', 'dynamic'] as const) {
      const symbols = elf.symbols(table);
      for (const index of symbols?.find(name) ?? []) {
        const { value, size, section } = symbols!.symbol(index);
        if (section !== 0) return { address: value, size };
      }
    }
    return undefined;
  });
}

function inode(path: string): bigint | undefined {
  try {
    return statSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}

/** PROC_PID_INIT_INO of the kernel: the first namespace of processes. */
const initialNamespace = 0xeffffffcn;

function pidNamespace(): LowerEnvironment['pidNamespace'] {
  try {
    const { dev, ino } = statSync('/proc/self/ns/pid', { bigint: true });
    return ino === initialNamespace ? undefined : { device: dev, inode: ino };
  } catch {
    return undefined;
  }
}

function maxStackDepth(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/perf_event_max_stack', 'latin1'));
  } catch {
    return 127;
  }
}
