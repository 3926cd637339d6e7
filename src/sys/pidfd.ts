/** Processes that are no children, waited for without looking again and again (pidfd_open(2), Linux 5.3). */

import { SysError } from './errors.ts';
import { Fd } from './fd.ts';
import { watch } from './poll.ts';
import { sysTry } from './syscall.ts';

const ESRCH = 3;

/**
 * Calls `onEnd` once when the process has ended, from the event loop; at once if there is none. Returns what ends
 * the wait. Throws SysError.
 */
export function whenProcessEnds(pid: number, onEnd: () => void): () => void {
  const result = sysTry('pidfd_open', pid, 0);
  if (result === -ESRCH) {
    const immediate = setImmediate(onEnd);
    return () => clearImmediate(immediate);
  }
  if (result < 0) throw new SysError('pidfd_open', -result, `process ${pid}`);
  const fd = Fd.own(result, `process ${pid}`);
  const close = (): void => {
    waiting.close();
    fd.close();
  };
  const waiting = watch(fd.number, () => {
    close();
    onEnd();
  });
  return close;
}
