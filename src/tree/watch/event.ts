/** What the kernel reports while a tree is watched: starts, execs and ends of tasks, and walks over all of them. */

import type { KernelString } from '../../text/kernel-string.ts';

/** A task as both events and walks describe it. Numbers are those of the initial pid namespace. */
export interface TaskFacts {
  readonly tid: number;
  readonly pid: number;
  /** The number in the task's own namespace. */
  readonly vtid: number;
  readonly nsLevel: number;
  /** The real parent: the thread, and its process. */
  readonly rptid: number;
  readonly rppid: number;
  readonly euid: number;
  readonly reaper: boolean;
  /** Nanoseconds of CLOCK_BOOTTIME at which the task started. With the number it names a task for good. */
  readonly start: bigint;
  readonly comm: KernelString;
}

export interface ForkEvent extends TaskFacts {
  readonly kind: 'fork';
  /** CLOCK_MONOTONIC, nanoseconds; of all events. */
  readonly time: bigint;
}

export interface ExecEvent extends TaskFacts {
  readonly kind: 'exec';
  readonly time: bigint;
  /** The thread's number before: another one when not the leader called exec, which then became the leader. */
  readonly oldTid: number;
}

export interface ExitEvent extends TaskFacts {
  readonly kind: 'exit';
  readonly time: bigint;
  /** No thread of the process is left. */
  readonly processEnded: boolean;
  /** As wait(2) gives it: the exit code in bits 8 to 15, the signal in bits 0 to 6. Of the process if it ended. */
  readonly status: number;
  /** Nanoseconds from the start of the process to this event, with time in which the machine was suspended. */
  readonly runTime: bigint;
  /** Nanoseconds of processor time of the process, its ended threads included, up to the scheduler's last look. */
  readonly cpuTime: bigint;
}

export type TaskEvent = ForkEvent | ExecEvent | ExitEvent;

/** A task as a walk found it. */
export interface WalkedTask extends TaskFacts {
  /** It ended and waits for its parent to ask for the exit status. */
  readonly zombie: boolean;
  /** Found in /proc, because this kernel's walk leaves it out: that a walk does not have it says nothing. */
  readonly outsideWalk?: boolean;
}

/** All tasks at one time. Everything that the kernel reported before its end was applied before. */
export interface Walk {
  /** When it began: CLOCK_MONOTONIC, nanoseconds. */
  readonly began: bigint;
  readonly tasks: readonly WalkedTask[];
}
