/**
 * A process that outlives this one by a moment: what the kernel would keep of a command that is killed, it takes away.
 * It sleeps on a pipe whose other end goes with this process, however that ends.
 */
import { spawn } from 'node:child_process';
import type { KeptFilters } from '../kernel/link/kept-filters.ts';

/** Starts it, before anything is attached. */
export function guard(kept: KeptFilters): void {
  const [, script] = process.argv;
  if (script === undefined) return;
  const words = [script, '__guard', JSON.stringify(kept)];
  // Of a session of its own: Ctrl-C in a terminal is meant for us alone.
  const child = spawn(process.execPath, words, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined); // then it is as it was without
  child.stdin.on('error', () => undefined);
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
}
