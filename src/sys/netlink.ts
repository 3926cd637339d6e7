/**
 * Netlink (RFC 3549): questions to the kernel's network stack, one at a time.
 *
 * A message is a header of 16 bytes, a fixed structure of its kind, and attributes: 4 bytes of length and
 * type, the value, and zeroes up to a multiple of 4. The kernel answers within sendto(2), so receiving does
 * not wait; each request asks for an acknowledgement, which carries an errno and, since Linux 4.12, a
 * sentence.
 */
import { SysError } from './errors.ts';
import type { Fd } from './fd.ts';
import { littleEndian } from './layout.ts';
import { Family, Message, openSocket, receiveInto, SocketLevel, SocketType, sendBytes } from './socket.ts';
import { sysTry } from './syscall.ts';

/** NLM_F_*: include/uapi/linux/netlink.h. */
export const NetlinkFlag = {
  request: 1,
  multi: 2,
  acknowledge: 4,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const NETLINK_EXT_ACK = 11;
const NESTED = 0x8000;
/** The upper two bits of an attribute's type are flags. */
const TYPE_MASK = 0x3fff;

const headerSize = 16;
const align = (size: number): number => (size + 3) & ~3;

/** One attribute; a number is sent as 32 bits, text with its NUL. */
export function attribute(type: number, value: Uint8Array | number | string): Uint8Array {
  const bytes =
    typeof value === 'number'
      ? new Uint8Array(Uint32Array.of(value).buffer)
      : typeof value === 'string'
        ? Buffer.from(`${value}\0`, 'latin1')
        : value;
  const out = new Uint8Array(align(4 + bytes.length));
  const view = new DataView(out.buffer);
  view.setUint16(0, 4 + bytes.length, littleEndian);
  view.setUint16(2, type, littleEndian);
  out.set(bytes, 4);
  return out;
}

/** An attribute that holds attributes. */
export function nested(type: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  return attribute(type | NESTED, concat(attributes));
}

/** 16 bits as an attribute's value. */
export function word16(value: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(value).buffer);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The attributes in some bytes, by type; what is cut off or says a wrong length ends the list. */
export function attributesIn(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, littleEndian);
    if (length < 4 || at + length > bytes.length) break;
    found.set(view.getUint16(at + 2, littleEndian) & TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return found;
}

/** A 32-bit attribute, or undefined if it is not there or shorter. */
export function number32(value: Uint8Array | undefined): number | undefined {
  return value === undefined || value.length < 4 ? undefined : viewOf(value).getUint32(0, littleEndian);
}

/** A text attribute without its NUL. */
export function textOf(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return Buffer.from(end < 0 ? value : value.subarray(0, end)).toString('latin1');
}

/** One message of an answer: its type and what follows the header. */
export interface NetlinkMessage {
  readonly type: number;
  readonly body: Uint8Array;
}

export interface NetlinkRequest {
  /** For errors: `RTM_NEWTFILTER`. */
  readonly name: string;
  readonly type: number;
  /** NetlinkFlag besides request and acknowledge. Default 0. */
  readonly flags?: number;
  /** The fixed structure, then attributes. */
  readonly parts: readonly Uint8Array[];
  /** What it is about, for errors: `interface eth0`. */
  readonly subject?: string;
}

/** A socket for questions about routing, interfaces and traffic control (NETLINK_ROUTE). */
export class Netlink {
  readonly #socket: Fd;
  #sequence = 1;

  /** Opens the socket in the network namespace of this thread. Throws SysError. */
  constructor() {
    this.#socket = openSocket(Family.netlink, SocketType.raw, 0);
    // Linux 4.12; without it errors have no sentence.
    sysTry('setsockopt', this.#socket.number, SocketLevel.netlink, NETLINK_EXT_ACK, Int32Array.of(1), 4);
  }

  /** Sends a request and gives what the kernel answers besides the acknowledgement. Throws SysError. */
  request(request: NetlinkRequest): NetlinkMessage[] {
    const sequence = this.#sequence++;
    const body = concat(request.parts);
    const message = new Uint8Array(headerSize + body.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, message.length, littleEndian);
    view.setUint16(4, request.type, littleEndian);
    view.setUint16(6, (request.flags ?? 0) | NetlinkFlag.request | NetlinkFlag.acknowledge, littleEndian);
    view.setUint32(8, sequence, littleEndian);
    message.set(body, headerSize);
    sendBytes(this.#socket.number, message);
    const answers: NetlinkMessage[] = [];
    while (!this.#receive(request, sequence, answers));
    return answers;
  }

  /** Reads one datagram; whether the answer ended with it. */
  #receive(request: NetlinkRequest, sequence: number, answers: NetlinkMessage[]): boolean {
    const fd = this.#socket.number;
    const size = receiveInto(fd, new Uint8Array(1), Message.peek | Message.truncate);
    const bytes = new Uint8Array(size);
    receiveInto(fd, bytes);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + headerSize <= size; ) {
      const length = view.getUint32(at, littleEndian);
      if (length < headerSize || at + length > size) break;
      const type = view.getUint16(at + 4, littleEndian);
      // What is not of this question is left from one that ended with an error.
      if (view.getUint32(at + 8, littleEndian) === sequence) {
        const body = bytes.subarray(at + headerSize, at + length);
        if (type === NLMSG_ERROR || type === NLMSG_DONE) {
          finish(request, type, view.getUint16(at + 6, littleEndian), body);
          return true;
        }
        answers.push({ type, body });
      }
      at += align(length);
    }
    return false;
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** One question on a socket of its own, in the network namespace of this thread. Throws SysError. */
export function ask(request: NetlinkRequest): NetlinkMessage[] {
  const netlink = new Netlink();
  try {
    return netlink.request(request);
  } finally {
    netlink.close();
  }
}

/** An errno of 0 is the acknowledgement; the kernel's sentence is among the attributes after the request. */
function finish({ name, subject }: NetlinkRequest, type: number, flags: number, body: Uint8Array): void {
  if (body.length < 4) return;
  const errno = -viewOf(body).getInt32(0, littleEndian);
  if (errno <= 0) return;
  let said: string | undefined;
  if (type === NLMSG_ERROR && (flags & NLM_F_ACK_TLVS) !== 0 && body.length >= 4 + headerSize) {
    const request = (flags & NLM_F_CAPPED) !== 0 ? headerSize : viewOf(body).getUint32(4, littleEndian);
    said = textOf(attributesIn(body.subarray(4 + align(request))).get(NLMSGERR_ATTR_MSG));
  }
  throw new SysError(`netlink ${name}`, errno, subject, said === '' ? undefined : said);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
