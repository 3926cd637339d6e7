/** What ends a script on this machine: signals, the end of the child of `-c`, of the process of `-p`. */
import { whenProcessEnds } from '../../sys/pidfd.ts';
import type { Child } from './child.ts';
import type { Surroundings } from './run.ts';

export interface SurroundingsOptions {
  readonly pid?: number | undefined;
  readonly child?: Child | undefined;
}

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Node would open a debugger for it, in a process that is allowed everything. */
const ignored = (): void => {};

export function machineSurroundings({ pid, child }: SurroundingsOptions): Surroundings {
  return {
    onEnd(end) {
      // Once: a second Ctrl-C ends what hangs.
      for (const signal of endSignals) process.once(signal, end);
      process.on('SIGUSR1', ignored);
      const stops = [
        pid === undefined ? undefined : whenProcessEnds(pid, end),
        child === undefined ? undefined : child.onEnd(end),
      ];
      return () => {
        for (const signal of endSignals) process.off(signal, end);
        process.off('SIGUSR1', ignored);
        for (const stop of stops) stop?.();
      };
    },
    onSignal(name, run) {
      const signal = (name.startsWith('SIG') ? name : `SIG${name}`) as NodeJS.Signals;
      process.on(signal, run);
      return () => void process.off(signal, run);
    },
    ready: () => child?.release(),
  };
}
