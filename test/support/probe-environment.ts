/** A machine made of lists, for the resolution of attach points without a kernel. */
import type { SourceLine } from '../../src/dwarf/source-lines.ts';
import type { UsdtNote } from '../../src/elf/usdt.ts';
import type {
  BpfFunction,
  ModuleName,
  ProbeEnvironment,
  SourcePlaces,
  UserFunction,
} from '../../src/trace/probes/environment.ts';

export interface FakeMachine {
  readonly functions?: readonly ModuleName[];
  readonly typed?: readonly ModuleName[];
  readonly tracepoints?: readonly string[];
  readonly rawTracepoints?: readonly ModuleName[];
  readonly iterators?: readonly string[];
  readonly programs?: readonly BpfFunction[];
  readonly modules?: readonly string[];
  readonly hasTypes?: boolean;
  readonly files?: Readonly<Record<string, FakeFile>>;
  readonly libraries?: Readonly<Record<string, string>>;
  readonly mapped?: Readonly<Record<number, readonly string[]>>;
  readonly executables?: Readonly<Record<number, string>>;
  readonly demangle?: Readonly<Record<string, string>>;
  readonly arch?: string;
}

export interface FakeFile {
  readonly functions?: readonly UserFunction[];
  readonly usdt?: readonly UsdtNote[];
  readonly sourceLine?: (wanted: SourceLine) => SourcePlaces;
}

/** `asked` names the lists that were read, in order: resolution is to read few. */
export function fakeProbes(machine: FakeMachine): ProbeEnvironment & { readonly asked: string[] } {
  const asked: string[] = [];
  const list = <T>(name: string, values: readonly T[] | undefined): readonly T[] => {
    asked.push(name);
    return values ?? [];
  };
  const files = machine.files ?? {};
  const functions = (path: string): readonly UserFunction[] => files[path]?.functions ?? [];
  return {
    asked,
    arch: machine.arch ?? 'x64',
    kernel: {
      hasTypes: machine.hasTypes ?? true,
      functions: () => list('functions', machine.functions),
      hasFunction: (name, module) =>
        (machine.functions ?? []).some(
          (each) => each.name === name && (module === undefined || each.module === module),
        ),
      isModuleLoaded: (module) => (machine.modules ?? []).includes(module),
      typedFunctions: () => list('typedFunctions', machine.typed),
      typedFunctionModules: (name) =>
        (machine.typed ?? []).filter((each) => each.name === name).map(({ module }) => module),
      tracepoints: () => list('tracepoints', machine.tracepoints),
      hasTracepoint: (category, event) => (machine.tracepoints ?? []).includes(`${category}:${event}`),
      rawTracepoints: () => list('rawTracepoints', machine.rawTracepoints),
      rawTracepointModules: (event) =>
        (machine.rawTracepoints ?? []).filter((each) => each.name === event).map(({ module }) => module),
      iterators: () => list('iterators', machine.iterators),
      hasIterator: (name) => (machine.iterators ?? []).includes(name),
      programs: () => list('programs', machine.programs),
    },
    user: {
      binaries(target) {
        const star = target.indexOf('*');
        if (star < 0) return target in files ? [target] : [];
        return Object.keys(files).filter(
          (path) => path.startsWith(target.slice(0, star)) && path.endsWith(target.slice(star + 1)),
        );
      },
      library: (name) => machine.libraries?.[name],
      executable: (pid) => machine.executables?.[pid],
      mapped: (pid) =>
        pid === undefined ? Object.values(machine.mapped ?? {}).flat() : (machine.mapped?.[pid] ?? []),
      file: (path) => path,
      functions: (path) => list(`functions of ${path}`, functions(path)),
      find: (path, name) => functions(path).filter((each) => each.name === name),
      sourceLine: (path, wanted) => files[path]?.sourceLine?.(wanted) ?? { kind: 'none' },
      offsetOf: (path, address) => (path in files && address < 0x10000n ? address : undefined),
      // Four bytes an instruction, and nothing known of the last function.
      startsInstruction: (_, functionAt, offset) => (functionAt === 0x3000 ? undefined : offset % 4n === 0n),
      usdt: (path) => files[path]?.usdt ?? [],
      demangle: (name) => machine.demangle?.[name],
    },
  };
}
