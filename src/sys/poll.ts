/**
 * Descriptors in Node's event loop.
 *
 * Node has no public way to wait for a descriptor that is neither file, pipe nor socket. The bridge
 * offers libuv's poll handle, with four traps that this file closes:
 *
 * 1. The callback gets (status, events), although the package's types say (events).
 * 2. A handle that nothing refers to is collected, and its events stop without a word: a Set keeps it.
 * 3. A descriptor that cannot be polled, such as a regular file, aborts the whole process from native
 *    code: epoll_ctl(2), which libuv is going to call, is tried first.
 * 4. It is level-triggered: a callback that leaves data behind is called again at once, a million times
 *    a second. Callers drain.
 *
 * Where the bridge lacks the handle, an epoll set is looked at by a timer: slower, but right.
 */
import { Epoll } from './epoll.ts';
import { native, type PollHandle } from './native.ts';

export interface Watch extends Disposable {
  /** Stops watching; again and again without effect. */
  close(): void;
  /** Lets the process end although the watch is open. */
  unref(): void;
  /** Keeps the process running, as a new watch does. */
  ref(): void;
}

/** Trap 2. */
const open = new Set<PollHandle>();

/** How often the fallback looks, in milliseconds. */
const interval = 10;

/**
 * Calls `onReadable` from the event loop whenever `fd` is readable, until close(). `onError` gets the
 * (negative) errno if waiting itself fails, after which the watch is closed. The descriptor must stay
 * open for longer than the watch. Throws SysError (EPERM) for a descriptor that cannot be waited for.
 */
export function watch(
  fd: number,
  onReadable: () => void,
  onError: (status: number) => void = () => {},
): Watch {
  const trial = new Epoll();
  try {
    trial.add(fd);
  } catch (error) {
    trial.close();
    throw error;
  }
  const poll = native().node?.poll;
  if (poll === undefined) return watchByTimer(trial, onReadable);
  trial.close();
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    open.delete(handle);
    handle.close();
  };
  const handle = poll(fd, { readable: true }, (status) => {
    if (closed) return;
    if (status >= 0) return onReadable();
    close();
    onError(status);
  });
  open.add(handle);
  return {
    close,
    ref: () => {
      if (!closed) handle.ref();
    },
    unref: () => {
      if (!closed) handle.unref();
    },
    [Symbol.dispose]: close,
  };
}

/** The fallback: looks at the set every 10 ms, and owns it. */
export function watchByTimer(set: Epoll, onReadable: () => void): Watch {
  const timer = setInterval(() => {
    if (set.wait(0).length > 0) onReadable();
  }, interval);
  const close = (): void => {
    clearInterval(timer);
    set.close();
  };
  return {
    close,
    ref: () => void timer.ref(),
    unref: () => void timer.unref(),
    [Symbol.dispose]: close,
  };
}
