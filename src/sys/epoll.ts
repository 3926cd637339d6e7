/** epoll(7) and eventfd(2). */
import { Fd } from './fd.ts';
import { sys, sysRetry, sysTry } from './syscall.ts';

/** include/uapi/linux/eventpoll.h */
export const EpollEvent = { in: 1, priority: 2, error: 8, hangup: 16 } as const;

const CTL_ADD = 1;
const CTL_DEL = 2;
const CLOEXEC = 0o2000000;
const NONBLOCK = 0o4000;

/** Only on x86-64 is `struct epoll_event` packed: its 64-bit data follows at once. */
const dataOffset: number = process.arch === 'x64' ? 4 : 8;
const eventSize: number = dataOffset + 8;

/** A set of descriptors to wait for. */
export class Epoll {
  readonly fd: Fd;
  #events: DataView = new DataView(new ArrayBuffer(eventSize * 16));

  constructor() {
    this.fd = Fd.own(sys('epoll_create1', [CLOEXEC]), 'an epoll set');
  }

  /** Adds a descriptor; `events` are EpollEvent bits. Throws SysError: EPERM for what cannot be waited for. */
  add(fd: number, events: number = EpollEvent.in): void {
    sys('epoll_ctl', [this.fd.number, CTL_ADD, fd, event(fd, events)]);
  }

  remove(fd: number): void {
    sysTry('epoll_ctl', this.fd.number, CTL_DEL, fd, event(fd, 0));
  }

  /** Descriptors that are ready, 16 at most. Blocks the thread up to `milliseconds`; 0 only looks, -1 waits. */
  wait(milliseconds: number): number[] {
    const count = sysRetry('epoll_pwait', [this.fd.number, this.#events, 16, milliseconds, 0, 8]);
    const ready: number[] = [];
    for (let i = 0; i < count; i++) ready.push(this.#events.getInt32(i * eventSize + dataOffset, true));
    return ready;
  }

  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function event(fd: number, events: number): DataView {
  const view = new DataView(new ArrayBuffer(eventSize));
  // All architectures in the table of system calls are little-endian.
  view.setUint32(0, events, true);
  view.setInt32(dataOffset, fd, true);
  return view;
}

/** A counter to wait for: written by one thread, read by another. */
export class EventFd {
  readonly fd: Fd;
  readonly #count: BigUint64Array = new BigUint64Array(1);

  constructor() {
    this.fd = Fd.own(sys('eventfd2', [0, CLOEXEC | NONBLOCK]), 'an event descriptor');
  }

  /** Makes the descriptor readable. */
  signal(): void {
    this.#count[0] = 1n;
    sysTry('write', this.fd.number, this.#count, 8);
  }

  /** Takes the count, 0 when nobody signalled. */
  take(): bigint {
    this.#count[0] = 0n;
    return sysTry('read', this.fd.number, this.#count, 8) === 8 ? (this.#count[0] ?? 0n) : 0n;
  }

  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
