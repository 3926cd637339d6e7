/**
 * Wake-ups of buffers, each only once, in Node's event loop.
 *
 * The event loop polls level-triggered: for as long as anything is unread, it calls back at once, again and
 * again. So the buffers' descriptors sit in an epoll set of their own, edge-triggered (EPOLLET), and the event
 * loop watches the set, which is readable from a wake-up until `wait` takes it. Adding a buffer that holds
 * something already counts as a wake-up (fs/eventpoll.c, ep_insert), so none is missed before the start.
 */
import { Epoll, EpollEvent } from '../../sys/epoll.ts';
import { type Watch, watch } from '../../sys/poll.ts';
import type { Edges } from './pump.ts';

const edgeTriggered = 0x8000_0000;

export class EdgeSet implements Edges {
  readonly #descriptors: readonly number[];
  #set: Epoll | undefined;
  #watch: Watch | undefined;

  /** The descriptors must stay open until `close`. */
  constructor(descriptors: readonly number[]) {
    this.#descriptors = descriptors;
  }

  start(onEdge: () => void): void {
    const set = new Epoll();
    try {
      for (const fd of this.#descriptors) set.add(fd, (EpollEvent.in | edgeTriggered) >>> 0);
      this.#watch = watch(set.fd.number, () => {
        set.wait(0);
        onEdge();
      });
    } catch (error) {
      set.close();
      throw error;
    }
    this.#set = set;
    this.#watch.unref();
  }

  hold(alive: boolean): void {
    if (alive) this.#watch?.ref();
    else this.#watch?.unref();
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#set?.close();
    this.#set = undefined;
  }
}
