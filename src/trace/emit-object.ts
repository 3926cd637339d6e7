/**
 * A compiled script as an object file: `--emit-elf`. Where each program is attached becomes its SEC name; what no name
 * can tell (timers, counters, addresses) is left to whoever loads the object.
 */
import type { Btf } from '../btf/btf.ts';
import { type MapSpec, MapType } from '../kernel/spec.ts';
import { emitObject } from '../object/emit/emit.ts';
import type { CompiledProbe, CompiledScript } from './compiled.ts';
import type { ProbeTarget } from './probes/resolved.ts';

/** The script must have been lowered to be portable. `kernelTypes`: of the kernel that it was lowered for. */
export function scriptObject(script: CompiledScript, kernelTypes: () => Btf): Uint8Array<ArrayBuffer> {
  const probes = new Map(script.probes.map((probe) => [probe.program, probe]));
  const usdt = script.probes.some(({ hook }) => hook.kind === 'usdt');
  const { spec } = script;
  return emitObject({
    spec: usdt ? { ...spec, maps: [...spec.maps, ...usdtMaps] } : spec,
    kernelTypes,
    sections: (program) => {
      const probe = probes.get(program);
      return probe === undefined ? [program] : sectionNames(probe);
    },
  });
}

/** One, or one for each place where a program has several. */
export function sectionNames({ hook, resolved }: CompiledProbe): readonly string[] {
  const { targets, provider } = resolved;
  switch (hook.kind) {
    case 'testRun':
      return [provider === 'test' || provider === 'bench' ? 'xdp' : 'raw_tp'];
    case 'kprobe':
      if (hook.multi) {
        const pattern = functionPattern(resolved.attachPoint.text);
        const prefix = `${hook.atReturn ? 'kretprobe' : 'kprobe'}.multi`;
        if (pattern !== undefined) return [`${prefix}/${pattern}`];
        return targets.map((target) => `${prefix}/${target.kind === 'kernelFunction' ? target.symbol : ''}`);
      }
      return targets.map((target) => nameOf(target, provider));
    case 'tracing':
      return [nameOf(targets[0]!, provider)];
    case 'perf':
    case 'breakpoint':
      return ['perf_event'];
    case 'rawTracepoint':
    case 'tracepoint':
    case 'uprobe':
    case 'usdt':
    case 'iterator':
      return targets.map((target) => nameOf(target, provider));
    case 'dispatched':
      throw new Error('internal: an object has no dispatchers');
  }
}

function nameOf(target: ProbeTarget, provider: string): string {
  switch (target.kind) {
    case 'tracepoint':
      return `tracepoint/${target.category}/${target.event}`;
    case 'rawtracepoint':
      return `tp_btf/${target.event}`;
    case 'kernelFunction': {
      // At an address: there is no name for it.
      if (target.address !== undefined) return provider;
      return `${provider}/${target.symbol}${target.offset === 0 ? '' : `+${target.offset}`}`;
    }
    case 'bpfProgram':
      return `${provider}/${target.function}`;
    case 'userFunction': {
      const offset = /\+\d+$/.exec(target.name)?.[0] ?? '';
      return target.symbol === '' ? provider : `${provider}/${target.path}:${target.symbol}${offset}`;
    }
    case 'usdt':
      return `usdt/${target.path}:${target.namespace}:${target.probeName}`;
    case 'iterator':
      return `iter/${target.iterator}`;
    case 'special':
    case 'timer':
    case 'counter':
    case 'watchpoint':
      return 'perf_event';
  }
}

/** Of `kprobe:module:tcp_*`, what libbpf matches in the same way: only `*` stands for anything. */
function functionPattern(text: string): string | undefined {
  const last = text.split(':').at(-1) ?? '';
  return /^[\w.*]+$/.test(last) && last.includes('*') ? last : undefined;
}

/**
 * libbpf attaches no USDT program without these two maps, which its usdt.bpf.h defines (struct __bpf_usdt_spec is 208
 * bytes). Our programs know their arguments and read neither.
 */
const usdtMaps: readonly MapSpec[] = [
  { name: '__bpf_usdt_specs', type: MapType.array, keySize: 4, valueSize: 208, maxEntries: 256 },
  { name: '__bpf_usdt_ip_to_spec_id', type: MapType.hash, keySize: 8, valueSize: 4, maxEntries: 1024 },
];
