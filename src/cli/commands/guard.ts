import { readSync } from 'node:fs';
import { type KeptFilters, removeKeptFilters } from '../../kernel/link/kept-filters.ts';
import { type Call, type ExitCode, UsageError } from '../command.ts';

const STDIN = 0;

/** Waits until the process that started it is gone, then removes what that one left. */
export function run(call: Call): ExitCode {
  const [text] = call.words;
  if (text === undefined) throw new UsageError('it is told what to look after');
  const kept = JSON.parse(text) as KeptFilters;
  // Loaded now: afterwards the package may be gone too.
  untilClosed();
  removeKeptFilters(kept);
  return 0;
}

function untilClosed(): void {
  const nothing = Buffer.alloc(1);
  for (;;) {
    try {
      if (readSync(STDIN, nothing, 0, 1, null) === 0) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      } else return;
    }
  }
}
