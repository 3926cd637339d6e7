/** How times, sizes and states are shown; each form is exact or says less on purpose, see the functions. */

const SECOND = 1_000_000_000n;

/** Nanoseconds since 1970 as a date of UTC to the second: what is known of the start of the machine is no finer. */
export function dateText(nanoseconds: bigint): string {
  const milliseconds = Number((nanoseconds / SECOND) * 1000n);
  // The range of Date; a damaged capture can hold any number.
  if (Math.abs(milliseconds) > 8_640_000_000_000_000) return String(nanoseconds);
  return `${new Date(milliseconds).toISOString().slice(0, -5)}Z`;
}

/** `[DAYSd ]HH:MM:SS.mmm`, cut to milliseconds. */
export function durationText(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const all = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const seconds = all / SECOND;
  const days = seconds / 86_400n;
  const two = (part: bigint): string => String(part).padStart(2, '0');
  const clock = `${two((seconds / 3600n) % 24n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  const rest = String((all % SECOND) / 1_000_000n).padStart(3, '0');
  return `${sign}${days > 0n ? `${days}d ` : ''}${clock}.${rest}`;
}

/** Bytes in KiB, which memory is counted in: `12340K`; what is no whole number of them in bytes. */
export function sizeText(bytes: bigint): string {
  return bytes % 1024n === 0n ? `${bytes / 1024n}K` : String(bytes);
}

// include/linux/sched.h: TASK_REPORT are the bits that /proc tells apart, and a task that is idle is one that
// may not be interrupted and is not counted as load.
const REPORTED = 0x7fn;
const UNINTERRUPTIBLE = 0x2n;
const IDLE = 0x402n;
/** TASK_RTLOCK_WAIT and TASK_FROZEN: waits that look uninterruptible (fs/proc shows D). */
const WAITS = 0x9000n;
const LETTERS = 'RSDTtXZPI';

/** The letter of /proc/PID/stat for `__state | exit_state`, by the rule of task_state_index(). */
export function stateLetter(bits: bigint): string {
  if ((bits & IDLE) === IDLE) return 'I';
  const index = (bits & WAITS) !== 0n ? UNINTERRUPTIBLE : bits & REPORTED;
  return LETTERS[index === 0n ? 0 : index.toString(2).length]!;
}

/** Bits that stand for a letter; undefined for one that is not known. */
export function stateBits(letter: string): bigint | undefined {
  if (letter === 'I') return IDLE;
  const index = LETTERS.indexOf(letter);
  if (letter.length !== 1 || index < 0) return undefined;
  return index === 0 ? 0n : 1n << BigInt(index - 1);
}
