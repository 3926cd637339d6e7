/**
 * Network namespaces, and processes as descriptors.
 *
 * A namespace belongs to a thread: what is entered here holds for system calls of this JavaScript thread
 * and for children that it starts, not for sockets that Node opens on other threads.
 */
import { Fd } from './fd.ts';
import { openPath } from './file.ts';
import { sys } from './syscall.ts';

const CLONE_NEWNET = 0x40000000;

/** The network namespace of this thread. Throws SysError. */
export function networkNamespace(): Fd {
  return openPath('/proc/thread-self/ns/net');
}

/** Moves this thread into a network namespace. Asks for CAP_SYS_ADMIN. Throws SysError. */
export function enterNetwork(namespace: Fd): void {
  sys('setns', [namespace.number, CLONE_NEWNET], 'network namespace');
}

/** Makes a network namespace and moves this thread into it. Asks for CAP_SYS_ADMIN. Throws SysError. */
export function newNetwork(): void {
  sys('unshare', [CLONE_NEWNET], 'network namespace');
}

/** Runs `run` in another network namespace, and comes back whatever happens. It must not wait. */
export function inNetwork<T>(namespace: Fd, run: () => T): T {
  const here = networkNamespace();
  try {
    enterNetwork(namespace);
    try {
      return run();
    } finally {
      enterNetwork(here);
    }
  } finally {
    here.close();
  }
}

const PIDFD_THREAD = 0o200;

/** A process by its number; a thread with `thread` (Linux 6.9). Linux 5.3. Throws SysError. */
export function openProcess(pid: number, options: { readonly thread?: boolean } = {}): Fd {
  const fd = sys('pidfd_open', [pid, options.thread === true ? PIDFD_THREAD : 0], `process ${pid}`);
  return Fd.own(fd, `process ${pid}`);
}
