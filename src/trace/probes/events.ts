/**
 * Events that the kernel or the CPU counts, by the names that perf has for them: numbers of `enum perf_sw_ids`
 * and `perf_hw_id`, and after how many the probe fires where the script does not say.
 */
import { PerfSoftware, PerfType } from '../../sys/perf.ts';

export interface CounterEvent {
  readonly name: string;
  readonly alias?: string;
  /** `perf_event_attr.config`. */
  readonly config: number;
  readonly defaultCount: bigint;
}

const software: readonly CounterEvent[] = [
  { name: 'alignment-faults', config: PerfSoftware.alignmentFaults, defaultCount: 1n },
  { name: 'bpf-output', config: PerfSoftware.bpfOutput, defaultCount: 1n },
  { name: 'context-switches', alias: 'cs', config: PerfSoftware.contextSwitches, defaultCount: 1000n },
  { name: 'cpu-clock', alias: 'cpu', config: PerfSoftware.cpuClock, defaultCount: 1_000_000n },
  { name: 'cpu-migrations', config: PerfSoftware.cpuMigrations, defaultCount: 1n },
  { name: 'dummy', config: PerfSoftware.dummy, defaultCount: 1n },
  { name: 'emulation-faults', config: PerfSoftware.emulationFaults, defaultCount: 1n },
  { name: 'major-faults', config: PerfSoftware.majorFaults, defaultCount: 1n },
  { name: 'minor-faults', config: PerfSoftware.minorFaults, defaultCount: 100n },
  { name: 'page-faults', alias: 'faults', config: PerfSoftware.pageFaults, defaultCount: 100n },
  { name: 'task-clock', config: PerfSoftware.taskClock, defaultCount: 1n },
];

const hardware: readonly CounterEvent[] = [
  { name: 'backend-stalls', config: 8, defaultCount: 1_000_000n },
  { name: 'branch-instructions', alias: 'branches', config: 4, defaultCount: 100_000n },
  { name: 'branch-misses', config: 5, defaultCount: 100_000n },
  { name: 'bus-cycles', config: 6, defaultCount: 100_000n },
  { name: 'cache-misses', config: 3, defaultCount: 1_000_000n },
  { name: 'cache-references', config: 2, defaultCount: 1_000_000n },
  { name: 'cpu-cycles', alias: 'cycles', config: 0, defaultCount: 1_000_000n },
  { name: 'frontend-stalls', config: 7, defaultCount: 1_000_000n },
  { name: 'instructions', config: 1, defaultCount: 1_000_000n },
  { name: 'ref-cycles', config: 9, defaultCount: 1_000_000n },
];

export const counterEvents: Readonly<Record<'software' | 'hardware', readonly CounterEvent[]>> = {
  software,
  hardware,
};

/** By name or alias. */
export function findEvent(type: 'software' | 'hardware', name: string): CounterEvent | undefined {
  return counterEvents[type].find((event) => event.name === name || event.alias === name);
}

/** `perf_event_attr.type` and `config` of a resolved counter. */
export function perfEventOf(type: 'software' | 'hardware', name: string): { type: number; event: number } {
  const event = findEvent(type, name);
  if (!event) throw new RangeError(`no ${type} event "${name}"`);
  return { type: PerfType[type], event: event.config };
}
