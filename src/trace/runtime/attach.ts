/** From a compiled probe to links in the kernel: one line a kind of hook. */
import { onlineCpus } from '../../kernel/cpus.ts';
import { attachIterator } from '../../kernel/link/iterator.ts';
import { attachKprobe, attachKprobeAt, attachKretprobe } from '../../kernel/link/kprobe.ts';
import { attachKprobes } from '../../kernel/link/kprobe-multi.ts';
import type { Link } from '../../kernel/link/link.ts';
import { attachPerfEvent, type PerfEventOptions } from '../../kernel/link/perf-event.ts';
import { attachRawTracepoint } from '../../kernel/link/raw-tracepoint.ts';
import { attachTracepoint } from '../../kernel/link/tracepoint.ts';
import { attachTracing } from '../../kernel/link/tracing.ts';
import { attachUprobe, attachUretprobe } from '../../kernel/link/uprobe.ts';
import { attachUprobes } from '../../kernel/link/uprobe-multi.ts';
import { attachWatchpoint } from '../../kernel/link/watchpoint.ts';
import { bpffs } from '../../kernel/mounts.ts';
import type { Program } from '../../kernel/program/program.ts';
import type { CompiledProbe } from '../compiled.ts';
import { perfEventOf } from '../probes/events.ts';
import type { ProbeTarget } from '../probes/resolved.ts';

type TargetOf<K extends ProbeTarget['kind']> = Extract<ProbeTarget, { kind: K }>;

/**
 * All of them, or none. Throws AttachError.
 * @param child the process of `-c`: what programs do and what samples them is seen there alone, as with `-p`
 */
export function attachProbe(program: Program, probe: CompiledProbe, child?: number): readonly Link[] {
  const links: Link[] = [];
  try {
    for (const link of linksOf(program, probe, child)) links.push(link);
    return links;
  } catch (error) {
    for (const link of links) link.close();
    throw error;
  }
}

function* linksOf(
  program: Program,
  { hook, resolved }: CompiledProbe,
  child: number | undefined,
): Generator<Link> {
  const { targets } = resolved;
  switch (hook.kind) {
    case 'testRun':
      return;
    case 'tracing':
      yield attachTracing(program, { target: resolved.name });
      return;
    case 'rawTracepoint':
      for (const target of of('rawtracepoint', targets)) yield attachRawTracepoint(program, target.event);
      for (const target of of('tracepoint', targets)) yield attachRawTracepoint(program, target.event);
      return;
    case 'tracepoint':
      for (const target of of('tracepoint', targets)) {
        yield attachTracepoint(program, `${target.category}:${target.event}`);
      }
      return;
    case 'iterator':
      for (const target of of('iterator', targets)) {
        const link = attachIterator(program, { target: target.iterator });
        yield link;
        if (target.pin !== undefined) link.pin(pinPath(target.pin));
      }
      return;
    case 'kprobe':
      yield* kernelLinks(program, of('kernelFunction', targets), hook);
      return;
    case 'uprobe':
      yield* userLinks(program, of('userFunction', targets), { ...hook, child });
      return;
    case 'usdt':
      for (const target of of('usdt', targets)) {
        yield attachUprobe(program, {
          path: target.path,
          offset: Number(target.fileOffset),
          symbol: `${target.namespace}:${target.probeName}`,
          ...(target.semaphoreOffset === 0n ? {} : { semaphoreOffset: Number(target.semaphoreOffset) }),
          ...only(target.pid ?? child),
        });
      }
      return;
    case 'perf':
      for (const target of targets) yield perfLink(program, target, child);
      return;
    case 'breakpoint':
      for (const { address, length, mode, pid } of of('watchpoint', targets)) {
        yield attachWatchpoint(program, { address, length, mode, ...only(pid ?? child) });
      }
      return;
  }
}

function only(pid: number | undefined): { readonly pid?: number } {
  return pid === undefined ? {} : { pid };
}

/** A name is one in the bpf file system. */
function pinPath(pin: string): string {
  return pin.startsWith('/') ? pin : `${bpffs()}/${pin}`;
}

function of<K extends ProbeTarget['kind']>(kind: K, targets: readonly ProbeTarget[]): TargetOf<K>[] {
  return targets.filter((target): target is TargetOf<K> => target.kind === kind);
}

function* kernelLinks(
  program: Program,
  targets: readonly TargetOf<'kernelFunction'>[],
  hook: { readonly multi: boolean; readonly session: boolean; readonly atReturn: boolean },
): Generator<Link> {
  if (hook.multi) {
    // A function of several modules has one name.
    const symbols = [...new Set(targets.map(({ symbol }) => symbol))];
    yield attachKprobes(program, {
      symbols,
      atReturn: hook.atReturn && !hook.session,
      session: hook.session,
    });
    return;
  }
  for (const { symbol, offset, module, address } of targets) {
    if (address !== undefined) {
      yield attachKprobeAt(program, address);
      continue;
    }
    const options = module === undefined ? {} : { module };
    yield hook.atReturn
      ? attachKretprobe(program, symbol, options)
      : attachKprobe(program, symbol, { ...options, offset });
  }
}

function* userLinks(
  program: Program,
  targets: readonly TargetOf<'userFunction'>[],
  hook: { readonly multi: boolean; readonly atReturn: boolean; readonly child: number | undefined },
): Generator<Link> {
  if (!hook.multi) {
    for (const { path, fileOffset, symbol, pid } of targets) {
      const place = { path, offset: Number(fileOffset), symbol, ...only(pid ?? hook.child) };
      yield hook.atReturn ? attachUretprobe(program, place) : attachUprobe(program, place);
    }
    return;
  }
  // A link of many places is of one file.
  const files = new Map<string, TargetOf<'userFunction'>[]>();
  for (const target of targets) {
    const name = `${target.pid ?? ''}:${target.path}`;
    files.set(name, [...(files.get(name) ?? []), target]);
  }
  for (const places of files.values()) {
    const { path, pid } = places[0]!;
    yield attachUprobes(program, {
      path,
      places: places.map(({ fileOffset, symbol }) => ({ offset: Number(fileOffset), symbol })),
      atReturn: hook.atReturn,
      ...only(pid ?? hook.child),
    });
  }
}

function perfLink(program: Program, target: ProbeTarget, child: number | undefined): Link {
  if (target.kind === 'timer') {
    const { frequency, period, everyCpu, pid } = target;
    return attachPerfEvent(program, {
      ...(frequency === undefined ? { period: period ?? 1n } : { frequency }),
      ...(everyCpu ? sampled(pid, child) : { cpus: onlineCpus().slice(0, 1), ...only(pid) }),
    });
  }
  if (target.kind !== 'counter') throw new TypeError(`a ${target.kind} is no perf event`);
  return attachPerfEvent(program, {
    ...perfEventOf(target.type, target.event),
    period: target.count,
    ...sampled(target.pid, child),
  });
}

/** What a command does is also what it has done by processes that it starts. */
function sampled(
  pid: number | undefined,
  child: number | undefined,
): Pick<PerfEventOptions, 'pid' | 'descendants'> {
  return pid === undefined && child !== undefined ? { pid: child, descendants: true } : only(pid);
}
