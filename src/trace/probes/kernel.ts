/** What the running kernel has to attach to. Everything is read when it is first asked for. */
import { readFileSync } from 'node:fs';
import type { Btf } from '../../btf/btf.ts';
import { moduleTypes, typedModules } from '../../kernel/module-types.ts';
import { tracefs } from '../../kernel/mounts.ts';
import { loadedFunctions } from '../../kernel/program/functions.ts';
import {
  modulesOfFunction,
  probeableFunctions,
  traceableFunctions,
} from '../../kernel/symbol/kernel-symbols.ts';
import { listTracepoints, tracepointId } from '../../kernel/tracepoint/list.ts';
import { vmlinux } from '../../kernel/vmlinux.ts';
import { VMLINUX } from '../../symbol/traceable.ts';
import type { BpfFunction, KernelProbes, ModuleName } from './environment.ts';

const RAW_TRACEPOINT = 'btf_trace_';
const ITERATOR = 'bpf_iter_';

/** `--traceable-functions`: instead of what ftrace says. */
export interface KernelProbesOptions {
  readonly traceable?: Iterable<ModuleName> | undefined;
}

export function kernelProbes(options: KernelProbesOptions = {}): KernelProbes {
  const given = options.traceable && [...options.traceable];
  let functions: readonly ModuleName[] | undefined = given;
  let typed: readonly ModuleName[] | undefined;
  let tracepoints: readonly string[] | undefined;
  let programs: readonly BpfFunction[] | undefined;

  const probes: KernelProbes = {
    get hasTypes() {
      return types() !== undefined;
    },
    functions: () => (functions ??= [...probeableFunctions()]),
    hasFunction(name, module) {
      const asked = module ?? VMLINUX;
      if (given) return given.some((each) => each.name === name && (module ?? each.module) === each.module);
      // BTF answers in a tenth of a millisecond, the lists in fifty; what only they know is rare.
      if (asked === VMLINUX && types()?.find(name, 'function') !== undefined) return true;
      const modules = modulesOfFunction(name);
      return module === undefined ? modules.length > 0 : modules.includes(module);
    },
    isModuleLoaded: (module) => loadedModules().has(module),
    typedFunctions: () => (typed ??= readTypedFunctions()),
    typedFunctionModules(name) {
      // A function of the kernel proper is what is meant, even if a module has one of that name too.
      if (types()?.find(name, 'function') !== undefined) return [VMLINUX];
      return typedModules().filter((module) => hasOwn(moduleTypes(module), name, 'function'));
    },
    tracepoints: () => (tracepoints ??= listTracepoints(tracefs())),
    hasTracepoint: (category, event) => tracepointId(tracefs(), category, event) !== undefined,
    rawTracepoints,
    rawTracepointModules(event) {
      const name = `${RAW_TRACEPOINT}${event}`;
      if (types()?.find(name, 'typedef') !== undefined) return [VMLINUX];
      return typedModules().filter((module) => hasOwn(moduleTypes(module), name, 'typedef'));
    },
    iterators: () =>
      types() === undefined
        ? []
        : [...new Set([...namesWith(ITERATOR, 'function')].map(({ name }) => name))]
            .filter((name) => probes.hasIterator(name))
            .sort(),
    hasIterator: (name) =>
      [undefined, ...typedModules()].some((module) => {
        const btf = module === undefined ? types() : moduleTypes(module);
        return (
          btf?.find(`${ITERATOR}${name}`, 'function') !== undefined &&
          btf.find(`bpf_iter__${name}`, 'struct') !== undefined
        );
      }),
    programs: () => (programs ??= loadedFunctions()),
  };
  return probes;
}

function types(): Btf | undefined {
  try {
    return vmlinux();
  } catch {
    return undefined;
  }
}

function hasOwn(btf: Btf | undefined, name: string, kind: 'function' | 'typedef'): boolean {
  return btf?.find(name, kind) !== undefined;
}

function loadedModules(): ReadonlySet<string> {
  try {
    const text = readFileSync('/proc/modules', 'latin1');
    return new Set(text.split('\n').map((line) => line.slice(0, line.indexOf(' '))));
  } catch {
    return new Set(); // a kernel without modules
  }
}

/** Functions that have a type and can be probed; where the kernel does not tell what can, all with a type. */
function readTypedFunctions(): ModuleName[] {
  const traceable = traceableFunctions();
  const known = traceable && new Set([...traceable].map(({ module, name }) => `${module}:${name}`));
  const found: ModuleName[] = [];
  for (const each of namesWith('', 'function')) {
    if (!known || known.has(`${each.module}:${each.name}`)) found.push(each);
  }
  return found;
}

function rawTracepoints(): Iterable<ModuleName> {
  return namesWith(RAW_TRACEPOINT, 'typedef');
}

/** The rest of the names with a prefix, of all modules. */
function* namesWith(prefix: string, kind: 'function' | 'typedef'): Generator<ModuleName, void, undefined> {
  const own = types();
  if (!own) return;
  for (const module of [VMLINUX, ...typedModules()]) {
    const btf = module === VMLINUX ? own : moduleTypes(module);
    if (!btf) continue;
    for (const name of btf.ownNamesOf(kind)) {
      if (name.startsWith(prefix)) yield { module, name: name.slice(prefix.length) };
    }
  }
}
