/** Limits and privileges of this process. */
import { sys, sysTry } from './syscall.ts';

/** RLIMIT_* that matter here: include/uapi/asm-generic/resource.h. */
export const Limit = { openFiles: 7, lockedMemory: 8 } as const;

export const limitless: bigint = 2n ** 64n - 1n;

export interface ResourceLimit {
  readonly current: bigint;
  readonly maximum: bigint;
}

/** Reads a limit of this process. Throws SysError. */
export function getLimit(resource: number): ResourceLimit {
  const out = new BigUint64Array(2);
  sys('prlimit64', [0, resource, 0, out]);
  return { current: out[0] ?? 0n, maximum: out[1] ?? 0n };
}

/** Sets a limit; gives minus the errno when it may not (raising the maximum asks for CAP_SYS_RESOURCE). */
export function trySetLimit(resource: number, limit: ResourceLimit): number {
  return sysTry('prlimit64', 0, resource, new BigUint64Array([limit.current, limit.maximum]), 0);
}

/** Bits of capabilities: include/uapi/linux/capability.h. */
export const Capability = {
  dacReadSearch: 2,
  netAdmin: 12,
  ipcLock: 14,
  sysPtrace: 19,
  sysAdmin: 21,
  sysResource: 24,
  syslog: 34,
  /** Linux 5.8; before it CAP_SYS_ADMIN is asked for. */
  perfmon: 38,
  bpf: 39,
} as const;
export type CapabilityName = keyof typeof Capability;

const CAPABILITY_VERSION_3 = 0x20080522;

/** The effective capabilities of this process as a bit set. Throws SysError. */
export function capabilities(): bigint {
  const header = new Uint32Array([CAPABILITY_VERSION_3, 0]);
  // Two records of effective, permitted, inheritable, 32 bits each.
  const data = new Uint32Array(6);
  sys('capget', [header, data]);
  return (BigInt(data[3] ?? 0) << 32n) | BigInt(data[0] ?? 0);
}

/** Whether the set of `capabilities()` holds one. */
export function holds(set: bigint, name: CapabilityName): boolean {
  return ((set >> BigInt(Capability[name])) & 1n) === 1n;
}
