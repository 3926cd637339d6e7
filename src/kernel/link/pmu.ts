/**
 * The perf event types of dynamic probes (Linux 4.17): /sys/bus/event_source/devices/{kprobe,uprobe}.
 *
 * Their numbers differ from boot to boot, and so may the bit of `config` that turns an entry probe into a
 * return probe, so both are read. A kernel built without such probes has no such directory.
 */
import { readFileSync } from 'node:fs';

export interface ProbeType {
  /** `perf_event_attr.type`. */
  readonly type: number;
  /** The bit of `config` that means "at return". */
  readonly returnBit: number;
}

const types = new Map<string, ProbeType | undefined>();

/** The event type of kprobes or uprobes, or undefined where the kernel has none. Read once. */
export function probeType(name: 'kprobe' | 'uprobe'): ProbeType | undefined {
  if (types.has(name)) return types.get(name);
  const found = readProbeType(`/sys/bus/event_source/devices/${name}`);
  types.set(name, found);
  return found;
}

/** As `probeType`, from another place: for tests. */
export function readProbeType(directory: string): ProbeType | undefined {
  try {
    const type = Number(readFileSync(`${directory}/type`, 'latin1'));
    const match = /^config:(\d+)/.exec(readFileSync(`${directory}/format/retprobe`, 'latin1'));
    if (!Number.isInteger(type) || match === null) return undefined;
    return { type, returnBit: Number(match[1]) };
  } catch {
    return undefined;
  }
}
