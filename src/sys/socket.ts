/**
 * Sockets as descriptors: what node:net and node:dgram do not give away. Only for programs that are attached
 * to sockets, for maps that hold them, and for netlink; data of users goes through Node.
 */
import { Fd } from './fd.ts';
import { littleEndian } from './layout.ts';
import { sys, sysRetry } from './syscall.ts';

/** AF_*: include/linux/socket.h. */
export const Family = { unix: 1, ipv4: 2, ipv6: 10, netlink: 16, packet: 17, xdp: 44 } as const;

/** SOCK_*, the same on every architecture here. */
export const SocketType = { stream: 1, datagram: 2, raw: 3 } as const;

const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** Levels of setsockopt(2). */
export const SocketLevel = { socket: 1, ip: 0, tcp: 6, ipv6: 41, netlink: 270, xdp: 283 } as const;

/** SO_*: include/uapi/asm-generic/socket.h. */
export const SocketOption = {
  reuseAddress: 2,
  reusePort: 15,
  receiveTimeout: 20,
  bindToDevice: 25,
  detachFilter: 27,
  attachBpf: 50,
  attachReuseportBpf: 52,
  cookie: 57,
  detachReuseportBpf: 68,
} as const;

/** ETH_P_ALL, as socket(2) takes it for packets: in network order. */
export const allProtocols: number = littleEndian ? 0x0300 : 0x0003;

/** Makes a socket, close-on-exec. Throws SysError. */
export function openSocket(
  family: number,
  type: number,
  protocol = 0,
  options: { readonly nonBlocking?: boolean } = {},
): Fd {
  const flags = SOCK_CLOEXEC | (options.nonBlocking === true ? SOCK_NONBLOCK : 0);
  return Fd.own(sys('socket', [family, type | flags, protocol]), 'a socket');
}

/** Sets an option. Throws SysError. */
export function setSocketOption(
  fd: number,
  level: number,
  option: number,
  value: number | Uint8Array,
  subject?: string,
): void {
  const bytes = typeof value === 'number' ? new Int32Array([value]) : value;
  sys('setsockopt', [fd, level, option, bytes, bytes.byteLength], subject);
}

/** SO_COOKIE: the number of a socket that programs see as `bpf_get_socket_cookie`. Linux 4.12. Throws SysError. */
export function socketCookie(fd: number): bigint {
  const out = new BigUint64Array(1);
  sys('getsockopt', [fd, SocketLevel.socket, SocketOption.cookie, out, new Uint32Array([8])]);
  return out[0]!;
}

/** `struct sockaddr_in` or `sockaddr_in6` of an address as text; IPv6 without zones. Throws RangeError. */
export function inetAddress(address: string, port: number): Uint8Array {
  const six = address.includes(':');
  const bytes = new Uint8Array(six ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, six ? Family.ipv6 : Family.ipv4, littleEndian);
  view.setUint16(2, port);
  bytes.set(addressBytes(address), six ? 8 : 4);
  return bytes;
}

/** The 4 or 16 bytes of an IP address in network order. Throws RangeError. */
export function addressBytes(address: string): Uint8Array {
  if (!address.includes(':')) {
    const parts = address.split('.');
    const good = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
    if (!good) throw new RangeError(`"${address}" is not an IPv4 address`);
    return Uint8Array.from(parts, Number);
  }
  const sides = address.split('::');
  const words = (text: string): number[] =>
    text === ''
      ? []
      : text.split(':').map((word) => (/^[\da-f]{1,4}$/i.test(word) ? Number(`0x${word}`) : -1));
  const [front, back] = [words(sides[0]!), words(sides[1] ?? '')];
  const gap = 8 - front.length - back.length;
  const wrong = sides.length > 2 || (sides.length === 1 ? gap !== 0 : gap < 1);
  if (wrong || [...front, ...back].includes(-1)) throw new RangeError(`"${address}" is not an IPv6 address`);
  const all = [...front, ...new Array<number>(gap).fill(0), ...back];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** bind(2). Throws SysError. */
export function bindSocket(fd: number, address: Uint8Array): void {
  sys('bind', [fd, address, address.length]);
}

/** connect(2). Throws SysError. */
export function connectSocket(fd: number, address: Uint8Array): void {
  sysRetry('connect', [fd, address, address.length]);
}

/** listen(2). Throws SysError. */
export function listenOn(fd: number, backlog = 16): void {
  sys('listen', [fd, backlog]);
}

/** accept4(2). Throws SysError. */
export function acceptFrom(fd: number): Fd {
  return Fd.own(sysRetry('accept4', [fd, 0, 0, SOCK_CLOEXEC]), 'a connection');
}

/** The port that a bound socket has. Throws SysError. */
export function localPort(fd: number): number {
  const address = new Uint8Array(28);
  sys('getsockname', [fd, address, new Uint32Array([address.length])]);
  return new DataView(address.buffer).getUint16(2);
}

/** `struct sockaddr_ll` for one interface: a packet socket bound to it sees all of its packets. */
export function packetAddress(ifindex: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Family.packet, littleEndian);
  view.setUint16(2, allProtocols, littleEndian);
  view.setInt32(4, ifindex, littleEndian);
  return bytes;
}

/** Sends bytes; the count. With `to` where the socket is not connected. Throws SysError. */
export function sendBytes(fd: number, bytes: Uint8Array, to?: Uint8Array): number {
  return sysRetry('sendto', [fd, bytes, bytes.length, 0, to ?? 0, to?.length ?? 0]);
}

/** MSG_*: include/linux/socket.h. */
export const Message = { peek: 2, truncate: 0x20, dontWait: 0x40 } as const;

/** Receives one message into `into`; its length, with Message.truncate the whole of it. Throws SysError. */
export function receiveInto(fd: number, into: Uint8Array, flags = 0): number {
  return sysRetry('recvfrom', [fd, into, into.length, flags, 0, 0]);
}
