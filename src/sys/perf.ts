/** perf_event_open(2) and the ioctls of its descriptors: include/uapi/linux/perf_event.h. */
import { Fd } from './fd.ts';
import { type FieldValues, Struct } from './layout.ts';
import { sys } from './syscall.ts';

/** `struct perf_event_attr`; its bitfields are one 64-bit word of `PerfFlag`s. */
export const perfAttrFields = {
  type: 'u32',
  size: 'u32',
  config: 'u64',
  /** A frequency with PerfFlag.freq. */
  samplePeriod: 'u64',
  sampleType: 'u64',
  readFormat: 'u64',
  flags: 'u64 disabled',
  /** Bytes with PerfFlag.watermark. */
  wakeupEvents: 'u32',
  bpType: 'u32',
  /** Address of the function's name or of the file's path for probes; the address for breakpoints. */
  config1: 'pointer',
  /** Offset in the function or file for probes; the length for breakpoints. */
  config2: 'u64',
  branchSampleType: 'u64',
  sampleRegsUser: 'u64',
  sampleStackUser: 'u32',
  clockid: 's32',
  sampleRegsIntr: 'u64',
  auxWatermark: 'u32',
  sampleMaxStack: 'u16',
} as const;

export type PerfAttr = FieldValues<typeof perfAttrFields>;

/** Bits of the word of bitfields. */
export const PerfFlag = {
  disabled: 0x1n,
  inherit: 0x2n,
  excludeUser: 0x10n,
  excludeKernel: 0x20n,
  excludeHypervisor: 0x40n,
  freq: 0x400n,
  watermark: 0x4000n,
  writeBackward: 0x8000000n,
  /** With `inherit`: threads only, no new processes. Linux 5.13. */
  inheritThread: 0x800000000n,
} as const;

/** `enum perf_type_id`; probes have types of their own, in /sys/bus/event_source/devices. */
export const PerfType = { hardware: 0, software: 1, tracepoint: 2, cache: 3, raw: 4, breakpoint: 5 } as const;

/** `enum perf_sw_ids`. */
export const PerfSoftware = {
  cpuClock: 0,
  taskClock: 1,
  pageFaults: 2,
  contextSwitches: 3,
  cpuMigrations: 4,
  minorFaults: 5,
  majorFaults: 6,
  alignmentFaults: 7,
  emulationFaults: 8,
  dummy: 9,
  bpfOutput: 10,
} as const;

export const PerfSample = { raw: 0x400 } as const;

/** ioctls: `_IO('$', 0)` and so on; SET_BPF takes a program's descriptor. */
export const PerfIoctl = {
  enable: 0x2400,
  disable: 0x2401,
  setOutput: 0x2405,
  setBpf: 0x40042408,
  pauseOutput: 0x40042409,
} as const;

const PERF_FLAG_FD_CLOEXEC = 8;

/** The size of the second published form of the structure: what probes need, and every kernel knows. */
const VER1 = 72;

/**
 * Opens an event for a process (`pid`, -1 for all) on a CPU (-1 for all). The attribute is sent as
 * long as its last given field needs, 72 bytes at least. Throws SysError.
 */
export function perfEventOpen(attr: PerfAttr, pid: number, cpu: number, subject?: string): Fd {
  const size = Math.max(VER1, new Struct(perfAttrFields, attr).length);
  // The kernel takes sizes in multiples of 8.
  const struct = new Struct(perfAttrFields, { ...attr, size: Math.ceil(size / 8) * 8 });
  const fd = sys('perf_event_open', [struct.bytes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC], subject);
  return Fd.own(fd, subject ?? 'a performance event');
}

/** Runs a perf ioctl with a number as argument. Throws SysError. */
export function perfIoctl(fd: number, request: number, argument = 0, subject?: string): void {
  sys('ioctl', [fd, request, argument], subject);
}
