/**
 * Reading packets past a socket filter: a packet socket (AF_PACKET) on one interface or all, whose program
 * answers how many bytes of each packet are kept, 0 for none. Asks for CAP_NET_RAW.
 */
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { type Watch, watch } from '../../sys/poll.ts';
import {
  bindSocket,
  Family,
  Message,
  openSocket,
  packetAddress,
  receiveInto,
  SocketType,
} from '../../sys/socket.ts';
import type { Attachment } from './errors.ts';
import { interfaceFor } from './interface.ts';
import type { AttachableProgram, AttachedLink } from './link.ts';
import { attachSocketFilter } from './socket-filter.ts';

export interface PacketsOptions {
  /** By name or number. Default: all interfaces of this network namespace. */
  readonly interface?: string | number;
}

export interface Packet {
  /** From its link header on, as much as the filter kept. */
  readonly bytes: Uint8Array;
  /** Before the filter cut it. */
  readonly length: number;
}

const largest = 65_536;

/** A packet socket with its filter. */
export class PacketSocket {
  readonly link: AttachedLink;
  readonly #socket: Fd;
  readonly #buffer = new Uint8Array(largest);
  readonly #watches = new Set<Watch>();

  /** Opens the socket, with the filter on it before the first packet can come. Throws AttachError, SysError. */
  constructor(program: AttachableProgram, options: PacketsOptions = {}) {
    const which = options.interface;
    const target = which === undefined ? 'packets' : `packets of ${which}`;
    const what: Attachment = { kind: 'socketFilter', program: program.name, target };
    const index = which === undefined ? undefined : interfaceFor(what, which).index;
    // Without a protocol nothing is received yet: binding gives it one.
    this.#socket = openSocket(Family.packet, SocketType.raw, 0, { nonBlocking: true });
    try {
      this.link = attachSocketFilter(program, this.#socket);
      bindSocket(this.#socket.number, packetAddress(index ?? 0));
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** The socket, for options of one's own. */
  get fd(): Fd {
    return this.#socket;
  }

  /** The next packet, or undefined when none waits. Throws SysError. */
  read(): Packet | undefined {
    try {
      const length = receiveInto(this.#socket.number, this.#buffer, Message.truncate);
      return { bytes: this.#buffer.slice(0, Math.min(length, largest)), length };
    } catch (error) {
      if (error instanceof SysError && error.code === 'EAGAIN') return undefined;
      throw error;
    }
  }

  /** Calls back for each packet from the event loop, until `close`. */
  onPacket(callback: (packet: Packet) => void): Watch {
    const watching = watch(this.#socket.number, () => {
      // Level-triggered: what is left is asked about again, so a bounded number leaves room for others.
      for (let count = 0; count < 256 && !this.#socket.closed; count++) {
        const packet = this.read();
        if (packet === undefined) return;
        callback(packet);
      }
    });
    this.#watches.add(watching);
    return watching;
  }

  close(): void {
    for (const watching of this.#watches) watching.close();
    this.#watches.clear();
    this.link.close();
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
