/** The running kernel's symbols: what it says of itself in /proc and tracefs, read when first asked for. */
import { readFileSync } from 'node:fs';
import { isFunction, type KernelPlace, KernelSymbols } from '../../symbol/kallsyms.ts';
import { type TraceableFunction, TraceableFunctions, VMLINUX } from '../../symbol/traceable.ts';
import { tracefs } from '../mounts.ts';

let symbols: KernelSymbols | undefined;

/** All of /proc/kallsyms: some 50 ms, most of them the kernel's. Later modules are not in it: `refresh` then. */
export function kernelSymbols(): KernelSymbols {
  if (!symbols) {
    symbols = new KernelSymbols(readFileSync('/proc/kallsyms'));
    readAt = performance.now();
  }
  return symbols;
}

/** Forgets what was read: after modules or BPF programs came. */
export function refreshKernelSymbols(): void {
  symbols = undefined;
  traceable = undefined;
}

/** After a miss the table is read again at most once in so many milliseconds. */
const AGAIN_MS = 1000;
let readAt = 0;

/**
 * The kernel function that an address lies in. Code that came since the table was read, as modules and BPF
 * programs do, is found when it is missed.
 */
export function kernelPlace(address: bigint): KernelPlace | undefined {
  const found = kernelSymbols().at(address);
  if (found || performance.now() - readAt < AGAIN_MS) return found;
  refreshKernelSymbols();
  return kernelSymbols().at(address);
}

let traceable: TraceableFunctions | null | undefined;

/** What ftrace can trace; undefined where the kernel does not tell (no ftrace, lockdown). */
export function traceableFunctions(): TraceableFunctions | undefined {
  if (traceable === undefined) traceable = readTraceable() ?? null;
  return traceable ?? undefined;
}

function readTraceable(): TraceableFunctions | undefined {
  try {
    return new TraceableFunctions(readFileSync(`${tracefs()}/available_filter_functions`));
  } catch {
    return undefined;
  }
}

/** Functions that a probe may be put on: those that ftrace knows, else all that there are. */
export function* probeableFunctions(): Generator<TraceableFunction, void, undefined> {
  const known = traceableFunctions();
  if (known) return yield* known;
  for (const symbol of kernelSymbols()) {
    // BPF programs and ftrace's own trampolines are code in memory, not of the kernel.
    if (!isFunction(symbol) || symbol.module === 'bpf' || symbol.module?.startsWith('__builtin')) continue;
    yield { name: symbol.name, module: symbol.module ?? VMLINUX };
  }
}

/**
 * The modules that have a function of this name that can be probed; `vmlinux` is the kernel proper.
 *
 * Of several names of one place, ftrace lists one: `__x64_sys_getppid` and `__ia32_sys_getppid` are the same code.
 * So a name that it does not know is looked for among all symbols, and the kernel is asked when it is attached to.
 */
export function modulesOfFunction(name: string): string[] {
  const known = traceableFunctions()?.modulesOf(name) ?? [];
  if (known.length > 0) return known;
  return kernelSymbols()
    .find(name)
    .filter((symbol) => isFunction(symbol) && symbol.module !== 'bpf')
    .map((symbol) => symbol.module ?? VMLINUX);
}
