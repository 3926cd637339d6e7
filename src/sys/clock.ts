/** Clocks of the kernel: include/uapi/linux/time.h. */
import { sys } from './syscall.ts';

export const Clock = { realtime: 0, monotonic: 1, boot: 7, tai: 11 } as const;
export type Clock = (typeof Clock)[keyof typeof Clock];

/** Nanoseconds. Throws SysError. */
export function readClock(clock: Clock): bigint {
  const time = new BigInt64Array(2);
  sys('clock_gettime', [clock, time]);
  return time[0]! * 1_000_000_000n + time[1]!;
}

/** What to add to a time of one clock for the time of another, as of now; right to some hundred nanoseconds. */
export function clockDifference(from: Clock, to: Clock): bigint {
  const before = readClock(from);
  const other = readClock(to);
  const after = readClock(from);
  return other - (before + after) / 2n;
}
