/** In which order probes are attached, so that blocks on one event run in the order of the script. */
import type { CompiledProbe } from '../compiled.ts';
import type { Provider } from '../probes/resolved.ts';

/** The kernel runs what was attached first, first. */
const forward: ReadonlySet<Provider> = new Set<Provider>([
  'kretprobe',
  'tracepoint',
  'profile',
  'interval',
  'watchpoint',
  'hardware',
  'rawtracepoint',
  'software',
]);

/** Providers whose programs the kernel runs in the order of attaching come as written, then the others reversed. */
export function attachOrder(probes: readonly CompiledProbe[]): readonly CompiledProbe[] {
  const isForward = ({ resolved }: CompiledProbe): boolean => forward.has(resolved.provider);
  return [...probes.filter(isForward), ...probes.filter((probe) => !isForward(probe)).reverse()];
}
