/** `-l` with a script: the places of its probes, without those that user space runs. */
import type { ProbeTarget, Provider, ResolvedProbe } from '../probes/resolved.ts';
import type { ListOptions } from './list.ts';

const special: ReadonlySet<Provider> = new Set(['begin', 'end', 'self']);

/** In the order of the script; a probe's places in the order of their names. */
export function listResolved(probes: readonly ResolvedProbe[], options: ListOptions = {}): string[] {
  const lines: string[] = [];
  for (const { provider, targets } of probes) {
    if (special.has(provider)) continue;
    for (const target of targets) {
      const place = placeOf(target);
      lines.push(`${provider}:${place}`);
      for (const parameter of options.parameters?.(provider, place) ?? []) lines.push(`    ${parameter}`);
    }
  }
  return lines;
}

/** What stands behind the provider in a list, whatever name the script gave the probe. */
export function placeOf(target: ProbeTarget): string {
  switch (target.kind) {
    case 'kernelFunction': {
      if (target.address !== undefined) return `0x${target.address.toString(16)}`;
      const module = target.module === undefined ? '' : `${target.module}:`;
      return `${module}${target.symbol}${target.offset === 0 ? '' : `+${target.offset}`}`;
    }
    case 'bpfProgram':
      return `bpf:${target.programId}:${target.function}`;
    case 'tracepoint':
      return `${target.category}:${target.event}`;
    case 'rawtracepoint':
      return `${target.module ?? 'vmlinux'}:${target.event}`;
    case 'userFunction':
      return `${target.path}:${target.symbol || `0x${target.fileOffset.toString(16)}`}`;
    case 'usdt':
      return `${target.path}:${target.namespace}:${target.probeName}`;
    case 'iterator':
      return target.iterator;
    case 'counter':
      return `${target.event}:`;
    case 'timer':
      return target.frequency !== undefined ? 'hz:' : `${periodUnit(target.period ?? 1000n)}:`;
    case 'watchpoint':
      return `0x${target.address.toString(16)}:${target.length}:${target.mode}`;
    case 'special':
      return target.name.slice(target.name.indexOf(':') + 1);
  }
}

function periodUnit(period: bigint): string {
  if (period % 1_000_000_000n === 0n) return 's';
  return period % 1_000_000n === 0n ? 'ms' : 'us';
}
