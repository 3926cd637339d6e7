/** How a process ended, in words and in JSON members. */
import { constants } from 'node:os';
import type { JsonValue } from '../../text/json.ts';
import type { End } from './model.ts';

const SIGNALS: ReadonlyMap<number, string> = new Map(
  // Where two names have one number (SIGIOT, SIGPOLL) the first is the usual one.
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** SIGRTMIN of the kernel; libc keeps the first two for itself. */
const FIRST_REAL_TIME = 32;

export function signalName(number: number): string {
  const known = SIGNALS.get(number);
  if (known !== undefined) return known;
  return number >= FIRST_REAL_TIME ? `SIGRTMIN+${number - FIRST_REAL_TIME}` : `signal ${number}`;
}

export type Ending =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: number; readonly core: boolean };

/** What wait(2)'s status says. */
export function endingOf(status: number): Ending {
  const signal = status & 0x7f;
  if (signal === 0) return { kind: 'code', code: (status >> 8) & 0xff };
  return { kind: 'signal', signal, core: (status & 0x80) !== 0 };
}

/** Nanoseconds with three digits: `12 ms`, `1.25 s`, `3 min 20 s`. */
export function durationText(nanoseconds: bigint): string {
  const seconds = Number(nanoseconds) / 1e9;
  if (seconds < 1e-3) return `${Math.round(seconds * 1e6)} us`;
  if (seconds < 1) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
  if (seconds < 100) return `${Number(seconds.toPrecision(3))} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return `${minutes} min ${whole % 60} s`;
}

/** `exit 1, ran 2.5 s, CPU 13 ms`; `killed by SIGKILL, ...`; `ended, its event was lost`. */
export function endText({ status, runTime, cpuTime }: End): string {
  if (status === undefined) return 'ended, its event was lost';
  const ending = endingOf(status);
  let text = ending.kind === 'code' ? `exit ${ending.code}` : `killed by ${signalName(ending.signal)}`;
  if (ending.kind === 'signal' && ending.core) text += ' (core dumped)';
  if (runTime !== undefined) text += `, ran ${durationText(runTime)}`;
  if (cpuTime !== undefined) text += `, CPU ${durationText(cpuTime)}`;
  return text;
}

/** `exit_code`, or `signal` and `core_dumped`; then `run_time` and `cpu_time` in nanoseconds. */
export function endJson({ status, runTime, cpuTime }: End): [string, JsonValue][] {
  const members: [string, JsonValue][] = [];
  if (status !== undefined) {
    const ending = endingOf(status);
    if (ending.kind === 'code') members.push(['exit_code', ending.code]);
    else members.push(['signal', signalName(ending.signal)], ['core_dumped', ending.core]);
  }
  if (runTime !== undefined) members.push(['run_time', runTime]);
  if (cpuTime !== undefined) members.push(['cpu_time', cpuTime]);
  return members;
}
